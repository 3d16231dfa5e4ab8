package janitor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"caretaker/internal/emulator/lambdasim"
	"caretaker/internal/want"
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
			want.Equal(t, "the versions left", w.Versions("orders"), []int{3, 6, 7, 8})
			want.Equal(t, "the outcome for orders:3", decisions["orders:3"].Outcome, Refused)
			want.Equal(t, "the reason for orders:3", decisions["orders:3"].Reason, test.want)
			want.Equal(t, "versions kept for this reason", report.KeptBy[test.want], 1)
		})
	}
}

func TestHandle_takesAMasterOfLambdaAtEdgeForKept(t *testing.T) {
	// No list shows that a version is replicated elsewhere: only the deletion's answer does.
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 8))
	w.on("Lambda.DeleteFunction", func(int, string) (int, string) { return http.StatusBadRequest, "InvalidParameterValueException" })
	report, _, err := w.handle(t.Context(), earnest(), Options{})
	want.NoError(t, "the run", err)
	want.Equal(t, "the outcomes", report.Outcomes, map[Outcome]int{Kept: 4, Refused: 5})
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
	want.Says(t, "the error", fmt.Sprint(err), string(StillListed))
	want.Equal(t, "the outcomes", report.Outcomes, map[Outcome]int{Kept: 4, Deleted: 4, Failed: 1})
	want.Equal(t, "the bytes freed", report.BytesFreed, 4012)
	want.Equal(t, "the reason for orders:3", decisions["orders:3"].Reason, StillListed)
}

func TestHandle_doesNotCallVerifiedWhatNoListShows(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 8))
	w.refuseAfter("Lambda.ListFunctions", 1)
	w.refuse("Lambda.ListVersionsByFunction")
	report, _, err := w.handle(t.Context(), earnest(), Options{})
	want.Says(t, "the error", fmt.Sprint(err), "verifying the deletions")
	want.Equal(t, "the outcomes", report.Outcomes, map[Outcome]int{Kept: 4, NotVerified: 5})
	want.Equal(t, "the bytes freed", report.BytesFreed, 0)
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
		after := test.age.String() + " after the plan "
		want.Equal(t, after+"the outcome for orders:2", got.Outcome, test.want.Outcome)
		want.Equal(t, after+"the reason for orders:2", got.Reason, test.want.Reason)
		want.Equal(t, after+"orders:2 is still there", slices.Contains(w.Versions("orders"), 2), true)
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
			want.Says(t, "the error", fmt.Sprint(err), advice)
			if name != "refused" && strings.Contains(fmt.Sprint(err), "grant") {
				t.Errorf("the error: %v, want nothing of grants in it", err)
			}
			want.Equal(t, "the outcomes", report.Outcomes, map[Outcome]int{Kept: 5, Deleted: 4})
			want.Equal(t, "the reason for orders:3", decisions["orders:3"].Reason, NoLastLook)
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
		want.NoError(t, "a dry run, "+name, err)
		want.Equal(t, name+", deletions", len(w.Deletions()), 0)
		want.Equal(t, name+", calls of DeleteFunction", w.called("Lambda.DeleteFunction"), 0)
		want.Equal(t, name+", messages to people", w.called("SNS.Publish"), 0)
		want.Equal(t, name+", the outcomes", report.Outcomes, map[Outcome]int{Kept: 5, Deletable: 4})
		want.Equal(t, name+", the report is that of a dry run", report.DryRun, true)
		want.Equal(t, name+", the bytes freed", report.BytesFreed, 0)
	}
}

func TestEvent_refusesEveryKeyThatItDoesNotKnow(t *testing.T) {
	for payload, wanted := range map[string]struct{ dry, refused bool }{
		`{}`: {}, `null`: {}, `{"dryRun": false}`: {}, `{"dryRun": true}`: {dry: true}, `{"dryrun": true}`: {dry: true},
		`{"dry_run": true}`: {refused: true}, `{"dryRun": true, "now": true}`: {refused: true}, `{"dryRun": "true"}`: {refused: true},
		`{"key1": "value1"}`: {refused: true}, `{"source": "aws.scheduler"}`: {refused: true}, `[]`: {refused: true}, `true`: {refused: true},
	} {
		var event Event
		err := json.Unmarshal([]byte(payload), &event)
		refused := err != nil && strings.Contains(err.Error(), `{"dryRun": true}`)
		if want.Equal(t, payload+" is refused with what is allowed", refused, wanted.refused) && !refused {
			want.Equal(t, payload+" asks for a dry run", event.DryRun, wanted.dry)
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
	want.Equal(t, "the outcomes", report.Outcomes, map[Outcome]int{Kept: 4, Deletable: 20, NotLookedAt: 7})
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
	wanted := map[Outcome]int{Kept: 4, Deleted: deleted, Remaining: 27 - deleted}
	want.Equal(t, "the outcomes", report.Outcomes, wanted)
	if deleted == 0 || deleted > 20 {
		t.Errorf("versions deleted: %d, want 1 to 20", deleted)
	}
	want.Equal(t, "versions left", len(w.Versions("orders")), 30-deleted)
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
			want.Equal(t, "the outcome for orders:1", seen.decisions["orders:1"].Outcome, test.want)
			want.Equal(t, "versions of which the report says so", report.Outcomes[test.want], 1)
		})
	}
}

