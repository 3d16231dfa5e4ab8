package limitraiser

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"caretaker/internal/setting"
)

// limit holds back what the limits of the whole resource, or of all, do not allow.
func (p *Plan) limit(facts Facts, memory Memory, limits Limits, now time.Time) {
	for i := range p.Decisions {
		decision := &p.Decisions[i]
		if decision.Outcome != ToRaise {
			continue
		}
		if outcome, reason, detail := bound(*decision, facts, memory, limits, now); reason != "" {
			decision.holdBack(outcome, reason, detail)
		}
	}
	p.afford(memory.Spent, limits.AddedCostAMonth)
}

func (d *Decision) holdBack(outcome Outcome, reason Reason, detail string) {
	d.Outcome, d.Reason, d.Detail = outcome, reason, detail
	d.To, d.CostAMonth = d.From, 0
}

// unitCost is what each unit of a raise adds to a month's bill.
func (d Decision) unitCost() float64 { return d.CostAMonth / (d.To - d.From) }

// afford cuts the raises to what is left of the month's limit: all by the same share, in whole
// units. What rounding down leaves goes on to the next part, the cheapest last, so that a unit
// is bought wherever there is the money for one.
func (p *Plan) afford(spent, most float64) {
	left, cost := affordable(spent, most), costOf(p.with(ToRaise))
	if cost <= left || cost == 0 {
		return
	}
	var parts []*Decision
	for i, decision := range p.Decisions {
		if decision.Outcome == ToRaise && decision.CostAMonth > 0 {
			parts = append(parts, &p.Decisions[i])
		}
	}
	slices.SortStableFunc(parts, func(a, b *Decision) int { return cmp.Compare(b.unitCost(), a.unitCost()) })
	budget := 0.0
	for _, decision := range parts {
		unit, wanted := decision.unitCost(), decision.To
		budget += decision.CostAMonth * left / cost
		decision.To = min(wanted, decision.From+math.Floor(budget/unit))
		budget -= unit * (decision.To - decision.From)
		switch of := fmt.Sprintf("$%.2f of this month's raises, of $%.2f allowed", spent, most); {
		case decision.To == decision.From:
			decision.holdBack(Refused, OverCost, fmt.Sprintf("it adds $%.2f a month to the %s", decision.CostAMonth, of))
		case decision.To < wanted:
			decision.CostAMonth = unit * (decision.To - decision.From)
			decision.Reason = CutToCost
			decision.Detail += fmt.Sprintf("; %s were wanted, for $%.2f a month beside the %s", units(wanted), unit*(wanted-decision.From), of)
		}
	}
}

// cut is the plan with a share of each raise, in whole units and at least one. The reason is
// whatever refused the whole.
func (p Plan) cut(share float64, because string) Plan {
	p.Decisions = slices.Clone(p.Decisions)
	for i, decision := range p.Decisions {
		if part := math.Floor((decision.To - decision.From) * share); decision.Outcome == ToRaise {
			p.Decisions[i].To = decision.From + max(part, 1)
			p.Decisions[i].CostAMonth = decision.unitCost() * max(part, 1)
			p.Decisions[i].Reason = CutToLimits
			p.Decisions[i].Detail += fmt.Sprintf("; %s were wanted: %s", units(decision.To), because)
		}
	}
	return p
}

// affordable is what is left to be spent, less what sums of dollars may be wrong by: the ledger
// refuses what is a hair's breadth too much.
func affordable(spent, most float64) float64 { return max(0, most-spent-1e-6) }

// bound says why a part may not be raised now; the reason is empty when it may.
func bound(decision Decision, facts Facts, memory Memory, limits Limits, now time.Time) (Outcome, Reason, string) {
	// Auto scaling's maximum can be raised while the table changes.
	if facts.Busy != "" && decision.Means != AutoScaled {
		return Waiting, IsBusy, facts.Busy
	}
	if refused, known := memory.denialOf(decision.Part); known && refused.From == decision.From && refused.To <= decision.To {
		if next := refused.At.Add(refused.rest(decision.Means)); now.Before(next) {
			return refused.Outcome, refused.Reason, fmt.Sprintf("AWS refused %s, and is not asked again before %s", units(refused.To), next.UTC().Format("2006-01-02 15:04 MST"))
		}
	}
	if reason, detail := facts.Resource.kind().budget(memory, now); reason != "" {
		return Refused, reason, detail
	}
	// The calls on the way to a goal are one raise.
	if memory.Goal > decision.From {
		return "", "", ""
	}
	if rested := memory.last().Add(limits.Cooldown.Std()); !memory.last().IsZero() && now.Before(rested) {
		return Refused, InCooldown, fmt.Sprintf("it rests until %s", rested.UTC().Format(time.TimeOnly+" MST"))
	}
	if midnight := now.UTC().Truncate(setting.Day); memory.since(midnight) >= limits.RaisesADay {
		return Refused, RaisesOfTheDay, fmt.Sprintf("limits.raisesADay is %d, and the day ends at midnight UTC", limits.RaisesADay)
	}
	return "", "", ""
}

// The rest that AWS is given after a refusal.
const (
	longestRest = time.Hour
	quotaRest   = setting.Day
)

// rest is how long AWS is not asked again for what it refused: as long as it refuses it already,
// and up to an hour. A request for a quota, which people may have to answer, rests for a day.
func (d Denial) rest(means Means) time.Duration {
	if means == Requested {
		return quotaRest
	}
	return min(d.At.Sub(d.Since), longestRest)
}
