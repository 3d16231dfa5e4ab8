package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"

	limitraiser "caretaker/limit-raiser"
)

// trail shows the audit trail as a person would.
func (a *raiserAct) trail(ctx context.Context) error {
	a.out.heading("The audit trail")
	arguments := []string{"limit-raiser", "history", "--region", a.Region()}
	a.out.command(append([]string{"dist/caretaker"}, arguments...)...)
	a.out.say("")
	command := a.command(ctx, filepath.Join("dist", "caretaker"), arguments...)
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	if err := finish(command); err != nil {
		return fmt.Errorf("caretaker limit-raiser history: %w", err)
	}
	return nil
}

// again brings the same events once more.
func (a *raiserAct) again(ctx context.Context) error {
	a.out.heading("The same events once more, as SNS and SQS may bring them")
	messages, err := a.mail.read(ctx, a.mail.overheard)
	if err != nil {
		return err
	}
	before, err := a.entries(ctx)
	if err != nil {
		return err
	}
	a.ForgetCalls()
	const copies = 5
	for range copies {
		for _, message := range messages {
			if err := a.mail.publish(ctx, message); err != nil {
				return err
			}
		}
	}
	refused := func() int { return a.refusedClaims() }
	err = a.mail.answered(ctx, "every copy is recognised", func() (bool, error) { return refused() >= copies*len(messages), nil })
	if err != nil {
		return err
	}
	after, err := a.entries(ctx)
	if err != nil {
		return err
	}
	calls := a.calls("UpdateTable")
	a.out.fact("result", "%d copies of %d events: the ledger knows them all; %d calls of UpdateTable, %d new entries", copies*len(messages), len(messages), calls, after-before)
	a.figure("events that come again change nothing", calls == 0 && after == before, "%d copies, %d calls, %d new entries", copies*len(messages), calls, after-before)
	return nil
}

// refusedClaims counts the events that the ledger said were answered.
func (a *raiserAct) refusedClaims() int {
	count := 0
	for _, call := range a.Calls() {
		if call.ErrorCode == "ConditionalCheckFailedException" {
			count++
		}
	}
	return count
}

func (a *raiserAct) entries(ctx context.Context) (int, error) {
	entries, err := limitraiser.History(ctx, a.tables, raiserName, 1000)
	return len(entries), err
}

// later is the next step of the same episode.
func (a *raiserAct) later(ctx context.Context) error {
	a.out.heading("Five minutes later: the load has grown to 500, the alarm is still on")
	a.out.aside("An alarm acts when it changes, and this one did not. After each raise the function sends itself a message, delayed by five minutes, and then looks at the " +
		"alarm. Here the queue's clock is set forward by those five minutes, and two minutes of metrics stand for them.")
	table, _, err := a.units(ctx)
	if err != nil {
		return err
	}
	a.load.rest(250, float64(table))
	for range 2 {
		if err := a.minute(ctx, 500, float64(table)); err != nil {
			return err
		}
	}
	a.load.show(a.out)
	if moved, err := a.moveAlarms(ctx); err != nil || moved != 0 {
		return errors.Join(err, fmt.Errorf("%d alarms changed, where all should have stayed", moved))
	}
	a.ForgetCalls()
	if err := a.Elapse(ctx, 5*time.Minute); err != nil {
		return err
	}
	want := int64(500 * 1.3)
	if err := a.raised(ctx, want); err != nil {
		return err
	}
	a.out.fact("next step", "%s", a.out.paint(fmt.Sprintf("table and index from %d to %d, by %d call of UpdateTable", table, want, a.calls("UpdateTable")), text.Bold))
	a.figure("it goes on while the alarm is on", a.calls("UpdateTable") == 1, "%d to %d write units, %d call", table, want, a.calls("UpdateTable"))
	if err := a.trail(ctx); err != nil {
		return err
	}
	a.out.say("   %s", a.out.success(fmt.Sprintf("500 writes a second are now %.0f %% of %d: under the alarms' 80 %%.", 100*500/float64(want), want)))
	return nil
}
