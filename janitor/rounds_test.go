package janitor

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"caretaker/internal/want"
)

// ended is a decision on a version of checkout with 100 bytes.
func ended(number int64, outcome Outcome, reason Reason, detail string) Decision {
	return Decision{Function: "checkout", Version: Version{Number: number, Bytes: 100, SHA: fmt.Sprint(number)}, Outcome: outcome, Reason: reason, Detail: detail}
}

// firstRound leaves four of seven versions, since they were looked at too long ago.
func firstRound() Round {
	return Round{[]Decision{
		ended(1, Deleted, Superseded, "9 days ago"),
		ended(2, Remaining, OutOfDate, "8 days ago"),
		ended(3, Remaining, OutOfDate, "7 days ago"),
		ended(4, Remaining, OutOfDate, "6 days ago"),
		ended(5, Remaining, MaxDeletions, ""),
		ended(6, Remaining, OutOfDate, "5 days ago"),
		ended(7, Kept, AmongNewest, "1"),
	}, Report{
		Started: today, Seconds: 60, Versions: 7, BytesFreed: 100, Before: Storage{Used: 700, Limit: 1000}, After: Storage{Used: 600, Limit: 1000},
		Biggest: []Item{{Version: 1, Bytes: 100, Outcome: Deleted}, {Version: 2, Bytes: 100, Outcome: Remaining, Reason: OutOfDate}},
		Errors:  []string{"one", "both"}, Calls: map[string]int{"list": 1, "delete": 1}, Throttles: 1,
	}}
}

func secondRound() Round {
	return Round{[]Decision{
		ended(2, Deleted, Superseded, "1 minute ago"),
		ended(3, Kept, Referenced(Alias), "live"),
		ended(4, Refused, AWSConflict, ""),
		ended(5, Kept, NotReviewed, ""),
		ended(7, Kept, AmongNewest, "1"),
	}, Report{
		Started: today.Add(time.Hour), Seconds: 30, Versions: 5, BytesFreed: 100, Before: Storage{Used: 600, Limit: 1000}, After: Storage{Used: 500, Limit: 1000},
		Biggest: []Item{{Version: 2, Bytes: 100, Outcome: Deleted}}, Errors: []string{"both", "another"},
		Calls: map[string]int{"list": 1, "delete": 2}, Throttles: 2,
	}}
}

func TestRound_goesOnWithWhatWasLookedAtTooLongAgo(t *testing.T) {
	var numbers []int64
	for _, version := range firstRound().OutOfDate().Versions {
		numbers = append(numbers, version.Version)
	}
	if want := []int64{2, 3, 4, 6}; !slices.Equal(numbers, want) {
		t.Errorf("the next round goes on with %v, want %v", numbers, want)
	}
}

func TestRound_thenHasEachVersionAsItEnded(t *testing.T) {
	first := firstRound()
	wanted := []Decision{
		ended(1, Deleted, Superseded, "9 days ago"),
		ended(2, Deleted, Superseded, "8 days ago"), // as the first plan said
		ended(3, Kept, Referenced(Alias), "live"),
		ended(4, Refused, AWSConflict, ""),
		ended(5, Remaining, MaxDeletions, ""),
		ended(6, Gone, "it is no longer listed", ""),
		ended(7, Kept, AmongNewest, "1"),
	}
	want.Equal(t, "the versions as they ended", first.Then(secondRound()).Decisions, wanted)
	want.Equal(t, "the decisions of the first round itself", first.Decisions, firstRound().Decisions)
	idle := secondRound()
	idle.Decisions, idle.Report.Idle = nil, true
	if got := first.Then(idle).Decisions[5]; got != ended(6, Kept, NoPressure, "") {
		t.Errorf("where the storage has room again, a version ends as %+v, want it kept for that", got)
	}
}

func TestRound_thenIsOneReport(t *testing.T) {
	got := firstRound().Then(secondRound()).Report
	wanted := Report{
		Started: today, Seconds: 3630, Versions: 7, BytesFreed: 200, DeletableBytes: 400,
		Before: Storage{Used: 700, Limit: 1000}, After: Storage{Used: 500, Limit: 1000},
		Outcomes: map[Outcome]int{Deleted: 2, Kept: 2, Refused: 1, Remaining: 1, Gone: 1},
		KeptBy:   map[Reason]int{Referenced(Alias): 1, AWSConflict: 1, AmongNewest: 1},
		Biggest:  []Item{{Version: 1, Bytes: 100, Outcome: Deleted}, {Version: 2, Bytes: 100, Outcome: Deleted}},
		Errors:   []string{"one", "both", "another"}, Calls: map[string]int{"list": 2, "delete": 3}, Throttles: 3,
	}
	want.Equal(t, "the report", got, wanted, cmp.AllowUnexported(Report{}, Storage{}))
	many := firstRound()
	for number := range 2 * mostErrors {
		many.Report.Errors = append(many.Report.Errors, fmt.Sprint(number))
		many.Report.Biggest = append(many.Report.Biggest, Item{Bytes: int64(number)})
	}
	got = firstRound().Then(many).Report
	want.Equal(t, "errors in the report", len(got.Errors), mostErrors)
	want.Equal(t, "the biggest in the report", len(got.Biggest), mostBiggest)
	want.Equal(t, "the bytes of the biggest", got.Biggest[0].Bytes, 2*mostErrors-1)
}

func TestProblems_areToldOnceAndWithoutWhatTheBeltAndTheCredentialsSay(t *testing.T) {
	belt := Belt{Name: PercentBelt, Message: "7 of 10 versions would go"}
	var report Report
	report.Belt = belt
	report.failed(BeltError{belt})
	report.failed(errors.New(credentialsEnded + "it expired"))
	for number := range 6 {
		report.failed(fmt.Errorf("problem %d", number))
	}
	got := report.Problems(errors.Join(report.err(), errors.New("writing the plan: no space")))
	wanted := []string{"problem 0", "problem 1", "problem 2", "problem 3", "problem 4", "problem 5", "writing the plan: no space"}
	want.Equal(t, "the problems", got, wanted)
	if got := (Report{}).Problems(errors.New("listing functions: not authorized")); !slices.Equal(got, []string{"listing functions: not authorized"}) {
		t.Errorf("without a report the problems are %q, want that of the error", got)
	}
}
