package janitor

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"caretaker/internal/emulator/lambdasim"
)

func onManagedInstances(f *lambdasim.Function) { f.Managed = true }

// What runs on Lambda Managed Instances is deleted in its own time: 202, and the version stays listed.
func TestHandle_countsApartWhatAWSTakesItsTimeToDelete(t *testing.T) {
	for name, others := range map[string]int{"listed function by function": 60, "listed with the whole Region": 0} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, lambdasim.Options{}, lambda("orders", 8, onManagedInstances))
			if others == 0 {
				w.Put(lambda("cart", 1))
			}
			for number := range others {
				w.Put(lambda(fmt.Sprint("other-", number), 3))
			}
			report, decisions, err := w.handle(t.Context(), earnest(), Options{})
			if got := decisions["orders:3"]; err != nil || got.Outcome != UnderWay || got.Reason != BeingDeleted {
				t.Errorf("orders:3 is %+v, %v", got, err)
			}
			if report.Outcomes[UnderWay] != 5 || report.Outcomes[Failed] > 0 || report.BytesFreed != 0 || !report.completed {
				t.Errorf("%v, %d bytes freed", report.Outcomes, report.BytesFreed)
			}
			if !strings.Contains(report.Headline(), "5 versions are being deleted") {
				t.Errorf("it says %q", report.Headline())
			}

			again, decisions, err := w.handle(t.Context(), earnest(), Options{})
			if got := decisions["orders:3"]; err != nil || got.Outcome != Kept || got.Reason != BeingDeleted || len(w.Deletions()) != 5 {
				t.Errorf("the next run makes %v of orders:3, %v, %v", got, again.Outcomes, err)
			}
			w.Settle()
			if diff := cmp.Diff([]int{6, 7, 8}, w.Versions("orders")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestHandle_countsAsDeletedWhatIsGoneByThen(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 8, onManagedInstances))
	seen := &onceVerifying{then: w.Settle}
	report, err := w.janitor(earnest(), Options{Observer: seen}).Handle(t.Context(), Event{})
	if diff := cmp.Diff(map[Outcome]int{Kept: 4, Deleted: 5}, report.Outcomes); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

// A version that AWS is deleting is not among those that stay.
func TestDecide_keepsTheNewestBesideThoseThatAreBeingDeleted(t *testing.T) {
	facts, cfg := checkout(6)
	for position := range facts.Functions[0].Versions {
		facts.Functions[0].Versions[position].Deleting = position >= 4
	}
	plan := Decide(facts, History{}, cfg, today)
	var going []int64
	for _, position := range plan.Deletions() {
		going = append(going, plan.Decisions[position].Version.Number)
	}
	if diff := cmp.Diff([]int64{1}, going); diff != "" {
		t.Error(diff)
	}
	if lowest := newestNumbers(plan)["checkout"]; lowest != 2 {
		t.Errorf("apply's own guard begins at %d", lowest)
	}
}

// Either the answer or the list is enough: AWS documents both, and neither is recorded.
func TestHandle_takesEitherSignForADeletionUnderWay(t *testing.T) {
	for name, answered := range map[string]answer{
		"202, and a list without states":       func(int, string) (int, string) { return http.StatusAccepted, "" },
		"no answer, and a list that says so":   func(int, string) (int, string) { return severed, "" },
		"a fault, and a list that says so too": func(int, string) (int, string) { return failedAfterwards, "ServiceException" },
	} {
		w := newWorld(t, lambdasim.Options{}, lambda("orders", 8, onManagedInstances))
		w.on("Lambda.DeleteFunction", answered)
		report, _, err := w.handle(t.Context(), earnest(), Options{})
		if diff := cmp.Diff(map[Outcome]int{Kept: 4, UnderWay: 5}, report.Outcomes); diff != "" || err != nil {
			t.Error(name, diff, err)
		}
	}
}
