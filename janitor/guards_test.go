package janitor

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"caretaker/internal/emulator/lambdasim"
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
	if diff := cmp.Diff(map[string][]int{"orders": {6, 7, 8}, "cart": {1, 2}, "shop": {4, 5, 6}}, left); diff != "" {
		t.Error(diff)
	}
	if looks := w.called("Lambda.GetPolicy"); looks != 8 {
		t.Errorf("%d looks were taken for 8 versions that may go", looks)
	}
	for _, name := range []string{"orders:6", "cart:1", "orders:$LATEST"} {
		if got := seen.decisions[name]; got.Outcome != Kept || got.Reason != Guarded {
			t.Errorf("%s is %+v", name, got)
		}
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
	if diff := cmp.Diff(map[Outcome]int{Kept: 4, Remaining: 5}, report.Outcomes); diff != "" {
		t.Error(diff)
	}
	if asked := w.called("Lambda.GetPolicy") + w.called("Lambda.ListAliases") - before; asked > 0 {
		t.Errorf("AWS was asked %d times", asked)
	}
}
