package warmer

import (
	"fmt"
	"maps"
	"math"
	"slices"
)

// split puts wishes for each version, by its number, in the place of those for aliases that shift traffic
// between two versions: pings to the alias would go to either by chance. Each version gets its share of the count, rounded up.
// shares says by its number what a version is a share of.
func split(wishes []Wish, readings map[Ref]Reading) (split []Wish, shares map[Ref]string) {
	byRef, shares := map[Ref]Wish{}, map[Ref]string{}
	add := func(wish Wish) {
		wish.Warm = highestOf(wish.Warm, byRef[wish.Ref].Warm)
		byRef[wish.Ref] = wish
	}
	for _, wish := range wishes {
		weights := readings[wish.Ref].Weights
		if weights == nil {
			add(wish)
			continue
		}
		for version, share := range weights {
			if share < leastShare {
				continue
			}
			part := wish
			part.Ref, part.Warm = Ref{wish.Name, version}, map[string]int{}
			for window, count := range wish.Warm {
				part.Warm[window] = int(math.Ceil(float64(count)*share - leastShare))
			}
			add(part)
			shares[part.Ref] = fmt.Sprintf("%.0f%% of the calls of %s", 100*share, wish.Ref)
		}
	}
	for _, ref := range slices.SortedFunc(maps.Keys(byRef), Ref.compare) {
		split = append(split, byRef[ref])
	}
	return split, shares
}

// leastShare is less than any share that an alias may have: what is below comes from the arithmetic.
const leastShare = 1e-6
