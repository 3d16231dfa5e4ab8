package warmer

import (
	"fmt"
	"time"

	"caretaker/warmer/ping"
)

// Outcome is what became of one ping.
type Outcome string

// The outcomes.
const (
	Answered   Outcome = "answered"
	NoPong     Outcome = "answered, and not in the protocol"
	Throttled  Outcome = "429: its concurrency, or the account's, is used up"
	Slow       Outcome = "no answer in time"
	Lost       Outcome = "the connection broke: what became of it is unknown"
	Ended      Outcome = "the run ended before the answer came"
	Erred      Outcome = "the function failed"
	Refused    Outcome = "AWS refused it"
	Gone       Outcome = "there is no such function or qualifier"
	Trouble    Outcome = "AWS had a fault"
	NotAllowed Outcome = "the warmer's role may not"
)

// reply is one ping with what came of it. Times are on the warmer's own clock.
type reply struct {
	outcome Outcome
	// err is set where the outcome is a failure of the run.
	err  error
	pong ping.Pong
	// protocol is the one that the middleware speaks, where it is another one.
	protocol int
	// sent is when the ping left, and took how long its answer needed.
	sent time.Time
	took time.Duration
}

// arrived is the latest at which a ping can have arrived: what its way took both ways is known, and how it
// is split is not.
func (r reply) arrived() time.Time {
	held := time.Duration(min(r.pong.HeldMs, r.took.Milliseconds())) * time.Millisecond
	return r.sent.Add(r.took - held)
}

const (
	// firstHold is how long the first round holds as long as nothing is known of the spread: generous, since a
	// hold below it reaches fewer environments than none.
	firstHold = 750 * time.Millisecond
	// leastHold and longestHold bound a hold. The middleware holds nothing that is longer than 10 s.
	leastHold   = 150 * time.Millisecond
	longestHold = 10 * time.Second
	// mostRounds is how often all pings of a target are sent in a run.
	mostRounds = 2
)

// round is what is sent next: so many pings, all in flight together.
type round struct {
	pings int
	hold  time.Duration
}

// progress is how far a target is within a run.
type progress struct {
	target Target
	// hold is that of the first round.
	hold time.Duration
	// environments are those that answered, and cold and proactive how many of them were new.
	environments    map[string]bool
	cold, proactive int
	// pings are those that were sent, rounds how often all were.
	pings, rounds int
	// spread is how far apart the warm ones of the last round arrived, at most, and warm how many they
	// were; held is its hold.
	spread, held time.Duration
	warm         int
	// outcomes count what became of pings, and last is the round's.
	outcomes, last map[Outcome]int
	// protocol is the one that the middleware speaks, where it is another one.
	protocol int
	// probed says that the last round was one ping, to see whether there is room again.
	probed bool
	// knowledge is what the handshake found, where there was one; elsewhere says that another run has it.
	knowledge Knowledge
	elsewhere bool
	// coldRuns is in how many runs in a row, this one included, all environments were new.
	coldRuns int
	err      error
}

func newProgress(target Target, hold time.Duration, throttledBefore bool) *progress {
	p := &progress{target: target, hold: hold, environments: map[string]bool{}, outcomes: map[Outcome]int{}, last: map[Outcome]int{}}
	if throttledBefore {
		p.last[Throttled] = 1
	}
	return p
}

// next is the round to send, if there is one. All that are wanted are sent at once, a second time if that did
// not reach them, held longer then; and where the last round met a 429, one goes ahead.
func (p *progress) next() (round, bool) {
	switch {
	case len(p.environments) >= p.target.Wanted || p.err != nil:
		return round{}, false
	case p.target.Library != "" && p.rounds > 0:
		return round{}, false // nothing would show that a second one reached more
	case p.last[NoPong]+p.last[Gone]+p.last[Refused]+p.last[Erred]+p.last[Slow] > 0:
		return round{}, false // another try would only do the same again
	case p.last[Throttled] > 0 && (p.probed || p.rounds >= mostRounds):
		return round{}, false
	case p.last[Throttled] > 0:
		return round{pings: 1}, true
	case p.rounds >= mostRounds:
		return round{}, false
	case p.target.Wanted == 1: // alone, it has nobody to wait for
		return round{pings: 1}, true
	case p.rounds == 0:
		return round{p.target.Wanted, within(p.hold, p.target.Timeout)}, true
	}
	return round{p.target.Wanted, within(max(2*p.hold, 2*firstHold, 2*p.spread), p.target.Timeout)}, true
}

