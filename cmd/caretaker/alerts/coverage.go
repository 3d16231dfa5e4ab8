package alerts

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"caretaker/alerts/trust"
	"caretaker/cmd/caretaker/command"
	"caretaker/cmd/caretaker/console"
)

// coverageCommand shows what nobody watches.
type coverageCommand struct {
	looks
}

type coverageDocument struct {
	command.Head
	Regions []regionCoverage `json:"regions"`
}

type regionCoverage struct {
	Region    string          `json:"region"`
	Resources []trust.Covered `json:"resources"`
	Errors    []string        `json:"errors"`
}

// Run looks in all Regions meant, one after the other.
func (c *coverageCommand) Run(j *command.Job) error {
	l, err := open(j, c.Target, false)
	if err != nil {
		return err
	}
	doc := coverageDocument{Head: j.Head("alerts coverage", l.account)}
	for _, region := range l.account.Regions {
		auditor, err := l.auditor(region)
		if err != nil {
			return err
		}
		found, failures, err := auditor.Coverage(l.Stopping)
		l.progress.Leave(region)
		if err != nil {
			return fmt.Errorf("%s: %w", region, err)
		}
		doc.Regions = append(doc.Regions, regionCoverage{region, found, command.Texts(failures)})
	}
	err = j.Write(c.JSON, doc, func(out *console.Sheet) {
		for _, region := range doc.Regions {
			region.show(out, doc.Head, c.All)
		}
	})
	return cmp.Or(err, doc.ending())
}

// ending is that of a fleet in which something is not watched.
func (d coverageDocument) ending() error {
	uncovered := 0
	for _, region := range d.Regions {
		if len(region.Errors) > 0 {
			return fmt.Errorf("%s: what is there is not wholly known: %s", region.Region, region.Errors[0])
		}
		uncovered += region.counts()[trust.Uncovered]
	}
	if uncovered > 0 {
		return console.Ending{Code: console.WorkLeft, Cause: errors.New(plural(uncovered, "resource is", "resources are") + " not watched by anybody")}
	}
	return nil
}

func (r regionCoverage) counts() map[trust.Standing]int {
	counts := map[trust.Standing]int{}
	for _, resource := range r.Resources {
		counts[resource.Standing]++
	}
	return counts
}

// show prints what has no alarm of the stage, and with all everything.
func (r regionCoverage) show(out *console.Sheet, d command.Head, all bool) {
	var rows [][]any
	for _, one := range r.Resources {
		if !all && one.Standing == trust.Watched {
			continue
		}
		by, why := few(one.Others), one.Why
		if one.Standing == trust.Watched {
			by = strings.Trim(few(one.Alarms)+"; "+by, "; ")
			if len(one.Without) > 0 {
				why = "without " + few(one.Without)
			}
		}
		rows = append(rows, []any{one.Resource, one.Standing, by, why})
	}
	out.Table(console.Table{Title: "What is watched in " + r.Region, Header: []any{"Resource", "Standing", "By", "Why"}, Rows: rows})
	out.Line("Account", "%s, Region %s, stage %s", d.Account, r.Region, d.Stage)
	counts := r.counts()
	for position, standing := range []trust.Standing{trust.Watched, trust.ByOthers, trust.LeftOut, trust.Uncovered} {
		out.Line(console.Once("Resources", position), "%6d %s", counts[standing], standing)
	}
	for position, failure := range r.Errors {
		out.Line(console.Once("Errors", position), "%s", failure)
	}
}

func plural(count int, one, more string) string {
	if count == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", count, more)
}
