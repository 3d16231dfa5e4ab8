package janitor

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"caretaker/internal/emulator/lambdasim"
)

func TestHandle_takesWhatAWSRefusesForKept(t *testing.T) {
	for _, test := range []struct {
		name   string
		status int
		code   string
		want   Reason
	}{
		{"an alias refers to it", http.StatusConflict, "ResourceConflictException", AWSConflict},
		{"it is a replica", http.StatusBadRequest, "InvalidParameterValueException", AWSRefused},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, lambdasim.Options{}, lambda("orders", 8))
			w.on("Lambda.DeleteFunction", func(_ int, request string) (int, string) {
				if strings.Contains(request, "Qualifier=3") {
					return test.status, test.code
				}
				return 0, ""
			})
			report, decisions, err := w.handle(t.Context(), earnest(), Options{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]int{3, 6, 7, 8}, w.Versions("orders")); diff != "" {
				t.Error(diff)
			}
			if got := decisions["orders:3"]; got.Outcome != Refused || got.Reason != test.want || report.KeptBy[test.want] != 1 {
				t.Errorf("orders:3 is %+v", got)
			}
		})
	}
}

func TestHandle_takesAMasterOfLambdaAtEdgeForKept(t *testing.T) {
	// No list shows that a version is replicated elsewhere: only the deletion's answer does.
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 8))
	w.on("Lambda.DeleteFunction", func(int, string) (int, string) { return http.StatusBadRequest, "InvalidParameterValueException" })
	report, _, err := w.handle(t.Context(), earnest(), Options{})
	if diff := cmp.Diff(map[Outcome]int{Kept: 4, Refused: 5}, report.Outcomes); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestHandle_believesTheListAndNotTheAnswer(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 8))
	w.on("Lambda.DeleteFunction", func(_ int, request string) (int, string) {
		if strings.Contains(request, "Qualifier=3") {
			return http.StatusNoContent, ""
		}
		return 0, ""
	})
	report, decisions, err := w.handle(t.Context(), earnest(), Options{})
	if err == nil || !strings.Contains(err.Error(), string(StillListed)) {
		t.Errorf("the error is %v", err)
	}
	if diff := cmp.Diff(map[Outcome]int{Kept: 4, Deleted: 4, Failed: 1}, report.Outcomes); diff != "" {
		t.Error(diff)
	}
	if report.BytesFreed != 4012 || decisions["orders:3"].Reason != StillListed {
		t.Errorf("%d bytes freed, orders:3 is %+v", report.BytesFreed, decisions["orders:3"])
	}
}

func TestHandle_doesNotCallVerifiedWhatNoListShows(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 8))
	w.refuseAfter("Lambda.ListFunctions", 1)
	w.refuse("Lambda.ListVersionsByFunction")
	report, _, err := w.handle(t.Context(), earnest(), Options{})
	if err == nil || !strings.Contains(err.Error(), "verifying the deletions") {
		t.Errorf("the error is %v", err)
	}
	if diff := cmp.Diff(map[Outcome]int{Kept: 4, NotVerified: 5}, report.Outcomes); diff != "" || report.BytesFreed != 0 {
		t.Errorf("%d bytes freed %s", report.BytesFreed, diff)
	}
}

