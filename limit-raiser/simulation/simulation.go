// Package simulation plays a load against a table or a stream, once under the limit-raiser and once
// under Application Auto Scaling's target tracking.
//
// What is simulated is AWS and the clients: a table that saves what it does not use, alarms on the
// minutes that CloudWatch shows, clients that send a refused request again. What is decided, and
// when it is looked at again, is what the deployed function decides: both call limitraiser.Decide with
// the same facts and the same memory, under the same limits.
//
// It asks AWS nothing and knows no chance: the same load gives the same minutes.
package simulation

import (
	"cmp"
	"time"

	"caretaker/internal/setting"
	limitraiser "caretaker/limit-raiser"
)

// Policy is what a simulation plays.
type Policy struct {
	// Config is the limit-raiser's; what it lists is not looked at.
	Config limitraiser.Config
	// Units are what the load takes, SDK clients that send it; none are SDK.
	Units   Units
	Clients Clients
	// Present is the capacity at the beginning and Maximum the highest, in units a second.
	Present, Maximum float64
	// Region says what a unit costs.
	Region string
	// Target is the utilisation that target tracking is set to.
	Target setting.Percent
}

// Units are a kind of capacity.
type Units string

// The kinds of capacity, of tables and of streams.
const (
	Reads  Units = "read"
	Writes Units = "write"
	Shards Units = "shard"
)

// kind is what there is to know of units.
type kind struct {
	resource limitraiser.Resource
	part     limitraiser.Part
	price    string
	burst    float64
}

// kinds are by units. A stream has no burst, and no metric says how much of it is used.
var kinds = map[Units]kind{
	Reads:  {limitraiser.Resource{Kind: limitraiser.KindTable, Name: "simulated"}, limitraiser.Part{Dimension: limitraiser.Read}, limitraiser.PriceReadUnit, burstSeconds},
	Writes: {limitraiser.Resource{Kind: limitraiser.KindTable, Name: "simulated"}, limitraiser.Part{Dimension: limitraiser.Write}, limitraiser.PriceWriteUnit, burstSeconds},
	Shards: {limitraiser.Resource{Kind: limitraiser.KindStream, Name: "simulated"}, limitraiser.Part{Dimension: limitraiser.Shards}, limitraiser.PriceShard, 0},
}

// Price is the name under which the units are priced.
func (u Units) Price() string { return kinds[u].price }

// Simulation is what a load meets under the policy, and beside it under target tracking.
type Simulation struct {
	Minutes []Minute
	// Raiser and Tracking are the sums over all minutes.
	Raiser, Tracking Played
	// Raises are the raiser's, in their order.
	Raises []Raise
	// Refusals are what the raiser did not raise though the alarm was on and it was short.
	Refusals []Refusal
	// PriceNote says what the costs rest on where that is not the Region's list price.
	PriceNote string
}

// Minute is a minute of a simulation, the first being 0.
type Minute struct {
	Minute int
	// Demand is the mean of the units a second that the load would use.
	Demand           float64
	Raiser, Tracking Played
}

// Played is what became of the load in a minute, or in all of them.
type Played struct {
	// Capacity is that of the minute's end; of the sums it is the highest.
	Capacity float64
	// Throttled counts the requests refused, each attempt of them, Lost those that no attempt
	// brought through.
	Throttled, Lost float64
	// Cost is in US dollars.
	Cost float64
	// Changes counts how often the capacity was changed.
	Changes int
}

// Refusal is a raise that did not come.
type Refusal struct {
	Minute int
	Reason limitraiser.Reason
	Detail string
}

// Raise is one of the simulated raiser's.
type Raise struct {
	// Decided is the minute after which the raise was decided; a minute later it took effect.
	Decided int
	// Episode numbers the state changes of the alarms, from 1; the raises of one share it.
	Episode  int
	From, To float64
	// Why is in words.
	Why string
	// Demand is the highest of the minutes that the raise was to answer: those in DemandWindow
	// before it was decided, and those until it took effect.
	Demand float64
}

// Overshoot is how many times the true demand the capacity is after the raise.
func (r Raise) Overshoot() float64 { return r.To / r.Demand }

