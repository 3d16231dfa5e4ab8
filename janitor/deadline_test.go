package janitor

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"caretaker/internal/emf"
	"caretaker/internal/emulator/lambdasim"
)

// asAWS is how AWS answers: 15 calls a second, each after a while.
var asAWS = lambdasim.Options{Limit: 300 << 30, Rate: 15, Latency: 150 * time.Millisecond}

// shippedTime is what Lambda leaves a run under the policy that ships.
var shippedTime = Default().Function.Timeout.Std() - 10*time.Second

func shipped() Config {
	cfg := Default()
	cfg.DryRun = false
	return cfg
}

// untilClean makes runs under a deadline until each function has its newest versions, and gives what each deleted.
func (w *world) untilClean(t *testing.T, cfg Config, limit time.Duration, want int) (deleted []int) {
	t.Helper()
	for w.VersionCount() > want {
		report, took, err := w.underADeadline(t, cfg, limit, Options{Stage: "prod"})
		deleted = append(deleted, report.Outcomes[Deleted])
		t.Logf("run %d: %v, %d functions not looked at, %s", len(deleted), report.Outcomes, report.FunctionsNotLookedAt, took)
		if err != nil || report.Outcomes[Deleted] == 0 || took > limit {
			t.Fatalf("run %d took %s: %v, %v", len(deleted), took, report.Outcomes, err)
		}
		last := measured{}
		last.keep(w.now().Add(-time.Hour), report)
		w.on("CloudWatch.GetMetricData", last.answers(t, w.janitor(cfg, Options{})))
	}
	return deleted
}

// A fleet that nobody ever cleaned. What is read function by function protects a version of each
// function, and is not forgotten in a run that comes to some of them only.
func TestHandle_makesProgressInEachRunUnderADeadline(t *testing.T) {
	fleet := lambdasim.Generate(100, 50, today.Add(-2*day))
	for position := range fleet {
		fleet[position].Provisioned = []string{"7"}
	}
	w := newWorld(t, asAWS, fleet...)
	deleted := w.untilClean(t, shipped(), 90*time.Second, 400)
	for _, function := range fleet {
		if diff := cmp.Diff([]int{7, 48, 49, 50}, w.Versions(function.Name)); diff != "" {
			t.Error(function.Name, diff)
		}
	}
	if len(deleted) > 12 { // some 4,600 deletions and 1,200 calls beside them, 713 calls a run of which 200 read the Region
		t.Errorf("it took %d runs: %v", len(deleted), deleted)
	}
}

// The policy and the time that ship. Each deletion is a call, of which a run can make some 7,000; 5,000
// deletions are all that belts.maxDeletions allows. So ten runs is the bound.
func TestHandle_bringsALargeFleetToKeepNewestByItself(t *testing.T) {
	w := newWorld(t, asAWS, lambdasim.Generate(1000, 50, today.Add(-2*day))...)
	deleted := w.untilClean(t, shipped(), shippedTime, 3000)
	t.Logf("deleted in each run: %v", deleted) // make bench reads it
	if diff := cmp.Diff([]int{48, 49, 50}, w.Versions("orders-00500")); diff != "" || len(deleted) > 11 {
		t.Errorf("after %d runs %v %s", len(deleted), deleted, diff)
	}
}

// Nothing can go of the big functions, which only reading each of them tells; a run has time for a few.
func TestHandle_comesToSmallFunctionsBehindBigOnesThatAreKept(t *testing.T) {
	var fleet []lambdasim.Function
	for number := range 100 {
		f := lambda(fmt.Sprintf("big-%02d", number), 20)
		for version := range f.Versions {
			f.Versions[version].CodeSize *= 1000
			f.Provisioned = append(f.Provisioned, fmt.Sprint(version+1))
		}
		fleet = append(fleet, f)
	}
	w := newWorld(t, asAWS, append(fleet, lambda("small", 5))...)
	for runs := 0; len(w.Versions("small")) > 3; runs++ {
		report, _, err := w.underADeadline(t, shipped(), 28*time.Second, Options{})
		if looked := report.FunctionsRead[Alias]; err != nil || looked == 0 || looked > 25 || runs > 100 {
			t.Fatalf("run %d looked at %d functions, %v", runs, looked, err)
		}
		w.pass(6 * time.Hour)
	}
	if left := w.VersionCount(); left != 2003 {
		t.Errorf("%d versions are left", left)
	}
}

func TestHandle_saysWhatItHadNoTimeToLookAt(t *testing.T) {
	w := newWorld(t, asAWS, lambdasim.Generate(100, 50, today.Add(-2*day))...)
	seen := &decided{}
	report, _, err := w.underADeadline(t, shipped(), 90*time.Second, Options{Observer: seen})
	waiting := report.FunctionsNotLookedAt
	if err != nil || waiting < 80 || waiting >= 100 || report.KeptBy[NotRead] != 47*waiting {
		t.Errorf("%d functions were not looked at, %v, %v", waiting, report.KeptBy, err)
	}
	for of, decision := range seen.decisions {
		if decision.Reason == NotRead && (decision.Outcome != Kept || !slices.Contains(w.Versions(decision.Function), int(decision.Version.Number))) {
			t.Errorf("%s was not looked at and is %s", of, decision.Outcome)
		}
	}
	if line := fmt.Sprintf("%d functions were not looked at for lack of time; the next run continues with them.", waiting); !strings.Contains(report.Summary(), line) {
		t.Errorf("it is not said: %s", report.Summary())
	}
	for name, want := range map[string]int{"FunctionsNotLookedAt": waiting, "Remaining": 47*waiting + report.Outcomes[Remaining]} {
		if at := slices.IndexFunc(report.Metrics(), func(m emf.Metric) bool { return m.Name == name }); at < 0 || report.Metrics()[at].Value != float64(want) {
			t.Errorf("the metric %s is not %d", name, want)
		}
	}
}

