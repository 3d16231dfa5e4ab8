package limitraiser

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// Free is what is priced by its use and not by its limit: an on-demand table's maximum, reserved
// concurrency, a quota.
const Free = "free"

// HoursAMonth is what AWS's own calculator takes.
const HoursAMonth = 730

// pricesAsOf dates the table: list prices as known then, not read from AWS. Compare with
// https://aws.amazon.com/dynamodb/pricing/provisioned/ and
// https://aws.amazon.com/kinesis/data-streams/pricing/ before relying on them, and override in
// limits.prices what differs.
const pricesAsOf = "2026-11"

// prices are the list prices by name and Region, in US dollars an hour, without the free tier,
// reservations and discounts. The names are those that limits.prices overrides.
func prices() map[string]map[string]float64 {
	all := map[string]map[string]float64{}
	for _, one := range kinds {
		maps.Copy(all, one.kind.prices())
	}
	return all
}

// PriceNames are the names that limits.prices may override, sorted.
func PriceNames() []string { return slices.Sorted(maps.Keys(prices())) }

// AddedCost is what a raise adds to a month's bill, in US dollars at list prices; what is one of
// the prices or Free. The note says what the number rests on where that is not the list price
// of the Region, and is empty otherwise.
func AddedCost(region, what string, from, to float64, overrides map[string]float64) (perMonth float64, note string) {
	added := to - from
	if what == Free || !(added > 0) {
		return 0, ""
	}
	price, note := priceOf(region, what, overrides)
	return added * price * HoursAMonth, note
}

// Place is where a unit is paid for: a table's Region, or that of a replica of it.
type Place struct {
	// Region is empty for the raiser's own.
	Region string
	// Infrequent says that the table there is not of the standard class.
	Infrequent bool
}

// addedCost is what a raise adds in all the places where its units are paid for; none is the
// raiser's own Region.
func (r Resource) addedCost(region string, decision Decision, places []Place, overrides map[string]float64) (perMonth float64, note string) {
	if len(places) == 0 {
		places = []Place{{}}
	}
	var notes []string
	for _, place := range places {
		cost, note := AddedCost(cmp.Or(place.Region, region), r.kind().price(decision, place), decision.From, decision.To, overrides)
		if perMonth += cost; note != "" && !slices.Contains(notes, note) {
			notes = append(notes, note)
		}
	}
	if perMonth > 0 && len(places) > 1 {
		notes = append(notes, fmt.Sprintf("paid for in %d Regions", len(places)))
	}
	return perMonth, strings.Join(notes, "; ")
}

// priceOf is the price of an hour. What the table does not know costs the most that it
// costs anywhere, so that a limit on costs errs on the safe side.
func priceOf(region, what string, overrides map[string]float64) (price float64, note string) {
	if price, ok := overrides[what]; ok && price >= 0 && !math.IsInf(price, 0) {
		return price, "at the configured " + what
	}
	all := prices()
	if price := all[what][region]; price > 0 {
		return price, ""
	}
	if of, known := all[what]; known {
		all = map[string]map[string]float64{what: of}
	}
	for _, of := range all {
		for _, p := range of {
			price = max(price, p)
		}
	}
	return price, fmt.Sprintf("the list prices of %s have no %.32s for %.32s: the highest is assumed", pricesAsOf, what, region)
}
