package janitor

import (
	"testing"
	"time"

	"caretaker/internal/emulator/lambdasim"
	"caretaker/internal/want"
)

// Whatever went wrong in a rule, the newest of each function stay.
func TestApply_keepsTheNewestWhateverWasDecided(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 8), lambda("cart", 2), lambda("shop", 6))
	cfg := earnest()
	plan, err := w.janitor(cfg, Options{}).Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for position := range plan.Decisions {
		plan.Decisions[position].Outcome = Deletable
	}
	seen := &decided{}
	if _, err := w.janitor(cfg, Options{Observer: seen}).Apply(t.Context(), plan, false); err != nil {
		t.Fatal(err)
	}
	left := map[string][]int{"orders": w.Versions("orders"), "cart": w.Versions("cart"), "shop": w.Versions("shop")}
	want.Equal(t, "the versions left", left, map[string][]int{"orders": {6, 7, 8}, "cart": {1, 2}, "shop": {4, 5, 6}})
	want.Equal(t, "looks taken at the versions that may go", w.called("Lambda.GetPolicy"), 8)
	for _, name := range []string{"orders:6", "cart:1", "orders:$LATEST"} {
		want.Equal(t, "the outcome for "+name, seen.decisions[name].Outcome, Kept)
		want.Equal(t, "the reason for "+name, seen.decisions[name].Reason, Guarded)
	}
}

func TestApply_looksAtNothingOnceItsFindingsAreOld(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 8))
	plan, err := w.janitor(earnest(), Options{}).Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	before := w.called("Lambda.ListAliases")
	w.pass(planFresh + time.Second)
	report, err := w.janitor(earnest(), Options{}).Apply(t.Context(), plan, false)
	if err != nil {
		t.Fatal(err)
	}
	want.Equal(t, "the outcomes", report.Outcomes, map[Outcome]int{Kept: 4, Remaining: 5})
	want.Equal(t, "how often AWS was asked", w.called("Lambda.GetPolicy")+w.called("Lambda.ListAliases")-before, 0)
}
