package janitor

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"caretaker/internal/emf"
	"caretaker/internal/emulator/lambdasim"
	"caretaker/internal/want"
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
func (w *world) untilClean(t *testing.T, cfg Config, limit time.Duration, wanted int) (deleted []int) {
	t.Helper()
	for w.VersionCount() > wanted {
		report, took, err := w.underADeadline(t, cfg, limit, Options{Stage: "prod"})
		deleted = append(deleted, report.Outcomes[Deleted])
		t.Logf("run %d: %v, %d functions not looked at, %s", len(deleted), report.Outcomes, report.FunctionsNotLookedAt, took)
		want.NoError(t, fmt.Sprintf("run %d, which took %s", len(deleted), took), err)
		if report.Outcomes[Deleted] == 0 || took > limit {
			t.Fatalf("run %d took %s and deleted %d versions, want at most %s and one version at least; the outcomes are %v", len(deleted), took, report.Outcomes[Deleted], limit, report.Outcomes)
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
		want.Equal(t, "the versions left of "+function.Name, w.Versions(function.Name), []int{7, 48, 49, 50})
	}
	if len(deleted) > 12 { // some 4,600 deletions and 1,200 calls beside them, 713 calls a run of which 200 read the Region
		t.Errorf("it took %d runs, want at most 12; they deleted %v", len(deleted), deleted)
	}
}

// The policy and the time that ship. Each deletion is a call, of which a run can make some 7,000; 5,000
// deletions are all that belts.maxDeletions allows. So ten runs is the bound.
func TestHandle_bringsALargeFleetToKeepNewestByItself(t *testing.T) {
	w := newWorld(t, asAWS, lambdasim.Generate(1000, 50, today.Add(-2*day))...)
	deleted := w.untilClean(t, shipped(), shippedTime, 3000)
	t.Logf("deleted in each run: %v", deleted) // make bench reads it
	want.Equal(t, "the versions left of orders-00500", w.Versions("orders-00500"), []int{48, 49, 50})
	if len(deleted) > 11 {
		t.Errorf("it took %d runs, want at most 11; they deleted %v", len(deleted), deleted)
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
		want.NoError(t, fmt.Sprintf("run %d", runs), err)
		if looked := report.FunctionsRead[Alias]; looked == 0 || looked > 25 || runs > 100 {
			t.Fatalf("run %d looked at %d functions, want 1 to 25 of them and at most 100 runs", runs, looked)
		}
		w.pass(6 * time.Hour)
	}
	want.Equal(t, "versions left", w.VersionCount(), 2003)
}

func TestHandle_saysWhatItHadNoTimeToLookAt(t *testing.T) {
	w := newWorld(t, asAWS, lambdasim.Generate(100, 50, today.Add(-2*day))...)
	seen := &decided{}
	report, _, err := w.underADeadline(t, shipped(), 90*time.Second, Options{Observer: seen})
	waiting := report.FunctionsNotLookedAt
	want.NoError(t, "the run", err)
	if waiting < 80 || waiting >= 100 {
		t.Errorf("functions not looked at: %d, want 80 to 99", waiting)
	}
	want.Equal(t, "versions kept since they were not read", report.KeptBy[NotRead], 47*waiting)
	for of, decision := range seen.decisions {
		if decision.Reason == NotRead && (decision.Outcome != Kept || !slices.Contains(w.Versions(decision.Function), int(decision.Version.Number))) {
			t.Errorf("%s was not looked at and is %s, want it kept and among the versions left: %v", of, decision.Outcome, w.Versions(decision.Function))
		}
	}
	want.Says(t, "the summary", report.Summary(), fmt.Sprintf("%d functions were not looked at for lack of time; the next run continues with them.", waiting))
	for name, wanted := range map[string]int{"FunctionsNotLookedAt": waiting, "Remaining": 47*waiting + report.Outcomes[Remaining]} {
		at := slices.IndexFunc(report.Metrics(), func(m emf.Metric) bool { return m.Name == name })
		if at < 0 {
			t.Errorf("the metric %s: none, want %d", name, wanted)
			continue
		}
		want.Equal(t, "the metric "+name, report.Metrics()[at].Value, float64(wanted))
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
				where := fmt.Sprintf("for a Region too large %s at rate %g ", name, rate)
				want.Says(t, where+"the error", fmt.Sprint(err), text)
				want.Says(t, where+"the report", strings.Join(report.Errors, "\n"), text)
			}
			want.Equal(t, "deletions", len(w.Deletions()), 0)
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
	t.Logf("after %s and %d throttles %v", took, report.Throttles, report.Outcomes)
	want.NoError(t, "the run", err)
	want.Equal(t, "versions deleted", report.Outcomes[Deleted], 100)
	want.Equal(t, "functions not looked at", report.FunctionsNotLookedAt, 28)
	if took > 90*time.Second {
		t.Errorf("it took %s, want at most 90s", took)
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
	t.Logf("after %s and %d throttles %v, %d functions not looked at", took, report.Throttles, report.Outcomes, report.FunctionsNotLookedAt)
	want.NoError(t, "the run", err)
	want.Equal(t, "versions deleted", report.Outcomes[Deleted], 15)
	want.Equal(t, "some calls were throttled", report.Throttles > 0, true)
}

// The Region could be read, but no function: then there is an error too, for it may be so in each run.
func TestHandle_failsWhenItCameToNoFunctionAtAll(t *testing.T) {
	w := newWorld(t, asAWS, lambdasim.Generate(20, 8, today.Add(-2*day))...)
	w.on("Lambda.ListAliases", func(int, string) (int, string) { return http.StatusTooManyRequests, "TooManyRequestsException" })
	report, _, err := w.underADeadline(t, shipped(), 20*time.Second, Options{})
	want.Says(t, "the error", fmt.Sprint(err), "unless AWS throttled this one")
	want.Equal(t, "the run is completed", report.completed, false)
}

// What is left of a deep function takes many pages to list, and time is kept for them.
func TestHandle_verifiesWhatItDeletedOfAFunctionTooDeepForOneRun(t *testing.T) {
	w := newWorld(t, asAWS, lambda("orders", 5000))
	cfg := shipped()
	cfg.Belts.MaxPercent = 100
	report, took, err := w.underADeadline(t, cfg, 5*time.Minute, Options{})
	deleted := report.Outcomes[Deleted]
	want.NoError(t, "the run", err)
	if deleted < 1500 || took > 5*time.Minute {
		t.Errorf("it took %s and deleted %d versions, want at most 5m and at least 1500", took, deleted)
	}
	want.Equal(t, "versions left", len(w.Versions("orders")), 5000-deleted)
}
