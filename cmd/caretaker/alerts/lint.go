package alerts

import (
	"cmp"
	"errors"
	"fmt"

	"caretaker/alerts/trust"
	"caretaker/cmd/caretaker/command"
	"caretaker/cmd/caretaker/console"
)

// lintCommand shows the alarms that cannot fire, and those that nobody hears.
type lintCommand struct {
	Target command.Target `embed:""`
	JSON   bool           `name:"json" help:"One JSON document."`
}

type lintDocument struct {
	command.Head
	Regions []regionLint `json:"regions"`
}

type regionLint struct {
	Region   string          `json:"region"`
	Findings []trust.Finding `json:"findings"`
	Errors   []string        `json:"errors"`
}

// Run looks in all Regions meant, one after the other.
func (c *lintCommand) Run(j *command.Job) error {
	l, err := open(j, c.Target, false)
	if err != nil {
		return err
	}
	doc := lintDocument{Head: j.Head("alerts lint", l.account)}
	for _, region := range l.account.Regions {
		auditor, err := l.auditor(region)
		if err != nil {
			return err
		}
		found, failures, err := auditor.Lint(l.Stopping)
		l.progress.Leave(region)
		if err != nil {
			return fmt.Errorf("%s: %w", region, err)
		}
		doc.Regions = append(doc.Regions, regionLint{region, append([]trust.Finding{}, found...), command.Texts(failures)})
	}
	err = j.Write(c.JSON, doc, func(out *console.Sheet) {
		for _, region := range doc.Regions {
			region.show(out, doc.Head)
		}
	})
	return cmp.Or(err, doc.ending())
}

// ending is that of alarms among which some cannot be trusted.
func (d lintDocument) ending() error {
	findings := 0
	for _, region := range d.Regions {
		if len(region.Errors) > 0 {
			return fmt.Errorf("%s: not all was looked at: %s", region.Region, region.Errors[0])
		}
		findings += len(region.Findings)
	}
	if findings > 0 {
		return console.Ending{Code: console.WorkLeft, Cause: errors.New(plural(findings, "finding", "findings"))}
	}
	return nil
}

func (r regionLint) show(out *console.Sheet, d command.Head) {
	var rows [][]any
	alarms, others := map[string]bool{}, map[string]bool{}
	for _, one := range r.Findings {
		owner := "ours"
		if !one.Ours {
			owner = "another's"
			others[one.Alarm] = true
		}
		alarms[one.Alarm] = true
		rows = append(rows, []any{one.Alarm, owner, one.Problem, one.Reason, one.Do})
	}
	out.Table(console.Table{Title: "Alarms of " + r.Region + " that cannot be trusted", Header: []any{"Alarm", "Whose", "Problem", "Why", "To do"}, Rows: rows})
	out.Line("Account", "%s, Region %s, stage %s", d.Account, r.Region, d.Stage)
	out.Line("Findings", "%d at %s, %d of which another's", len(r.Findings), plural(len(alarms), "alarm", "alarms"), len(others))
	for position, failure := range r.Errors {
		out.Line(console.Once("Errors", position), "%s", failure)
	}
}
