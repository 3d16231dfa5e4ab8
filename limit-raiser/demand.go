package limitraiser

import (
	"fmt"
	"math"
	"time"
)

// DemandWindow is how far back the samples go that a raise is sized by: over the two minutes in a
// row that make an alarm, the minute that CloudWatch lags behind, and a little more.
const DemandWindow = 5 * time.Minute

// Sample is one minute of a resource's load, as CloudWatch counts it.
type Sample struct {
	At time.Time
	// Consumed are the units consumed in that minute, Requests the requests that succeeded,
	// Throttled those that did not for want of capacity: sums over the minute.
	Consumed, Requests, Throttled float64
}

// Demand is what a resource would have used if nothing had been throttled.
type Demand struct {
	// PerSecond is in the resource's units a second.
	PerSecond float64
	// Least is what it would be if clients sent a throttled request MostAttempts times; 0 where
	// that is not known.
	Least float64
	// Known is false when there were no samples to reckon from.
	Known bool
	// Detail says in words how it was reckoned.
	Detail string
}

// EstimateDemand reckons what the load would have used: the units consumed in the heaviest
// minute and, for the throttled requests of that minute, their units divided by retryFactor, as
// a client sends a throttled request so often before it gives up.
//
// It takes the heaviest minute since the others say less than there was: one that is not over
// yet, one before the load grew, one whose throttled clients wait to send again. A minute that
// CloudWatch leaves out had no load. What a request takes is the mean of all minutes, and 1
// unit where none succeeded. A negative or impossible count is none.
//
// Least is the same for clients that send a throttled request MostAttempts times, or retryFactor
// times where that is more.
//
// A client that sends each request at most r times, and of whose demand D a table serves C,
// is throttled D-C times r and once or more for what does get through. So with r as
// retryFactor this is never under the demand, up to 18 % over it for three attempts, and
// exact where nothing is throttled or nearly everything.
func EstimateDemand(samples []Sample, retryFactor float64) Demand {
	if len(samples) == 0 {
		return Demand{Detail: "there are no metrics"}
	}
	if !(retryFactor >= 1) || math.IsInf(retryFactor, 0) {
		retryFactor = 1
	}
	unit := unitsPerRequest(samples)
	demand := Demand{Known: true, PerSecond: -1}
	for _, s := range samples {
		consumed, throttled := count(s.Consumed)/60, count(s.Throttled)/60
		perSecond := consumed + throttled*unit/retryFactor
		demand.Least = max(demand.Least, served(consumed, throttled*unit, max(retryFactor, MostAttempts)))
		if perSecond <= demand.PerSecond {
			continue
		}
		demand.PerSecond = perSecond
		demand.Detail = fmt.Sprintf("consumed %.4g/s", consumed)
		if throttled > 0 {
			demand.Detail += fmt.Sprintf(" + throttled %.4g/s x %.3g units / %g attempts", throttled, unit, retryFactor)
		}
	}
	if demand.Least < demand.PerSecond {
		demand.Detail += fmt.Sprintf("; %.4g/s if clients send %g times", demand.Least, max(retryFactor, MostAttempts))
	}
	return demand
}

// unitsPerRequest is what a successful request takes in the mean: half a unit for an eventually
// consistent read, several for a large item. Minutes with only one of the two counts, which
// come from different metrics, do not count.
func unitsPerRequest(samples []Sample) float64 {
	var consumed, requests float64
	for _, s := range samples {
		if count(s.Consumed) > 0 && count(s.Requests) >= 1 {
			consumed += s.Consumed
			requests += s.Requests
		}
	}
	if requests == 0 {
		return 1
	}
	return consumed / requests
}

// count is a count as it can be: no number, infinitely many and fewer than none are none.
func count(n float64) float64 {
	if n > 0 && n < maxCount {
		return n
	}
	return 0
}

// maxCount is more than any metric counts in a minute, and so few that sums stay finite.
const maxCount = 1e15

// MostAttempts is how often any of AWS's SDKs sends a throttled request in all, as boto3 does those
// of DynamoDB: https://github.com/boto/botocore/blob/develop/botocore/data/_retry.json
const MostAttempts = 10

// served is the load of which so much is consumed, and so much refused, at every attempt alike, where
// clients send each request up to so many times: of all attempts a share p succeeds, and so of the
// requests 1 - (1-p)^attempts.
func served(consumed, refused, attempts float64) float64 {
	if refused == 0 {
		return consumed
	}
	p := consumed / (consumed + refused)
	if p < 1e-9 {
		return refused / attempts
	}
	return consumed / (1 - math.Pow(1-p, attempts))
}
