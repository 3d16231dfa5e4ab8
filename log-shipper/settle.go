package logshipper

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"
)

// settle ends each load: its dead letters are put into the bucket, and what was not sent is parked or
// left to be handed back.
func (r *run) settle(ctx context.Context) {
	var all errgroup.Group
	all.SetLimit(r.options.AtOnce)
	again := false
	for _, one := range r.loads {
		unsent := one.unsent()
		way := plan(one.Way, unsent, len(one.dues), again, r.options.Braked)
		again = again || way == handedBack
		all.Go(func() error {
			r.end(ctx, one, way)
			return nil
		})
	}
	_ = all.Wait() // what went wrong is at the loads
}

// unsent is how many destinations did not take all of it.
func (l *load) unsent() (count int) {
	for _, d := range l.dues {
		if d.pending = l.err != nil || l.untouched || d.unsent > 0; d.pending {
			count++
		}
	}
	return count
}

// end ends one load. Each step comes after the one that it relies on: a message is not done with before
// what it was about is somewhere else.
//
// Dead letters are written once all of a load is decided at a destination. What comes again brings its poison
// again: were that written now, it would stand there twice, in another company.
func (r *run) end(ctx context.Context, l *load, way ending) {
	for _, d := range l.dues {
		if !d.pending && l.err == nil {
			l.err = r.write(ctx, d)
		}
		if d.pending = d.pending || l.err != nil && d.wrote == ""; d.pending {
			d.unsent += d.letters.count
			d.tally.DeadLettered -= d.letters.count
		}
	}
	if l.err == nil && way == parked {
		l.err = r.park(ctx, l)
	}
	l.handedBack = l.err != nil || way == handedBack
	for _, d := range l.dues {
		switch {
		case !d.pending:
		case l.handedBack:
			d.tally.HandedBack = d.unsent
		default:
			d.tally.Parked = d.unsent
		}
	}
	if !l.handedBack && l.left() {
		l.leftover = r.remove(ctx, l.Waiting.Key)
	}
}

// left is whether the object that a message was about is done with: nothing of it is parked there, or was
// written anew under the same key, where what was refused again is the same.
func (l *load) left() bool {
	if l.Waiting.Key == "" || l.gone {
		return false
	}
	for _, d := range l.dues {
		if d.wrote == l.Waiting.Key || d.pending && l.staysFor(d) {
			return false
		}
	}
	return true
}

// write puts the dead letters of a load at a destination into the bucket.
func (r *run) write(ctx context.Context, d *due) error {
	if d.letters.count == 0 {
		return nil
	}
	key, packed, err := d.letters.object(d.lane.name)
	if err != nil {
		return err
	}
	if err := r.put(ctx, key, packed); err != nil {
		return err
	}
	d.wrote = key
	return nil
}

// park puts a payload aside for each destination that did not take it, and has a message bring it back. A payload
// that came by a message waits in the bucket already. The object comes first: a message without one would be
// about nothing.
//
// Each destination has an object and a message of its own, so that none of them waits for another.
func (r *run) park(ctx context.Context, l *load) error {
	told := false
	for _, d := range l.dues {
		waiting := Waiting{Key: l.Waiting.Key, Step: l.Waiting.Step + 1, Since: l.Waiting.Since}
		switch stays := l.staysFor(d); {
		case !d.pending, stays && told:
			continue
		case stays:
			told = true
		default:
			if waiting.Key == "" {
				waiting = Waiting{Key: parkedKey(l.Data), Since: r.now().UnixMilli()}
			}
			waiting.Key = keyOf(waiting.Key, d.lane.name)
			if err := r.put(ctx, waiting.Key, l.Data); err != nil {
				return err
			}
		}
		if err := r.tell(ctx, waiting); err != nil {
			return err
		}
	}
	return nil
}

// staysFor is whether what waits for a destination waits where it is: it is for that one, or for all, and none of
// them took it.
func (l *load) staysFor(d *due) bool {
	if l.Waiting.Key == "" {
		return false
	}
	return l.Waiting.owner() == d.lane.name || !slices.ContainsFunc(l.dues, func(d *due) bool { return !d.pending })
}

// waits is whether something still waits for a destination, and has waited before.
func (l *load) waits(d *due) bool {
	return l.Waiting.Key != "" && !l.Waiting.holdsLetters() && !l.gone && (d.tally.Parked > 0 || l.untouched)
}

// account adds up what became of the loads, and says what has to come again.
func (r *run) account() {
	var back []*load
	through := false
	for _, l := range r.loads {
		r.report.settled(l, r.now())
		through = through || !l.handedBack || l.through()
		if l.handedBack {
			back = append(back, l)
		}
	}
	switch {
	case len(back) == 0:
	case !through || back[0].Way == Direct:
		r.report.fail(fmt.Errorf("%d of %d payloads come again: %s", len(back), len(r.loads), r.report.why()))
	case back[0].Way == Stream: // what comes after the first comes again too
		r.report.BatchItemFailures = []BatchItemFailure{{back[0].ID}}
	default:
		for _, l := range back {
			r.report.BatchItemFailures = append(r.report.BatchItemFailures, BatchItemFailure{l.ID})
		}
	}
}

// through is whether some of it went through at a destination.
func (l *load) through() bool {
	return slices.ContainsFunc(l.dues, func(d *due) bool { return d.tally.In > d.tally.HandedBack })
}
