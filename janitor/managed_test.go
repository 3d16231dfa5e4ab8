package janitor

import (
	"fmt"
	"net/http"
	"testing"

	"caretaker/internal/emulator/lambdasim"
	"caretaker/internal/want"
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
			want.NoError(t, "the run", err)
			want.Equal(t, "the outcome for orders:3", decisions["orders:3"].Outcome, UnderWay)
			want.Equal(t, "the reason for orders:3", decisions["orders:3"].Reason, BeingDeleted)
			want.Equal(t, "versions under way", report.Outcomes[UnderWay], 5)
			want.Equal(t, "versions failed", report.Outcomes[Failed], 0)
			want.Equal(t, "the bytes freed", report.BytesFreed, 0)
			want.Equal(t, "the run is completed", report.completed, true)
			want.Says(t, "the headline", report.Headline(), "5 versions are being deleted")

			_, decisions, err = w.handle(t.Context(), earnest(), Options{})
			want.NoError(t, "the next run", err)
			want.Equal(t, "the outcome for orders:3 in the next run", decisions["orders:3"].Outcome, Kept)
			want.Equal(t, "the reason for orders:3 in the next run", decisions["orders:3"].Reason, BeingDeleted)
			want.Equal(t, "deletions after the next run", len(w.Deletions()), 5)
			w.Settle()
			want.Equal(t, "the versions left", w.Versions("orders"), []int{6, 7, 8})
		})
	}
}

func TestHandle_countsAsDeletedWhatIsGoneByThen(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 8, onManagedInstances))
	seen := &onceVerifying{then: w.Settle}
	report, err := w.janitor(earnest(), Options{Observer: seen}).Handle(t.Context(), Event{})
	want.NoError(t, "the run", err)
	want.Equal(t, "the outcomes", report.Outcomes, map[Outcome]int{Kept: 4, Deleted: 5})
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
	want.Equal(t, "the versions that may go", going, []int64{1})
	want.Equal(t, "the version at which apply's own guard begins", newestNumbers(plan)["checkout"], 2)
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
		want.NoError(t, "the run with "+name, err)
		want.Equal(t, "the outcomes with "+name, report.Outcomes, map[Outcome]int{Kept: 4, UnderWay: 5})
	}
}
