package main

import (
	"context"
	"math/rand/v2"
	"time"

	"golang.org/x/sync/errgroup"

	"caretaker/internal/environments"
	"caretaker/warmer"
)

// The prices of us-east-1 on x86, in USD: a GB-second and a million requests of Lambda, and a GB-second of
// provisioned concurrency. https://aws.amazon.com/lambda/pricing/
const (
	gbSecond            = 0.0000166667
	request             = 0.20 / 1e6
	provisionedGBSecond = 0.0000041667
)

// day is a day's traffic of a function, and how many environments are kept warm for it.
type day struct {
	name    string
	windows map[string]warmer.Window
	counts  map[string]int
	// arrivals are those of a minute.
	arrivals func(random *rand.Rand, minute time.Time) []time.Time
}

// midnight begins the day, a Monday. The warmer runs two minutes before it, and every five from there on.
var midnight = time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC)

const (
	interval = 5 * time.Minute
	// eventTakes is how long an event takes, and initTakes how long a new environment needs before.
	eventTakes = 400 * time.Millisecond
	initTakes  = 500 * time.Millisecond
	memoryGB   = 1
	// AWS says nothing of how long environments live. People who measured it found mostly three quarters
	// of an hour to an hour without a call, at times much less, and a few hours at all.
	idleLife = time.Hour
	life     = 6 * time.Hour
)

// days are an office's, with waves of people from eight to six, and that of a batch, which begins
// with the hour and is nothing in between.
var days = []day{
	{"office", map[string]warmer.Window{"office": {From: "07:45", To: "18:15"}}, map[string]int{warmer.Always: 2, "office": 20}, officeMinute},
	{"batch", map[string]warmer.Window{"day": {From: "00:00", To: "24:00"}}, map[string]int{"day": 30}, batchMinute},
}

// officeMinute has people come in waves: so many within the time that one event takes.
func officeMinute(random *rand.Rand, minute time.Time) (arrivals []time.Time) {
	if hour := minute.Hour(); hour < 8 || hour >= 18 {
		if random.IntN(4) == 0 {
			arrivals = append(arrivals, after(random, minute, time.Minute))
		}
		return arrivals
	}
	wave := after(random, minute, 50*time.Second)
	for range 3 + random.IntN(15) {
		arrivals = append(arrivals, after(random, wave, eventTakes))
	}
	return arrivals
}

// batchMinute has thirty events at the full hour.
func batchMinute(random *rand.Rand, minute time.Time) (arrivals []time.Time) {
	for range 30 {
		if minute.Minute() == 0 {
			arrivals = append(arrivals, after(random, minute, 100*time.Millisecond))
		}
	}
	return arrivals
}

func after(random *rand.Rand, from time.Time, length time.Duration) time.Time {
	return from.Add(time.Duration(random.Int64N(int64(length))))
}

// outcome is what a day came to: cold starts that real events met, and the cost of warming in USD, beside
// that of as much provisioned concurrency.
type outcome struct {
	events, cold, pings int
	warming, instead    float64
}

// kinds are how a day is played: without warming, with one environment kept warm, with the warmer, and with the warmer
// that leaves out for longest what is never cold.
var kinds = []string{"none", "one", "warmed", "rested"}

const longest = 15 * time.Minute

// dayOfTraffic holds days with the warmer against the same days without, and with one environment kept warm.
func dayOfTraffic(ctx context.Context, r *results) error {
	outcomes := make([]outcome, len(days)*len(kinds))
	group, ctx := errgroup.WithContext(ctx)
	for index := range outcomes {
		group.Go(func() (err error) {
			outcomes[index], err = days[index/len(kinds)].play(ctx, kinds[index%len(kinds)])
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	avoided, rested, saved, ratio := 1.0, 1.0, 1.0, 0.0
	for index, d := range days {
		played := outcomes[len(kinds)*index:]
		none, one, warmed, resting := played[0], played[1], played[2], played[3]
		avoided = min(avoided, 1-float64(warmed.cold)/float64(none.cold))
		rested = min(rested, 1-float64(resting.cold)/float64(none.cold))
		saved = min(saved, 1-float64(resting.pings)/float64(warmed.pings))
		ratio = max(ratio, warmed.warming/warmed.instead)
		r.note("  %s, %d events: %d of them met a cold start without warming, %d with one environment kept warm, %d with the warmer, whose %d pings cost %.4f USD; provisioned concurrency in the same windows: %.2f USD",
			d.name, none.events, none.cold, one.cold, warmed.cold, warmed.pings, warmed.warming, warmed.instead)
		r.note("  %s, with longestInterval %s: %d cold starts and %d pings, which cost %.4f USD", d.name, longest, resting.cold, resting.pings, resting.warming)
	}
	r.note("cold_avoided, cost_ratio: a day of an office (waves of up to 17 events) and of a batch (30 events at each full hour); idle environments live %s to %s, and all %s to %s. The cost is that of holds, inits, requests and of the warmer itself, at 1 GB", idleLife/2, idleLife, life/2, life)
	r.report(figure{"cold_avoided", avoided, "of all", ">=", 0.9})
	r.report(figure{"rested_avoided", rested, "of all", ">=", 0.9})
	r.report(figure{"rested_saved", saved, "of pings", ">=", 0.3})
	r.report(figure{"cost_ratio", ratio, "ratio", "<=", 0.05})
	return nil
}

// play plays the day once.
func (d day) play(ctx context.Context, kind string) (o outcome, err error) {
	windows, counts := d.windows, d.counts
	pause := time.Duration(0)
	if kind == "rested" {
		pause = longest
	}
	if kind == "none" || kind == "one" {
		windows, counts = nil, map[string]int{warmer.Always: 1}
	}
	w, err := startRestingWorld(environments.Options{Seed: 5, Spread: 20 * time.Millisecond, Start: midnight.Add(-2 * time.Minute), IdleLife: idleLife, Life: life}, counts, windows, pause,
		environments.Function{Name: d.name, Init: initTakes, Work: eventTakes, Timeout: 10 * time.Second, MemoryMB: 1024 * memoryGB})
	if err != nil {
		return o, err
	}
	defer w.stop()
	random := rand.New(rand.NewPCG(6, 0)) // #nosec G404 -- it is to be repeated
	for from := midnight.Add(-2 * time.Minute); from.Before(midnight.Add(24*time.Hour - 2*time.Minute)); from = from.Add(interval) {
		if kind != "none" {
			if err := o.warm(ctx, w); err != nil {
				return o, err
			}
		}
		var arrivals []time.Time
		for minute := from.Truncate(time.Minute); minute.Before(from.Add(interval)); minute = minute.Add(time.Minute) {
			arrivals = append(arrivals, d.arrivals(random, minute)...)
		}
		o.events += len(arrivals)
		o.cold += w.Elapse(from.Add(interval), d.name, arrivals)
	}
	return o, nil
}

// warm lets the warmer run, and adds up what that costs.
func (o *outcome) warm(ctx context.Context, w *warmWorld) error {
	report, took, err := w.run(ctx)
	if err != nil {
		return err
	}
	counts := w.Counts(w.names[0])
	o.pings += counts.Calls
	o.warming += float64(counts.Calls)*request + (counts.Billed.Seconds()*memoryGB+took.Seconds()*float64(warmer.Default().Function.Memory)/1024)*gbSecond
	o.instead += float64(report.Wanted) * interval.Seconds() * memoryGB * provisionedGBSecond
	return nil
}
