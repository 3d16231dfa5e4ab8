package warmer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Releasable is an alias with provisioned concurrency that Release can take away.
type Releasable struct {
	Ref
	State Provisioned
	// Doubt says that a person may have put it: a run of the warmer died in those seconds, or nothing is remembered of it.
	Doubt bool
	// Why says what is known, in words.
	Why string
}

// Releasable are the aliases on which the warmer has put provisioned concurrency, as AWS has them now, whether the file
// still names them or not. Without a table nobody remembers any: then they are the file's aliases that have as many as
// it asks for in some window.
func (w *Warmer) Releasable(ctx context.Context) ([]Releasable, error) {
	left, _, err := w.ledger.peek(ctx)
	if err != nil {
		return nil, err
	}
	if w.options.Table == "" {
		return w.asked(ctx)
	}
	var found []Releasable
	remembered := byRef(left.provisions)
	for _, ref := range slices.SortedFunc(maps.Keys(remembered), Ref.compare) {
		state, err := w.stateOf(ctx, ref)
		if err != nil {
			return nil, err
		}
		switch settled, own := remembered[ref].settle(state); {
		case own:
			found = append(found, Releasable{Ref: ref, State: *state, Why: "the warmer set it"})
		case settled.Doubt:
			found = append(found, Releasable{Ref: ref, State: *state, Doubt: true, Why: "the warmer set it, or a person did in the seconds in which a run died"})
		}
	}
	return found, nil
}

// asked are the aliases of the file that have as many as it asks for.
func (w *Warmer) asked(ctx context.Context) ([]Releasable, error) {
	facts, unread, fatal := w.inventory(ctx)
	if err := errors.Join(unread, fatal); err != nil {
		return nil, err
	}
	var found []Releasable
	for _, wish := range facts.Provisions {
		state := facts.Readings[wish.Ref].on(wish.Qualifier)
		if state == nil || !slices.Contains(slices.Collect(maps.Values(wish.Provisioned)), state.Requested) {
			continue
		}
		found = append(found, Releasable{Ref: wish.Ref, State: *state, Doubt: true, Why: "as many as the file asks for; there is no table that remembers who set it"})
	}
	return found, nil
}

func (w *Warmer) stateOf(ctx context.Context, ref Ref) (*Provisioned, error) {
	serving, _, err := w.readProvisioned(ctx, ref, "")
	if gone(err) { // with its function
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the provisioned concurrency of %s: %w", ref, err)
	}
	return Reading{Provisioned: serving}.on(ref.Qualifier), nil
}

// Released is what became of one alias.
type Released struct {
	Ref
	// Done says that it was taken away; where it was not, Why says why.
	Done bool
	Why  string
}

// Release takes away what Releasable found. What is another one by now is left. busy says that a run is at work, and that
// nothing was done.
func (w *Warmer) Release(ctx context.Context, chosen []Releasable) (results []Released, busy bool, err error) {
	c := claim{until: w.now().Add(longestRun)}
	mine := false
	if c.owner, w.left, mine, err = w.ledger.claim(ctx, c.until); err != nil || !mine {
		return nil, err == nil, err
	}
	p := w.provisioner(ctx, c)
	for _, one := range chosen {
		released, failure := p.release(ctx, one)
		results, err = append(results, released), errors.Join(err, failure)
		if ctx.Err() != nil {
			break
		}
	}
	w.left.provisions = p.known
	return results, false, errors.Join(err, w.ledger.release(context.WithoutCancel(ctx), c.owner, w.now(), w.left))
}

// release takes one away, as a run does.
func (p *provisioner) release(ctx context.Context, one Releasable) (Released, error) {
	before := p.known[one.Ref.String()]
	meant := before
	meant.Intent = &intent{At: p.now(), Until: p.now().Add(changeTakes)}
	if err := p.note(ctx, one.Ref, meant); err != nil {
		return Released{Ref: one.Ref, Why: "it could not be written down"}, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), changeTakes)
	defer cancel()
	state, err := p.stateOf(ctx, one.Ref)
	if err != nil {
		return Released{Ref: one.Ref, Why: "it could not be read"}, errors.Join(err, p.note(ctx, one.Ref, before))
	}
	if state == nil || state.Requested != one.State.Requested || state.Modified != one.State.Modified {
		settled, _ := before.settle(state)
		return Released{Ref: one.Ref, Why: "it is another one by now"}, p.note(ctx, one.Ref, settled)
	}
	if _, err := p.call(ctx, one.Ref, 0, meant); err != nil {
		return Released{Ref: one.Ref, Why: "AWS did not do it"}, err
	}
	return Released{Ref: one.Ref, Done: true}, p.note(ctx, one.Ref, provision{})
}
