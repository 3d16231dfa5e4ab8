package warmer

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"caretaker/internal/want"
	"caretaker/warmer/ping"
)

// began is when the rounds of these tests begin.
var began = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// answered is an answer of an environment that took so long on its way there and back.
func answered(environment string, way, held time.Duration, cold bool) reply {
	pong := ping.Pong{Protocol: 1, Environment: environment, Pings: 3, Requests: 1, HeldMs: held.Milliseconds()}
	if cold {
		pong.Pings, pong.Requests = 1, 0
	}
	return reply{outcome: Answered, pong: pong, sent: began, took: way + held}
}

// after is the progress of a target of which so many are wanted, after rounds with these replies.
func after(wanted int, hold time.Duration, rounds ...[]reply) *progress {
	p := newProgress(Target{Wanted: wanted, Reading: Reading{Timeout: 30 * time.Second}}, hold, false)
	for _, replies := range rounds {
		sent, _ := p.next()
		sent.pings = len(replies)
		p.after(sent, replies)
	}
	return p
}

// many are replies of so many environments, whose ways are spread evenly up to the last.
func many(count int, spread time.Duration, cold bool) (replies []reply) {
	for number := range count {
		way := spread * time.Duration(number+1) / time.Duration(count)
		replies = append(replies, answered(fmt.Sprint("environment-", number), way, 750*time.Millisecond, cold))
	}
	return replies
}

func refused(count int, outcome Outcome) (replies []reply) {
	for range count {
		replies = append(replies, reply{outcome: outcome, sent: began, took: time.Second})
	}
	return replies
}

func TestNext_sendsAllAtOnceAndOnceMoreHeldLonger(t *testing.T) {
	for name, c := range map[string]struct {
		progress *progress
		pings    int
		hold     time.Duration
	}{
		"the first round":             {after(5, firstHold), 5, 750 * time.Millisecond},
		"as many as are wanted":       {after(5, firstHold, many(5, 0, false)), 0, 0},
		"fewer":                       {after(5, firstHold, many(4, 0, false)), 5, 1500 * time.Millisecond},
		"fewer, far apart":            {after(5, firstHold, many(4, 2*time.Second, false)), 5, 4 * time.Second},
		"fewer twice":                 {after(5, firstHold, many(4, 0, false), many(4, 0, false)), 0, 0},
		"one alone holds for nobody":  {after(1, firstHold), 1, 0},
		"after a 429, one":            {after(5, firstHold, refused(5, Throttled)), 1, 0},
		"another 429":                 {after(5, firstHold, refused(5, Throttled), refused(1, Throttled)), 0, 0},
		"room again":                  {after(5, firstHold, refused(5, Throttled), many(1, 0, false)), 5, 1500 * time.Millisecond},
		"not in the protocol":         {after(5, firstHold, refused(5, NoPong)), 0, 0},
		"too slow":                    {after(5, firstHold, refused(5, Slow)), 0, 0},
		"lost":                        {after(5, firstHold, refused(5, Lost)), 5, 1500 * time.Millisecond},
		"a 429 in the run before":     {newProgress(Target{Wanted: 5}, firstHold, true), 1, 0},
		"half of a short time-out":    {newProgress(Target{Wanted: 5, Reading: Reading{Timeout: time.Second}}, firstHold, false), 5, 500 * time.Millisecond},
		"no more than is ever held":   {newProgress(Target{Wanted: 5, Reading: Reading{Timeout: time.Hour}}, time.Minute, false), 5, longestHold},
		"a reading without time-outs": {newProgress(Target{Wanted: 5}, firstHold, false), 5, 750 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			next, more := c.progress.next()
			want.Equal(t, "the next round's pings", next.pings, c.pings)
			want.Equal(t, "its hold", next.hold, c.hold)
			want.Equal(t, "whether there is one", more, c.pings > 0)
		})
	}
}

