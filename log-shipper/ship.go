package logshipper

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"caretaker/log-shipper/backoff"
)

// run is one invocation.
type run struct {
	*Shipper
	report Report
	way    Way
	loads  []*load
	// lanes are those of the shipper, and those to destinations that the file does not name any more.
	lanes []*lane
	given chan given
	// parcel is what documents are put into.
	parcel *parcel
	// sending ends early enough for what is unsent to be parked.
	sending context.Context
	// stopped says that no further load is begun: what comes before it was not sent, or time is up.
	stopped bool
}

// begin starts a run. stop ends what it holds.
func (s *Shipper) begin(ctx context.Context, deliveries []Delivery) (*run, context.CancelFunc) {
	r := &run{
		Shipper: s, report: Report{Payloads: len(deliveries), Braked: s.options.Braked, BatchItemFailures: []BatchItemFailure{}},
		lanes: slices.Clone(s.lanes),
	}
	for _, one := range r.lanes {
		one.on, one.late, one.short = nil, false, nil
	}
	for _, delivery := range deliveries {
		r.way = delivery.Way
		r.loads = append(r.loads, r.newLoad(delivery))
	}
	r.given = make(chan given, len(r.lanes))
	r.parcel = r.free()
	r.parcel.empty()
	var stop context.CancelFunc
	r.sending, stop = context.WithDeadline(ctx, sendUntil(ctx, time.Now()))
	if s.several() {
		r.sending = backoff.Brief(r.sending, mostPauses)
	}
	return r, stop
}

const (
	// settleTime is what is left of a run for parking what it could not send: some calls with their
	// retries.
	settleTime = 10 * time.Second
	// withoutEnd is how long is sent where a run has no end, as on the command line.
	withoutEnd = time.Minute
)

// sendUntil is when sending has to end: settleTime before the run does, or a third of the time there is
// where that is short.
func sendUntil(ctx context.Context, now time.Time) time.Time {
	end, has := ctx.Deadline()
	if !has {
		return now.Add(withoutEnd)
	}
	return end.Add(-min(settleTime, max(end.Sub(now), 0)/3))
}

// ship makes documents of a load, and sends them whenever the batch is full.
func (r *run) ship(ctx context.Context, l *load) {
	if r.stopped {
		l.untouched = true
		return
	}
	if l.Waiting.Key != "" && (r.hindered(l) || !r.fetch(ctx, l)) {
		return
	}
	if r.parcel.owner != l.Waiting.owner() {
		r.send()
		r.parcel.owner = l.Waiting.owner()
	}
	switch {
	case l.Err != nil:
		l.count(func(d *due) { d.tally.In++ })
		l.refuse(Letter{Reason: l.Err.Error(), Text: string(r.maker.Redact(nil, l.Data))})
	case l.Waiting.holdsLetters():
		r.again(l)
	default:
		r.documents(l)
	}
}

// hindered is whether nobody takes what a message is about now, so that it need not be looked at: a brake
// is different, since it may be on for long. What is given up otherwise is looked at in any case.
func (r *run) hindered(l *load) bool {
	if r.options.Braked || l.last {
		return false
	}
	for _, d := range l.dues {
		if r.hinders(d.lane) == nil {
			return false
		}
	}
	l.untouched = true
	return true
}

// fetch reads what a message of the queue is about. It is false where there is nothing to ship.
func (r *run) fetch(ctx context.Context, l *load) bool {
	data, err := r.get(ctx, l.Waiting.Key)
	switch {
	case errors.Is(err, errNotThere) && r.now().Sub(time.UnixMilli(l.Waiting.Since)) > time.Duration(r.cfg.KeepDays)*24*time.Hour:
		l.err = fmt.Errorf("%s: it waited for longer than the bucket keeps it: %d days", l.Waiting.Key, r.cfg.KeepDays)
	case errors.Is(err, errNotThere):
		l.gone = true
	case err != nil:
		l.err, l.untouched = err, true
	}
	l.Data = data
	return err == nil
}

// documents makes documents of a payload.
func (r *run) documents(l *load) {
	plain, rest, err := r.reader.Open(l.Data)
	if err != nil {
		l.count(func(d *due) { d.tally.In++ })
		l.refuse(Letter{Reason: err.Error(), Data: rest})
	}
	r.maker.Begin(plain)
	for more := true; more; {
		more = r.maker.Fill(&r.parcel.batch, r.options.Fill)
		r.parcel.shares = append(r.parcel.shares, share{l, r.parcel.batch.Len()})
		if more || r.parcel.batch.Bytes() >= r.options.Fill {
			r.send()
		}
	}
	counts := r.maker.Counts()
	l.count(func(d *due) {
		d.tally.In += counts.In
		d.tally.Filtered += counts.Dropped + counts.Sampled + counts.Own
	})
	for _, refused := range counts.Refused {
		l.refuse(Letter{Reason: refused.Reason, Text: string(r.maker.Redact(nil, refused.Raw))})
	}
	r.report.counted(counts)
}

// again puts dead letters into the batch. Those of which no document was ever made stay what they are.
func (r *run) again(l *load) {
	err := ReadLetters(l.Data, func(letter Letter) {
		l.count(func(d *due) { d.tally.In++ })
		if letter.Document == nil || letter.ID == "" {
			l.refuse(letter)
			return
		}
		r.parcel.batch.Add([]byte(letter.ID), letter.Document, nil, letter.Time)
		r.parcel.shares = append(r.parcel.shares, share{l, r.parcel.batch.Len()})
		if r.parcel.batch.Bytes() >= r.options.Fill {
			r.send()
		}
	})
	if err != nil {
		l.err = fmt.Errorf("%s: %w", l.Waiting.Key, err)
	}
}
