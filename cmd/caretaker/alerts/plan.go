package alerts

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"caretaker/alerts"
	"caretaker/cmd/caretaker/command"
	"caretaker/cmd/caretaker/console"
)

// planCommand shows what the reconciler would do: its own code, up to the first write.
type planCommand struct {
	Target command.Target `embed:""`
	All    bool           `short:"a" xor:"format" help:"Every alarm, and every resource that gets none, not only what something is to be done about."`
	JSON   bool           `name:"json" xor:"format" help:"One JSON document, with every alarm."`
}

// document is what --json writes.
type document struct {
	command.Head
	command.Mode
	Regions []regionPlan `json:"regions"`
}

// Run plans in all Regions meant, one after the other.
func (p *planCommand) Run(j *command.Job) error {
	l, err := open(j, p.Target, false)
	if err != nil {
		return err
	}
	doc := document{Head: j.Head("alerts plan", l.account), Mode: command.Mode{Enabled: l.file.Alerts.Enabled, DryRun: l.file.Alerts.DryRun}}
	for _, region := range l.account.Regions {
		found, err := l.plan(region)
		if err != nil {
			return err
		}
		doc.Regions = append(doc.Regions, found)
	}
	err = j.Write(p.JSON, doc, func(out *console.Sheet) { doc.show(out, p.All) })
	return cmp.Or(err, doc.ending())
}

// ending is that of a plan in which something could not be read.
func (d document) ending() error {
	for _, region := range d.Regions {
		if len(region.Errors) > 0 {
			return fmt.Errorf("%s: the plan is not whole: %s", region.Region, region.Errors[0])
		}
	}
	return nil
}

// show prints the plan for people.
func (d document) show(out *console.Sheet, all bool) {
	for _, region := range d.Regions {
		region.show(out, all)
	}
	for _, region := range d.Regions {
		out.Line("Account", "%s, Region %s, stage %s", d.Account, region.Region, d.Stage)
		region.sum(out)
	}
	d.Deployed(out, "alerts", "is reported and not done")
}

// show prints what is to be done about alarms, and the tags that nobody can read.
func (r regionPlan) show(out *console.Sheet, all bool) {
	var rows [][]any
	for _, d := range r.Decisions {
		if all || d.Outcome != alerts.Kept && d.Outcome != alerts.NoAlarm {
			rows = append(rows, []any{cmp.Or(d.Alarm, d.Resource), d.Outcome, d.Severity, because(d)})
		}
	}
	out.Table(console.Table{Title: "Alarms of " + r.Region, Header: []any{"Alarm", "Outcome", "Severity", "Why"}, Rows: rows})
	r.showFilters(out, all)
	rows = nil
	for _, d := range r.Dashboards {
		if all || d.Outcome != alerts.Kept && d.Outcome != alerts.NoDashboard {
			rows = append(rows, []any{cmp.Or(d.Dashboard, "(none)"), cmp.Or(d.Service, "the fleet"), d.Outcome, whyDashboard(d)})
		}
	}
	if len(rows) > 0 {
		out.Table(console.Table{Title: "Dashboards of " + r.Region, Header: []any{"Dashboard", "Of", "Outcome", "Why"}, Rows: rows})
	}
	rows = nil
	for _, remark := range r.Remarks {
		rows = append(rows, []any{remark.Resource, remark.Tag + "=" + remark.Value, remark.Allowed})
	}
	if len(rows) > 0 {
		out.Table(console.Table{Title: "Tags that cannot be read, in " + r.Region + ": the defaults hold", Header: []any{"Resource", "Tag", "Allowed"}, Rows: rows})
	}
}

// sum says how much there is of what, and what it costs.
func (r regionPlan) sum(out *console.Sheet) {
	kind := func(d alerts.Decision) (outcome, reason string) { return string(d.Outcome), string(d.Reason) }
	for position, line := range command.Counted(r.Decisions, kind) {
		out.Line(console.Once("Alarms", position), "%s", line)
	}
	r.sumFilters(out)
	boards := map[alerts.Outcome]int{}
	for _, d := range r.Dashboards {
		boards[d.Outcome]++
	}
	for position, outcome := range slices.Sorted(maps.Keys(boards)) {
		out.Line(console.Once("Dashboards", position), "%6d %s", boards[outcome], outcome)
	}
	out.Line("Cost a month", "%s now, %s when all is done, at %s a metric and without the first ten alarms, which are free", dollars(r.CentsBefore), dollars(r.CentsAfter), dollars(10))
	if len(r.Filters) > 0 {
		out.Line("of that", "%s for each log pattern: what its filters count is a metric of its own", dollars(30))
	}
	if len(r.Dashboards) > 0 {
		out.Line("of that", "%s now, %s when all is done, for dashboards: %s for each over the three of the account that are free", dollars(r.DashboardCentsBefore), dollars(r.DashboardCentsAfter), dollars(300))
	}
	if r.Region != alerts.PricesOf {
		out.Line("Prices", "those of %s: what %s asks is not known here", alerts.PricesOf, r.Region)
	}
	if r.Held != "" {
		out.Line("Deletions", "none: %s", r.Held)
	}
	for position, failure := range r.Errors {
		out.Line(console.Once("Errors", position), "%s", failure)
	}
}

func dollars(cents int) string { return fmt.Sprintf("$%d.%02d", cents/100, cents%100) }

// because is a reason with its detail and the fields that differ.
func because(d alerts.Decision) string {
	said := []string{string(d.Reason)}
	if d.Detail != "" {
		said = append(said, d.Detail)
	}
	for _, change := range d.Changes {
		said = append(said, fmt.Sprintf("%s from %q to %q", change.Field, change.From, change.To))
	}
	return strings.Join(said, ": ")
}

// whyDashboard is a reason with its detail and the widgets that differ, by their titles alone.
func whyDashboard(d alerts.DashboardDecision) string {
	said := string(d.Reason)
	if d.Detail != "" {
		said += ": " + d.Detail
	}
	var differ []string
	for _, change := range d.Changes {
		differ = append(differ, change.Field)
	}
	if len(differ) > 0 {
		said += ": " + strings.Join(differ, ", ")
	}
	return said
}
