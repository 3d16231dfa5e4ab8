package janitor

import (
	"testing"

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
