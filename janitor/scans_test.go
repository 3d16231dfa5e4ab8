package janitor

import (
	"slices"
	"strings"
	"testing"

	"caretaker/internal/emulator/lambdasim"
)

func TestHandle_refusedReadOfAFunctionNamesItsOwnCheck(t *testing.T) {
	for range 20 { // scans run side by side, so that a mix-up shows now and then only
		w := newWorld(t, lambdasim.Options{}, lambda("orders", 6))
		w.refuse("Lambda.ListAliases")
		_, decisions, err := w.handle(t.Context(), earnest(), Options{})
		if err == nil || !strings.Contains(err.Error(), "aliases orders could not be read") || !strings.Contains(err.Error(), "grant lambda:ListAliases") {
			t.Fatalf("the error is %v", err)
		}
		if got := decisions["orders:1"]; got.Outcome != Kept || got.Reason != CouldNotRead {
			t.Fatalf("orders:1 is %+v", got)
		}
		if want := []int{1, 2, 3, 4, 5, 6}; !slices.Equal(w.Versions("orders"), want) {
			t.Fatalf("%v are left", w.Versions("orders"))
		}
	}
}
