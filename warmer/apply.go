package warmer

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

// least is how much time a run must have left, beyond a hold, to begin another round.
const least = time.Second

// run is what the targets of one run share.
type run struct {
	*Warmer
	// slots are as many as pings may be in flight. A target's pings get theirs all at once, or wait: a part of them
	// in flight would reach fewer environments.
	slots *semaphore.Weighted
	// turn is whose pings are leaving. If they mixed with another target's, they would be spread over both.
	turn sync.Mutex
}

// apply pings the targets, which start one after another and overlap, but for those of one function: they
// share its concurrency and what is known of it.
func (w *Warmer) apply(ctx context.Context, plan Plan, records map[string]record) []*progress {
	r := &run{Warmer: w, slots: semaphore.NewWeighted(int64(plan.InFlight))}
	w.open(ctx, plan.Targets, plan.InFlight)
	results := make([]*progress, len(plan.Targets))
	var all sync.WaitGroup
	for first := 0; first < len(plan.Targets); {
		name := plan.Targets[first].Name
		next := first + 1
		for next < len(plan.Targets) && plan.Targets[next].Name == name {
			next++
		}
		targets, own, known := plan.Targets[first:next], results[first:next], records[name]
		all.Go(func() {
			for index, target := range targets {
				own[index], known = r.warm(ctx, target, known)
			}
		})
		first = next
	}
	all.Wait()
	return results
}

// warm keeps one target warm, and answers with what is known of its function then.
func (r *run) warm(ctx context.Context, target Target, known record) (*progress, record) {
	p := newProgress(target, r.holdOf(target.Ref), r.left.traces[target.Ref.String()].Throttled)
	if target.Unseen {
		known = r.handshake(ctx, p, known)
		if p.knowledge != Instrumented {
			return p, known
		}
	}
	for sending, more := p.next(); more; sending, more = p.next() {
		if deadline, limited := ctx.Deadline(); limited && time.Until(deadline) < sending.hold+least {
			break
		}
		replies, sent := r.send(ctx, target, sending)
		if !sent {
			break
		}
		p.after(sending, replies)
	}
	if p.outcomes[NoPong] > 0 {
		// Its code is another one by now, or it answers as it likes: the next run looks, and asks one alone.
		known = r.learn(ctx, p, known, asked{ID: target.Code.ID, At: r.now()})
	}
	return p, known
}

// send sends a round when it has its slots and its turn; false where the run's time was up before.
func (r *run) send(ctx context.Context, target Target, sending round) ([]reply, bool) {
	if r.slots.Acquire(ctx, int64(sending.pings)) != nil {
		return nil, false
	}
	defer r.slots.Release(int64(sending.pings))
	r.turn.Lock()
	return r.barrier(ctx, target, sending, r.turn.Unlock), true
}

// handshake asks code that was never met whether it has the middleware, by one ping alone. That it is asked is
// written down before: whoever comes after a run that died, or runs at the same time, knows.
func (r *run) handshake(ctx context.Context, p *progress, known record) record {
	before := known.asked(p.target.Code.ID)
	if p.knowledge = known.of(before.ID); p.knowledge != Unseen { // a target before has asked
		return known
	}
	claimed, mine, err := r.ledger.write(ctx, p.target.Name, known.with(asked{ID: before.ID, At: r.now(), Asks: before.Asks + 1}))
	if err != nil || !mine {
		p.err, p.elsewhere = err, err == nil
		return known
	}
	replies, sent := r.send(ctx, p.target, round{pings: 1})
	if !sent {
		return r.learn(ctx, p, claimed, before)
	}
	p.after(round{}, replies)
	p.rounds, p.probed = 0, false
	after := asked{ID: before.ID, At: r.now(), Asks: before.Asks + 1}
	switch replies[0].outcome {
	case Answered:
		after.Knowledge = Instrumented
	case NoPong, Erred, Slow:
		// It may be business code that ran: once is enough.
		after.Knowledge, p.err = Mute, nil
	case Lost, Ended, Trouble:
		// Nobody knows whether it ran. It is asked again, and only so often.
	default:
		after = before // it never ran
	}
	p.knowledge = after.Knowledge
	return r.learn(ctx, p, claimed, after)
}

// learn writes down what is known of code.
func (r *run) learn(ctx context.Context, p *progress, known record, code asked) record {
	written, mine, err := r.ledger.write(context.WithoutCancel(ctx), p.target.Name, known.with(code))
	if err == nil && !mine {
		err = errors.New("writing down " + p.target.Name + ": another run did so meanwhile")
	}
	p.err = errors.Join(p.err, err)
	if err != nil {
		return known
	}
	return written
}

func (w *Warmer) holdOf(ref Ref) time.Duration {
	if hold := w.left.traces[ref.String()].hold(); hold > 0 {
		return hold
	}
	return firstHold
}

// remember keeps of a run what the next one begins with. What the run had no time for stays as it was.
func (w *Warmer) remember(results []*progress) {
	traces := maps.Clone(w.left.traces)
	if traces == nil {
		traces = map[string]trace{}
	}
	for _, p := range results {
		ref := p.target.Ref
		before := traces[ref.String()]
		if p.outcomes[NoPong]+p.outcomes[Gone] > 0 {
			delete(w.reads.readings, ref)
		}
		if p.pings == 0 {
			continue
		}
		next := trace{
			Code: p.target.Code.ID, At: w.now().Unix(), Wanted: p.target.Wanted,
			HoldMs: nextHold(w.holdOf(ref), p).Milliseconds(), Throttled: p.last[Throttled] > 0,
		}
		same := before.Code == next.Code
		if len(p.environments) > 0 && p.cold == len(p.environments) {
			next.Cold = 1 + before.Cold*b2i(same)
		}
		if p.calm() {
			next.Calm = 1 + before.Calm*b2i(same && before.Wanted >= next.Wanted)
		}
		traces[ref.String()], p.coldRuns = next, next.Cold
	}
	w.left.traces = traces
}
