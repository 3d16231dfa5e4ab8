package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	limitraiser "caretaker/limit-raiser"
)

const (
	// duplicated is how many events are delivered twice, runs how many runs there are at once.
	duplicated = 1000
	runs       = 16
	// mostDeliveries ends a bench that never would: each event of a queue comes ten times at most.
	mostDeliveries = 10 * 2 * duplicated
)

// duplicatesApplied delivers each of a thousand events twice, once through SNS and once straight
// from the alarm, shuffled, to runs side by side. No other guard than the ledger's may hold a
// second raise back: there is no cooldown, and each table may be raised a hundred times a day.
func duplicatesApplied(ctx context.Context, r *results, w *raiserWorld) error {
	r.note("creating %d tables ...", duplicated)
	cfg, tables, err := w.seed(ctx, "twice", duplicated)
	if err != nil {
		return err
	}
	cfg.Limits.Cooldown, cfg.Limits.RaisesADay = 0, 100
	at := time.Now().UTC().Truncate(time.Millisecond)
	if err := w.alarms(ctx, tables, at); err != nil {
		return err
	}
	line := &waitingLine{}
	for _, table := range tables {
		line.events = append(line.events, w.throughSNS(change{table, at}), w.straight(change{table, at}))
	}
	order := rand.New(rand.NewPCG(1, 2)) // #nosec G404 -- a shuffle that can be repeated
	order.Shuffle(len(line.events), func(i, j int) {
		line.events[i], line.events[j] = line.events[j], line.events[i]
	})
	w.emulator.ForgetCalls()
	r.note("delivering %d events twice, to %d runs at once ...", duplicated, runs)
	begun := time.Now()
	var group sync.WaitGroup
	for range runs {
		raiser := w.raiser(cfg, w.options)
		group.Go(func() { line.deliver(ctx, raiser) })
	}
	group.Wait()
	if line.err != nil {
		return line.err
	}
	updates := 0
	for _, call := range w.emulator.Calls() {
		if call.Operation == "UpdateTable" && call.Status == http.StatusOK {
			updates++
		}
	}
	wrong := 0
	for _, table := range tables {
		units, err := w.writeUnits(ctx, table)
		if err != nil {
			return err
		}
		if units < unitsAfter {
			return fmt.Errorf("%s has %d units: its raise was lost", table, units)
		}
		if units > unitsAfter {
			wrong++
		}
	}
	r.note("duplicates_applied: UpdateTable calls over %d, and tables raised further than once; %d deliveries in %.0f s, of which %d were found answered and %d "+
		"came again since a copy was being answered", duplicated, line.deliveries, time.Since(begun).Seconds(), line.duplicates, line.again)
	r.report(figure{"duplicates_applied", float64(max(updates-duplicated, wrong)), "events", "=", 0})
	return nil
}

// waitingLine is a queue: what fails comes again, at its end.
type waitingLine struct {
	mutex  sync.Mutex
	events [][]byte
	// working is how many events are being answered, which may come again.
	working                       int
	deliveries, duplicates, again int
	err                           error
}

func (l *waitingLine) deliver(ctx context.Context, raiser *limitraiser.Raiser) {
	for {
		event, more := l.next(ctx)
		if !more {
			return
		}
		if event == nil {
			time.Sleep(time.Millisecond) // the last ones are being answered, and may come again
			continue
		}
		report, err := raiser.Handle(ctx, event)
		l.answered(event, report, err)
	}
}

func (l *waitingLine) next(ctx context.Context) (event []byte, more bool) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.deliveries >= mostDeliveries || ctx.Err() != nil {
		l.err = errors.Join(errors.New("events keep coming again"), ctx.Err())
	}
	if l.err != nil || len(l.events) == 0 {
		return nil, l.err == nil && l.working > 0
	}
	event = l.events[0]
	l.events = l.events[1:]
	l.working++
	l.deliveries++
	return event, true
}

func (l *waitingLine) answered(event []byte, report limitraiser.Report, err error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.working--
	l.duplicates += report.Duplicates
	if err != nil {
		l.again++
		l.events = append(l.events, event)
	}
}
