package warmer

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
)

const (
	// changesSettle is how long after a change its run begins: a deployment changes the code, publishes it and moves the
	// alias within seconds, and one run is enough for all of that.
	changesSettle = 15 * time.Second
	// lookEvery is how long a run waits before it looks again whether a function is ready, or another run over.
	lookEvery = 2 * time.Second
	// readyWithin is how long it waits for a function to be ready.
	readyWithin = time.Minute
	// runNeeds is how much time must be left to begin a run.
	runNeeds = 20 * time.Second
	// keepLooks is how long it is remembered when a function was looked at: longer than an event may be late.
	keepLooks = 24 * time.Hour
)

// after runs for the function of a change, unless a run that looked at it later has done so.
func (w *Warmer) after(ctx context.Context, change Change) (Report, error) {
	report := Report{DryRun: w.cfg.DryRun, Deployment: change.Operation + " of " + change.Function}
	switch {
	case change.Void != "":
		report.Ignored = change.Void
	case !w.cfg.OnDeployment:
		report.Ignored = "warmer.onDeployment is false"
	case strings.HasPrefix(change.Function, ownPrefix):
		report.Ignored = string(Own)
	case !w.cfg.ByTag && !w.cfg.lists(change.Function):
		report.Ignored = "the file does not name it"
	}
	if report.Ignored != "" {
		return report, nil
	}
	// It may wait, and must not come near the function's time-out, which an alarm watches.
	ctx, cancel := context.WithTimeout(ctx, timeLeft(ctx)*3/5)
	defer cancel()
	if !pause(ctx, change.At.Add(changesSettle).Sub(w.now())) {
		report.Ignored = string(noTime)
		return report, nil
	}
	for timeLeft(ctx) > runNeeds {
		left, until, err := w.ledger.peek(ctx)
		if err != nil {
			return report, err
		}
		if looked, known := left.looked[change.Function]; known && looked > change.At.Unix() { // both are whole seconds
			report.Ignored = "a run has looked at it since"
			return report, nil
		}
		if until.Before(w.now()) {
			done, err := w.runFor(ctx, change.Function)
			if !done.Busy {
				done.Deployment = report.Deployment
				return done, err
			}
		}
		if !pause(ctx, lookEvery) {
			break
		}
	}
	// The next run of the schedule does it: its reads of this function are dropped.
	w.dropReads(change.Function)
	report.Busy = true
	return report, nil
}

// lists tells whether the file names a function.
func (c Config) lists(name string) bool {
	return slices.ContainsFunc(c.Functions, func(f Function) bool {
		return len(matching(f.Name, []string{name})) == 1 && (isPattern(f.Name) || f.Name == name)
	})
}

// runFor runs for one function, once what AWS makes of it is done.
func (w *Warmer) runFor(ctx context.Context, name string) (Report, error) {
	w.dropReads(name)
	one := *w
	one.options.Choice, one.options.NoRest, one.options.PingsOnly = Choice{Ref: Ref{Name: name}}, true, true
	for until := time.Now().Add(readyWithin); ; {
		one.looking = looking{name, w.now()}
		facts, unread, fatal := one.inventory(ctx)
		if err := errors.Join(unread, fatal); err != nil {
			return Report{DryRun: w.cfg.DryRun}, err
		}
		if !changing(facts) || time.Now().After(until) || timeLeft(ctx) < 2*runNeeds || !pause(ctx, lookEvery) {
			return one.run(ctx)
		}
	}
}

// looking is the function that a run looks at alone, and since when.
type looking struct {
	name string
	at   time.Time
}

// changing tells whether AWS is still at work on something that is wished for.
func changing(facts Facts) bool {
	for _, reading := range facts.Readings {
		if reading.Updating || reading.State == statePending {
			return true
		}
	}
	return false
}

// statePending is that of a version which is being made.
const statePending = "Pending"

// dropReads has a function read anew.
func (w *Warmer) dropReads(name string) {
	for ref := range w.reads.readings {
		if ref.Name == name {
			delete(w.reads.readings, ref)
		}
	}
}

// timeLeft is until the run's deadline; long where it has none.
func timeLeft(ctx context.Context) time.Duration {
	if deadline, limited := ctx.Deadline(); limited {
		return time.Until(deadline)
	}
	return longestRun
}

// pause waits, and is false where the run ends before.
func pause(ctx context.Context, wait time.Duration) bool {
	if wait <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
