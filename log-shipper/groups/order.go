package groups

import (
	"cmp"
	"math"
	"slices"
	"time"
)

const (
	// young is how new a group is that is looked at before all others: it was most likely not
	// subscribed yet.
	young = 24 * time.Hour
	// mostAside is how many groups that nobody chose are looked at in a run, for a filter that was
	// left behind when they still were.
	mostAside = 500
)

// Order is which of the groups a run looks at, the most urgent first: those that are to be shipped,
// new ones before the rest, then those that somebody excluded, then some of the others. Within each
// it begins at another place in each hour, so that what one run has no time for another one comes to,
// and nobody has to remember where it was.
func Order(all []Group, cfg Config, now time.Time) []Group {
	ordered := slices.Clone(all)
	slices.SortFunc(ordered, func(a, b Group) int { return cmp.Compare(a.Name, b.Name) })
	first := place(len(ordered), now)
	ordered = slices.Concat(ordered[first:], ordered[:first])
	ranks := make(map[string]int, len(ordered))
	for _, group := range ordered {
		ranks[group.Name] = rank(group, cfg, now)
	}
	slices.SortStableFunc(ordered, func(a, b Group) int { return cmp.Compare(ranks[a.Name], ranks[b.Name]) })
	aside := slices.IndexFunc(ordered, func(g Group) bool { return ranks[g.Name] == 3 })
	if aside >= 0 {
		ordered = ordered[:min(len(ordered), aside+mostAside)]
	}
	return ordered
}

// place is where among so many groups the hour begins. The places of the hours lie apart by the
// golden section of the whole, which spreads any number of hours in a row as evenly as can be.
func place(count int, now time.Time) int {
	hours := float64(now.Unix() / 3600)
	_, share := math.Modf(hours * math.Phi)
	return int(share * float64(count))
}

func rank(group Group, cfg Config, now time.Time) int {
	switch reason, _ := chosen(group, cfg); {
	case reason == NotIncluded:
		return 3
	case reason != "" || !Subscribes(group.Class):
		return 2
	case now.Sub(group.Created) < young:
		return 0
	}
	return 1
}