// How long AWS takes, in minutes.
const (
	// metricDelay is from the end of a minute until CloudWatch shows its sums.
	metricDelay = 1
	// updateDelay is from the call until the table or stream has the capacity.
	updateDelay = 1

	windowMinutes = int(limitraiser.DemandWindow / time.Minute)
)

// Simulate plays a load.
func Simulate(trace Trace, policy Policy) Simulation {
	policy.Present = cmp.Or(trace.Present, policy.Present)
	if policy.Clients == nil {
		policy.Clients = SDK
	}
	load := trace.seconds()
	raiser := newRaiser(policy, trace.begins())
	played := play(load, policy, raiser)
	tracked := play(load, policy, &targetTracking{policy: policy})
	simulation := Simulation{Raises: raiser.raises, Refusals: raiser.refusals}
	_, simulation.PriceNote = policy.unitCost()
	for i := range played {
		simulation.Minutes = append(simulation.Minutes, Minute{i, mean(load[i*60 : i*60+60]), played[i], tracked[i]})
		simulation.Raiser.add(played[i])
		simulation.Tracking.add(tracked[i])
	}
	for i, raise := range simulation.Raises {
		from := max(0, raise.Decided+1-windowMinutes)
		for m := from; m <= min(raise.Decided+updateDelay, len(played)-1); m++ {
			simulation.Raises[i].Demand = max(simulation.Raises[i].Demand, simulation.Minutes[m].Demand)
		}
	}
	return simulation
}

// unitCost is what a unit costs a month.
func (p Policy) unitCost() (cost float64, note string) {
	return limitraiser.AddedCost(p.Region, p.Units.Price(), 0, 1, p.Config.Limits.Prices)
}

func (p *Played) add(minute Played) {
	p.Capacity = max(p.Capacity, minute.Capacity)
	p.Throttled += minute.Throttled
	p.Lost += minute.Lost
	p.Cost += minute.Cost
	p.Changes += minute.Changes
}

// scaler decides after each minute on the capacity, from the minutes that CloudWatch shows. While the
// capacity is being changed it can be asked for nothing else.
type scaler interface {
	decide(minute int, seen []measured, capacity float64, busy bool) float64
}

// measured is a minute as CloudWatch shows it, with the capacity that was provisioned.
type measured struct {
	limitraiser.Sample
	capacity float64
}

// utilisation is the share of the capacity that was consumed; bursts bring it over 1.
func (m measured) utilisation() float64 { return m.Consumed / 60 / m.capacity }

// play runs a table through the load, a second at a time.
func play(load []float64, policy Policy, scaler scaler) (played []Played) {
	monthly, _ := policy.unitCost()
	table := newTable(policy.Present, kinds[policy.Units].burst, policy.Clients)
	var seen []measured
	wanted, readyIn := policy.Present, 0
	for minute := range len(load) / 60 {
		now := measured{capacity: table.capacity}
		lost := 0.0
		for _, demand := range load[minute*60 : minute*60+60] {
			served, throttled, gone := table.second(demand)
			now.Consumed += served
			now.Requests += served
			now.Throttled += throttled
			lost += gone
		}
		seen = append(seen, now)
		p := Played{Throttled: now.Throttled, Lost: lost, Cost: table.capacity * monthly / limitraiser.HoursAMonth / 60}
		busy := readyIn > 0
		to := scaler.decide(minute, seen[:max(0, len(seen)-metricDelay)], table.capacity, busy)
		switch {
		case busy:
			if readyIn--; readyIn == 0 {
				table.resize(wanted)
			}
		case to != table.capacity:
			wanted, readyIn = to, updateDelay
			p.Changes++
		}
		p.Capacity = table.capacity
		played = append(played, p)
	}
	return played
}

// onFor says whether so many of the last so many minutes are such.
func onFor(seen []measured, of, in int, such func(measured) bool) bool {
	count := 0
	for _, m := range seen[max(0, len(seen)-in):] {
		if such(m) {
			count++
		}
	}
	return count >= of
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, value := range values {
		sum += value
	}
	return sum / float64(len(values))
}
