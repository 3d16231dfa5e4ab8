package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"caretaker/cmd/caretaker/console"
)

// simulate runs the command in this process: it asks nobody anything.
func simulate(t *testing.T, args ...string) string {
	t.Helper()
	var out, errs strings.Builder
	args = append([]string{"limit-raiser", "simulate", "--config", "none"}, args...)
	if code := run(args, console.Console{Out: &out, Err: &errs}, nil); code != 0 {
		t.Fatalf("exit code %d: %s", code, errs.String())
	}
	return out.String()
}

func TestSimulate_showsOneLoadByMinutesAndItsRaises(t *testing.T) {
	load := write(t, "load.csv", "minutes,unitsPerSecond\n0,30\n20,200\n60,200\n")
	got := simulate(t, "--trace", load, "--present", "50", "--rows", "60")
	for _, want := range []string{
		load + ", minute by minute", "MINUTE  DEMAND  CAPACITY  THROTTLED", "    19      30        50          0", "    59     200",
		"Raises\nMINUTE  FROM   TO  DEMAND  GIVES  WHY\n", "limit-raiser        200", "target tracking     200",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("nothing says %q", want)
		}
	}
	if t.Failed() {
		t.Log(got)
	}
	if few := simulate(t, "--trace", load, "--present", "50", "--rows", "12"); strings.Contains(few, "\n    19  ") || !strings.Contains(few, "\n    55  ") || !strings.Contains(few, "5 minutes a row") {
		t.Errorf("12 rows are not every five minutes:\n%s", few)
	}
}

func TestSimulate_comparesAllBuiltInLoads(t *testing.T) {
	got := simulate(t, "--set", "limitRaiser.limits.addedCostAMonth=1000000")
	for _, name := range []string{"step 50 to 250", "ramp", "daily wave", "spikes", "flash sale", "retry storm"} {
		if strings.Count(got, "\n"+name+" ") != 2 {
			t.Errorf("%s does not stand there for both", name)
		}
	}
	if strings.Contains(got, "MINUTE") || strings.Contains(got, "ramp: --trace") {
		t.Errorf("%s", got)
	}
}

func TestSimulate_saysWhatALimitHeldBack(t *testing.T) {
	got := simulate(t, "--trace", "flash-sale", "--maximum", "100")
	if !strings.Contains(got, "Raises that did not come\nMINUTE  TIMES  WHY\n") || !strings.Contains(got, "cut at the maximum of 100") {
		t.Error(got)
	}
	if got := simulate(t, "--trace", "ramp", "--maximum", "10"); !strings.Contains(got, "ramp begins with 70 units, which the maximum of 10 leaves no room to raise") {
		t.Error(got)
	}
}

func TestSimulate_jsonHasEveryMinuteAndItsSums(t *testing.T) {
	type played struct {
		Capacity, Throttled, Lost, Cost float64
		Changes                         int
	}
	var document struct {
		Traces []struct {
			HighestDemand float64
			Raiser        played
			Raises        []any
			Minutes       []struct{ Raiser played }
		}
	}
	if err := json.Unmarshal([]byte(simulate(t, "--trace", "step", "--json")), &document); err != nil {
		t.Fatal(err)
	}
	trace := document.Traces[0]
	if len(trace.Minutes) != 80 || len(trace.Raises) != 1 || trace.HighestDemand != 250 {
		t.Fatalf("%d minutes, %d raises, at most %g", len(trace.Minutes), len(trace.Raises), trace.HighestDemand)
	}
	var sum played
	for _, minute := range trace.Minutes {
		m := minute.Raiser
		sum = played{m.Capacity, sum.Throttled + m.Throttled, sum.Lost + m.Lost, sum.Cost + m.Cost, sum.Changes + m.Changes}
	}
	if diff := cmp.Diff(trace.Raiser, sum); diff != "" {
		t.Error(diff)
	}
}
