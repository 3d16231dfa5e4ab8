package janitor

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"caretaker/internal/emulator/lambdasim"
)

func TestApply_readsAliasesAgainOnceWhenTheirReadingIsOld(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 30))
	plan, err := w.janitor(earnest(), Options{}).Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	move := func(name, version string) {
		if err := w.SetAlias("orders", lambdasim.Alias{Name: name, Version: version}); err != nil {
			t.Error(err)
		}
	}
	move("before", "4")
	w.pass(2 * time.Minute)
	w.on("Lambda.DeleteFunction", func(n int, _ string) (int, string) {
		if n == 1 {
			move("meanwhile", "5")
		}
		w.pass(time.Minute)
		return 0, ""
	})
	var seen decided
	if _, err := w.janitor(earnest(), Options{Observer: &seen}).Apply(t.Context(), plan, false); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{4, 5, 28, 29, 30}, w.Versions("orders")); diff != "" {
		t.Error(diff)
	}
	if got := seen.decisions["orders:4"]; got.Reason != Referenced(Alias) {
		t.Errorf("orders:4 is %+v", got)
	}
	if got := seen.decisions["orders:5"]; got.Reason != AWSConflict {
		t.Errorf("orders:5 is %+v", got)
	}
	if got := w.called("Lambda.ListAliases"); got != 2 {
		t.Errorf("aliases were read %d times", got)
	}
}
