package limitraiser

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// What has a price, in US dollars an hour. These are the names that limits.prices overrides.
const (
	// PriceReadUnit is a provisioned read capacity unit, PriceWriteUnit a write capacity unit, of
	// a table of the standard class or of its indexes. A replicated write unit of a global table
	// costs the same since November 2024.
	PriceReadUnit  = "readUnitHour"
	PriceWriteUnit = "writeUnitHour"
	// PriceInfrequentReadUnit and PriceInfrequentWriteUnit are those of the class for infrequent access.
	PriceInfrequentReadUnit  = "infrequentReadUnitHour"
	PriceInfrequentWriteUnit = "infrequentWriteUnitHour"
	// PriceShard is a provisioned shard of a Kinesis data stream.
	PriceShard = "shardHour"
)

// Free is what is priced by its use and not by its limit: an on-demand table's maximum, reserved
// concurrency, a quota.
const Free = "free"

// hoursAMonth is what AWS's own calculator takes.
const hoursAMonth = 730

// pricesAsOf dates the table: list prices as known then, not read from AWS. Compare with
// https://aws.amazon.com/dynamodb/pricing/provisioned/ and
// https://aws.amazon.com/kinesis/data-streams/pricing/ before relying on them, and override in
// limits.prices what differs.
const pricesAsOf = "2026-11"

// infrequent is how many times the standard class's price a unit of the class for infrequent
// access costs: exactly so in AWS's list for China, and about so in what others wrote of the
// rest: https://www.amazonaws.cn/en/dynamodb/pricing/
const infrequent = 1.25

// regionPrices are the list prices of a Region; 0 is one that the table does not know.
type regionPrices struct{ read, write, shard float64 }

// listPrices are in US dollars an hour, without the free tier, reservations and discounts.
var listPrices = map[string]regionPrices{
	"af-south-1":     {0.00017493, 0.00087465, 0},
	"ap-east-1":      {0.0001628, 0.000814, 0},
	"ap-northeast-1": {0.0001484, 0.000742, 0.0195},
	"ap-northeast-2": {0.00014098, 0.0007049, 0},
	"ap-northeast-3": {0.0001484, 0.000742, 0},
	"ap-south-1":     {0.000148, 0.00074, 0},
	"ap-southeast-1": {0.000148, 0.00074, 0},
	"ap-southeast-2": {0.000148, 0.00074, 0},
	"ca-central-1":   {0.000143, 0.000715, 0},
	"eu-central-1":   {0.0001586, 0.000793, 0.018},
	"eu-north-1":     {0.00014, 0.000698, 0},
	"eu-west-1":      {0.000147, 0.000735, 0.017},
	"eu-west-2":      {0.0001544, 0.000772, 0},
	"eu-west-3":      {0.0001544, 0.000772, 0},
	"me-south-1":     {0.0001617, 0.0008085, 0},
	"sa-east-1":      {0.000195, 0.000975, 0.03},
	"us-east-1":      {0.00013, 0.00065, 0.015},
	"us-east-2":      {0.00013, 0.00065, 0.015},
	"us-gov-east-1":  {0.000156, 0.00078, 0},
	"us-gov-west-1":  {0.000156, 0.00078, 0},
	"us-west-1":      {0.000145, 0.000725, 0},
	"us-west-2":      {0.00013, 0.00065, 0.015},
}

// prices finds each price in a Region's row.
var prices = map[string]func(regionPrices) float64{
	PriceReadUnit:  func(p regionPrices) float64 { return p.read },
	PriceWriteUnit: func(p regionPrices) float64 { return p.write },
	PriceShard:     func(p regionPrices) float64 { return p.shard },

	PriceInfrequentReadUnit:  func(p regionPrices) float64 { return p.read * infrequent },
	PriceInfrequentWriteUnit: func(p regionPrices) float64 { return p.write * infrequent },
}

// PriceNames are the names that limits.prices may override, sorted.
func PriceNames() []string { return slices.Sorted(maps.Keys(prices)) }

// AddedCost is what a raise adds to a month's bill, in US dollars at list prices; what is one of
// the prices or Free. The note says what the number rests on where that is not the list price
// of the Region, and is empty otherwise.
func AddedCost(region, what string, from, to float64, overrides map[string]float64) (perMonth float64, note string) {
	added := to - from
	if what == Free || !(added > 0) {
		return 0, ""
	}
	price, note := priceOf(region, what, overrides)
	return added * price * hoursAMonth, note
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
func addedCost(region string, decision Decision, places []Place, overrides map[string]float64) (perMonth float64, note string) {
	if len(places) == 0 {
		places = []Place{{}}
	}
	var notes []string
	for _, place := range places {
		cost, note := AddedCost(cmp.Or(place.Region, region), priced(decision, place), decision.From, decision.To, overrides)
		if perMonth += cost; note != "" && !slices.Contains(notes, note) {
			notes = append(notes, note)
		}
	}
	if perMonth > 0 && len(places) > 1 {
		notes = append(notes, fmt.Sprintf("paid for in %d Regions", len(places)))
	}
	return perMonth, strings.Join(notes, "; ")
}

// priced is what a raise costs by.
func priced(decision Decision, at Place) string {
	if decision.Means != Provisioned && decision.Means != AutoScaled {
		return Free
	}
	switch {
	case decision.Part.Dimension == Read && at.Infrequent:
		return PriceInfrequentReadUnit
	case decision.Part.Dimension == Read:
		return PriceReadUnit
	case decision.Part.Dimension == Write && at.Infrequent:
		return PriceInfrequentWriteUnit
	case decision.Part.Dimension == Write:
		return PriceWriteUnit
	case decision.Part.Dimension == Shards:
		return PriceShard
	}
	return Free
}

// priceOf is the price of an hour. What the table does not know costs the most that it
// costs anywhere, so that a limit on costs errs on the safe side.
func priceOf(region, what string, overrides map[string]float64) (price float64, note string) {
	if price, ok := overrides[what]; ok && price >= 0 && !math.IsInf(price, 0) {
		return price, "at the configured " + what
	}
	of, ok := prices[what]
	if !ok {
		of = func(p regionPrices) float64 { return max(p.read, p.write, p.shard) }
	}
	if price = of(listPrices[region]); price > 0 && ok {
		return price, ""
	}
	for _, p := range listPrices {
		price = max(price, of(p))
	}
	return price, fmt.Sprintf("the list prices of %s have no %.32s for %.32s: reckoned with the dearest", pricesAsOf, what, region)
}
