package limitraiser

import (
	"fmt"
	"slices"
	"time"

	"caretaker/internal/setting"
)

// Outcome is what is decided for a part, and after the run what became of it.
type Outcome string

// The outcomes. A plan knows all but Raised, WouldRaise and Failed.
const (
	// ToRaise is to be raised; what comes of it is Raised, or in a dry run WouldRaise.
	ToRaise    Outcome = "to raise"
	Raised     Outcome = "raised"
	WouldRaise Outcome = "would raise"
	// Met needs no raise.
	Met Outcome = "met"
	// AtMaximum is as high as it may get, and still short.
	AtMaximum Outcome = "at the maximum"
	// Refused is short, and may not be raised, or not now.
	Refused Outcome = "refused"
	// Waiting is short, and AWS or another run is at work on the resource.
	Waiting Outcome = "waiting"
	Failed  Outcome = "failed"
)

// Reason says why, in the words of the report; Decision.Detail has the rest.
type Reason string

// The reasons.
const (
	IsShort        Reason = "short"
	NotShort       Reason = "not short"
	NeedMet        Reason = "the need is met"
	CallsEarly     Reason = "the need is met, and the alarm calls all the same"
	NotListed      Reason = "not listed in the file"
	NoMaximum      Reason = "no maximum is set"
	NothingToRaise Reason = "nothing that a call could raise"
	MaximumReached Reason = "the maximum is reached"
	InCooldown     Reason = "raised too recently"
	RaisesOfTheDay Reason = "the day's raises are used up"
	OverCost       Reason = "over limits.addedCostAMonth"
	CutToCost      Reason = "cut to what addedCostAMonth leaves"
	CutToLimits    Reason = "cut to what AWS's limits leave"
	ShardBudget    Reason = "AWS's ten shard updates a day are used up"
	FloorReached   Reason = "the unreserved concurrency would fall too low"
	AlreadyAsked   Reason = "a request is open already"
	NotApproved    Reason = "AWS did not approve it"
	NoMetrics      Reason = "no metrics tell how far"
	IsBusy         Reason = "being changed"
	InFlight       Reason = "another raise is in flight"
	DryRun         Reason = "dry run"
	AWSRefused     Reason = "AWS refuses it"
	NotTaken       Reason = "AWS does not take the value"
	Unclear        Reason = "AWS's answer was lost"
	CallFailed     Reason = "the call failed"
	StaysOn        Reason = "the alarm stays on all the same"
	AlarmTooLow    Reason = "the alarm calls before anything is to be raised"
)

// Decision is what happens to one part of a resource, and why.
type Decision struct {
	Part    Part    `json:"part"`
	Means   Means   `json:"means"`
	Outcome Outcome `json:"outcome"`
	Reason  Reason  `json:"reason"`
	// Detail is in words.
	Detail string `json:"detail,omitempty"`
	// From is what there is, To what it is raised to; equal where nothing is raised.
	From float64 `json:"from"`
	To   float64 `json:"to"`
	// CostAMonth is what the raise adds to a month's bill, in US dollars at list prices; 0 where
	// what is raised is priced by its use.
	CostAMonth float64 `json:"costAMonth,omitempty"`
	// Short says that the alarm is about this part.
	Short bool `json:"short,omitempty"`
	// Guess says that no metrics told how far to go.
	Guess bool `json:"guess,omitempty"`
}

// Plan is what a run would do about a resource: a decision for each part of it.
type Plan struct {
	Resource Resource `json:"resource"`
	// Decisions are in the order of the parts.
	Decisions []Decision `json:"decisions"`
	// Goal is what a raise of several calls is on its way to; 0 when one call is enough.
	Goal float64 `json:"goal,omitempty"`
	// At is when it was made.
	At time.Time `json:"-"`
}

// inFlight is the plan of a resource that another run holds.
func inFlight(shortage Shortage, at time.Time) Plan {
	plan := Plan{Resource: shortage.Resource, At: at}
	for _, part := range shortage.Parts {
		plan.Decisions = append(plan.Decisions, Decision{Part: part, Outcome: Waiting, Reason: InFlight, Short: true})
	}
	return plan
}

// Decide makes the plan. It knows no clock and no network.
func Decide(facts Facts, memory Memory, cfg Config, region string, now time.Time) Plan {
	plan := Plan{Resource: facts.Resource, At: now}
	for _, current := range facts.withHolders() {
		decision := decide(current, facts, memory, cfg)
		if decision.Outcome == ToRaise {
			decision, plan.Goal = facts.Resource.kind().oneCall(decision, memory.Goal)
			cost, note := facts.Resource.addedCost(region, decision, current.Places, cfg.Limits.Prices)
			if decision.CostAMonth = cost; note != "" {
				decision.Detail += "; " + note
			}
		}
		plan.Decisions = append(plan.Decisions, decision)
	}
	plan.limit(facts, memory, cfg.Limits, now)
	return plan
}

