package janitor

import "sync"

// denials remembers what AWS denied, so that a missing right is not tried thousands of times. A Deny
// may be for some functions only, or for one version: the others go on. So a function is given up
// when two versions that stand next to each other in the plan were denied, and everything when so many
// functions were denied since AWS last allowed it for any. It is the plan's order that counts: several
// versions are under way at once, and their answers come in any.
type denials struct {
	mutex sync.Mutex
	// near are the neighbours of each version.
	near map[qualified][]qualified
	// versions are those that were denied, gaveUp the functions given up, and inRow the functions
	// denied since one was allowed.
	versions map[qualified]bool
	gaveUp   map[string]bool
	inRow    map[string]bool
	// first says what AWS denied first, and why; all others are told by it.
	first string
}

// qualified is one version of a function.
type qualified struct {
	function string
	number   int64
}

// mostFunctions is after how many functions denied in a row everything is given up.
const mostFunctions = 12

// neighbours are those of each version among its function's that may go, in the plan's order.
func neighbours(plan Plan, deletions []int) map[qualified][]qualified {
	near, last := map[qualified][]qualified{}, map[string]qualified{}
	for _, position := range deletions {
		own := plan.Decisions[position].qualified()
		if before, found := last[own.function]; found {
			near[own] = append(near[own], before)
			near[before] = append(near[before], own)
		}
		last[own.function] = own
	}
	return near
}

// newDenials remembers what AWS denies, of versions with these neighbours.
func newDenials(near map[qualified][]qualified) *denials {
	return &denials{near: near, versions: map[qualified]bool{}, gaveUp: map[string]bool{}, inRow: map[string]bool{}}
}

func (d Decision) qualified() qualified { return qualified{d.Function, d.Version.Number} }

// givenUp says of a version that it need not be tried, by what was denied; empty when it may be.
func (d *denials) givenUp(decision Decision) string {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if d.gaveUp[decision.Function] || len(d.inRow) >= mostFunctions {
		return d.first
	}
	return ""
}

// denied takes in a denial, and gives the one to tell it by.
func (d *denials) denied(decision Decision, text string) string {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	own := decision.qualified()
	d.versions[own], d.inRow[decision.Function] = true, true
	for _, neighbour := range d.near[own] {
		d.gaveUp[decision.Function] = d.gaveUp[decision.Function] || d.versions[neighbour]
	}
	if d.first == "" {
		d.first = text
	}
	return d.first
}

func (d *denials) allowed(decision Decision) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	delete(d.gaveUp, decision.Function)
	clear(d.inRow)
}