func TestApply_readsAliasesThatAreOverAMinuteOldAgain(t *testing.T) {
	for _, test := range []struct {
		age  time.Duration
		want Decision
	}{
		{59 * time.Second, Decision{Outcome: Refused, Reason: AWSConflict}},
		{time.Minute, Decision{Outcome: Kept, Reason: Referenced(Alias)}},
	} {
		w := newWorld(t, lambdasim.Options{}, lambda("orders", 8))
		plan, err := w.janitor(earnest(), Options{}).Plan(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := w.SetAlias("orders", lambdasim.Alias{Name: "live", Version: "7", Weights: map[string]float64{"2": 0.1}}); err != nil {
			t.Fatal(err)
		}
		w.pass(test.age)
		seen := &decided{}
		if _, err := w.janitor(earnest(), Options{Observer: seen}).Apply(t.Context(), plan, false); err != nil {
			t.Fatal(err)
		}
		got := seen.decisions["orders:2"]
		if test.want.Reason == Referenced(Alias) {
			test.want.Reason = Referenced(WeightedAlias)
		}
		if got.Outcome != test.want.Outcome || got.Reason != test.want.Reason || !slices.Contains(w.Versions("orders"), 2) {
			t.Errorf("%s after the plan orders:2 is %+v", test.age, got)
		}
	}
}

func TestHandle_keepsWhatItCouldTakeNoLastLookAt(t *testing.T) {
	for name, code := range map[string]string{"refused": "AccessDeniedException", "throttled out": "TooManyRequestsException", "broken": "ServiceException"} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, lambdasim.Options{}, lambda("orders", 8))
			status := map[string]int{"refused": http.StatusForbidden, "throttled out": http.StatusTooManyRequests, "broken": http.StatusInternalServerError}[name]
			w.on("Lambda.GetPolicy", func(_ int, request string) (int, string) {
				if strings.Contains(request, "Qualifier=3") {
					return status, code
				}
				return 0, ""
			})
			report, decisions, err := w.handle(t.Context(), earnest(), Options{})
			advice := map[string]string{
				"refused":       "grant lambda:GetPolicy on arn:*:lambda:*:*:function:* or switch off janitor.checks.policies",
				"throttled out": "run it again when fewer do, or lower janitor.rate",
				"broken":        "a fault of AWS's: run it again later",
			}[name]
			if err == nil || !strings.Contains(err.Error(), advice) || name != "refused" && strings.Contains(err.Error(), "grant") {
				t.Errorf("the error is %v", err)
			}
			if diff := cmp.Diff(map[Outcome]int{Kept: 5, Deleted: 4}, report.Outcomes); diff != "" || decisions["orders:3"].Reason != NoLastLook {
				t.Errorf("orders:3 is %+v %s", decisions["orders:3"], diff)
			}
		})
	}
}

func TestHandle_deletesNothingInADryRun(t *testing.T) {
	for name, run := range map[string]struct {
		configured, asked bool
	}{"configured": {true, false}, "asked for": {false, true}, "both": {true, true}} {
		w := newWorld(t, lambdasim.Options{}, lambda("orders", 8, alias("live", "2")))
		cfg := earnest()
		cfg.DryRun = run.configured
		report, err := w.janitor(cfg, Options{Topic: "arn:aws:sns:us-east-1:000000000000:alarms"}).Handle(t.Context(), Event{DryRun: run.asked})
		if err != nil || len(w.Deletions()) > 0 || w.called("Lambda.DeleteFunction") > 0 || w.called("SNS.Publish") > 0 {
			t.Errorf("%s: %v are left, %v", name, w.Versions("orders"), err)
		}
		if diff := cmp.Diff(map[Outcome]int{Kept: 5, Deletable: 4}, report.Outcomes); diff != "" || !report.DryRun || report.BytesFreed != 0 {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestEvent_refusesEveryKeyThatItDoesNotKnow(t *testing.T) {
	for payload, want := range map[string]struct{ dry, refused bool }{
		`{}`: {}, `null`: {}, `{"dryRun": false}`: {}, `{"dryRun": true}`: {dry: true}, `{"dryrun": true}`: {dry: true},
		`{"dry_run": true}`: {refused: true}, `{"dryRun": true, "now": true}`: {refused: true}, `{"dryRun": "true"}`: {refused: true},
		`{"key1": "value1"}`: {refused: true}, `{"source": "aws.scheduler"}`: {refused: true}, `[]`: {refused: true}, `true`: {refused: true},
	} {
		var event Event
		err := json.Unmarshal([]byte(payload), &event)
		if refused := err != nil && strings.Contains(err.Error(), `{"dryRun": true}`); refused != want.refused || !want.refused && event.DryRun != want.dry {
			t.Errorf("%s is %+v, %v", payload, event, err)
		}
	}
}

// runningDry leaves so many tokens for GetPolicy; the next one comes after any deadline.
func (j *Janitor) runningDry(tokens int) *Janitor {
	j.aws.Pace.buckets[policyCalls] = newBucket(1e-5, tokens)
	return j
}

func TestHandle_marksInADryRunWhatItHadNoTimeToLookAt(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 30))
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	report, err := w.janitor(Default(), Options{}).runningDry(20).Handle(ctx, Event{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[Outcome]int{Kept: 4, Deletable: 20, NotLookedAt: 7}, report.Outcomes); diff != "" {
		t.Error(diff)
	}
}

func TestHandle_reportsWhatRemainsWhenTheTimeIsUp(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 30))
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	report, err := w.janitor(earnest(), Options{}).runningDry(20).Handle(ctx, Event{})
	if err != nil {
		t.Fatal(err)
	}
	deleted := report.Outcomes[Deleted]
	want := map[Outcome]int{Kept: 4, Deleted: deleted, Remaining: 27 - deleted}
	if diff := cmp.Diff(want, report.Outcomes); diff != "" || deleted == 0 || deleted > 20 {
		t.Errorf("%d were deleted %s", deleted, diff)
	}
	if left := len(w.Versions("orders")); left != 30-deleted {
		t.Errorf("%d are left, though %d were deleted", left, deleted)
	}
}