// What is new is late by its init: it says nothing of how far apart pings arrive.
func TestAfter_measuresTheSpreadOfWarmAnswersAlone(t *testing.T) {
	replies := append(many(4, 200*time.Millisecond, false), answered("new", 3*time.Second, 0, true))
	p := after(5, firstHold, replies)
	want.Equal(t, "the spread", p.spread, 200*time.Millisecond)
	want.Equal(t, "environments", len(p.environments), 5)
	want.Equal(t, "cold", p.cold, 1)
	// Lambda makes environments ahead of any call at times: new, and nobody would have waited for it.
	ahead := answered("ahead", time.Second, 0, true)
	ahead.pong.SinceInitMs = 600_000
	p = after(2, firstHold, []reply{ahead, answered("new", 3*time.Second, 0, true)})
	want.Equal(t, "cold", p.cold, 1)
	want.Equal(t, "made ahead", p.proactive, 1)
	want.Equal(t, "the spread of new ones", p.spread, 0)
	// An answer that says to have been held for longer than it took says nothing.
	liar := answered("liar", 0, time.Second, false)
	liar.pong.HeldMs = 1 << 60
	want.Equal(t, "the spread with a liar", after(1, firstHold, []reply{liar}).spread, 0)
}

func TestNextHold_followsTheSpreadWithRoom(t *testing.T) {
	for name, c := range map[string]struct {
		before time.Duration
		p      *progress
		want   time.Duration
	}{
		"close together: it shrinks by and by":    {firstHold, after(20, firstHold, many(20, 20*time.Millisecond, false)), 562500 * time.Microsecond},
		"never below the least":                   {160 * time.Millisecond, after(20, firstHold, many(20, time.Millisecond, false)), leastHold},
		"far apart: it grows at once":             {300 * time.Millisecond, after(20, firstHold, many(20, 500*time.Millisecond, false)), 1100 * time.Millisecond},
		"all are new: it stays":                   {firstHold, after(20, firstHold, many(20, 3*time.Second, true)), firstHold},
		"a few are warm: it does not shrink":      {firstHold, after(20, firstHold, append(many(3, time.Millisecond, false), many(20, 3*time.Second, true)[3:]...)), firstHold},
		"a second round: not below what it held":  {firstHold, after(20, firstHold, many(10, 50*time.Millisecond, false), many(20, 50*time.Millisecond, false)), 1500 * time.Millisecond},
		"nothing answered: it stays":              {firstHold, after(20, firstHold, refused(20, Slow)), firstHold},
		"one alone: it stays, nobody is to blame": {firstHold, after(1, firstHold, many(1, 300*time.Millisecond, false)), firstHold},
	} {
		t.Run(name, func(t *testing.T) { want.Equal(t, "the next hold", nextHold(c.before, c.p), c.want) })
	}
}

// Whatever comes of them, the pings of a run are bounded: one to see, all, one to see, all.
func TestNext_isBoundedWhateverComes(t *testing.T) {
	outcomes := []Outcome{Answered, NoPong, Throttled, Slow, Lost, Ended, Erred, Refused, Gone, Trouble, NotAllowed}
	for seed := range uint64(2000) {
		chance := rand.New(rand.NewPCG(seed, 1))
		wanted := 1 + chance.IntN(20)
		p := newProgress(Target{Wanted: wanted, Reading: Reading{Timeout: time.Minute}}, firstHold, chance.IntN(2) == 0)
		for next, more := p.next(); more; next, more = p.next() {
			if next.pings != 1 && next.pings != wanted {
				t.Fatalf("seed %d: %d pings are sent, %d are wanted", seed, next.pings, wanted)
			}
			var replies []reply
			for range next.pings {
				replies = append(replies, reply{outcome: outcomes[chance.IntN(len(outcomes))], sent: began, pong: ping.Pong{Environment: fmt.Sprint(chance.IntN(wanted))}})
			}
			p.after(next, replies)
			if p.pings > 2*wanted+2 {
				t.Fatalf("seed %d: %d pings for %d environments", seed, p.pings, wanted)
			}
		}
		if (p.short() > 0) != (p.why() != "") {
			t.Errorf("seed %d: short by %d, and why is %q", seed, p.short(), p.why())
		}
	}
}
