package alerts

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"caretaker/alerts"
	"caretaker/cmd/caretaker/command"
	"caretaker/cmd/caretaker/console"
	"caretaker/internal/boot"
)

// applyCommand does what the plan shows.
type applyCommand struct {
	Target command.Target `embed:""`
	Yes    bool           `short:"y" help:"Write without asking."`
}

// destroyCommand takes the stage's alarms and dashboards away.
type destroyCommand struct {
	Target command.Target `embed:""`
	Yes    bool           `short:"y" help:"Delete without asking."`
}

// Run plans in all Regions, shows it, asks once, and does that and nothing else.
func (a *applyCommand) Run(j *command.Job) error {
	if err := askable(j, a.Yes); err != nil {
		return err
	}
	l, err := open(j, a.Target, true)
	if err != nil {
		return err
	}
	var plans []regionPlan
	for _, region := range l.account.Regions {
		found, err := l.plan(region)
		if err != nil {
			return err
		}
		plans = append(plans, found)
	}
	doc := document{Head: j.Head("alerts apply", l.account), Mode: command.Mode{Enabled: true}, Regions: plans}
	out := j.Sheet()
	doc.show(out, false)
	if err := out.Flush(); err != nil {
		return err
	}
	if err := l.carryOut(plans, a.Yes, "Write %d alarms and dashboards in %s?"); err != nil {
		return err
	}
	return doc.ending()
}

// Run finds the stage's alarms and dashboards in all Regions, shows them, asks once, and deletes those.
func (d *destroyCommand) Run(j *command.Job) error {
	if err := askable(j, d.Yes); err != nil {
		return err
	}
	l, err := open(j, d.Target, true)
	if err != nil {
		return err
	}
	var plans []regionPlan
	out := j.Sheet()
	for _, region := range l.account.Regions {
		reconciler, err := l.in(region)
		if err != nil {
			return err
		}
		plan, err := reconciler.Leave(l.Stopping)
		if err != nil {
			return fmt.Errorf("%s: %w", region, err)
		}
		one := regionPlan{Region: region, PricesOf: alerts.PricesOf, Plan: plan, reconciler: reconciler}
		one.show(out, false)
		plans = append(plans, one)
	}
	if err := out.Flush(); err != nil {
		return err
	}
	l.Say("A reconciler of stage %s that is still deployed makes them again: deploy with alerts.enabled: false right after.", l.Stage())
	return l.carryOut(plans, d.Yes, "Delete %d alarms and dashboards in %s? Nobody is told any more of what they watch.")
}

// askable says whether there is somebody to ask, where that is needed.
func askable(j *command.Job, yes bool) error {
	if !yes && !j.Asks && !boot.Brake(os.Getenv("DRY_RUN")) {
		return console.Misuse("there is no terminal to ask at: give --yes to write without asking")
	}
	return nil
}

// carryOut asks, and does what was shown.
func (l looking) carryOut(plans []regionPlan, yes bool, question string) error {
	count := 0
	for _, plan := range plans {
		count += plan.Changes()
	}
	switch {
	case count == 0:
		l.Say("There is nothing to do.")
		return nil
	case boot.Brake(os.Getenv("DRY_RUN")):
		l.Say("DRY_RUN=%s is set in the environment: nothing is written.", os.Getenv("DRY_RUN"))
		return console.Ending{Code: console.WorkLeft}
	case !yes:
		l.Say("You are %s.", l.account.Caller)
		l.Say(question, count, strings.Join(l.account.Regions, ", "))
		if !l.Confirm(l.Stopping, fmt.Sprintf("Type %d to do it, anything else to cancel: ", count), strconv.Itoa(count)) {
			l.Say("Nothing was written.")
			return console.Ending{Code: console.WorkLeft}
		}
	}
	l.Deletes()
	var failures []error
	left := 0
	for _, one := range plans {
		done, failed := one.reconciler.Apply(l.Stopping, one.Plan)
		l.progress.Leave(one.Region)
		failures = append(failures, failed...)
		counts := map[alerts.Outcome]int{}
		for _, decision := range done.Decisions {
			counts[decision.Outcome]++
		}
		boards := map[alerts.Outcome]int{}
		for _, decision := range done.Dashboards {
			boards[decision.Outcome]++
		}
		filters := filterCounts(done.Filters)
		left += counts[alerts.NotYet] + boards[alerts.NotYet] + filters[alerts.NotYet]
		l.Say("%s: %d alarms made, %d changed, %d deleted.", one.Region, counts[alerts.Created], counts[alerts.Changed], counts[alerts.Deleted])
		if len(done.Filters) > 0 {
			l.Say("%s: %d metric filters made, %d changed, %d deleted.", one.Region, filters[alerts.Created], filters[alerts.Changed], filters[alerts.Deleted])
		}
		if len(done.Dashboards) > 0 {
			l.Say("%s: %d dashboards made, %d changed, %d deleted.", one.Region, boards[alerts.Created], boards[alerts.Changed], boards[alerts.Deleted])
		}
	}
	switch {
	case len(failures) > 0:
		return fmt.Errorf("%d alarms or dashboards were not written, such as: %w", len(failures), failures[0])
	case left > 0:
		return console.Ending{Code: console.WorkLeft, Cause: fmt.Errorf("%d alarms and dashboards are left: the same command goes on", left)}
	}
	return nil
}
