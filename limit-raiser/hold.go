package limitraiser

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// claim takes the step of the episode: whoever brings it again finds it done, and whoever brings
// it at the same time fails, to come again, since this run may die.
func (r *Raiser) claim(ctx context.Context, v visit, report *Report) (held, bool, error) {
	if !v.claims() {
		return held{}, true, nil
	}
	if ctx.Err() != nil {
		return held{}, false, fmt.Errorf("answering %s: %w", v.Alarm.Name, ctx.Err())
	}
	step, standing, err := r.ledger.claim(ctx, v.event(), r.until(ctx))
	switch {
	case err != nil:
		return held{}, false, err
	case standing == inProgress:
		return held{}, false, fmt.Errorf("answering %s: %w", v.Alarm.Name, errInProgress)
	case standing == completed && !v.joined:
		report.Duplicates++
	}
	return step, standing == claimed, nil
}

var errInProgress = errors.New("another run is at work on the same event")

// hold is a visit with its resource, which this run keeps others away from until the event is
// completed: a run that dies in between leaves its intent to whoever comes next.
type hold struct {
	visit
	// held is zero where another run has the resource, or there is nothing to do about it.
	held  held
	known record
	// busy says that another run has it.
	busy bool
}

func (h hold) ours() bool { return h.held != held{} }

// take holds the resource. A visit that raises nothing looks first whether anything is open.
func (r *Raiser) take(ctx context.Context, v visit) (hold, error) {
	if v.why != short {
		known, err := r.ledger.known(ctx, v.Resource.Key())
		if err != nil || known.Intent == nil && len(known.Unsent) == 0 {
			return hold{visit: v}, err
		}
	}
	taken, known, free, err := r.ledger.take(ctx, v.Resource.Key(), r.until(ctx))
	return hold{visit: v, held: taken, known: known, busy: !free}, err
}

// release completes the event, or gives it back where the visit failed, and lets go of the
// resource. Even if its time is up, a run tidies up.
func (r *Raiser) release(ctx context.Context, step held, h hold, failure error) error {
	if errors.Is(failure, errDied) {
		return failure // a panic leaves all as begun, as any other death does
	}
	claimed := step != held{}
	if claimed && failure == nil {
		if failure = r.ledger.complete(ctx, step); failure != nil {
			h = hold{} // what it raised stands as begun
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	var failures []error
	if h.ours() {
		failures = append(failures, r.ledger.settle(ctx, h.held, h.known))
	}
	if claimed && failure != nil {
		failures = append(failures, r.ledger.letGo(ctx, step))
	}
	return errors.Join(append([]error{failure}, failures...)...)
}

// until is when a claim ends by itself: once this run is dead for sure.
func (r *Raiser) until(ctx context.Context) time.Time {
	deadline, limited := ctx.Deadline()
	if !limited {
		return r.now().Add(unlimited)
	}
	return r.now().Add(time.Until(deadline) + grace)
}

const (
	// unlimited is how long a run without a deadline holds what it claims.
	unlimited = 5 * time.Minute
	// grace is how long a run may live on after its deadline, to tidy up.
	grace = 3 * time.Second
)