// after takes in what came of a round.
func (p *progress) after(sent round, replies []reply) {
	p.last, p.spread, p.warm = map[Outcome]int{}, 0, 0
	var first, last time.Time
	for _, r := range replies {
		p.pings++
		p.outcomes[r.outcome]++
		p.last[r.outcome]++
		if r.err != nil && p.err == nil {
			p.err = r.err
		}
		if r.protocol != 0 {
			p.protocol = r.protocol
		}
		if r.outcome != Answered || p.target.Library != "" {
			continue
		}
		if !p.environments[r.pong.Environment] {
			p.environments[r.pong.Environment] = true
			p.cold += b2i(r.pong.Cold())
			p.proactive += b2i(r.pong.Proactive())
		}
		if first.IsZero() || r.sent.Before(first) {
			first = r.sent
		}
		// A new environment is late by its init, which says nothing of how pings travel.
		if r.pong.Cold() || r.pong.Proactive() {
			continue
		}
		p.warm++
		if r.arrived().After(last) {
			last = r.arrived()
		}
	}
	if last.After(first) {
		p.spread = last.Sub(first)
	}
	p.probed = sent.pings == 1 && p.target.Wanted > 1
	if !p.probed {
		p.rounds++
		p.held = sent.hold
	}
}

// short is how many environments are missing. Of a target that does not name its environments nobody knows.
func (p *progress) short() int {
	if p.target.Library != "" {
		return 0
	}
	return max(0, p.target.Wanted-len(p.environments))
}

// why is why there are fewer environments than were wanted, or fewer answers; empty if there are not.
func (p *progress) why() string {
	if p.short() == 0 && (p.target.Library == "" || p.outcomes[Answered] >= p.target.Wanted) {
		return ""
	}
	for _, outcome := range []Outcome{NotAllowed, Gone, NoPong, Erred, Refused, Throttled, Slow, Ended, Trouble, Lost} {
		if count := p.outcomes[outcome]; count > 0 {
			return fmt.Sprintf("%s (%d of %d pings)", outcome, count, p.pings)
		}
	}
	switch {
	case p.elsewhere:
		return "another run asks it whether it has the middleware"
	case p.rounds == 0:
		return string(noTime)
	case len(p.environments) == 1 && p.outcomes[Answered] > 1:
		return fmt.Sprintf("all %d answers came from one environment: it says to be the same each time, or takes one call after the other", p.outcomes[Answered])
	}
	return fmt.Sprintf("%d answers came from %d environments, although they were held %d ms", p.outcomes[Answered], len(p.environments), p.held.Milliseconds())
}

const noTime Outcome = "the run's time was up"

// nextHold is the hold of the next run: what the spread of warm answers asks for, with room. A hold that was too
// short grows at once. One that was too long shrinks by and by, and only after a round in which all were warm:
// a few of them do not tell how far apart all would be.
func nextHold(before time.Duration, p *progress) time.Duration {
	wanted := min(max(2*p.spread+100*time.Millisecond, leastHold), longestHold)
	if p.rounds > 1 {
		wanted = max(wanted, p.held)
	}
	switch {
	case p.warm < 2:
		return before
	case wanted >= before:
		return wanted
	case p.warm < p.target.Wanted:
		return before
	}
	return max(wanted, before*3/4)
}

// within keeps a hold within half of a function's time-out: a ping that times out kills the environment that it should keep.
func within(hold, timeout time.Duration) time.Duration {
	hold = min(hold, longestHold)
	if timeout > 0 {
		hold = min(hold, timeout/2)
	}
	return hold
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
