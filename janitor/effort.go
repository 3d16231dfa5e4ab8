package janitor

import (
	"cmp"
	"crypto/sha256"
	"slices"
	"strings"
	"time"
)

// effort is what one function still asks of a run, in calls of Lambda's control plane.
type effort struct {
	function string
	// reads are the calls that read what is known function by function.
	reads int
	// versions are all that it has, deletions how many may go, as far as is known, and bytes their size.
	versions, deletions int
	bytes               int64
}

// efforts are those of the listed functions, as far as the findings go. The list has what the early scans left.
func efforts(listed []Function, facts Facts, cfg Config, now time.Time) []effort {
	all := make(map[string]int, len(facts.Functions))
	for _, function := range facts.Functions {
		all[function.Name] = len(function.Versions)
	}
	goes := make(map[string][]Version, len(listed))
	for _, function := range Shortlist(facts, cfg, now) {
		goes[function.Name] = function.Versions
	}
	own := make([]effort, len(listed))
	for position, function := range listed {
		own[position] = effort{function: function.Name, versions: all[function.Name], deletions: len(goes[function.Name])}
		for _, version := range goes[function.Name] {
			own[position].bytes += version.Bytes
		}
		for _, one := range scans {
			if one.calls != nil && one.on(cfg) {
				own[position].reads += one.calls(function)
			}
		}
	}
	return own
}

// drawn is how often the turn goes to a function that is drawn: at every so many-th place,
// beginning with the first.
const drawn = 4

// inTurn is the order in which functions are looked at: those that free the most come first, but
// some places are drawn anew in each run. Otherwise big functions of which nothing can go in the end would
// be looked at in each run, and those behind them in none: see docs/decisions/0011. What frees
// nothing, as far as is known, comes last.
func inTurn(waiting []effort, made time.Time) []effort {
	biggest := slices.SortedFunc(slices.Values(waiting), func(a, b effort) int {
		return cmp.Or(cmp.Compare(min(b.deletions, 1), min(a.deletions, 1)), cmp.Compare(b.bytes, a.bytes), strings.Compare(a.function, b.function))
	})
	useful := len(biggest)
	for useful > 0 && biggest[useful-1].deletions == 0 {
		useful--
	}
	lots := slices.SortedFunc(slices.Values(biggest[:useful]), func(a, b effort) int {
		return strings.Compare(lot(a, made), lot(b, made))
	})
	taken := make(map[string]bool, useful)
	next := func(from *[]effort) effort {
		for taken[(*from)[0].function] {
			*from = (*from)[1:]
		}
		taken[(*from)[0].function] = true
		return (*from)[0]
	}
	order := make([]effort, 0, len(biggest))
	bySize := biggest[:useful]
	for place := range useful {
		if place%drawn == 0 {
			order = append(order, next(&lots))
		} else {
			order = append(order, next(&bySize))
		}
	}
	return append(order, biggest[useful:]...)
}

// lot is a function's in this run: as good as chance, and the same for whoever reckons it again.
func lot(one effort, made time.Time) string {
	sum := sha256.Sum256([]byte(made.UTC().Format(time.RFC3339Nano) + " " + one.function))
	return string(sum[:])
}

// bill is what a run still has to pay for some functions.
type bill struct {
	// region is how many versions the Region lists, $LATEST included, and most belts.maxDeletions.
	region, most int
	// functions are those that something may go from, and versions what these have.
	functions, versions int
	reads, deletions    int
}

func (b *bill) add(one effort) {
	b.reads += one.reads
	if one.deletions > 0 {
		b.functions++
		b.versions += one.versions
		b.deletions += one.deletions
	}
}

// calls are all of it: reading, aliases once more where that takes more than a minute, the deletions, the
// lists that verify them, and the storage.
func (b *bill) calls() int {
	deletions := min(b.deletions, b.most)
	return b.reads + b.functions + deletions + b.verifying(deletions)
}

// verifying is how many calls it takes at most to see what became of so many deletions, in the cheaper
// way, and of the storage: the whole Region is listed again, or these functions.
func (b *bill) verifying(deletions int) int {
	return min(pagesOf(b.region-deletions), b.functions+(b.versions-deletions)/pageSize) + 1
}

// affordable is how many of the waiting functions, from the first on, can be read, cleaned and
// verified with so many calls, beside those that were read. The last may be too deep to be
// cleaned whole: its biggest versions go, and later runs go on with it.
func affordable(waiting []effort, read bill, calls int) int {
	for position, next := range waiting {
		least := next
		least.deletions = min(1, next.deletions)
		begun := read
		if begun.add(least); begun.calls() > calls {
			return position
		}
		read.add(next)
	}
	return len(waiting)
}
