package logshipper

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"caretaker/log-shipper/document"
)

// load is a delivery with what became of it.
type load struct {
	Delivery
	// dues are what became of it at each destination that it is for.
	dues []*due
	// untouched says that nobody looked into it.
	untouched bool
	// last says that what is not sent now will not be tried again.
	last bool
	// gone says that what its message is about was sent already.
	gone bool
	// handedBack says that Lambda has to bring it again, err why that is so whatever was sent of it.
	handedBack bool
	err        error
	// leftover is what went wrong after all was done.
	leftover error
}

// due is what became of a delivery at one destination.
type due struct {
	lane    *lane
	tally   Tally
	letters letters
	// diverted is how many the destination itself put aside.
	diverted int
	// lag is how old the oldest was that was delivered, or sent without an answer; nil where none was.
	lag *time.Duration
	// unsent is how many documents were not accepted and may be sent again.
	unsent int
	// pending says that it comes again.
	pending bool
	// wrote is the key of its dead letters; empty where none were written.
	wrote string
}

// newLoad is a delivery for its owner, or for all.
func (r *run) newLoad(d Delivery) *load {
	l := &load{Delivery: d, last: isLast(d.Waiting, r.cfg.KeepDays, r.now())}
	for _, one := range r.lanesTo(d.Waiting.owner()) {
		l.dues = append(l.dues, &due{lane: one})
	}
	return l
}

// of is what became of a load at a destination.
func (l *load) of(lane *lane) *due {
	for _, d := range l.dues {
		if d.lane == lane {
			return d
		}
	}
	return nil
}

// count adds events that end alike at every destination.
func (l *load) count(add func(*due)) {
	for _, d := range l.dues {
		add(d)
	}
}

// refuse makes a dead letter of something of which no document can be made.
func (l *load) refuse(letter Letter) {
	l.count(func(d *due) {
		d.tally.DeadLettered++
		d.letters.add(letter)
	})
}

// took reads what became of a parcel at a destination.
func (r *run) took(by *lane, p *parcel, fates document.Fates) {
	r.report.sent(by.name, fates)
	from, missed := 0, false
	for _, one := range p.shares {
		due := one.of.of(by)
		for ; from < one.to; from++ {
			r.became(p, one.of, due, from, fates)
		}
		missed = missed || due.unsent > 0
	}
	if !missed || errors.Is(fates.Err, errBusy) || by.short != nil {
		return
	}
	if by.short = fates.Err; by.short == nil {
		by.short = errUntold
	}
	// What a stream brought after it comes again in any case, once nobody takes anything.
	if r.way == Stream && !r.options.Braked && !slices.ContainsFunc(r.Shipper.lanes, func(l *lane) bool { return l.short == nil }) {
		r.stopped = true
	}
}

// became counts what became of one document. A fate that is missing is that of one that was not sent.
func (r *run) became(p *parcel, l *load, d *due, i int, fates document.Fates) {
	fate := document.Unsent
	if i < len(fates.Of) {
		fate = fates.Of[i]
	}
	reason := fates.Reasons[i]
	if fate == document.Unsent && l.last {
		fate, reason = document.Refused, fmt.Sprintf("it could not be delivered within %d days", r.cfg.KeepDays-1)
	}
	switch fate {
	case document.Delivered:
		d.tally.Delivered++
		d.delivered(p.batch.Lag(i, r.now()))
	case document.Already:
		d.tally.Already++
	case document.Unanswered:
		d.tally.Unanswered++
		d.delivered(p.batch.Lag(i, r.now()))
	case document.Diverted:
		d.tally.DeadLettered++
		d.diverted++
	case document.Refused:
		d.tally.DeadLettered++
		d.letters.add(Letter{
			Reason: string(r.maker.Redact(nil, []byte(reason))), // a node quotes what it refuses
			ID:     string(p.batch.ID(i)), Time: p.batch.Time(i), Document: append([]byte(nil), p.batch.Body(i)...),
		})
	default:
		d.unsent++
	}
}

// delivered keeps the longest lag.
func (d *due) delivered(lag time.Duration) {
	if d.lag == nil || *d.lag < lag {
		d.lag = &lag
	}
}