// onceVerifying does something when the deletions are over.
type onceVerifying struct {
	decided
	then func()
}

func (o *onceVerifying) Progress(phase Phase, _, _ int) {
	if phase == Verifying {
		o.then()
	}
}

func TestHandle_countsADeletionThatHadNoTimeToBeTriedAgain(t *testing.T) {
	for name, test := range map[string]struct {
		answered int
		code     string
		want     Outcome
	}{
		"carried out":     {failedAfterwards, "ServiceException", Deleted},
		"cut off":         {severed, "", Deleted},
		"not carried out": {http.StatusInternalServerError, "ServiceException", Failed},
		"throttled":       {http.StatusTooManyRequests, "TooManyRequestsException", Remaining},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, lambdasim.Options{}, lambda("orders", 4))
			seen := &onceVerifying{}
			j := w.janitor(earnest(), Options{Observer: seen})
			turns := j.aws.Pace.buckets[controlPlane]
			fast := turns.most
			w.on("Lambda.DeleteFunction", func(int, string) (int, string) {
				turns.refill(1e-5) // no turn for another attempt
				return test.answered, test.code
			})
			seen.then = func() { turns.refill(fast) }
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			report, _ := j.Handle(ctx, Event{})
			if got := seen.decisions["orders:1"]; got.Outcome != test.want || report.Outcomes[test.want] != 1 {
				t.Errorf("orders:1 is %+v, %v are left", got, w.Versions("orders"))
			}
		})
	}
}

func TestHandle_isCutAtMaxDeletionsAndGoesOnNextTime(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 10))
	cfg := earnest(func(c *Config) { c.Belts.MaxDeletions = 3 })
	for _, want := range [][]int{{1, 2, 3, 4, 8, 9, 10}, {1, 8, 9, 10}, {8, 9, 10}, {8, 9, 10}} {
		report, _, err := w.handle(t.Context(), cfg, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, w.Versions("orders")); diff != "" || report.Outcomes[Remaining] != len(want)-3 {
			t.Errorf("%d remain %s", report.Outcomes[Remaining], diff)
		}
	}
}

func TestHandle_stopsBeforeTheFirstDeletionWhenTheBeltIsClosed(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 10))
	report, decisions, err := w.handle(t.Context(), earnest(func(c *Config) { c.Belts.MaxPercent = 69 }), Options{})
	var belt BeltError
	if !errors.As(err, &belt) || len(w.Deletions()) > 0 || w.called("Lambda.GetPolicy") > 0 {
		t.Errorf("%v are left, the error is %v", w.Versions("orders"), err)
	}
	if diff := cmp.Diff(map[Outcome]int{Kept: 4, Remaining: 7}, report.Outcomes); diff != "" || decisions["orders:1"].Reason != "percent belt closed" {
		t.Errorf("orders:1 is %+v %s", decisions["orders:1"], diff)
	}
}

func TestHandle_isHarmlessTwiceAtOnce(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 40, alias("live", "5")), lambda("cart", 40))
	var group sync.WaitGroup
	errs := make([]error, 2)
	for number := range errs {
		group.Go(func() { _, errs[number] = w.janitor(earnest(), Options{}).Handle(t.Context(), Event{}) })
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([][]int{{5, 38, 39, 40}, {38, 39, 40}}, [][]int{w.Versions("orders"), w.Versions("cart")}); diff != "" {
		t.Error(diff)
	}
}

