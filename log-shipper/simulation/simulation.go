// Package simulation runs the shipper itself through made-up days: records of a stream and calls of
// subscriptions, one to three destinations that are down, busy or loses its answers, an S3 and an SQS that refuse, runs
// that are killed halfway. Everything comes from a seed, and the clock is made up too.
//
// The source of the stream behaves as Lambda's event source mapping was recorded to: it keeps a checkpoint,
// halves a batch that failed as a whole, counts retries anew after a partial answer, and gives up
// records that are too old (stream.go). At the end each event must stand at each destination, be among its
// dead letters once, or be in what Lambda said that it gave up.
package simulation

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	logshipper "caretaker/log-shipper"
)

// Outcome is what came of a simulated day.
type Outcome struct {
	// Events is how many there were, counted once for each destination, Runs how many invocations it took, Crashes how many of them were killed.
	Events, Runs, Crashes int
	// Delivered, DeadLettered, Filtered and GivenUp are where the events are; GivenUp are those that
	// Lambda said it gave up.
	Delivered, DeadLettered, Filtered, GivenUp int
	// Shared is how many days had several destinations.
	Shared int
	// Lost are events that are nowhere, Twice those that are among the dead letters more than once, or
	// there and delivered.
	Lost, Twice int
	// Unbalanced is how many runs' accounts did not balance.
	Unbalanced int
}

// Options change what is simulated. The zero value is as things are.
type Options struct {
	// Trust makes the source take every answer for success, as a careless one would: a test shows by it
	// that a loss is seen.
	Trust bool
}

// Run simulates the day of a seed.
func Run(ctx context.Context, seed uint64, options Options) (Outcome, error) {
	w := newWorld(ctx, rand.New(rand.NewPCG(seed, 1)), options) // #nosec G404 -- a simulation is to be repeatable
	if err := w.start(); err != nil {
		return Outcome{}, err
	}
	for w.busy() {
		if w.outcome.Runs > mostRuns {
			return w.outcome, fmt.Errorf("seed %d: after %d runs something still waits", seed, mostRuns)
		}
		w.step()
	}
	w.judge()
	return w.outcome, nil
}

// mostRuns is far more than any day takes.
const mostRuns = 20_000

// world is everything around the shipper.
type world struct {
	*rand.Rand
	ctx context.Context // of every run: none of them waits for anything

	options Options
	clock   time.Time
	// calm is when all faults end, so that what waits can be brought to an end.
	calm    time.Time
	stack   *stack
	nodes   []*node
	stream  *stream
	calls   []call
	shipper *logshipper.Shipper
	braked  bool
	events  []event
	// fuse is how many calls the process still makes before it is killed; below 0 it is not.
	fuse    int
	failed  []json.RawMessage // what Lambda gave up of direct calls
	outcome Outcome
}

// call is a subscription's call of the function that is still to be made, or to be made again.
type call struct {
	event    json.RawMessage
	at       time.Time
	attempts int
}

func newWorld(ctx context.Context, random *rand.Rand, options Options) *world {
	w := &world{Rand: random, ctx: ctx, options: options, clock: time.UnixMilli(1_764_400_000_000), fuse: -1}
	w.calm = w.clock.Add(time.Duration(random.IntN(5*60)) * time.Minute)
	w.stack = newStack(w)
	for _, name := range [][]string{{""}, {"archive", "search"}, {"archive", "pipe", "search"}}[random.IntN(3)] {
		w.addNode(name)
	}
	w.stream = &stream{world: w, most: 1 + random.IntN(12), retries: []int{2, 50, 1000}[random.IntN(3)], oldest: []time.Duration{time.Hour, 24 * time.Hour}[random.IntN(2)]}
	w.fill()
	return w
}

// start makes a process of the function.
func (w *world) start() (err error) {
	to := logshipper.Senders{}
	for _, n := range w.nodes {
		to[n.name] = n
	}
	w.shipper, err = logshipper.New(logshipper.Default(), logshipper.Clients{S3: w.stack, SQS: w.stack}, to, logshipper.Options{
		Bucket: "bucket", Queue: "queue", Braked: w.braked, Region: "eu-west-1", Fill: 2_000, AtOnce: 1, Now: func() time.Time { return w.clock },
	})
	return err
}

// troubled is whether something goes wrong now that happens once in so many times.
func (w *world) troubled(often int) bool { return w.clock.Before(w.calm) && w.IntN(often) == 0 }

// busy is whether anything is still under way.
func (w *world) busy() bool { return len(w.calls) > 0 || w.stream.busy() || len(w.stack.messages) > 0 }

// step lets something happen.
func (w *world) step() {
	w.clock = w.clock.Add(time.Duration(1+w.IntN(30)) * time.Second)
	if braked := w.troubled(40); braked != w.braked && (braked || w.IntN(5) == 0 || !w.clock.Before(w.calm)) {
		w.braked = braked
		_ = w.start() // it began once: the configuration is the same
	}
	w.direct()
	w.stream.poll()
	w.stack.deliver()
}

// direct makes the calls that are due, as Lambda makes asynchronous ones: twice more where they failed.
func (w *world) direct() {
	var later []call
	for _, c := range w.calls {
		if w.clock.Before(c.at) {
			later = append(later, c)
			continue
		}
		again := 1
		if w.troubled(10) {
			again = 2 // Lambda may call twice
		}
		var failed bool
		for range again {
			_, failed = w.invoke(c.event)
		}
		switch c.attempts++; {
		case !failed:
		case c.attempts == 3:
			w.failed = append(w.failed, c.event)
		default:
			c.at = w.clock.Add(time.Duration(c.attempts) * time.Minute)
			later = append(later, c)
		}
	}
	w.calls = later
}

// answer is what Lambda reads of a report.
type answer struct {
	BatchItemFailures []logshipper.BatchItemFailure `json:"batchItemFailures"`
}

// invoke runs the function once. A process that is killed makes no call any more, and answers nothing.
func (w *world) invoke(event json.RawMessage) (answered answer, failed bool) {
	after := -1
	if w.troubled(25) {
		after = w.IntN(8)
	}
	return w.killAfter(after, event)
}

// killAfter runs the function once, and kills it after so many calls; below 0 it lives.
func (w *world) killAfter(calls int, event json.RawMessage) (answered answer, failed bool) {
	w.outcome.Runs++
	w.fuse = calls
	report, err := w.shipper.Handle(w.ctx, event)
	if report.Imbalance() != 0 {
		w.outcome.Unbalanced++
	}
	if w.fuse == 0 {
		w.outcome.Crashes++
		_ = w.start()
		return answer{}, true
	}
	if w.options.Trust {
		return answer{}, false
	}
	return answer{report.BatchItemFailures}, err != nil
}

// killed is whether the process is dead, and counts a call of one that is not.
func (w *world) killed() bool {
	if w.fuse > 0 {
		w.fuse--
	}
	return w.fuse == 0
}
