package janitor

import (
	"testing"
	"time"

	"caretaker/internal/emulator/lambdasim"
	"caretaker/internal/want"
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
	want.Equal(t, "the versions left", w.Versions("orders"), []int{4, 5, 28, 29, 30})
	want.Equal(t, "the reason for orders:4", seen.decisions["orders:4"].Reason, Referenced(Alias))
	want.Equal(t, "the reason for orders:5", seen.decisions["orders:5"].Reason, AWSConflict)
	want.Equal(t, "how often aliases were read", w.called("Lambda.ListAliases"), 2)
}
