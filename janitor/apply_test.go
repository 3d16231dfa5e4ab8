package janitor

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"caretaker/internal/emulator/lambdasim"
	"caretaker/internal/want"
)

func TestHandle_deletesWhatNothingRefersTo(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 8, alias("live", "2")))
	report, decisions, err := w.handle(t.Context(), earnest(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	want.Equal(t, "the versions left", w.Versions("orders"), []int{2, 6, 7, 8})
	want.Equal(t, "the outcomes", report.Outcomes, map[Outcome]int{Kept: 5, Deleted: 4})
	want.Equal(t, "the bytes freed", report.BytesFreed, 1001+1003+1004+1005)
	want.Equal(t, "the bytes by which the storage shrank", report.Before.Used-report.After.Used, report.BytesFreed)
	want.Equal(t, "the reason for orders:2", decisions["orders:2"].Reason, Referenced(Alias))
	want.Equal(t, "the detail of orders:2", decisions["orders:2"].Detail, "live")
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
		want.Equal(t, "the outcomes "+age.String()+" after the plan", report.Outcomes, map[Outcome]int{Kept: 8, Gone: 5, Deleted: 5})
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
	deleted := report.Outcomes[Deleted]
	if deleted < 1 || deleted > inFlight {
		t.Errorf("versions deleted: %d, want 1 to %d, those that were under way", deleted, inFlight)
	}
	want.Equal(t, "versions remaining", report.Outcomes[Remaining], 37-deleted)
	want.Equal(t, "the outcome for orders:1", decisions["orders:1"].Outcome, Remaining)
	want.Equal(t, "the reason for orders:1", decisions["orders:1"].Reason, OutOfDate)
	want.Equal(t, "versions left", len(w.Versions("orders")), 40-deleted)
}

// Reading alone may take longer in a large Region, and each round must come to its deletions.
func TestHandle_countsTheAgeOfItsFindingsFromTheEndOfTheReading(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 8))
	w.on("Lambda.ListEventSourceMappings", func(int, string) (int, string) {
		w.pass(time.Hour)
		return 0, ""
	})
	report, _, err := w.handle(t.Context(), earnest(), Options{})
	want.NoError(t, "the run", err)
	want.Equal(t, "versions deleted", report.Outcomes[Deleted], 5)
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
	if !errors.As(err, &belt) {
		t.Errorf("the error: %v, want that of a closed belt", err)
	}
	want.Equal(t, "the closed belt", belt.Belt.Name, PercentBelt)
	want.Equal(t, "versions left", w.VersionCount(), 96)
}

func TestHandle_doesNotCallDeletedWhatNobodyAnswered(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 8))
	w.on("Lambda.DeleteFunction", func(int, string) (int, string) { return lost, "" })
	w.refuse("Lambda.ListVersionsByFunction")
	w.refuseAfter("Lambda.ListFunctions", 1)
	report, _, err := w.handle(t.Context(), earnest(), Options{})
	want.Equal(t, "the outcomes", report.Outcomes, map[Outcome]int{Kept: 4, Failed: 5})
	if err == nil {
		t.Error("the error: none, want one for the deletions that failed")
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
	want.Equal(t, "the outcomes", report.Outcomes, map[Outcome]int{Kept: 4, Deleted: 4, Failed: 1})
	want.Says(t, "the error", fmt.Sprint(err), "deleting orders:3")
	want.Equal(t, "the outcome for orders:3", decisions["orders:3"].Outcome, Failed)
}

func TestHandle_countsAServersFaultFromTheListTakenAfterwards(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 8))
	w.on("Lambda.DeleteFunction", func(int, string) (int, string) { return failedAfterwards, "ServiceException" })
	report, _, err := w.handle(t.Context(), earnest(), Options{})
	want.NoError(t, "the run", err)
	want.Equal(t, "the outcomes", report.Outcomes, map[Outcome]int{Kept: 4, Deleted: 5})
}

func TestHandle_reportsEachCauseOnce(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 8))
	w.refuse("Lambda.ListEventSourceMappings")
	report, _, err := w.handle(t.Context(), earnest(), Options{})
	oneError(t, report, err, "grant lambda:ListEventSourceMappings on * or switch off janitor.checks.eventSourceMappings")
}

func TestHandle_countsBytesThatCouldGoWithoutThoseThatAPolicyKeeps(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 8, func(f *lambdasim.Function) { f.Policies = map[string]string{"5": "{}"} }))
	report, decisions, err := w.handle(t.Context(), Default(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	want.Equal(t, "the outcomes", report.Outcomes, map[Outcome]int{Kept: 5, Deletable: 4})
	want.Equal(t, "the bytes that could go", report.DeletableBytes, 1001+1002+1003+1004)
	want.Equal(t, "the reason for orders:5", decisions["orders:5"].Reason, HasPolicy)
}
