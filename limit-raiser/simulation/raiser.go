package simulation

import (
	"fmt"
	"slices"
	"time"

	limitraiser "caretaker/limit-raiser"
)

// raiser is the deployed limit-raiser: the alarms that call it, its looks, and what it remembers.
type raiser struct {
	policy Policy
	kind   kind
	begins time.Time
	alarms []*alarm
	looks  []look
	memory limitraiser.Memory
	// spent is what the raises of a UTC month add to a month's bill.
	spent    map[string]float64
	incident int
	raises   []Raise
	refusals []Refusal
}

// alarm is one that is deployed for the capacity.
type alarm struct {
	name string
	// over says that a minute is over the threshold.
	over func(measured) bool
	on   bool
	// changed is the minute in which it came on last.
	changed int
}

// look is the raiser's message to itself: about the episode of the alarm that began in that minute.
type look struct {
	alarm      *alarm
	began, due int
}

// newRaiser has the alarms that the stack deploys: on the share that is used, where a metric says
// what there is, and on what is refused.
func newRaiser(policy Policy, begins time.Time) *raiser {
	r := &raiser{policy: policy, kind: kinds[policy.Units], begins: begins, spent: map[string]float64{}}
	if above := policy.Config.AlarmAbove; policy.Units != Shards {
		r.alarms = append(r.alarms, &alarm{name: "share", over: func(m measured) bool { return 100*m.utilisation() > float64(above) }})
	}
	r.alarms = append(r.alarms, &alarm{name: "refusals", over: func(m measured) bool { return m.Throttled > 0 }})
	return r
}

// moment is what the function finds when it is called.
type moment struct {
	minute   int
	seen     []measured
	capacity float64
	busy     bool
}

// decide is what an alarm's change brings to the function, and then what its looks do that are due.
func (r *raiser) decide(minute int, seen []measured, capacity float64, busy bool) float64 {
	to := capacity
	answer := func(a *alarm, began int) {
		if raised := r.answer(a, began, moment{minute, seen, capacity, busy || to != capacity}); raised > capacity {
			to = raised
		}
	}
	due := slices.Clone(r.looks)
	r.looks = slices.DeleteFunc(r.looks, func(l look) bool { return l.due <= minute })
	calm := !slices.ContainsFunc(r.alarms, func(a *alarm) bool { return a.on })
	for _, a := range r.alarms {
		was := a.on
		a.on = onFor(seen, limitraiser.CallsOfMinutes, limitraiser.CallsInMinutes, a.over)
		if !a.on || was {
			continue
		}
		if calm {
			calm = false
			r.incident++
		}
		a.changed = minute
		answer(a, minute)
	}
	for _, l := range due {
		if l.due <= minute && l.alarm.on && l.alarm.changed == l.began {
			answer(l.alarm, l.began)
		}
	}
	return to
}

// answer does what a visit of the function does, and is the capacity that it asks AWS for.
func (r *raiser) answer(a *alarm, began int, now moment) float64 {
	at := r.begins.Add(time.Duration(now.minute+1) * time.Minute)
	month, episode := at.Format("2006-01"), fmt.Sprint(a.name, began)
	memory := r.memory.In(episode)
	memory.Spent = r.spent[month]
	plan := limitraiser.Decide(r.facts(at, now), memory, r.policy.Config, r.policy.Region, at)
	if after, due := plan.LookAfter(limitraiser.Options{}.WithDefaults()); due {
		r.looks = append(r.looks, look{a, began, now.minute + int(after/time.Minute)})
	}
	decision := &plan.Decisions[0]
	switch decision.Outcome {
	case limitraiser.ToRaise:
		decision.Outcome = limitraiser.Raised
		r.memory = r.memory.After(plan, episode, at)
		r.spent[month] += decision.CostAMonth
		r.raises = append(r.raises, Raise{Decided: now.minute, Episode: r.incident, From: decision.From, To: decision.To, Why: decision.Detail})
		return decision.To
	case limitraiser.Refused, limitraiser.AtMaximum:
		r.refusals = append(r.refusals, Refusal{now.minute, decision.Reason, decision.Detail})
	}
	return now.capacity
}

// facts are what the function would read at that time.
func (r *raiser) facts(at time.Time, now moment) limitraiser.Facts {
	current := limitraiser.Current{Part: r.kind.part, Means: limitraiser.Provisioned, Now: now.capacity, Max: r.policy.Maximum, Short: true}
	for i, m := range now.seen {
		if m.At = r.begins.Add(time.Duration(i) * time.Minute); !m.At.Before(at.Add(-limitraiser.DemandWindow)) {
			current.Samples = append(current.Samples, m.Sample)
		}
	}
	facts := limitraiser.Facts{Resource: r.kind.resource, Parts: []limitraiser.Current{current}, AlarmAbove: r.policy.Config.AlarmAbove}
	if now.busy {
		facts.Busy = "it is UPDATING"
	}
	return facts
}
