package janitor

import (
	"math"
	"sync"
	"time"
)

// bucket is one of AWS's rate limits: how many calls may leave, and how fast after what AWS answered
// so far. It has no clock of its own.
//
// The rate is halved when AWS throttles, once for all that was under way together: an answer to a
// request sent before the rate was lowered says nothing about the lower one. It rises again once a
// request sent since then was let through, first fast, then slowly around the rate at which AWS
// throttled last, and beyond it fast again: the cubic of RFC 9438, which holds close to a limit
// that stays and leaves behind within seconds one that is gone.
type bucket struct {
	// most is the rate a second while AWS does not throttle. It is a hundredth under what is allowed,
	// since requests do not arrive as evenly as they leave.
	most float64

	mutex sync.Mutex
	// saved are the tokens that there were at a time, of which burst are saved up at most.
	saved, burst float64
	at           time.Time
	// lowered is when AWS throttled last; zero when the whole rate holds. let is when a request
	// sent later was let through for the first time; zero until then.
	lowered, let time.Time
	// low is the share of most that held then, and peak the share at which AWS throttled.
	low, peak float64
	// turn is held by who takes the next token, and waiting counts everybody who wants one.
	turn    chan struct{}
	waiting int
}

const (
	// slowest is the share of the rate that stays however often AWS throttles.
	slowest = 1. / 16
	// steep is how fast the share rises, in shares by the second cubed: from nothing to the whole
	// rate in 2.7 seconds.
	steep = 0.05
)

func newBucket(perSecond float64, burst int) *bucket {
	full := float64(max(1, burst))
	return &bucket{most: perSecond * 0.99, saved: full, burst: full, turn: make(chan struct{}, 1)}
}

// rate is how many calls a second are allowed at this time.
func (b *bucket) rate(now time.Time) float64 {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.most * b.share(now)
}

func (b *bucket) share(now time.Time) float64 {
	switch {
	case b.lowered.IsZero():
		return 1
	case b.let.IsZero():
		return b.low
	}
	level := math.Cbrt((b.peak - b.low) / steep) // seconds until the peak is reached again
	return min(1, b.peak+steep*math.Pow(now.Sub(b.let).Seconds()-level, 3))
}

// answered takes in what AWS made of a request: whether it throttled it.
func (b *bucket) answered(throttled bool, sent, now time.Time) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if !b.lowered.IsZero() && !sent.After(b.lowered) {
		return
	}
	if !throttled {
		if !b.lowered.IsZero() && b.let.IsZero() {
			b.let = now
		}
		return
	}
	share := b.share(now)
	if b.lowered.IsZero() || !b.let.IsZero() {
		b.peak = share // else nothing was let through, which says nothing of how much would be
	}
	b.low, b.lowered, b.let = max(share/2, slowest), now, time.Time{}
	b.saved, b.at = 0, now // what was saved up would leave at once
}

// tokens are how many there are at this time.
func (b *bucket) tokens(now time.Time) float64 {
	if b.at.IsZero() {
		return b.saved
	}
	return min(b.burst, b.saved+max(0, now.Sub(b.at).Seconds())*b.most*b.share(now))
}

// take takes a token, or says how long it is until there is one.
func (b *bucket) take(now time.Time) time.Duration {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.saved, b.at = b.tokens(now), now
	if b.saved < 1 {
		return b.until(now, 1)
	}
	b.saved--
	return 0
}

// until is how long it takes at the present rate until there are so many tokens.
func (b *bucket) until(now time.Time, tokens int) time.Duration {
	missing := float64(tokens) - b.tokens(now)
	return max(1, time.Duration(missing/(b.most*b.share(now))*float64(time.Second)))
}

// join counts one more who wants a token, and says how long it will be until all have had one.
func (b *bucket) join(now time.Time) time.Duration {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.waiting++
	return b.until(now, b.waiting)
}

func (b *bucket) leave() {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.waiting--
}
