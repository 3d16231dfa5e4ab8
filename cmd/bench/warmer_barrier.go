package main

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"caretaker/internal/environments"
	"caretaker/warmer"
)

// slowInit is the init of the functions that are cold.
const slowInit = 3 * time.Second

// barrierReach counts the environments that a run reaches: warm, half of them cold, all cold, and at several
// spreads of the arrivals. The model knows which it has given out, whatever the answers say.
func barrierReach(ctx context.Context, r *results) error {
	least, slowest := 1.0, 0.0
	for _, spread := range []time.Duration{50 * time.Millisecond, 150 * time.Millisecond, 500 * time.Millisecond} {
		for _, wanted := range []int{10, 50} {
			for state, warm := range map[string]int{"warm": wanted, "half cold": wanted / 2, "cold": 0} {
				share, ratio, err := reach(ctx, r, spread, wanted, warm)
				if err != nil {
					return fmt.Errorf("reaching %d, %s, over %s: %w", wanted, state, spread, err)
				}
				least, slowest = min(least, share), max(slowest, ratio)
			}
		}
	}
	r.note("distinct_min: the least share of N environments that a run reached, by the model's own count, and by the report's; wall_ratio: the longest run over its hold and a round trip, or over the slowest init and a round trip")
	r.report(figure{"distinct_min", least, "of N", "=", 1})
	r.report(figure{"wall_ratio", slowest, "ratio", "<=", 1.1})
	return nil
}

// reach does runs from the same state: one of a warmer that knows nothing, which asks one environment alone
// first and holds as it ships, and others that hold as the ones before have found. Those are timed, and the fastest
// counts, since a machine is busy now and then.
func reach(ctx context.Context, r *results, spread time.Duration, wanted, warm int) (least, ratio float64, err error) {
	const name = "checkout"
	seed := uint64(wanted) // #nosec G115 -- a count of environments
	w, err := startWarmWorld(environments.Options{Seed: seed, Spread: spread}, map[string]int{warmer.Always: wanted}, nil,
		environments.Function{Name: name, Init: slowInit, Timeout: 30 * time.Second})
	if err != nil {
		return 0, 0, err
	}
	defer w.stop()
	least = 1
	turns := 2
	if warm == wanted { // without an init to wait for, a busy moment weighs more
		turns = 5
	}
	for turn := range turns {
		w.SetWarm(name, warm)
		report, took, err := w.run(ctx)
		if err != nil {
			return 0, 0, err
		}
		counts, target := w.Counts(name), report.Targets[0]
		least = min(least, float64(counts.Reached)/float64(wanted), float64(report.Distinct)/float64(wanted))
		// A round trip is as long as the slowest call is on its way.
		bound := time.Duration(target.HoldMs)*time.Millisecond + spread
		if counts.Cold > 0 {
			bound = max(bound, slowInit+spread)
		}
		if now := float64(took) / float64(bound); turn == 1 || turn > 1 && now < ratio {
			ratio = now
		}
		r.note("  N = %d, %d warm, spread %s: %d distinct by the model and %d by the report, %d cold, %d pings, hold %d ms, spread of warm answers %d ms, %.2f s",
			wanted, warm, spread, counts.Reached, report.Distinct, report.Cold, counts.Calls, target.HoldMs, target.SpreadMs, took.Seconds())
		w.pause()
	}
	return least, ratio, nil
}

// fleetTime holds a hundred functions against one, at the widest spread: there the hold is what a run takes
// its time for, as it is on AWS, and not this machine, which plays Lambda for five hundred calls as well.
func fleetTime(ctx context.Context, r *results) error {
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	near, err := fleetWalls(ctx, r, 150*time.Millisecond)
	if err != nil {
		return err
	}
	wide, err := fleetWalls(ctx, r, 500*time.Millisecond)
	if err != nil {
		return err
	}
	r.note("fleet_ratio: a run for 100 functions of 5 took %.2f s and one for one function of 5 %.2f s, where arrivals are spread over 500 ms; over 150 ms it was %.2f and %.2f s", wide[1].Seconds(), wide[0].Seconds(), near[1].Seconds(), near[0].Seconds())
	r.report(figure{"fleet_ratio", float64(wide[1]) / float64(wide[0]), "ratio", "<=", 1.5})
	return nil
}

// fleetWalls are the fastest runs for one function and for a hundred, which take turns, since a machine is busy now and then.
func fleetWalls(ctx context.Context, r *results, spread time.Duration) (fastest [2]time.Duration, err error) {
	const each, large, turns = 5, 100, 7
	var worlds [2]*warmWorld
	for index, size := range []int{1, large} {
		var functions []environments.Function
		for number := range size {
			functions = append(functions, environments.Function{Name: fmt.Sprintf("fleet-%03d", number), Timeout: 30 * time.Second})
		}
		w, err := startWarmWorld(environments.Options{Seed: 1, Spread: spread}, map[string]int{warmer.Always: each}, nil, functions...)
		if err != nil {
			return fastest, err
		}
		defer w.stop()
		for _, name := range w.names {
			w.SetWarm(name, each)
		}
		worlds[index] = w
	}
	for turn := range turns {
		for index, w := range worlds {
			report, took, err := w.run(ctx)
			if err != nil {
				return fastest, err
			}
			if report.Shortfall > 0 {
				return fastest, fmt.Errorf("%d of %d environments were not reached", report.Shortfall, report.Wanted)
			}
			// The first run asks each function whether it has the middleware.
			if turn > 0 && (fastest[index] == 0 || took < fastest[index]) {
				fastest[index] = took
			}
			r.note("  run %d, %d functions: %d of %d reached with %d pings in %.2f s, hold %d ms", turn+1, len(w.names), report.Distinct, report.Wanted, report.Pings, took.Seconds(), report.Targets[0].HoldMs)
			w.pause()
		}
	}
	return fastest, nil
}
