package limitraiser

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"caretaker/cmd/caretaker/command"
	"caretaker/cmd/caretaker/console"
	limitraiser "caretaker/limit-raiser"
)

func TestHistory_readsOnUntilThereAreEnoughThatAreWanted(t *testing.T) {
	h := historyCommand{Resource: "carts"}
	now := time.Now()
	all := []limitraiser.Entry{
		{At: now, Resource: "table/orders"}, {At: now.Add(-time.Hour), Resource: "table/carts"}, {At: now.Add(-2 * time.Hour), Resource: "table/carts"},
	}
	if diff := cmp.Diff(all[1:2], h.among(all, now.Add(-90*time.Minute))); diff != "" {
		t.Error(diff)
	}
	h.Resource = "table/carts"
	if diff := cmp.Diff(all[1:], h.among(all, time.Time{})); diff != "" {
		t.Error(diff)
	}
}

func TestHistory_fitsTheTerminal(t *testing.T) {
	trail := history{Head: command.Head{Stage: "prod"}}
	at := time.Date(2026, 2, 26, 10, 15, 2, 0, time.UTC)
	for _, alarm := range []string{"caretaker-prod-limit-raiser-table-orders-of-the-web-shop-write-throttles", "somebody-elses-alarm-with-a-name-of-its-own"} {
		trail.Entries = append(trail.Entries, historyEntry{"eu-west-1", limitraiser.Entry{
			At: at, Alarm: alarm, Resource: "table/orders-of-the-web-shop", Part: "write", Means: limitraiser.Provisioned, Outcome: limitraiser.Raised,
			Reason: limitraiser.IsShort, Detail: "to the demand of 4207.4 and 30% headroom, of which one raise takes at most 8x", From: 50, To: 250, CostAMonth: 94.9,
		}}, historyEntry{"eu-west-1", limitraiser.Entry{
			At: at, Resource: "table/absent", Part: "write", Means: limitraiser.NoMeans, Outcome: limitraiser.Refused, Reason: limitraiser.NotListed,
		}})
	}
	for _, width := range []int{0, 60, 80, 120} {
		var text strings.Builder
		out := console.Console{Out: &text, Width: width}.Sheet()
		trail.show(out, true)
		if err := out.Flush(); err != nil {
			t.Fatal(err)
		}
		t.Logf("%d columns:\n%s", width, text.String())
		for line := range strings.Lines(text.String()) {
			if length := len(strings.TrimSpace(line)); width > 0 && length > width {
				t.Errorf("a line of %d columns in a terminal of %d: %s", length, width, line)
			}
		}
		words := strings.Join(strings.Fields(text.String()), " ")
		for _, want := range []string{"$94.90", "table-orders-of-the-web-shop-write-throttles", "somebody-elses-alarm-with-a-name-of-its-own"} {
			if !strings.Contains(words, want) {
				t.Errorf("%d columns: nothing says %q", width, want)
			}
		}
		if strings.Contains(words, "caretaker-prod") || strings.Contains(words, " 0 0 ") {
			t.Errorf("%d columns: a name is whole, or nothing is 0", width)
		}
	}
}
