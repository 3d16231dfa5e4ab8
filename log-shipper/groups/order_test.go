package groups

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"caretaker/internal/want"
)

var now = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

func named(groups []Group) []string {
	names := make([]string, 0, len(groups))
	for _, group := range groups {
		names = append(names, group.Name)
	}
	return names
}

func TestOrder_takesNewGroupsFirstAndThoseNobodyChoseLast(t *testing.T) {
	old := now.Add(-30 * 24 * time.Hour)
	all := []Group{
		{Name: "/aws/rds/a", Created: now},
		{Name: "/aws/lambda/old", Created: old},
		{Name: "/aws/lambda/off", Created: old, Tags: map[string]string{"caretaker:logs": "off"}},
		{Name: "/aws/lambda/new", Created: now.Add(-time.Hour)},
	}
	want.Equal(t, "the order", named(Order(all, Default(), now)), []string{"/aws/lambda/new", "/aws/lambda/old", "/aws/lambda/off", "/aws/rds/a"})
}

func TestOrder_isTheSameInWhateverOrderTheGroupsCome(t *testing.T) {
	var all []Group
	for number := range 50 {
		all = append(all, Group{Name: fmt.Sprintf("/aws/lambda/%02d", number)})
	}
	first := Order(all, Default(), now)
	shuffled := slices.Clone(all)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	want.Equal(t, "the order", named(Order(shuffled, Default(), now)), named(first))
	want.Equal(t, "the groups in the order", len(first), len(all))
}

func TestOrder_looksAtSomeOfThoseNobodyChoseInEachRunAndAtAllInTime(t *testing.T) {
	var all []Group
	for number := range 3 * mostAside {
		all = append(all, Group{Name: fmt.Sprintf("/aws/rds/%04d", number)})
	}
	seen := map[string]bool{}
	hours := 0
	for ; len(seen) < len(all) && hours < 24; hours++ {
		order := Order(all, Default(), now.Add(time.Duration(hours)*time.Hour))
		want.Equal(t, "groups that a run looks at", len(order), mostAside)
		for _, group := range order {
			seen[group.Name] = true
		}
	}
	if len(seen) < len(all) || hours > 6 {
		t.Errorf("after %d hours %d of %d groups were looked at, want all within 6", hours, len(seen), len(all))
	}
}

// A run that ends early is continued: whatever share of the groups one has time for, the runs of some
// hours in a row come to all of them, wherever the first began.
func TestOrder_leavesNoGroupToTheEndOfEachRun(t *testing.T) {
	var all []Group
	for number := range 2000 {
		all = append(all, Group{Name: fmt.Sprintf("/aws/lambda/%04d", number)})
	}
	for share, most := range map[int]int{50: 3, 25: 7, 10: 18} {
		for begin := range 100 {
			seen := map[string]bool{}
			runs := 0
			for ; len(seen) < len(all) && runs < most; runs++ {
				order := Order(all, Default(), now.Add(time.Duration(begin+runs)*time.Hour))
				for _, group := range order[:len(all)*share/100] {
					seen[group.Name] = true
				}
			}
			if len(seen) < len(all) {
				t.Errorf("from hour %d on, %d runs with time for %d %% of the groups came to %d of %d", begin, most, share, len(seen), len(all))
			}
		}
	}
}
