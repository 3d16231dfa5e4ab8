package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"

	"caretaker/janitor"
)

// firstCleanup is the test that cleans a fleet under the deadline that ships, on a clock that takes no
// time while nobody waits. Only a test has such a clock.
const firstCleanup = "TestHandle_bringsALargeFleetToKeepNewestByItself"

var deletedEachRun = regexp.MustCompile(`deleted in each run: \[([0-9 ]+)\]`)

// firstRuns measures how many runs it takes until nothing is left of a fleet that nobody ever cleaned.
func firstRuns(ctx context.Context, r *results) error {
	r.note("cleaning a simulated Region of %d functions x %d versions for the first time ...", largeFunctions, largeVersions)
	test := exec.CommandContext(ctx, "go", "test", "-count=1", "-v", "-run", "^"+firstCleanup+"$", "./janitor") // #nosec G204 -- nothing of it is input
	test.Stderr = os.Stderr
	out, err := test.Output()
	if err != nil {
		return fmt.Errorf("running %s: %w: %s", firstCleanup, err, out)
	}
	found := deletedEachRun.FindSubmatch(out)
	if found == nil {
		return fmt.Errorf("%s does not say what it deleted: %s", firstCleanup, out)
	}
	runs := strings.Fields(string(found[1]))
	first, err := strconv.ParseFloat(runs[0], 64)
	if err != nil {
		return err
	}
	cfg := janitor.Default()
	deletions := float64(largeFunctions * (largeVersions - cfg.Keep.Newest))
	calls := func(rate float64) float64 { return cfg.Function.Timeout.Std().Seconds() * rate }
	r.note("first_cleanup_runs, first_run_deletions: %s in runs of %v at %g calls a second, under the policy that ships. The bounds: %.0f runs by "+
		"belts.maxDeletions, %.0f if all calls at that rate were deletions, and %.0f if they were all that AWS allows.",
		strings.Join(runs, ", "), cfg.Function.Timeout.Std().Round(time.Minute), cfg.Rate,
		math.Ceil(deletions/float64(cfg.Belts.MaxDeletions)), math.Ceil(deletions/calls(cfg.Rate)), math.Ceil(deletions/calls(allowed)))
	r.report(figure{"first_cleanup_runs", float64(len(runs)), "runs", "<=", 11})
	r.report(figure{"first_run_deletions", first, "versions", ">", 0})
	return nil
}