// decide is how far one part goes by itself, whatever the limits of the whole resource say.
func decide(current Current, facts Facts, memory Memory, cfg Config) Decision {
	decision := Decision{Part: current.Part, Means: current.Means, From: current.Now, To: current.Now, Short: current.Short}
	because := func(outcome Outcome, reason Reason, detail string) Decision {
		decision.Outcome, decision.Reason, decision.Detail = outcome, reason, detail
		return decision
	}
	samples := memory.unanswered(current.Samples)
	if current.Silent && memory.Measured {
		samples = []Sample{{}} // CloudWatch has no metrics of what is idle
	}
	demand := EstimateDemand(samples, cfg.Sizing.RetryFactor)
	over := overShare(current, demand, facts.AlarmAbove)
	if outcome, reason, detail := facts.unasked(current, demand, over, cfg.Sizing); reason != "" {
		return because(outcome, reason, detail)
	}
	increase := Size(current.Now, current.Max, demand, cfg.Sizing)
	detail := increase.Reason
	if demand.Known && demand.Detail != "" {
		detail += " (" + demand.Detail + ")"
	}
	// An alarm over five minutes is still on for a while after the raise that cures it.
	if cured := demand.Known && !over && !refuse(samples) && facts.AlarmAbove > 0; cured && memory.Again && increase.To > increase.From {
		return because(Met, NeedMet, fmt.Sprintf("since this alarm's raise the demand of %s is under its share of %s", units(demand.PerSecond), facts.AlarmAbove))
	}
	decision.To = increase.To
	if increase.To > increase.From {
		to, note := facts.Resource.kind().room(increase, facts, memory, cfg.Sizing)
		if decision.To = to; to <= increase.From {
			return because(Refused, FloorReached, note)
		}
		detail += note
	}
	// The calls of a stream on the way to its goal are one guess.
	decision.Guess = decision.To > decision.From && !demand.Known && !(memory.Goal > decision.From)
	switch {
	case decision.Guess && memory.guessed(current):
		decision.To = decision.From
		return because(Refused, NoMetrics, "this alarm's one step without metrics was made, and another would be a guess on top of a guess: check whether the capacity is short at all")
	case decision.To > decision.From && facts.Unapproved > 0 && decision.To >= facts.Unapproved:
		decision.To = decision.From
		return because(Refused, NotApproved, fmt.Sprintf("AWS did not approve the request for %s, and is asked again after a day", units(facts.Unapproved)))
	case decision.To > decision.From:
		return because(ToRaise, IsShort, detail)
	case increase.AtMaximum:
		return because(AtMaximum, MaximumReached, detail+current.holds())
	}
	if advice := early(facts.AlarmAbove, cfg.Sizing); over && advice != "" {
		return because(Met, CallsEarly, fmt.Sprintf("%s, though its alarm calls above %s: %s", detail, facts.AlarmAbove, advice))
	}
	return because(Met, NeedMet, detail)
}

// unasked says why nothing is to be reckoned for a part; the reason is empty where something is.
func (f Facts) unasked(current Current, demand Demand, over bool, sizing Sizing) (Outcome, Reason, string) {
	switch {
	case !current.Short && !over:
		return Met, NotShort, "the alarm does not name it, and its own use is under the alarm's share"
	case !current.Short && (current.Means == NoMeans || current.Max <= current.Now):
		return Met, NotShort, "the alarm does not name it; its own use is over the alarm's share, and it may go no higher"
	case f.Unlisted:
		return Refused, NotListed, "list it in caretaker.yaml with a maximum to have it raised"
	case current.Means == NoMeans:
		return Refused, NothingToRaise, current.Note + current.holds()
	case current.Max <= 0:
		return Refused, NoMaximum, "set one in caretaker.yaml to have it raised" + current.holds()
	case f.OpenRequest > 0:
		return Refused, AlreadyAsked, fmt.Sprintf("AWS has yet to answer the request for %s", units(f.OpenRequest))
	case demand.Known && demand.PerSecond == 0:
		return Met, NeedMet, "there is no load"
	case current.Means == AutoScaled && current.InUse < current.Now && !(demand.Known && sizing.ToDemand):
		return Met, NeedMet, fmt.Sprintf("auto scaling provides %s and may go to %s by itself", units(current.InUse), units(current.Now))
	}
	return "", "", ""
}

// overShare says that a part's own metrics are over the share at which its own alarm calls. One that the
// alarm does not name is then raised with the others in one call.
func overShare(current Current, demand Demand, above setting.Percent) bool {
	if above == 0 {
		above = 100
	}
	return demand.Known && demand.PerSecond > current.Now*float64(above)/100
}

// with are the decisions of an outcome.
func (p Plan) with(outcome Outcome) []Decision {
	return p.those(func(d Decision) bool { return d.Outcome == outcome })
}

// but is the plan without the decisions of an outcome.
func (p Plan) but(outcome Outcome) Plan {
	p.Decisions = p.those(func(d Decision) bool { return d.Outcome != outcome })
	return p
}

// lingering is the plan with its short parts said to be no cure for the alarm, where there is
// nothing to raise of any of them.
func (p Plan) lingering() Plan {
	short := p.those(func(d Decision) bool { return d.Short })
	if slices.ContainsFunc(short, func(d Decision) bool { return d.Outcome != Met && d.Outcome != Waiting }) {
		return p
	}
	p.Decisions = slices.Clone(p.Decisions)
	for i, decision := range p.Decisions {
		if !decision.Short {
			continue
		}
		if decision.Reason == CallsEarly {
			p.Decisions[i].Reason = AlarmTooLow
			continue
		}
		p.Decisions[i].Reason, p.Decisions[i].Detail = StaysOn, fmt.Sprintf("%s: %s", decision.Reason, decision.Detail)
	}
	return p
}

// because are the decisions for a reason.
func (p Plan) because(reason Reason) []Decision {
	return p.those(func(d Decision) bool { return d.Reason == reason })
}

func (p Plan) those(match func(Decision) bool) []Decision {
	var found []Decision
	for _, decision := range p.Decisions {
		if match(decision) {
			found = append(found, decision)
		}
	}
	return found
}

// become is the plan with all decisions of one outcome turned into another.
func (p Plan) become(from, to Outcome, reason Reason) Plan {
	p.Decisions = slices.Clone(p.Decisions)
	for i, decision := range p.Decisions {
		if decision.Outcome == from {
			p.Decisions[i].Outcome, p.Decisions[i].Reason = to, reason
			if to != WouldRaise {
				p.Decisions[i].To, p.Decisions[i].CostAMonth = decision.From, 0
			}
		}
	}
	return p
}
