package janitor

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"caretaker/internal/want"
)

func TestAffordable_isHowManyCanBeReadCleanedAndVerified(t *testing.T) {
	shallow := effort{reads: 2, versions: 10, deletions: 7}
	deep := effort{reads: 2, versions: 10_003, deletions: 10_000}
	kept := effort{reads: 2, versions: 10}
	region := bill{region: 1_000_000, most: 5000}
	// A shallow one takes 2 calls to be read, 1 for its aliases once more, 7 deletions and 1 list; the
	// storage at the end is one for all. To begin one takes 2, 1, 1 deletion and 1 list.
	for _, test := range []struct {
		name    string
		waiting []effort
		read    bill
		calls   int
		want    int
	}{
		{"nothing waits", nil, region, 1000, 0},
		{"no time at all", []effort{shallow}, region, 5, 0},
		{"time for one deletion", []effort{shallow, shallow}, region, 6, 1},
		{"time for one whole", []effort{shallow, shallow}, region, 12, 1},
		{"time for one whole and to begin another", []effort{shallow, shallow, shallow}, region, 17, 2},
		{"without a deadline", []effort{shallow, deep, kept}, region, 1 << 62, 3},
		{"one too deep to be cleaned whole takes all", []effort{deep, shallow}, region, 1000, 1},
		{"its versions left are listed too", []effort{deep}, region, 2 + 1 + 1 + 10_003/pageSize + 1, 0},
		{"it is read for", []effort{kept, kept, kept}, region, 5, 2},
		{"what was read before is paid first", []effort{shallow}, bill{region: 1_000_000, most: 5000, functions: 1, versions: 10, deletions: 7}, 15, 1},
		{"what was read before leaves nothing", []effort{shallow}, bill{region: 1_000_000, most: 5000, functions: 1, versions: 10, deletions: 7}, 14, 0},
		{"over belts.maxDeletions only reading counts", []effort{deep, deep, deep}, bill{region: 1_000_000, most: 1}, 2*3 + 3 + 1 + 3 + 3*10_002/pageSize + 1, 3},
		{"the whole Region is listed where that is cheaper", []effort{deep, shallow}, bill{region: pageSize, most: 5000}, 5000 + 100, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			want.Equal(t, "how many are affordable", affordable(test.waiting, test.read, test.calls), test.want)
		})
	}
}

func waitingOf(count int) []effort {
	waiting := make([]effort, count)
	for number := range waiting {
		waiting[number] = effort{function: fmt.Sprintf("f%03d", number), deletions: 1, bytes: int64(count - number)}
	}
	return waiting
}

func names(order []effort) []string {
	named := make([]string, len(order))
	for position, one := range order {
		named[position] = one.function
	}
	return named
}

func TestInTurn_putsTheBiggestFirstAndEveryFourthPlaceIsDrawn(t *testing.T) {
	waiting := waitingOf(100)
	order := names(inTurn(waiting, today))
	var rest []string
	for place, name := range order {
		if place%drawn != 0 {
			rest = append(rest, name)
		}
	}
	if !slices.IsSorted(rest) {
		t.Errorf("the places that are not drawn: %v, want them by size", rest)
	}
	sorted := slices.Sorted(slices.Values(order))
	want.Equal(t, "those in the order, of which each is there once", sorted, names(waiting))
	slices.Reverse(waiting)
	want.Equal(t, "the order when they come the other way round", names(inTurn(waiting, today)), order)
}

// What frees nothing keeps no other from its turn.
func TestInTurn_putsLastWhatNothingCanGoFrom(t *testing.T) {
	waiting := waitingOf(50)
	for position := range 40 {
		waiting[position].deletions = 0
	}
	for hour := range 50 {
		for place, one := range inTurn(waiting, today.Add(time.Duration(hour)*time.Hour)) {
			if (one.deletions > 0) != (place < 10) {
				t.Fatalf("%s, with %d deletions, is in place %d, want the ten with deletions in the first ten places", one.function, one.deletions, place)
			}
		}
	}
}

// With room for four a run, one of a hundred is drawn each time: the chance to be passed over 1,000
// times is under 1 in 20,000.
func TestInTurn_comesToEachFunctionThoughTheBiggestNeverShrink(t *testing.T) {
	const runs, room = 1000, 4
	first := map[string]int{}
	for run := range runs {
		for _, one := range inTurn(waitingOf(100), today.Add(time.Duration(run)*6*time.Hour))[:room] {
			if _, before := first[one.function]; !before {
				first[one.function] = run
			}
		}
	}
	if len(first) != 100 {
		t.Errorf("functions looked at in %d runs: %d, want all 100", runs, len(first))
	}
}
