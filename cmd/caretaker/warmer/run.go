package warmer

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"caretaker/cmd/caretaker/command"
	"caretaker/cmd/caretaker/console"
	"caretaker/internal/config"
	"caretaker/warmer"
)

// runCommand does one run: the function's own code, whatever dryRun says, since the verb decides here.
type runCommand struct {
	Target    command.Target `embed:""`
	Function  string         `short:"f" placeholder:"NAME[:QUALIFIER]" help:"One of the functions of the file or with the tag (default: all)."`
	Qualifier string         `short:"q" placeholder:"QUALIFIER" help:"Call that function by this qualifier: the version that its alias is about to move to. Needs --function."`
	Wait      bool           `help:"Wait until the function can be called, and until as many environments as are wanted answer; for ten minutes at most."`
	JSON      bool           `name:"json" help:"One JSON document."`
}

// runDocument is what --json writes.
type runDocument struct {
	command.Head
	Regions []runRegion `json:"regions"`
}

type runRegion struct {
	Region string `json:"region"`
	warmer.Report
}

const (
	// longest is how long the command waits for another run, or with --wait for a function.
	longest = 10 * time.Minute
	// between is how long it waits before it looks again.
	between = 2 * time.Second
)

// Run runs in each Region.
func (r *runCommand) Run(j *command.Job) error {
	choice, err := r.choice()
	if err != nil {
		return err
	}
	file, account, err := r.Target.Begin(j, true)
	if err != nil {
		return err
	}
	doc := runDocument{Head: j.Head("warmer run", account), Regions: []runRegion{}}
	code, failure := console.Done, error(nil)
	for _, region := range account.Regions {
		report, err := r.region(j, file, account, region, choice)
		if err != nil {
			code, failure = console.Worse(code, console.Failed), errors.Join(failure, fmt.Errorf("%s: %s", region, strings.ReplaceAll(err.Error(), "\n", "; ")))
		}
		if report.Shortfall > 0 || report.Busy {
			code = console.Worse(code, console.WorkLeft)
		}
		doc.Regions = append(doc.Regions, runRegion{region, report})
	}
	if err := j.Write(r.JSON, doc, func(out *console.Sheet) {
		for _, one := range doc.Regions {
			one.show(out)
		}
	}); err != nil {
		return err
	}
	if code == console.Done {
		return nil
	}
	return console.Ending{Code: code, Cause: failure}
}

// choice is what the flags choose.
func (r *runCommand) choice() (warmer.Choice, error) {
	name, qualifier, _ := strings.Cut(r.Function, ":")
	if r.Function == "" && (r.Qualifier != "" || r.Wait) {
		return warmer.Choice{}, console.Misuse("--qualifier and --wait are about one function: name it with --function")
	}
	choice := warmer.Choice{Ref: warmer.Ref{Name: name, Qualifier: qualifier}, Instead: r.Qualifier}
	return choice, nil
}

// region runs in one Region, once more as long as somebody else is at work or what is waited for is not there.
func (r *runCommand) region(j *command.Job, file config.File, account command.Account, region string, choice warmer.Choice) (warmer.Report, error) {
	ctx := j.Stopping
	clients := warmer.Connect(account.In(region), file.Warmer.MaxInFlight)
	table, err := remembering(ctx, j, clients, region)
	if err != nil {
		return warmer.Report{}, err
	}
	cfg := file.Warmer
	cfg.DryRun = false
	for said, until := false, time.Now().Add(longest); ; {
		// A new one each time: nothing of what it read may be old.
		w, err := warmer.New(cfg, clients, warmer.Options{Table: table, Choice: choice, NoRest: true, PingsOnly: true, Now: j.Now})
		if err != nil {
			return warmer.Report{}, err
		}
		report, err := w.Handle(ctx, warmer.Event{})
		switch {
		case err != nil || ctx.Err() != nil:
			return report, err
		case !report.Busy && report.TargetCount+report.SkipCount == 0 && choice.Name != "":
			return report, fmt.Errorf("%s is neither in warmer.functions nor tagged with %s", r.Function, warmer.Tag)
		case !report.Busy && (!r.Wait || r.there(report)), time.Now().After(until):
			return report, nil
		case report.Busy && !said:
			j.Say("Another run is at work in %s, or was just now: waiting for it.", region)
			said = true
		}
		select {
		case <-ctx.Done():
			return report, nil
		case <-time.After(between):
		}
	}
}

// there tells whether what is waited for has come, or never will.
func (r *runCommand) there(report warmer.Report) bool {
	for _, skip := range report.Skips {
		if skip.Reason == warmer.NotActive || skip.Reason == warmer.BeingUpdated || skip.Reason == warmer.NotThere {
			return false
		}
	}
	return report.Shortfall == 0
}

// show prints a run for people.
func (r runRegion) show(out *console.Sheet) {
	var rows [][]any
	for _, t := range r.Targets {
		why := t.Why
		for _, more := range []string{t.Capped, t.Note} {
			why = strings.TrimPrefix(why+"; "+more, "; ")
		}
		rows = append(rows, []any{t.Ref, t.Version, t.Wanted, t.Distinct, t.Cold, t.Pings, fmt.Sprintf("%d ms", t.HoldMs), fmt.Sprintf("%d ms", t.SpreadMs), strings.Trim(why, "; ")})
	}
	out.Table(console.Table{
		Title: "Warm in " + r.Region, Header: []any{"Function", "Version", "Wanted", "Distinct", "Cold", "Pings", "Hold", "Spread", "Why short"},
		Numbers: []int{3, 4, 5, 6, 7, 8}, Rows: rows,
	})
	rows = nil
	for _, skip := range r.Skips {
		rows = append(rows, []any{skip.Ref, strings.TrimSuffix(string(skip.Reason)+": "+skip.Detail, ": ")})
	}
	out.Table(console.Table{Title: "Not pinged in " + r.Region, Header: []any{"Function", "Why"}, Rows: rows})
	if r.Busy {
		out.Line(r.Region, "nothing was done: another run is at work, or was just now")
		return
	}
	out.Line(r.Region, "%d wanted, %d distinct environments answered, %d of them were cold, %d short; %d pings in %.1f s", r.Wanted, r.Distinct, r.Cold, r.Shortfall, r.Pings, r.Seconds)
	for position, problem := range r.Errors {
		out.Line(console.Once("Errors", position), "%s", problem)
	}
}
