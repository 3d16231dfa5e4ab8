package limitraiser

import (
	"cmp"
	"math"
	"time"

	"caretaker/internal/setting"
)

// Policy is what a simulation plays.
type Policy struct {
	Sizing Sizing
	Limits Limits
	// Present is the capacity at the beginning and Maximum the highest, in units a second.
	Present, Maximum float64
	// AlarmAbove is the share of the capacity over which the alarm calls, two minutes in a row.
	AlarmAbove setting.Percent
	// Region and Price, one of the names of prices, say what a unit costs.
	Region, Price string
	// Target is the utilisation that target tracking is set to.
	Target setting.Percent
}

// Simulation is what a load meets under the policy, and beside it under target tracking.
type Simulation struct {
	Minutes []Minute
	// Raiser and Tracking are the sums over all minutes.
	Raiser, Tracking Played
	// Raises are the raiser's, in their order.
	Raises []SimulatedRaise
	// Refusals are what the raiser would have raised, or looked into, but for a limit.
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
	Reason string
}

// SimulatedRaise is a raise of the simulated raiser.
type SimulatedRaise struct {
	// Decided is the minute after which the raise was decided; a minute later it took effect.
	Decided int
	// Episode numbers the state changes of the alarm, from 1; the raises of one share it.
	Episode int
	Step    Step
	// Demand is the highest of the minutes that the raise was to answer: those in DemandWindow
	// before it was decided, and those until it took effect.
	Demand float64
}

// Overshoot is how many times the true demand the capacity is after the raise.
func (r SimulatedRaise) Overshoot() float64 { return r.Step.To / r.Demand }

// How long AWS takes, in minutes.
const (
	// metricDelay is from the end of a minute until CloudWatch shows its sums.
	metricDelay = 1
	// updateDelay is from UpdateTable until the table has the capacity.
	updateDelay = 1
	// lookDelay is from a raise or a refusal until the raiser looks again.
	lookDelay = 5

	windowMinutes = int(DemandWindow / time.Minute)
)

// Simulate plays a load against a table whose clients send a throttled request again as AWS's
// SDKs do, once under the policy and once under target tracking. It knows no chance: the same
// load gives the same minutes.
func Simulate(trace Trace, policy Policy) Simulation {
	policy.Present = cmp.Or(trace.Present, policy.Present)
	load := trace.seconds()
	raiser := &simulatedRaiser{policy: policy}
	played := play(load, policy, raiser)
	tracked := play(load, policy, &targetTracking{policy: policy})
	simulation := Simulation{Raises: raiser.raises, Refusals: raiser.refusals}
	_, simulation.PriceNote = AddedCost(policy.Region, policy.Price, 0, 1, policy.Limits.Prices)
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

func (p *Played) add(minute Played) {
	p.Capacity = max(p.Capacity, minute.Capacity)
	p.Throttled += minute.Throttled
	p.Lost += minute.Lost
	p.Cost += minute.Cost
	p.Changes += minute.Changes
}

// scaler decides after each minute on the capacity, from the minutes that CloudWatch shows.
type scaler interface {
	decide(minute int, seen []measured, capacity float64) float64
}

// measured is a minute as CloudWatch shows it, with the capacity that was provisioned.
type measured struct {
	Sample
	capacity float64
}

// utilisation is the share of the capacity that was consumed; bursts bring it over 1.
func (m measured) utilisation() float64 { return m.Consumed / 60 / m.capacity }

// play runs a table through the load, a second at a time.
func play(load []float64, policy Policy, scaler scaler) (played []Played) {
	monthly, _ := AddedCost(policy.Region, policy.Price, 0, 1, policy.Limits.Prices)
	table := newTable(policy.Present)
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
		p := Played{Throttled: now.Throttled, Lost: lost, Cost: table.capacity * monthly / hoursAMonth / 60}
		if readyIn > 0 {
			if readyIn--; readyIn == 0 {
				table.resize(wanted)
			}
		} else if to := scaler.decide(minute, seen[:max(0, len(seen)-metricDelay)], table.capacity); to != table.capacity {
			wanted, readyIn = to, updateDelay
			p.Changes++
		}
		p.Capacity = table.capacity
		played = append(played, p)
	}
	return played
}

