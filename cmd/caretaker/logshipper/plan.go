package logshipper

import (
	"errors"
	"fmt"

	"caretaker/cmd/caretaker/command"
	"caretaker/cmd/caretaker/console"
	"caretaker/log-shipper/groups"
	"caretaker/log-shipper/subscriber"
)

// planCommand shows what the subscriber would do: its own code, in a dry run.
type planCommand struct {
	Target command.Target `embed:""`
	All    bool           `short:"a" xor:"format" help:"Every log group, not only those that something is to be done about."`
	JSON   bool           `name:"json" xor:"format" help:"One JSON document, with every log group."`
}

// subscriptions is what --json writes.
type subscriptions struct {
	command.Head
	command.Mode
	Regions []regionGroups `json:"regions"`
}

// regionGroups are the log groups of a Region.
type regionGroups struct {
	Region      string            `json:"region"`
	Destination string            `json:"destination"`
	Groups      []groups.Decision `json:"groups"`
	Errors      []string          `json:"errors"`
}

// Run plans in all Regions meant, one after the other.
func (p *planCommand) Run(j *command.Job) error {
	l, err := open(j, p.Target)
	if err != nil {
		return err
	}
	plan := subscriptions{Head: j.Head("log-shipper plan", l.account), Mode: command.Mode{Enabled: l.file.LogShipper.Enabled, DryRun: l.file.LogShipper.DryRun}}
	for _, region := range l.account.Regions {
		result, err := l.in(region, false).Run(j.Stopping, subscriber.Event{})
		l.progress.Leave(region)
		if err != nil {
			return fmt.Errorf("%s: %w", region, err)
		}
		plan.Regions = append(plan.Regions, l.regionOf(region, result))
	}
	err = j.Write(p.JSON, plan, func(out *console.Sheet) { plan.show(out, p.All) })
	return errors.Join(err, plan.ending())
}

func (l looking) regionOf(region string, result subscriber.Result) regionGroups {
	return regionGroups{Region: region, Destination: l.destination(region), Groups: result.Decisions, Errors: command.Texts(result.Failures)}
}

// ending is that of a plan in which something could not be read.
func (p subscriptions) ending() error {
	for _, region := range p.Regions {
		if len(region.Errors) > 0 {
			return fmt.Errorf("%s: %d log groups could not be read, such as: %s", region.Region, len(region.Errors), region.Errors[0])
		}
	}
	return nil
}

// show prints the plan for people.
func (p subscriptions) show(out *console.Sheet, all bool) {
	for _, region := range p.Regions {
		region.show(out, all)
	}
	for _, region := range p.Regions {
		out.Line("Account", "%s, Region %s, stage %s", p.Account, region.Region, p.Stage)
		out.Line("Destination", "%s", region.Destination)
		for position, line := range region.counted() {
			out.Line(console.Once("Log groups", position), "%s", line)
		}
	}
	p.Deployed(out, "logShipper", "is reported and not done")
}

func (r regionGroups) show(out *console.Sheet, all bool) {
	var rows [][]any
	for _, d := range r.Groups {
		if all || d.Changes() || d.Outcome == groups.NotRead {
			rows = append(rows, []any{d.Group, d.Outcome, retention(d), because(d)})
		}
	}
	out.Table(console.Table{
		Title: "Log groups of " + r.Region, Header: []any{"Log group", "Outcome", "Retention", "Why"}, Rows: rows,
	})
}

// counted are how many groups there are of each kind.
func (r regionGroups) counted() []string {
	lines := command.Counted(r.Groups, func(d groups.Decision) (outcome, reason string) { return string(d.Outcome), string(d.Reason) })
	if len(lines) == 0 {
		return []string{"none"}
	}
	return lines
}

// retention is empty where none is to be set.
func retention(d groups.Decision) string {
	if d.Retention == 0 {
		return ""
	}
	return fmt.Sprintf("%d days", d.Retention)
}

// because is a reason with its detail.
func because(d groups.Decision) string {
	if d.Detail == "" {
		return string(d.Reason)
	}
	return string(d.Reason) + ": " + d.Detail
}
