package warmer

import "time"

// Cost is what keeping a function warm costs in a month, in US dollars at list prices.
type Cost struct {
	// Holds is for the time that pings run, Requests for each of them, Inits for environments that are replaced.
	Holds    float64 `json:"holds"`
	Requests float64 `json:"requests"`
	Inits    float64 `json:"inits"`
	// Provisioned is what provisioned concurrency would cost for the same environments at the same times.
	Provisioned float64 `json:"provisioned"`
}

// Ping is what pinging costs.
func (c Cost) Ping() float64 { return c.Holds + c.Requests + c.Inits }

// Plus adds costs up.
func (c Cost) Plus(other Cost) Cost {
	return Cost{c.Holds + other.Holds, c.Requests + other.Requests, c.Inits + other.Inits, c.Provisioned + other.Provisioned}
}

// Assumed is what no reading says of a function.
type Assumed struct {
	// Hold is how long a ping runs, Init how long an init takes.
	Hold, Init time.Duration
	// Lives is how long Lambda keeps an environment that is in use. It does not promise any time; a few hours are what
	// is seen.
	Lives time.Duration
}

// Assumption is what a cost is reckoned with where nothing was measured.
var Assumption = Assumed{Hold: firstHold, Init: time.Second, Lives: 2 * time.Hour}

// PricesOf is the Region whose list prices are reckoned with. Most Regions have the same; where they are reckoned
// with for another, it is said.
const PricesOf = "us-east-1"

// List prices of PricesOf, by the second and GB or by request. Inits are billed like any time since August 2025.
// https://aws.amazon.com/lambda/pricing/
const (
	priceGBs            = 0.0000166667
	priceGBsArm         = 0.0000133334
	priceRequest        = 0.20 / 1e6
	priceProvisioned    = 0.0000041667
	priceProvisionedArm = 0.0000033334
)

const month = 730 * time.Hour

// CostAMonth is what a target costs in a month of runs so far apart, from the counts of its windows.
func (t Target) CostAMonth(calendar Calendar, every time.Duration, from time.Time, assumed Assumed) Cost {
	if every <= 0 {
		return Cost{}
	}
	average := t.average(calendar, from)
	gb, second, provisioned := float64(t.MemoryMB)/1024, priceGBs, priceProvisioned
	if t.Arm {
		second, provisioned = priceGBsArm, priceProvisionedArm
	}
	pings := average * float64(month) / float64(every)
	hold := within(assumed.Hold, t.Timeout)
	return Cost{
		Holds:       pings * hold.Seconds() * gb * second,
		Requests:    pings * priceRequest,
		Inits:       average * float64(month) / float64(assumed.Lives) * assumed.Init.Seconds() * gb * second,
		Provisioned: average * month.Seconds() * gb * provisioned,
	}
}

// average is how many environments are kept warm on average, over the four weeks from then on.
func (t Target) average(calendar Calendar, from time.Time) float64 {
	const step = 5 * time.Minute
	sum, steps := 0, int(28*24*time.Hour/step)
	for n := range steps {
		_, count := highest(t.Counts, calendar, from.Add(time.Duration(n)*step))
		sum += count
	}
	return float64(sum) / float64(steps)
}
