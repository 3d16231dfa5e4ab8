package limitraiser

import (
	"cmp"
	_ "embed"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Free is what is priced by its use and not by its limit: an on-demand table's maximum, reserved
// concurrency, a quota.
const Free = "free"

// HoursAMonth is what AWS's own calculator takes.
const HoursAMonth = 730

// listed is the table of list prices, which make prices writes from AWS's price list. A price is
// dated, and says where it comes from: "list" was read from AWS's list by make prices, "copy of the
// list" is what others read in it and published, "told" what others quote of AWS's pages, and "1.25
// times the standard class" is exactly so in AWS's list for China, and about so elsewhere:
// https://www.amazonaws.cn/en/dynamodb/pricing/
//
//go:embed prices.csv
var listed string

// ListPrice is what an hour of something costs in a Region, without the free tier, reservations and
// discounts.
type ListPrice struct {
	// Name is one of those that limits.prices overrides.
	Name, Region string
	// USD is in US dollars an hour.
	USD float64
	// AsOf is the day that the price is of, such as 2026-10-03, and Source where it comes from.
	AsOf, Source string
}

// ListPrices are those of the table, by name and Region. A price that the table lacks is not known,
// which is not to say that it is nothing.
var ListPrices = sync.OnceValue(func() []ListPrice {
	var all []ListPrice
	for line := range strings.Lines(listed) {
		if cells := strings.Split(strings.TrimSpace(line), ","); len(cells) == 5 {
			if usd, err := strconv.ParseFloat(cells[2], 64); err == nil {
				all = append(all, ListPrice{Name: cells[0], Region: cells[1], USD: usd, AsOf: cells[3], Source: cells[4]})
			}
		}
	}
	return all
})

// PriceNames are the names that limits.prices may override, sorted.
func PriceNames() []string {
	return []string{PriceInfrequentReadUnit, PriceInfrequentWriteUnit, PriceReadUnit, PriceShard, PriceWriteUnit}
}

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
	var highest, ofName float64
	for _, listed := range ListPrices() {
		if highest = max(highest, listed.USD); listed.Name != what {
			continue
		}
		if listed.Region == region {
			return listed.USD, ""
		}
		ofName = max(ofName, listed.USD)
	}
	return cmp.Or(ofName, highest), fmt.Sprintf("no list price of %.32s is known for %.32s: the highest of any Region is assumed, limits.prices sets another", what, region)
}
