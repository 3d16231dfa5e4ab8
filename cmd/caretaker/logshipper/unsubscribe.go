package logshipper

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"caretaker/cmd/caretaker/command"
	"caretaker/cmd/caretaker/console"
	"caretaker/internal/boot"
	"caretaker/log-shipper/groups"
	"caretaker/log-shipper/subscriber"
)

// unsubscribeCommand takes the stage's filters away.
type unsubscribeCommand struct {
	Target command.Target `embed:""`
	Yes    bool           `short:"y" help:"Take them away without asking."`
	DryRun bool           `help:"Only show them."`
}

// leaving is what a Region has to lose.
type leaving struct {
	region     string
	subscriber *subscriber.Subscriber
	filters    []groups.Decision
	unread     int
}

// Run looks in all Regions, shows what was found, asks once, and takes that away and nothing else.
func (u *unsubscribeCommand) Run(j *command.Job) error {
	brake := boot.Brake(os.Getenv("DRY_RUN"))
	if !u.Yes && !u.DryRun && !j.Asks && !brake {
		return console.Misuse("there is no terminal to ask at: give --yes to unsubscribe without asking")
	}
	l, err := open(j, u.Target)
	if err != nil {
		return err
	}
	var found []leaving
	count, unread := 0, 0
	for _, region := range l.account.Regions {
		one, err := l.leavingOf(region)
		if err != nil {
			return fmt.Errorf("%s: %w", region, err)
		}
		found = append(found, one)
		count, unread = count+len(one.filters), unread+one.unread
	}
	if err := l.show(found); err != nil {
		return err
	}
	switch {
	case unread > 0:
		return fmt.Errorf("the filters of %d log groups could not be read: nothing was taken away", unread)
	case count == 0:
		return nil
	case u.DryRun:
		return console.Ending{Code: console.WorkLeft}
	case brake:
		j.Say("DRY_RUN=%s is set in the environment: nothing is taken away.", os.Getenv("DRY_RUN"))
		return console.Ending{Code: console.WorkLeft}
	case !u.Yes && !l.ask(count):
		j.Say("Nothing was taken away.")
		return console.Ending{Code: console.WorkLeft}
	}
	return l.remove(found)
}

// leavingOf finds the stage's filters in a Region.
func (l looking) leavingOf(region string) (leaving, error) {
	one := leaving{region: region, subscriber: l.in(region, true)}
	result, err := one.subscriber.Run(l.Stopping, subscriber.Event{})
	l.progress.Leave(region)
	if err != nil {
		return one, err
	}
	for _, decision := range result.Decisions {
		switch decision.Outcome {
		case groups.ToRemove:
			one.filters = append(one.filters, decision)
		case groups.NotRead:
			one.unread++
		}
	}
	return one, errors.Join(result.Failures[:min(len(result.Failures), 1)]...)
}

func (l looking) show(found []leaving) error {
	out := l.Sheet()
	name := groups.FilterName(l.Stage())
	for _, one := range found {
		var rows [][]any
		for _, d := range one.filters {
			rows = append(rows, []any{d.Group, d.Detail})
		}
		out.Table(console.Table{Title: "Filters called " + name + " in " + one.region, Header: []any{"Log group", "Points to"}, Rows: rows})
		if len(rows) == 0 {
			out.Printf("No log group of %s has a filter called %s\n", one.region, name)
		}
	}
	return out.Flush()
}

// ask wants the number of filters typed: a yes comes too easily.
func (l looking) ask(count int) bool {
	l.Say("You are %s.", l.account.Caller)
	l.Say("A subscriber of stage %s that is still deployed puts them back: deploy with logShipper.dryRun: true before this, or destroy its stack right after.", l.Stage())
	l.Say("Take %d filters away in %s? What these log groups write from then on is not shipped.", count, strings.Join(l.account.Regions, ", "))
	return l.Confirm(l.Stopping, fmt.Sprintf("Type %d to take them away, anything else to cancel: ", count), strconv.Itoa(count))
}

// remove takes away what was shown.
func (l looking) remove(found []leaving) error {
	l.Deletes()
	var failures []error
	left := 0
	for _, one := range found {
		result := one.subscriber.Apply(l.Stopping, one.filters)
		l.progress.Leave(one.region)
		removed := 0
		for _, decision := range result.Decisions {
			switch decision.Outcome {
			case groups.Removed, groups.Gone:
				removed++
			case groups.ToRemove:
				left++
			}
		}
		l.Say("%s: %d of %d filters taken away.", one.region, removed, len(one.filters))
		failures = append(failures, result.Failures...)
	}
	if len(failures) > 0 {
		return fmt.Errorf("%d filters were not taken away, such as: %w", len(failures), failures[0])
	}
	if left > 0 {
		return console.Ending{Code: console.WorkLeft, Cause: fmt.Errorf("%d filters are left: the same command goes on", left)}
	}
	return nil
}
