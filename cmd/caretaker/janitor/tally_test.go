package janitor

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"caretaker/janitor"
)

func decision(function string, number int64, outcome janitor.Outcome, reason janitor.Reason, detail string) janitor.Decision {
	return janitor.Decision{Function: function, Version: janitor.Version{Number: number, Bytes: 100}, Outcome: outcome, Reason: reason, Detail: detail}
}

// rows are groups as a table has them.
func rows(groups []group) []string {
	var rows []string
	for _, group := range groups {
		rows = append(rows, fmt.Sprintf("%s | %s | %d | %s", group.function, group.versions, group.bytes, group.reason()))
	}
	return rows
}

func TestTally_sumsUpByFunction(t *testing.T) {
	alias := janitor.Referenced(janitor.Alias)
	sums := tally{newest: map[string]int{"checkout": 2, "pay": 3}}
	for _, each := range []janitor.Decision{
		decision("checkout", 0, janitor.Kept, janitor.IsLatest, ""),
		decision("checkout", 1, janitor.Deletable, janitor.Superseded, "90 days ago"),
		decision("checkout", 2, janitor.Deletable, janitor.Superseded, "80 days ago"),
		decision("checkout", 4, janitor.Kept, alias, "previous"),
		decision("checkout", 5, janitor.NotLookedAt, janitor.Superseded, "70 days ago"),
		decision("checkout", 6, janitor.Kept, janitor.HasPolicy, "somebody may call it"),
		decision("checkout", 7, janitor.Kept, alias, "previous"),
		decision("checkout", 8, janitor.Kept, alias, "previous"),
		decision("checkout", 9, janitor.Kept, alias, "live"),
		decision("checkout", 10, janitor.Kept, janitor.AmongNewest, "2"),
		decision("pay", 1, janitor.Failed, janitor.CallFailed, "no answer"),
		decision("pay", 2, janitor.Failed, janitor.CallFailed, "no answer"),
		decision("pay", 3, janitor.Remaining, janitor.OutOfTime, ""),
		decision("refund", 1, janitor.Kept, alias, "live"),
	} {
		sums.add(each)
	}
	sums.flush()
	if diff := cmp.Diff([]string{"checkout | 1-2, 5 | 300 | superseded 90 to 70 days ago, 1 unseen"}, rows(sums.going)); diff != "" {
		t.Error("going:", diff)
	}
	want := []string{
		"checkout | 4, 7-8 | 300 | referenced by alias previous",
		"checkout | 6 | 100 | resource policy on the version: somebody may call it",
	}
	if diff := cmp.Diff(want, rows(sums.kept)); diff != "" {
		t.Error("kept, the newest apart:", diff)
	}
	if diff := cmp.Diff([]string{"pay | 1-2 | 200 | the call failed: no answer"}, rows(sums.trouble)); diff != "" {
		t.Error("trouble:", diff)
	}
}

func TestTally_isBounded(t *testing.T) {
	sums := tally{newest: map[string]int{}}
	for function := range 3 * mostRows {
		name := fmt.Sprintf("f%04d", function)
		sums.newest[name] = 1
		sums.add(decision(name, 1, janitor.Kept, janitor.Referenced(janitor.Alias), "live"))
		sums.add(decision(name, 2, janitor.Failed, janitor.CallFailed, name))
		sums.add(decision(name, 3, janitor.Kept, janitor.AmongNewest, "1"))
	}
	sums.flush()
	if len(sums.kept) != mostRows || sums.keptMore != 2*mostRows || len(sums.trouble) != mostRows || sums.troubleMore != 2*mostRows {
		t.Errorf("%d kept and %d more, %d in trouble and %d more", len(sums.kept), sums.keptMore, len(sums.trouble), sums.troubleMore)
	}
}
