package alerts

import (
	"cmp"
	"slices"

	"caretaker/alerts/label"
)

// limit leaves what is over the most changes of a run to later ones, and answers how many there were.
func limit(decisions []Decision, most int) int {
	positions := order(decisions)
	for number, at := range positions {
		if number >= most {
			decisions[at].postpone(OverMost)
		}
	}
	return len(positions)
}

// order are the positions of what is to be done, the most urgent first: new alarms, the critical ones before
// the rest, then changes, then composite alarms, after those that they are about, then deletions, composite alarms
// before those.
func order(decisions []Decision) []int {
	var positions []int
	for at, decision := range decisions {
		if decision.Acts() {
			positions = append(positions, at)
		}
	}
	slices.SortStableFunc(positions, func(a, b int) int { return cmp.Compare(rank(decisions[a]), rank(decisions[b])) })
	return positions
}

func rank(d Decision) int {
	switch {
	case d.wanted.Rule != "" && !isWhole(d.Alarm):
		return 3
	case d.wanted.Rule != "":
		return 4
	case d.Outcome == ToCreate && d.Severity == label.Critical:
		return 0
	case d.Outcome == ToCreate:
		return 1
	case d.Outcome == ToChange:
		return 2
	case d.there.Composite && isWhole(d.Alarm): // before its parts
		return 5
	case d.there.Composite:
		return 6
	}
	return 7
}
