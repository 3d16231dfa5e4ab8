package janitor

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"caretaker/internal/emulator/lambdasim"
)

func TestHandle_deletesWhatNothingRefersTo(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 8, alias("live", "2")))
	report, decisions, err := w.handle(t.Context(), earnest(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{2, 6, 7, 8}, w.Versions("orders")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[Outcome]int{Kept: 5, Deleted: 4}, report.Outcomes); diff != "" {
		t.Error(diff)
	}
	if report.BytesFreed != 1001+1003+1004+1005 || report.Before.Used-report.After.Used != report.BytesFreed {
		t.Errorf("%d bytes freed, %d before, %d after", report.BytesFreed, report.Before.Used, report.After.Used)
	}
	if got := decisions["orders:2"]; got.Reason != Referenced(Alias) || got.Detail != "live" {
		t.Errorf("orders:2 is %+v", got)
	}
}

func TestHandle_takesAFunctionThatIsGoneForDone(t *testing.T) {
	for _, age := range []time.Duration{0, 2 * time.Minute} {
		w := newWorld(t, lambdasim.Options{}, lambda("orders", 8), lambda("cart", 8))
		plan, err := w.janitor(earnest(), Options{}).Plan(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		w.removeFunction("orders")
		w.pass(age)
		report, err := w.janitor(earnest(), Options{}).Apply(t.Context(), plan, false)
		if err != nil {
			t.Errorf("%s after the plan: %v", age, err)
		}
		if diff := cmp.Diff(map[Outcome]int{Kept: 8, Gone: 5, Deleted: 5}, report.Outcomes); diff != "" {
			t.Errorf("%s after the plan: %s", age, diff)
		}
	}
}

// From a desk a run has no deadline; of the references only aliases and the policy are looked at again.
func TestHandle_stopsWhereItsFindingsAreOld(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 40))
	var once sync.Once
	w.on("Lambda.DeleteFunction", func(int, string) (int, string) {
		once.Do(func() {
			w.pass(31 * time.Minute)
			w.Map(lambdasim.Mapping{FunctionARN: here("1"), SourceARN: "arn:aws:sqs:us-east-1:000000000000:queue"})
		})
		return 0, ""
	})
	report, decisions, err := w.handle(t.Context(), earnest(), Options{})
	if err != nil {
		t.Error(err)
	}
	if deleted := report.Outcomes[Deleted]; deleted < 1 || deleted > inFlight || report.Outcomes[Remaining] != 37-deleted {
		t.Errorf("the outcomes are %v", report.Outcomes)
	}
	if got := decisions["orders:1"]; got.Outcome != Remaining || got.Reason != OutOfDate || len(w.Versions("orders")) != 40-report.Outcomes[Deleted] {
		t.Errorf("orders:1 is %+v; %v are left", got, w.Versions("orders"))
	}
}

// Reading alone may take longer in a large Region, and each round must come to its deletions.
func TestHandle_countsTheAgeOfItsFindingsFromTheEndOfTheReading(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 8))
	w.on("Lambda.ListEventSourceMappings", func(int, string) (int, string) {
		w.pass(time.Hour)
		return 0, ""
	})
	if report, _, err := w.handle(t.Context(), earnest(), Options{}); err != nil || report.Outcomes[Deleted] != 5 {
		t.Errorf("the outcomes are %v, %v", report.Outcomes, err)
	}
}

func TestApply_namesTheClosedBeltAmongManyErrors(t *testing.T) {
	functions := make([]lambdasim.Function, 12)
	for number := range functions {
		functions[number] = lambda(fmt.Sprint("orders-", number), 8)
	}
	w := newWorld(t, lambdasim.Options{}, functions...)
	w.on("Lambda.ListAliases", func(n int, _ string) (int, string) {
		if n > 2 {
			return http.StatusForbidden, "AccessDeniedException"
		}
		return 0, ""
	})
	_, _, err := w.handle(t.Context(), earnest(func(c *Config) { c.Belts.MaxPercent = 1 }), Options{})
	var belt BeltError
	if !errors.As(err, &belt) || belt.Belt.Name != PercentBelt {
		t.Errorf("the error is %v", err)
	}
	if w.VersionCount() != 96 {
		t.Errorf("%d versions are left", w.VersionCount())
	}
}

func TestHandle_doesNotCallDeletedWhatNobodyAnswered(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 8))
	w.on("Lambda.DeleteFunction", func(int, string) (int, string) { return lost, "" })
	w.refuse("Lambda.ListVersionsByFunction")
	w.refuseAfter("Lambda.ListFunctions", 1)
	report, _, err := w.handle(t.Context(), earnest(), Options{})
	if diff := cmp.Diff(map[Outcome]int{Kept: 4, Failed: 5}, report.Outcomes); diff != "" {
		t.Error(diff)
	}
	if err == nil {
		t.Error("there is no error")
	}
}

func TestHandle_countsACutAnswerFromTheListTakenAfterwards(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 8))
	w.on("Lambda.DeleteFunction", func(_ int, request string) (int, string) {
		if strings.Contains(request, "Qualifier=3") {
			return lost, ""
		}
		return severed, ""
	})
	report, decisions, err := w.handle(t.Context(), earnest(), Options{})
	if diff := cmp.Diff(map[Outcome]int{Kept: 4, Deleted: 4, Failed: 1}, report.Outcomes); diff != "" {
		t.Error(diff)
	}
	if err == nil || !strings.Contains(err.Error(), "deleting orders:3") || decisions["orders:3"].Outcome != Failed {
		t.Errorf("orders:3 is %+v, the error is %v", decisions["orders:3"], err)
	}
}

func TestHandle_countsAServersFaultFromTheListTakenAfterwards(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 8))
	w.on("Lambda.DeleteFunction", func(int, string) (int, string) { return failedAfterwards, "ServiceException" })
	report, _, err := w.handle(t.Context(), earnest(), Options{})
	if diff := cmp.Diff(map[Outcome]int{Kept: 4, Deleted: 5}, report.Outcomes); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestHandle_reportsEachCauseOnce(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 8))
	w.refuse("Lambda.ListEventSourceMappings")
	report, _, err := w.handle(t.Context(), earnest(), Options{})
	if len(report.Errors) != 1 || err == nil || !strings.Contains(report.Errors[0], "grant lambda:ListEventSourceMappings on * or switch off janitor.checks.eventSourceMappings") {
		t.Errorf("the errors are %q", report.Errors)
	}
}

func TestHandle_countsBytesThatCouldGoWithoutThoseThatAPolicyKeeps(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 8, func(f *lambdasim.Function) { f.Policies = map[string]string{"5": "{}"} }))
	report, decisions, err := w.handle(t.Context(), Default(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[Outcome]int{Kept: 5, Deletable: 4}, report.Outcomes); diff != "" {
		t.Error(diff)
	}
	if report.DeletableBytes != 1001+1002+1003+1004 || decisions["orders:5"].Reason != HasPolicy {
		t.Errorf("%d bytes could go, orders:5 is %+v", report.DeletableBytes, decisions["orders:5"])
	}
}
