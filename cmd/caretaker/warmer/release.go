package warmer

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"caretaker/cmd/caretaker/command"
	"caretaker/cmd/caretaker/console"
	"caretaker/internal/boot"
	"caretaker/warmer"
)

// releaseCommand takes away what the warmer provisioned.
type releaseCommand struct {
	Target   command.Target `embed:""`
	Function string         `short:"f" placeholder:"NAME[:ALIAS]" help:"Only that of this function or alias (default: all that the warmer provisioned)."`
	Doubtful bool           `help:"Also what a person may have provisioned: in the seconds in which a run of the warmer died, or where its table is gone, as many as the file asks for."`
	Yes      bool           `short:"y" help:"Take it away without asking."`
	DryRun   bool           `help:"Only show it."`
}

// held is what a Region has.
type held struct {
	region string
	warmer *warmer.Warmer
	own    []warmer.Releasable
	// doubtful is what is shown and left, unless it is asked for.
	doubtful []warmer.Releasable
}

// Run looks in all Regions, shows what was found, asks once, and takes that away and nothing else.
func (r *releaseCommand) Run(j *command.Job) error {
	brake := boot.Brake(os.Getenv("DRY_RUN"))
	if !r.Yes && !r.DryRun && !j.Asks && !brake {
		return console.Misuse("there is no terminal to ask at: give --yes to release without asking")
	}
	file, account, err := r.Target.Begin(j, true)
	if err != nil {
		return err
	}
	var found []held
	count, doubtful := 0, 0
	for _, region := range account.Regions {
		clients := warmer.Connect(account.In(region), 1)
		clients.Invoke = nil // it pings nobody
		table, err := remembering(j.Stopping, j, clients, region)
		if err != nil {
			return err
		}
		w, err := warmer.New(file.Warmer, clients, warmer.Options{Table: table, Now: j.Now})
		if err != nil {
			return err
		}
		one := held{region: region, warmer: w}
		all, err := w.Releasable(j.Stopping)
		if err != nil {
			return fmt.Errorf("%s: %w", region, err)
		}
		for _, alias := range all {
			switch {
			case r.Function != "" && r.Function != alias.Name && r.Function != alias.Ref.String():
			case alias.Doubt && !r.Doubtful:
				one.doubtful = append(one.doubtful, alias)
			default:
				one.own = append(one.own, alias)
			}
		}
		found = append(found, one)
		count, doubtful = count+len(one.own), doubtful+len(one.doubtful)
	}
	if err := show(j, found); err != nil {
		return err
	}
	if doubtful > 0 {
		j.Say("%d of them a person may have provisioned: they are left, unless you give --doubtful.", doubtful)
	}
	switch {
	case count == 0:
		return nil
	case r.DryRun:
		return console.Ending{Code: console.WorkLeft}
	case brake:
		j.Say("DRY_RUN=%s is set in the environment: nothing is taken away.", os.Getenv("DRY_RUN"))
		return console.Ending{Code: console.WorkLeft}
	case !r.Yes && !ask(j, account.Caller, count):
		j.Say("Nothing was taken away.")
		return console.Ending{Code: console.WorkLeft}
	}
	return release(j, found)
}

func show(j *command.Job, found []held) error {
	out := j.Sheet()
	for _, one := range found {
		var rows [][]any
		for _, alias := range append(one.own, one.doubtful...) {
			rows = append(rows, []any{alias.Ref, alias.State.Requested, alias.State.Available, strings.ToLower(alias.State.Status), alias.State.Modified, alias.Why})
		}
		out.Table(console.Table{
			Title: "Provisioned by the warmer in " + one.region, Header: []any{"Alias", "Provisioned", "Ready", "Status", "Since", "What is known"}, Numbers: []int{2, 3}, Rows: rows,
		})
		if len(rows) == 0 {
			out.Printf("The warmer has provisioned nothing in %s\n", one.region)
		}
	}
	return out.Flush()
}

// ask wants the number typed: a yes comes too easily.
func ask(j *command.Job, caller string, count int) bool {
	j.Say("You are %s.", caller)
	j.Say("A warmer of stage %s that is still deployed sets it again while a window is on: write provisioned: {always: 0} and deploy, or deploy with warmer.dryRun: true, before this.", j.Stage())
	j.Say("Take the provisioned concurrency of %d aliases away? Their callers may meet cold starts from then on.", count)
	return j.Confirm(j.Stopping, fmt.Sprintf("Type %d to take it away, anything else to cancel: ", count), strconv.Itoa(count))
}

// release takes away what was shown.
func release(j *command.Job, found []held) error {
	j.Deletes()
	var failures []error
	left := 0
	for _, one := range found {
		if len(one.own) == 0 {
			continue
		}
		results, err := waitFor(j, one)
		failures = append(failures, err)
		done := 0
		for _, result := range results {
			if result.Done {
				done++
				continue
			}
			j.Say("%s in %s is left: %s", result.Ref, one.region, result.Why)
		}
		left += len(one.own) - done
		j.Say("%s: the provisioned concurrency of %d of %d aliases was taken away.", one.region, done, len(one.own))
	}
	if err := errors.Join(failures...); err != nil {
		return err
	}
	if left > 0 {
		return console.Ending{Code: console.WorkLeft}
	}
	return nil
}

// waitFor releases as soon as no run is at work.
func waitFor(j *command.Job, one held) ([]warmer.Released, error) {
	for said, until := false, time.Now().Add(longest); ; {
		results, busy, err := one.warmer.Release(j.Stopping, one.own)
		if err != nil || !busy || time.Now().After(until) {
			if busy {
				err = fmt.Errorf("%s: another run is still at work", one.region)
			}
			return results, err
		}
		if !said {
			j.Say("A run is at work in %s, or was just now: waiting for it.", one.region)
			said = true
		}
		select {
		case <-j.Stopping.Done():
			return nil, j.Stopping.Err()
		case <-time.After(between):
		}
	}
}