func TestHandle_goesOnAfterARunThatWasKilled(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 40, alias("live", "5")))
	ctx, kill := context.WithCancel(t.Context())
	defer kill()
	w.on("Lambda.DeleteFunction", func(n int, _ string) (int, string) {
		if n == 25 { // at least 13 have been answered
			kill()
		}
		return 0, ""
	})
	if _, _, err := w.handle(ctx, earnest(), Options{}); err == nil {
		t.Error("a killed run has no error")
	}
	if left := len(w.Versions("orders")); left < 4 || left > 27 {
		t.Fatalf("%d are left of 40", left)
	}
	report, _, err := w.handle(t.Context(), earnest(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{5, 38, 39, 40}, w.Versions("orders")); diff != "" || report.Outcomes[Remaining] > 0 {
		t.Error(diff)
	}
}

func TestHandle_findsNothingToDoTheSecondTime(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 30, alias("live", "5")))
	if _, _, err := w.handle(t.Context(), earnest(), Options{}); err != nil {
		t.Fatal(err)
	}
	before := len(w.Deletions())
	report, _, err := w.handle(t.Context(), earnest(), Options{Topic: "arn:aws:sns:us-east-1:000000000000:alarms"})
	if err != nil || len(w.Deletions()) != before || w.called("SNS.Publish") > 0 {
		t.Errorf("%d deletions more, %v", len(w.Deletions())-before, err)
	}
	if diff := cmp.Diff(map[Outcome]int{Kept: 5}, report.Outcomes); diff != "" {
		t.Error(diff)
	}
}

func TestHandle_readsNothingButTheStorageWhileThatIsLow(t *testing.T) {
	w := newWorld(t, lambdasim.Options{Limit: 1 << 40}, lambda("orders", 30))
	report, _, err := w.handle(t.Context(), earnest(func(c *Config) { c.Pressure.Above = 50 }), Options{})
	calls := w.allCalls()
	if err != nil || !report.Idle || len(calls) != 2 || calls["Lambda.GetAccountSettings"] != 1 || calls["CloudWatch.GetMetricData"] == 0 {
		t.Errorf("idle %v after %v, %v", report.Idle, calls, err)
	}
}

func TestHandle_neverDeletesTheVersionItRunsAs(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("janitor", 8))
	_, decisions, err := w.handle(t.Context(), earnest(), Options{Self: Self{"janitor", "2"}})
	if diff := cmp.Diff([]int{2, 6, 7, 8}, w.Versions("janitor")); diff != "" || err != nil || decisions["janitor:2"].Reason != RunsJanitor {
		t.Error(diff, err)
	}
}

func TestHandle_tellsPeopleWhatHappened(t *testing.T) {
	for name, test := range map[string]struct {
		set   func(*world)
		cfg   Config
		wants string // empty when nothing is told
	}{
		"deleted":       {func(*world) {}, earnest(), "5 versions deleted, 4.9 KB freed"},
		"a belt closed": {func(*world) {}, earnest(func(c *Config) { c.Belts.MaxPercent = 1 }), "percent belt closed"},
		"refused": {func(w *world) {
			w.on("Lambda.DeleteFunction", func(int, string) (int, string) { return http.StatusBadRequest, "InvalidParameterValueException" })
		}, earnest(), "5 versions refused by AWS"},
		"AWS contradicts the aliases": {func(w *world) {
			w.on("Lambda.DeleteFunction", func(int, string) (int, string) { return http.StatusConflict, "ResourceConflictException" })
		}, earnest(), "refusals belt closed, nothing deleted"},
		"nothing to delete": {func(*world) {}, earnest(func(c *Config) { c.Keep.Newest = 8 }), ""},
		"a dry run":         {func(*world) {}, Default(), ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, lambdasim.Options{}, lambda("orders", 8))
			test.set(w)
			var sent string
			w.on("SNS.Publish", func(_ int, request string) (int, string) {
				sent = request
				return http.StatusOK, "<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>"
			})
			_, _, _ = w.handle(t.Context(), test.cfg, Options{Topic: "arn:aws:sns:us-east-1:000000000000:alarms"})
			plain := strings.NewReplacer("+", " ", "%2C", ",").Replace(sent)
			if (sent != "") != (test.wants != "") || !strings.Contains(plain, test.wants) {
				t.Errorf("it said %q", plain)
			}
		})
	}
}
