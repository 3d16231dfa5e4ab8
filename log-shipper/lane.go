package logshipper

import (
	"context"
	"errors"
	"fmt"
	"time"

	"caretaker/log-shipper/document"
)

// lane is the way to one destination. Where there are several, none of them waits for another that takes
// nothing: its documents wait for it in the bucket.
type lane struct {
	name string
	to   Sender

	// on is what it is busy with in this run; nil when it is idle. late says that the others go on without it.
	on   *parcel
	late bool
	// short is why something of this run was not taken; nil where everything was.
	short error

	// After it took nothing it is left alone until then, for a rest that grows each time.
	until time.Time
	rest  time.Duration
}

// parcel is a batch on its way.
type parcel struct {
	batch document.Batch
	// shares say whose the documents of the batch are, in its order.
	shares []share
	// owner is the destination that it is for; empty for all.
	owner string
	// lanes is how many are still busy with it.
	lanes int
}

// share is that documents of a batch, up to a place in it, are of one load.
type share struct {
	of *load
	to int
}

// given is what a destination did with a parcel.
type given struct {
	by    *lane
	fates document.Fates
}

const (
	// patience is how long a destination that is ready waits for one that is slower, with each batch.
	patience = 5 * time.Second
	// firstRest and longestRest bound how long a destination that took nothing is left alone.
	firstRest   = 5 * time.Second
	longestRest = time.Minute
	// mostPauses is how often one of several is asked again that takes nothing: within some two seconds.
	mostPauses = 4
)

var (
	// errBraked is why a braked shipper sends nothing.
	errBraked  = errors.New("DRY_RUN is set: nothing is sent")
	errBusy    = errors.New("it is still busy with what came before")
	errResting = errors.New("it took nothing a moment ago, and is asked again soon")
	// errUntold is for a destination that leaves something unsent and does not say why.
	errUntold = errors.New("it did not say why")
)

// several tells whether there is more than one destination.
func (s *Shipper) several() bool { return len(s.lanes) > 1 }

// lanesTo are the lanes to an owner: all, or the one of that name.
func (r *run) lanesTo(owner string) []*lane {
	if owner == "" {
		return r.Shipper.lanes
	}
	for at, one := range r.lanes {
		if one.name == owner {
			return r.lanes[at : at+1]
		}
	}
	r.lanes = append(r.lanes, &lane{name: owner, to: nowhere(owner)})
	return r.lanes[len(r.lanes)-1:]
}

// nowhere is the destination of a name that the file does not have any more.
type nowhere string

// Send refuses everything: somebody has to decide.
func (n nowhere) Send(_ context.Context, b *document.Batch) document.Fates {
	fates := document.Fates{Of: make([]document.Fate, b.Len()), Reasons: map[int]string{}}
	for i := range fates.Of {
		fates.Of[i], fates.Reasons[i] = document.Refused, fmt.Sprintf("the file names no destination %s", string(n))
	}
	return fates
}

// hinders is why nothing is sent to a destination now; nil where something is.
func (r *run) hinders(l *lane) error {
	switch {
	case r.options.Braked:
		return errBraked
	case !r.several():
		return nil
	case l.on != nil:
		return errBusy
	case l.short != nil:
		return l.short
	case r.now().Before(l.until):
		return errResting
	}
	return nil
}

// send sends the batch to whom it is for. It returns when the next one can be made: as long as others are
// ready, they do not wait for one that takes its time.
func (r *run) send() {
	owner := r.parcel.owner
	if p := r.parcel; p.batch.Len() > 0 {
		for r.arrived() {
		}
		for _, one := range r.lanesTo(p.owner) {
			if why := r.hinders(one); why != nil {
				r.took(one, p, document.Fates{Err: why})
				continue
			}
			r.dispatch(one, p)
		}
		r.wait(r.sending, false)
		r.stopped = r.stopped || r.sending.Err() != nil
		r.parcel = r.free()
	}
	r.parcel.empty()
	r.parcel.owner = owner
}

// empty makes it ready for what is next.
func (p *parcel) empty() {
	p.batch.Reset()
	p.shares, p.owner = p.shares[:0], ""
}

func (r *run) dispatch(to *lane, p *parcel) {
	to.on = p
	p.lanes++
	if !r.several() || r.options.AtOnce == 1 {
		r.given <- given{to, to.to.Send(r.sending, &p.batch)}
		return
	}
	go func() { r.given <- given{to, to.to.Send(r.sending, &p.batch)} }()
}

// free is a parcel that no destination is busy with.
func (r *run) free() *parcel {
	for _, p := range r.Shipper.parcels {
		if p.lanes == 0 {
			return p
		}
	}
	p := new(parcel)
	r.Shipper.parcels = append(r.Shipper.parcels, p)
	return p
}

// wait waits for the destinations that are busy: for all of them at the end, and before that for those that
// others did not wait for in vain already.
func (r *run) wait(ctx context.Context, end bool) {
	var enough <-chan struct{}
	for {
		var busy []*lane
		ready := false
		for _, one := range r.lanes {
			switch {
			case one.on != nil && (end || !one.late):
				busy = append(busy, one)
			case r.hinders(one) == nil:
				ready = true
			}
		}
		if len(busy) == 0 {
			return
		}
		if ready && !end && enough == nil && r.several() {
			patient, stop := context.WithTimeout(ctx, patience)
			defer stop()
			enough = patient.Done()
		}
		select {
		case one := <-r.given:
			r.take(one)
		case <-enough:
			for _, one := range busy {
				one.late = true
			}
			return
		}
	}
}

// arrived takes what a destination did in the meantime, if one is done.
func (r *run) arrived() bool {
	select {
	case one := <-r.given:
		r.take(one)
		return true
	default:
		return false
	}
}

// take reads what a destination did with its parcel, and lets it have the next one.
func (r *run) take(one given) {
	p := one.by.on
	one.by.on, one.by.late = nil, false
	p.lanes--
	if r.several() {
		one.by.judge(one.fates, r.now())
	}
	r.took(one.by, p, one.fates)
}

// judge decides on a rest.
func (l *lane) judge(fates document.Fates, now time.Time) {
	accepted := fates.Err == nil
	for _, fate := range fates.Of {
		accepted = accepted || fate != document.Unsent
	}
	if accepted {
		l.rest, l.until = 0, time.Time{}
		return
	}
	l.rest = min(max(2*l.rest, firstRest), longestRest)
	l.until = now.Add(l.rest)
}