func TestHandle_saysThatARegionIsTooLargeForARunAndTheTwoWaysOut(t *testing.T) {
	for name, limit := range map[string]time.Duration{"to list": 4 * time.Second, "to be looked at function by function": 18 * time.Second} {
		for rate, way := range map[float64]string{3: "raise janitor.rate (it is 3, and AWS allows an account 15 calls a second), or run", 15: "throttled this one; run"} {
			w := newWorld(t, lambdasim.Options{Latency: asAWS.Latency}, lambdasim.Generate(int(8*rate), 50, today.Add(-2*day))...)
			cfg := shipped()
			cfg.Rate = rate
			report, _, err := w.underADeadline(t, cfg, limit, Options{Stage: "prod"})
			for _, text := range []string{"this Region is too large", way, "`caretaker janitor apply --stage prod`, which has no deadline"} {
				if err == nil || !strings.Contains(err.Error(), text) || !strings.Contains(strings.Join(report.Errors, "\n"), text) {
					t.Errorf("too large %s at rate %g: %v, reported %v", name, rate, err, report.Errors)
				}
			}
			if len(w.Deletions()) > 0 {
				t.Error("something was deleted")
			}
		}
	}
}

// AWS throttles all that is read function by function for a while, as it does while a fleet is deployed.
func TestHandle_deletesFromWhatItReadWholeThoughAWSThrottles(t *testing.T) {
	w := newWorld(t, asAWS, lambdasim.Generate(40, 50, today.Add(-2*day))...)
	w.on("Lambda.ListProvisionedConcurrencyConfigs", func(n int, _ string) (int, string) {
		if n > 12 {
			return http.StatusTooManyRequests, "TooManyRequestsException"
		}
		return 0, ""
	})
	cfg := shipped()
	cfg.Belts.MaxDeletions = 100 // so that there is time to read all
	report, took, err := w.underADeadline(t, cfg, 90*time.Second, Options{})
	if err != nil || report.Outcomes[Deleted] != 100 || report.FunctionsNotLookedAt != 28 || took > 90*time.Second {
		t.Errorf("after %s and %d throttles %v, %d functions not looked at, %v", took, report.Throttles, report.Outcomes, report.FunctionsNotLookedAt, err)
	}
}

// The pace is low when the Region was read.
func TestHandle_takesAMomentOfThrottlingForNoMoreThanThat(t *testing.T) {
	w := newWorld(t, asAWS, lambdasim.Generate(3, 8, today.Add(-2*day))...)
	w.on("Lambda.ListFunctionEventInvokeConfigs", func(n int, _ string) (int, string) {
		if n < 12 {
			return http.StatusTooManyRequests, "TooManyRequestsException"
		}
		return 0, ""
	})
	report, took, err := w.underADeadline(t, shipped(), 40*time.Second, Options{})
	if err != nil || report.Outcomes[Deleted] != 15 || report.Throttles == 0 {
		t.Errorf("after %s and %d throttles %v, %d functions not looked at, %v", took, report.Throttles, report.Outcomes, report.FunctionsNotLookedAt, err)
	}
}

// The Region could be read, but no function: then there is an error too, for it may be so in each run.
func TestHandle_failsWhenItCameToNoFunctionAtAll(t *testing.T) {
	w := newWorld(t, asAWS, lambdasim.Generate(20, 8, today.Add(-2*day))...)
	w.on("Lambda.ListAliases", func(int, string) (int, string) { return http.StatusTooManyRequests, "TooManyRequestsException" })
	report, _, err := w.underADeadline(t, shipped(), 20*time.Second, Options{})
	if err == nil || !strings.Contains(err.Error(), "unless AWS throttled this one") || report.completed {
		t.Errorf("%v, %v", report.Outcomes, err)
	}
}

// What is left of a deep function takes many pages to list, and time is kept for them.
func TestHandle_verifiesWhatItDeletedOfAFunctionTooDeepForOneRun(t *testing.T) {
	w := newWorld(t, asAWS, lambda("orders", 5000))
	cfg := shipped()
	cfg.Belts.MaxPercent = 100
	report, took, err := w.underADeadline(t, cfg, 5*time.Minute, Options{})
	deleted := report.Outcomes[Deleted]
	if err != nil || deleted < 1500 || took > 5*time.Minute || len(w.Versions("orders")) != 5000-deleted {
		t.Errorf("after %s: %v, %v", took, report.Outcomes, err)
	}
}
