package shipment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"caretaker/log-shipper/backoff"
	"caretaker/log-shipper/document"
	"caretaker/log-shipper/web"
)

const (
	// leastBytes is how far requests shrink when they are refused as too large.
	leastBytes = 64 << 10
	// mostDoubted is after how many documents that were refused alone, and none taken, the trouble is taken to be
	// elsewhere.
	mostDoubted = 3
)

// shipment is one batch on its way.
type shipment struct {
	*Carrier
	requests Requests
	fates    document.Fates
	// waiting are the documents to send, in order: earlier events first, so that a stream that is read
	// again from the first unsent one repeats little. again are those of the current request that stay.
	waiting, again []int
	// doubted are documents that were refused alone before any was taken, suspect says that one of them may have been
	// without blame.
	doubted []int
	suspect bool
	// known says that the destination has spoken of single documents, or taken some: requests are as it wants them.
	known bool
	// busy asks for a pause, of at least wait; pauses counts those without progress between.
	busy   bool
	wait   time.Duration
	pauses int
	// renewed says that the secret was read again.
	renewed bool
	// cause is why documents were last put off, stop is why none is sent any more.
	cause, stop error
}

// run sends until nothing waits, nothing more can be sent, or ctx ends.
func (s *shipment) run(ctx context.Context) {
	for len(s.waiting) > 0 && s.stop == nil && ctx.Err() == nil {
		count := s.fit()
		s.again = s.again[:0]
		s.deliver(ctx, s.waiting[:count])
		// What stays came from the front of waiting, and goes back there.
		s.waiting = s.waiting[count-len(s.again):]
		copy(s.waiting, s.again)
		if s.busy && !s.pause(ctx) {
			return
		}
	}
}

// fit is how many of the waiting documents go into one request: at least one.
func (s *shipment) fit() int {
	most, size := int(s.most.Load()), 0
	for count, i := range s.waiting {
		size += s.requests.Size(i)
		if count > 0 && (size > most || count >= s.events) {
			return count
		}
	}
	return len(s.waiting)
}

// deliver sends documents as one request, or as several where that one is too large or holds something that spoils it,
// and notes what became of each.
func (s *shipment) deliver(ctx context.Context, docs []int) {
	if s.busy || s.stop != nil {
		s.again = append(s.again, docs...)
		return
	}
	reply, err := s.requests.Post(ctx, docs)
	switch {
	case errors.Is(err, web.ErrSecret):
		s.giveUp(docs, err)
	case err != nil:
		s.later(docs, err)
	case reply.Each != nil:
		s.known, s.doubted = true, nil
		for at := range docs {
			s.settle(docs[at:at+1], reply.Each[at])
		}
	case reply.Kind == TooLarge:
		s.shrink(ctx, docs, reply.Why)
	case reply.Kind == Spoiled, reply.Kind == Suspect:
		s.isolate(ctx, docs, reply.Verdict)
	default:
		s.wait = reply.Wait
		s.settle(docs, reply.Verdict)
	}
}

// settle notes what became of documents of which the same is so.
func (s *shipment) settle(docs []int, v Verdict) {
	switch v.Kind {
	case Taken:
		for _, i := range docs {
			s.fates.Of[i] = v.Fate
		}
		s.known, s.doubted, s.pauses = true, nil, 0
	case Later:
		s.later(docs, errors.New(v.Why))
	case Denied:
		s.renew(docs, errors.New(v.Why))
	case Hopeless:
		s.giveUp(docs, errors.New(v.Why))
	default:
		for _, i := range docs {
			s.refuse(i, v.Why)
		}
	}
}

// later keeps documents for after a pause.
func (s *shipment) later(docs []int, cause error) {
	s.busy, s.cause = true, cause
	s.again = append(s.again, docs...)
}

// giveUp keeps documents, and ends the sending: nothing would be taken.
func (s *shipment) giveUp(docs []int, cause error) {
	s.stop = cause
	s.again = append(s.again, docs...)
}

// refuse is the end of a document, unless it may be taken without a part of it. It tells whether it was the end.
func (s *shipment) refuse(i int, why string) bool {
	if s.requests.Strip(i) {
		s.again = append(s.again, i)
		return false
	}
	if s.fates.Reasons == nil {
		s.fates.Reasons = map[int]string{}
	}
	s.fates.Of[i], s.fates.Reasons[i] = document.Refused, why
	return true
}

// shrink halves a request that is too large, down to a single document, and remembers the size.
func (s *shipment) shrink(ctx context.Context, docs []int, why string) {
	if len(docs) == 1 {
		s.refuse(docs[0], why)
		return
	}
	size := 0
	for _, i := range docs {
		size += s.requests.Size(i)
	}
	if half := int64(max(size/2, leastBytes)); half < s.most.Load() {
		s.most.Store(half)
	}
	s.halve(ctx, docs)
}

// isolate finds what spoils a request that was refused whole.
func (s *shipment) isolate(ctx context.Context, docs []int, v Verdict) {
	if len(docs) > 1 {
		s.halve(ctx, docs)
		return
	}
	if !s.refuse(docs[0], v.Why) || s.known {
		return
	}
	s.cause = errors.New(v.Why)
	s.suspect = s.suspect || v.Kind == Suspect
	if s.doubted = append(s.doubted, docs[0]); len(s.doubted) == mostDoubted {
		s.giveUp(nil, s.cause)
	}
}

func (s *shipment) halve(ctx context.Context, docs []int) {
	s.deliver(ctx, docs[:len(docs)/2])
	s.deliver(ctx, docs[len(docs)/2:])
}

// renew reads the secret once more; with it these documents are sent again.
func (s *shipment) renew(docs []int, cause error) {
	if s.secret == nil || s.renewed && !s.secret.Stale() {
		s.giveUp(docs, cause)
		return
	}
	s.renewed = true
	s.secret.Forget()
	s.again = append(s.again, docs...)
}

// pause waits before the next attempt, and tells whether there is time for one.
func (s *shipment) pause(ctx context.Context) bool {
	pauses, asked := s.pauses, s.wait
	s.busy, s.wait = false, 0
	s.pauses++
	return backoff.Pause(ctx, pauses, asked)
}

// end gives the fates, with the reason for what is unsent.
func (s *shipment) end(ctx context.Context) document.Fates {
	if !s.known && (s.suspect || len(s.fates.Of) > 1) {
		for _, i := range s.doubted { // not one was taken: it was not these documents
			s.fates.Of[i] = document.Unsent
			delete(s.fates.Reasons, i)
		}
	}
	unsent := 0
	for _, fate := range s.fates.Of {
		if fate == document.Unsent {
			unsent++
		}
	}
	if unsent == 0 {
		return s.fates
	}
	cause := s.stop
	if cause == nil {
		cause = errors.Join(s.cause, ctx.Err())
	}
	s.fates.Err = fmt.Errorf("sending to %s: %d of %d documents are unsent: %w", s.endpoint, unsent, len(s.fates.Of), cause)
	return s.fates
}
