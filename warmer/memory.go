package warmer

import (
	"context"
	"maps"
	"sync"
	"time"
)

// memory is what outlives a run.
type memory interface {
	// claim is true for the one run that may ping until then, and answers what the run before left.
	claim(ctx context.Context, until time.Time) (owner string, left lasting, mine bool, err error)
	// release ends the claim at a time, and leaves the traces to the next run.
	release(ctx context.Context, owner string, at time.Time, left lasting) error
	// peek reads what the last run left, and when the claim of the one at work ends, without one of its own.
	peek(ctx context.Context) (left lasting, until time.Time, err error)
	// keep writes down what the warmer provisioned, or is about to; false where another run has the claim by now.
	keep(ctx context.Context, owner string, provisions map[string]provision) (mine bool, err error)
	// recall reads what is known of functions, by their names.
	recall(ctx context.Context) (map[string]record, error)
	// write writes what is known of a function over the revision that was read; false where somebody else wrote meanwhile.
	write(ctx context.Context, function string, r record) (written record, mine bool, err error)
}

// own is the memory of a process that has no table: it knows of no other run.
type own struct {
	mutex   sync.Mutex
	records map[string]record
	left    lasting
}

func (o *own) claim(context.Context, time.Time) (string, lasting, bool, error) {
	if o.left.looked == nil {
		o.left.looked = map[string]int64{}
	}
	return "the only one", o.left, true, nil
}

func (o *own) release(_ context.Context, _ string, _ time.Time, left lasting) error {
	o.left = left
	return nil
}

func (o *own) keep(_ context.Context, _ string, provisions map[string]provision) (bool, error) {
	o.left.provisions = maps.Clone(provisions)
	return true, nil
}

func (o *own) peek(context.Context) (lasting, time.Time, error) { return o.left, time.Time{}, nil }

func (o *own) recall(context.Context) (map[string]record, error) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	records := map[string]record{}
	for name, r := range o.records {
		records[name] = r
	}
	return records, nil
}

func (o *own) write(_ context.Context, function string, r record) (record, bool, error) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	r.revision++
	o.records[function] = r
	return r, true, nil
}
