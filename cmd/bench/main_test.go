package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestFigure_saysWhetherItMeetsItsGoal(t *testing.T) {
	for want, f := range map[string]figure{
		"janitor wall_over_bound 1.1 ratio goal <= 1.1 ok":      {"wall_over_bound", 1.1, "ratio", "<=", 1.1},
		"janitor wall_over_bound 1.101 ratio goal <= 1.1 short": {"wall_over_bound", 1.101, "ratio", "<=", 1.1},
		"janitor init 20 ms goal < 20 short":                    {"init", 20, "ms", "<", 20},
		"janitor init 7.153 ms goal < 20 ok":                    {"init", 7.1534, "ms", "<", 20},
		"janitor throttle_use 0.8 ratio goal >= 0.8 ok":         {"throttle_use", 0.8, "ratio", ">=", 0.8},
		"janitor throttle_use 0.79 ratio goal >= 0.8 short":     {"throttle_use", 0.79, "ratio", ">=", 0.8},
		"janitor first_run_deletions 1 versions goal > 0 ok":    {"first_run_deletions", 1, "versions", ">", 0},
		"janitor first_run_deletions 0 versions goal > 0 short": {"first_run_deletions", 0, "versions", ">", 0},
		"janitor throttles 0 calls goal = 0 ok":                 {"throttles", 0, "calls", "=", 0},
		"janitor throttles 1 calls goal = 0 short":              {"throttles", 1, "calls", "=", 0},
	} {
		if got := f.line("janitor"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestRun_refusesAPartThatIsNotThere(t *testing.T) {
	var out, notes bytes.Buffer
	code := run(t.Context(), []string{"janitor", "gardener"}, &out, &notes)
	want := "bench: there is no part \"gardener\" to measure; there is: janitor, limit-raiser, alerts, log-shipper, warmer\n"
	if code != 2 || out.Len() > 0 || notes.String() != want {
		t.Errorf("exit %d, printed %q and %q", code, &out, &notes)
	}
}

func TestTerms_holdEachCallAgainstWhatItMayBe(t *testing.T) {
	at := func(seconds int) time.Duration { return time.Duration(seconds) * time.Second }
	calls := []call{
		{operation: "GetAccountSettings"},
		{operation: "ListFunctions"},
		{operation: "ListFunctions"},
		{operation: "ListFunctions"},
		{operation: "ListEventSourceMappings"},
		{"ListAliases", "cart", "", at(1)},
		{"ListAliases", "orders", "", at(1)},
		{"ListProvisionedConcurrencyConfigs", "cart", "", at(2)},
		{"ListProvisionedConcurrencyConfigs", "orders", "", at(2)},
		{"ListFunctionEventInvokeConfigs", "cart", "", at(2)},
		{"ListDurableExecutionsByFunction", "cart", "1", at(2)},
		{"DeleteFunction", "cart", "1", at(60)},
		{"DeleteFunction", "cart", "1", at(61)}, // throttled once
		{"ListAliases", "orders", "", at(62)},
		{"DeleteFunction", "orders", "1", at(62)},
		{"ListVersionsByFunction", "cart", "", at(63)},
		{"ListVersionsByFunction", "orders", "", at(63)},
	}
	want := []term{
		{"the list before: (V+F)/50", 3, 3},
		{"the list after: the same, or one for each touched function", 2, 2},
		{"event source mappings: E/100", 2, 1},
		{"aliases and provisioned concurrency: 2A", 4, 4},
		{"aliases again, where the reading is over a minute old: A", 1, 1},
		{"async destinations: F", 3, 1},
		{"running durable executions: one for each candidate", 1, 1},
		{"deletions: D", 2, 3},
		{"and 10", 10, 1},
	}
	before := region{functions: 3, versions: 100, shortlist: 2, mappings: 101, durable: 1}
	if diff := cmp.Diff(want, before.terms(calls), cmp.AllowUnexported(term{})); diff != "" {
		t.Error(diff)
	}
}

func TestHighWater_readsKilobytes(t *testing.T) {
	if got, err := highWater("Name:\tbench\nVmHWM:\t   10028 kB\nVmRSS:\t 9000 kB\n"); got != 10028*1024 || err != nil {
		t.Errorf("got %d, %v", got, err)
	}
	if _, err := highWater("Name:\tbench\n"); err == nil {
		t.Error("a status without the line is not an error")
	}
}
