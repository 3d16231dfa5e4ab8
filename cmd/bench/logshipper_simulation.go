package main

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"caretaker/log-shipper/simulation"
)

// simulatedDays is how many days are simulated, each from a seed of its own.
const simulatedDays = 10_000

// shipperSimulation runs the shipper through made-up days with a stream, subscriptions and faults, and
// counts the events that are nowhere in the end, or among the dead letters twice.
func shipperSimulation(ctx context.Context, r *results) error {
	began := time.Now()
	var lost, events, runs, crashes atomic.Int64
	var all errgroup.Group
	all.SetLimit(runtime.GOMAXPROCS(0))
	for seed := range uint64(simulatedDays) {
		all.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			day, err := simulation.Run(ctx, seed, simulation.Options{})
			lost.Add(int64(day.Lost + day.Twice + day.Unbalanced))
			events.Add(int64(day.Events))
			runs.Add(int64(day.Runs))
			crashes.Add(int64(day.Crashes))
			return err
		})
	}
	if err := all.Wait(); err != nil {
		return err
	}
	r.note("%d simulated days with %d events took %d runs, %d of them killed halfway, in %s",
		simulatedDays, events.Load(), runs.Load(), crashes.Load(), time.Since(began).Truncate(time.Second))
	r.report(figure{"simulator_lost", float64(lost.Load()), "events", "=", 0})
	return nil
}
