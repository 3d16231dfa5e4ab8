package limitraiser

import (
	"fmt"
	"math"
	"strconv"
)

// unknownPercent is the increase of a raise that has no metrics to go by, where Sizing.Percent is off.
const unknownPercent = 50

// mostOvershoot bounds one raise to so many times the demand that it may be for. How often clients
// send a refused request no metric says, and the fewer times it is taken to be, the more demand the
// same refusals make: three where there are ten would take a table to three times what it needs. It
// is less than twice since the reckoning errs by some percent while a load changes. What the bound
// cuts, the next look finds, by then in what is consumed.
const mostOvershoot = 1.9

// Increase is how far a resource is to be raised.
type Increase struct {
	// From is the present capacity, To what is asked for; equal when nothing is to be raised.
	From, To float64
	// AtMaximum says that the maximum cut the increase, or left nothing to raise.
	AtMaximum bool
	// Reason says in words why so much.
	Reason string
}

// Size says how far to raise a capacity: by percent, by units, or to the demand and its headroom,
// of which the largest wins, in whole units rounded up. It never lowers, never goes over maximum,
// and takes no more than MaxFactor times the capacity in one raise, nor, but by units, more than
// mostOvershoot times the least that the demand may be. With ToDemand and a known
// demand that the present capacity meets there is nothing to raise: a second alarm about the
// same need adds nothing. A maximum of 0 raises nothing.
func Size(present, maximum float64, demand Demand, cfg Sizing) Increase {
	stay := Increase{From: present, To: present}
	if !(present > 0) || math.IsInf(present, 0) {
		stay.Reason = "there is no capacity to raise"
		return stay
	}
	if !(maximum > 0) {
		stay.Reason = "no maximum is configured"
		return stay
	}
	want, reason := wanted(present, demand, cfg)
	if want <= present {
		stay.Reason = reason
		return stay
	}
	if most := math.Ceil(present * cfg.MaxFactor); cfg.MaxFactor > 1 && want > most {
		want, reason = most, reason+fmt.Sprintf(", of which one raise takes at most %gx", cfg.MaxFactor)
	}
	if most := math.Floor(maximum); want > most {
		stay.To, stay.AtMaximum = max(present, most), true
		stay.Reason = reason + ", cut at the maximum of " + units(most)
		return stay
	}
	return Increase{From: present, To: want, Reason: reason}
}

// wanted is where the policy wants to go, whatever bounds it.
func wanted(present float64, demand Demand, cfg Sizing) (want float64, reason string) {
	known := demand.Known && demand.PerSecond >= 0 && !math.IsInf(demand.PerSecond, 0)
	percent := max(cfg.Percent, 0)
	if !known && percent == 0 {
		percent = unknownPercent
	}
	want, reason = present, "no step is configured"
	most := math.Inf(1)
	if known && cfg.ToDemand {
		toDemand := whole(demand.PerSecond * (1 + float64(cfg.Headroom)/100))
		reason = fmt.Sprintf("to the demand of %s and %s headroom", units(demand.PerSecond), cfg.Headroom)
		if demand.Least > 0 {
			most = whole(demand.Least * mostOvershoot)
		}
		if toDemand <= present {
			return present, fmt.Sprintf("the demand of %s and %s headroom are met", units(demand.PerSecond), cfg.Headroom)
		}
		if most <= present {
			return present, fmt.Sprintf("the demand is %s, or as little as %s if clients send %d times, of which there is %g times as much",
				units(demand.PerSecond), units(demand.Least), MostAttempts, mostOvershoot)
		}
		if want = min(toDemand, most); toDemand > most {
			reason += fmt.Sprintf(", of which one raise takes %g times the %s that clients which send %d times would need", mostOvershoot, units(demand.Least), MostAttempts)
		}
	}
	if byPercent := min(whole(present*(1+percent/100)), most); percent > 0 && byPercent > want {
		want, reason = byPercent, fmt.Sprintf("by %g%%", percent)
		if !known {
			reason += " for lack of metrics"
		}
	}
	if byUnits := whole(present + cfg.Units); byUnits > want {
		want, reason = byUnits, fmt.Sprintf("by %s units", units(cfg.Units))
	}
	return want, reason
}

// whole rounds up to whole units, and lets no error of floating point make one more.
func whole(units float64) float64 { return math.Ceil(units - 1e-9*math.Abs(units)) }

// units writes a number of units for people.
func units(n float64) string {
	if n == math.Trunc(n) {
		return strconv.FormatFloat(n, 'f', 0, 64)
	}
	return strconv.FormatFloat(n, 'f', 1, 64)
}
