package janitor

import (
	"container/heap"
	"testing"
	"time"
)

// callers are calls that share a bucket, so many at once, in a time that nobody waits for: each
// takes a token, is answered after a while, and comes again, a second later when it was throttled.
type callers struct {
	bucket   *bucket
	now, end time.Time
	// allows is what AWS does with a request at a time.
	allows func(time.Time) bool
	events events

	let, throttled int
	// most is how often one call was throttled without being let through.
	most int
}

type event struct {
	at   time.Time
	sent time.Time // zero when it is about to ask for a token
	let  bool
	in   int // how often it was throttled in a row
}

type events []event

func (e events) Len() int           { return len(e) }
func (e events) Less(a, b int) bool { return e[a].at.Before(e[b].at) }
func (e events) Swap(a, b int)      { e[a], e[b] = e[b], e[a] }
func (e *events) Push(x any)        { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}

const roundTrip = 150 * time.Millisecond

// call makes calls until so many were let through or the time is over, and gives how long that took.
func (c *callers) call(wanted int) time.Duration {
	c.now = today
	for range inFlight {
		heap.Push(&c.events, event{at: today})
	}
	for c.let < wanted && c.now.Before(c.end) {
		next := heap.Pop(&c.events).(event)
		c.now = next.at
		switch {
		case next.sent.IsZero():
			if left := c.bucket.take(c.now); left > 0 {
				next.at = c.now.Add(min(left, oftenEnough))
				break
			}
			next.sent, next.let, next.at = c.now, c.allows(c.now), c.now.Add(roundTrip)
		case next.let:
			c.bucket.answered(false, next.sent, c.now)
			c.let++
			next = event{at: c.now}
		default:
			c.bucket.answered(true, next.sent, c.now)
			c.throttled++
			c.most = max(c.most, next.in+1)
			next = event{at: c.now.Add(time.Second), in: next.in + 1}
		}
		heap.Push(&c.events, next)
	}
	return c.now.Sub(today)
}

// limited is AWS allowing so many calls a second, with a second's worth saved up.
func limited(perSecond float64) func(time.Time) bool {
	aws := newBucket(perSecond/0.99, int(perSecond))
	return func(now time.Time) bool { return aws.take(now) == 0 }
}

// outage is AWS throttling everything for a while.
func outage(from, long time.Duration) func(time.Time) bool {
	return func(now time.Time) bool { return now.Before(today.Add(from)) || !now.Before(today.Add(from+long)) }
}

func TestBucket_forgetsASecondOfThrottlingWithinSeconds(t *testing.T) {
	const calls = 96 // 12 seconds at rate 8
	whole := callers{bucket: newBucket(8, 7), end: today.Add(time.Hour), allows: outage(0, 0)}
	undisturbed := whole.call(calls)
	for _, from := range []time.Duration{0, 500 * time.Millisecond, 3 * time.Second, 9 * time.Second} {
		c := callers{bucket: newBucket(8, 7), end: today.Add(time.Hour), allows: outage(from, time.Second)}
		if took := c.call(calls); took-undisturbed > 5*time.Second {
			t.Errorf("%v in, a second of throttling makes %v into %v, want at most 5s more", from, undisturbed, took)
		}
		if c.most > 3 {
			t.Errorf("%v in, one call was throttled %d times in a row, want at most 3", from, c.most)
		}
	}
}

func TestBucket_usesWhatAWSAllowsWhenThatIsLess(t *testing.T) {
	const long = 5 * time.Minute
	for _, perSecond := range []float64{2, 3, 5, 7} {
		c := callers{bucket: newBucket(8, 7), end: today.Add(long), allows: limited(perSecond)}
		c.call(1e6)
		if use := float64(c.let) / (perSecond * long.Seconds()); use < 0.8 {
			t.Errorf("of %g a second, %.2f is used, want 0.8 at least; %d calls were throttled", perSecond, use, c.throttled)
		}
		if share := float64(c.throttled) / float64(c.let); share > 0.3 || c.most > 4 {
			t.Errorf("at %g a second, %.2f calls were throttled for each let through, one of them %d times in a row, want at most 0.3 and 4 times", perSecond, share, c.most)
		}
	}
}

func TestBucket_lowersTheRateOnceForWhatWasUnderWayTogether(t *testing.T) {
	b := newBucket(10, 12)
	sent, answered := today, today.Add(roundTrip)
	for range inFlight {
		if b.take(sent) > 0 {
			t.Fatalf("tokens at the start: none is left, want %d", inFlight)
		}
	}
	for range inFlight {
		b.answered(true, sent, answered)
	}
	if got := b.rate(answered); got != b.most/2 {
		t.Errorf("after %d throttled requests that were under way together the rate is %g, want %g", inFlight, got, b.most/2)
	}
	if b.take(answered) == 0 {
		t.Error("tokens saved up for the higher rate are left, want none")
	}
	b.answered(false, sent, answered.Add(time.Millisecond))
	if got := b.rate(answered.Add(time.Minute)); got != b.most/2 {
		t.Errorf("an answer to an earlier request raised the rate to %g, want %g still", got, b.most/2)
	}
	later := answered.Add(time.Second)
	b.answered(true, answered.Add(time.Millisecond), later)
	if got := b.rate(later); got != b.most/4 {
		t.Errorf("a request sent at the lower rate and throttled too left the rate at %g, want %g", got, b.most/4)
	}
	b.answered(false, later.Add(time.Millisecond), later.Add(roundTrip))
	if got := b.rate(later.Add(roundTrip + 3*time.Second)); got != b.most {
		t.Errorf("three seconds after a request was let through the rate is %g, want %g", got, b.most)
	}
}

func TestBucket_staysSlowWhileNothingIsLetThrough(t *testing.T) {
	b := newBucket(8, 7)
	now := today
	for range 20 {
		b.answered(true, now, now.Add(roundTrip))
		now = now.Add(10 * time.Second)
	}
	if got := b.rate(now); got != b.most*slowest {
		t.Errorf("the rate after 20 throttled requests: %g, want the slowest, %g", got, b.most*slowest)
	}
}