func TestHandle_isCutAtMaxDeletionsAndGoesOnNextTime(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 10))
	cfg := earnest(func(c *Config) { c.Belts.MaxDeletions = 3 })
	for _, wanted := range [][]int{{1, 2, 3, 4, 8, 9, 10}, {1, 8, 9, 10}, {8, 9, 10}, {8, 9, 10}} {
		report, _, err := w.handle(t.Context(), cfg, Options{})
		if err != nil {
			t.Fatal(err)
		}
		want.Equal(t, "the versions left", w.Versions("orders"), wanted)
		want.Equal(t, "versions remaining", report.Outcomes[Remaining], len(wanted)-3)
	}
}

func TestHandle_stopsBeforeTheFirstDeletionWhenTheBeltIsClosed(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 10))
	report, decisions, err := w.handle(t.Context(), earnest(func(c *Config) { c.Belts.MaxPercent = 69 }), Options{})
	var belt BeltError
	if !errors.As(err, &belt) {
		t.Errorf("the error: %v, want that of a closed belt", err)
	}
	want.Equal(t, "deletions", len(w.Deletions()), 0)
	want.Equal(t, "last looks", w.called("Lambda.GetPolicy"), 0)
	want.Equal(t, "the outcomes", report.Outcomes, map[Outcome]int{Kept: 4, Remaining: 7})
	want.Equal(t, "the reason for orders:1", decisions["orders:1"].Reason, "percent belt closed")
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
	want.Equal(t, "the versions left", [][]int{w.Versions("orders"), w.Versions("cart")}, [][]int{{5, 38, 39, 40}, {38, 39, 40}})
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
		t.Error("the error of a run that was killed: none, want one")
	}
	if left := len(w.Versions("orders")); left < 4 || left > 27 {
		t.Fatalf("versions left of 40: %d, want 4 to 27", left)
	}
	report, _, err := w.handle(t.Context(), earnest(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	want.Equal(t, "the versions left", w.Versions("orders"), []int{5, 38, 39, 40})
	want.Equal(t, "versions remaining", report.Outcomes[Remaining], 0)
}

func TestHandle_findsNothingToDoTheSecondTime(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 30, alias("live", "5")))
	if _, _, err := w.handle(t.Context(), earnest(), Options{}); err != nil {
		t.Fatal(err)
	}
	before := len(w.Deletions())
	report, _, err := w.handle(t.Context(), earnest(), Options{Topic: "arn:aws:sns:us-east-1:000000000000:alarms"})
	want.NoError(t, "the second run", err)
	want.Equal(t, "deletions of the second run", len(w.Deletions())-before, 0)
	want.Equal(t, "messages to people", w.called("SNS.Publish"), 0)
	want.Equal(t, "the outcomes", report.Outcomes, map[Outcome]int{Kept: 5})
}

func TestHandle_readsNothingButTheStorageWhileThatIsLow(t *testing.T) {
	w := newWorld(t, lambdasim.Options{Limit: 1 << 40}, lambda("orders", 30))
	report, _, err := w.handle(t.Context(), earnest(func(c *Config) { c.Pressure.Above = 50 }), Options{})
	calls := w.allCalls()
	want.NoError(t, "the run", err)
	want.Equal(t, "idle", report.Idle, true)
	if len(calls) != 2 || calls["Lambda.GetAccountSettings"] != 1 || calls["CloudWatch.GetMetricData"] == 0 {
		t.Errorf("the calls: %v, want one of GetAccountSettings, some of GetMetricData and no others", calls)
	}
}

func TestHandle_neverDeletesTheVersionItRunsAs(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("janitor", 8))
	_, decisions, err := w.handle(t.Context(), earnest(), Options{Self: Self{"janitor", "2"}})
	want.NoError(t, "the run", err)
	want.Equal(t, "the versions left", w.Versions("janitor"), []int{2, 6, 7, 8})
	want.Equal(t, "the reason for janitor:2", decisions["janitor:2"].Reason, RunsJanitor)
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
			want.Equal(t, "something was sent", sent != "", test.wants != "")
			want.Says(t, "the message", plain, test.wants)
		})
	}
}