// simulatedRaiser is the raiser's policy: an alarm over a share of the capacity, which acts when
// it goes into ALARM, and a look at it after each raise or refusal.
type simulatedRaiser struct {
	policy  Policy
	alarmed bool
	// episode counts the state changes; lookAt is the minute of the next look, 0 when there is
	// no episode.
	episode, lookAt int
	raises          []SimulatedRaise
	refusals        []Refusal
	// added is what the raises add to a month's bill.
	added float64
}

func (r *simulatedRaiser) decide(minute int, seen []measured, capacity float64) float64 {
	alarmed := inARow(seen, 2, func(m measured) bool { return m.utilisation() > float64(r.policy.AlarmAbove)/100 })
	began := alarmed && !r.alarmed
	r.alarmed = alarmed
	switch {
	case r.lookAt == 0 && began:
		r.episode++
	case r.lookAt == 0 || minute < r.lookAt:
		return capacity
	case !alarmed:
		r.lookAt = 0
		return capacity
	}
	r.lookAt = minute + lookDelay
	step, refusal := r.size(minute, seen, capacity)
	if refusal != "" {
		r.refusals = append(r.refusals, Refusal{minute, refusal})
		return capacity
	}
	r.raises = append(r.raises, SimulatedRaise{Decided: minute, Episode: r.episode, Step: step})
	return step.To
}

// size says how far to raise, or why not.
func (r *simulatedRaiser) size(minute int, seen []measured, capacity float64) (step Step, refusal string) {
	limits, today := r.policy.Limits, 0
	for _, raise := range r.raises {
		if raise.Decided/(24*60) == minute/(24*60) {
			today++
		}
		if time.Duration(minute-raise.Decided)*time.Minute < limits.Cooldown.Std() {
			return Step{}, "it was raised less than " + limits.Cooldown.String() + " ago"
		}
	}
	if today >= limits.RaisesADay {
		return Step{}, "it was raised as often as is allowed in a day"
	}
	var samples []Sample
	for _, m := range seen[max(0, len(seen)-windowMinutes):] {
		samples = append(samples, m.Sample)
	}
	step = Size(capacity, r.policy.Maximum, EstimateDemand(samples, r.policy.Sizing.RetryFactor), r.policy.Sizing)
	if step.To == step.From {
		return Step{}, step.Reason
	}
	cost, _ := AddedCost(r.policy.Region, r.policy.Price, step.From, step.To, limits.Prices)
	if left := affordable(r.added, limits.AddedCostAMonth); cost > left {
		unit := cost / (step.To - step.From)
		if step.To = step.From + math.Floor(left/unit); step.To == step.From {
			return Step{}, "it would cost more than all raises of a month may"
		}
		cost = unit * (step.To - step.From)
		step.Reason += ", " + string(CutToCost)
	}
	r.added += cost
	return step, ""
}

// targetTracking is what Application Auto Scaling publishes of its rules for tables: up to the
// target after two minutes over it, down to it after 15 minutes more than 20 points under it, and
// never under the capacity of the beginning:
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/AutoScaling.html
type targetTracking struct {
	policy Policy
	// lowered are the minutes of the decreases, of which DynamoDB allows four at once and
	// then one an hour:
	// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
	lowered []int
}

func (t *targetTracking) decide(minute int, seen []measured, capacity float64) float64 {
	target := float64(t.policy.Target) / 100
	if len(seen) == 0 {
		return capacity
	}
	consumed := seen[len(seen)-1].Consumed / 60
	to := min(max(math.Ceil(consumed/target), t.policy.Present), max(t.policy.Maximum, t.policy.Present))
	if to > capacity && inARow(seen, 2, func(m measured) bool { return m.utilisation() > target }) {
		return to
	}
	if to < capacity && inARow(seen, 15, func(m measured) bool { return m.utilisation() < target-0.2 }) {
		if n := len(t.lowered); n < 4 || minute-t.lowered[n-1] >= 60 {
			t.lowered = append(t.lowered, minute)
			return to
		}
	}
	return capacity
}

// inARow says whether the last so many minutes are all such.
func inARow(seen []measured, minutes int, such func(measured) bool) bool {
	if len(seen) < minutes {
		return false
	}
	for _, m := range seen[len(seen)-minutes:] {
		if !such(m) {
			return false
		}
	}
	return true
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, value := range values {
		sum += value
	}
	return sum / float64(len(values))
}
