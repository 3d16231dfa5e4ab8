package main

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"time"

	"caretaker/janitor"
)

// Where make leaves the janitor's binaries: for a deployment, and for this machine.
const (
	janitorBinary = "dist/janitor/bootstrap"
	janitorOnHost = "dist/host/janitor/bootstrap"
)

// measureJanitor measures all figures of the janitor, in the order in which the docs list them.
func measureJanitor(ctx context.Context, r *results) error {
	small, err := wholeRun(ctx, r)
	if err != nil {
		return fmt.Errorf("a whole run: %w", err)
	}
	large, err := largeRun(ctx, r)
	if err != nil {
		return fmt.Errorf("a large run: %w", err)
	}
	if err := throttledRuns(ctx, r); err != nil {
		return fmt.Errorf("runs that AWS throttles: %w", err)
	}
	if err := firstRuns(ctx, r); err != nil {
		return fmt.Errorf("the first clean-up: %w", err)
	}
	r.report(figure{"calls_over_formula", max(small, large), "ratio", "<=", 1})
	if err := planMemory(ctx, r); err != nil {
		return fmt.Errorf("the memory of a plan: %w", err)
	}
	if err := binarySizes(r, janitorBinary, janitor.Default(), 15, 5.5); err != nil {
		return fmt.Errorf("the binary: %w", err)
	}
	if err := startUp(ctx, r); err != nil {
		return fmt.Errorf("the start-up: %w", err)
	}
	return nil
}

// starts is how many the median is taken of.
const starts = 25

// startUp measures from the start of the process to its first request for work, on this
// machine: no more can be seen from outside of what Lambda calls Init.
func startUp(ctx context.Context, r *results) error {
	took := make([]time.Duration, starts)
	for position := range took {
		f, ready, err := startFunction(ctx, janitorOnHost, `{"rate": 8}`, []string{
			"AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "STAGE=bench",
		})
		if err != nil {
			return err
		}
		took[position] = ready
		f.Stop()
	}
	slices.Sort(took)
	r.note("init: %d starts of %s on %s/%s: fastest %v, slowest %v", starts, janitorOnHost, runtime.GOOS, runtime.GOARCH,
		took[0].Round(10*time.Microsecond), took[starts-1].Round(10*time.Microsecond))
	r.report(figure{"init", float64(took[starts/2].Microseconds()) / 1000, "ms", "<", 20})
	return nil
}
