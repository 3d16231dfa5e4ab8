package alerts

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"caretaker/alerts/label"
)

// decideAlarms is what happens to each alarm of a stage, and to each check that comes to none, with the alarms
// that each watched resource has when all is done. Both are sorted by resource.
func decideAlarms(resources []Resource, verdicts []verdict, found map[string]bool, held string, around surroundings) ([]Decision, []watched) {
	there := make(map[string]Existing, len(around.Alarms))
	for _, alarm := range around.Alarms {
		there[alarm.Name] = alarm
	}
	all := make([]Decision, 0, len(there)+len(resources)*decisionsEach)
	unwanted := map[string]Decision{} // why an alarm that a resource could have is not wanted, by its name
	var shown []watched
	for at, resource := range resources {
		decisions := decide(resource, verdicts[at], there, around)
		if verdicts[at].reason == "" {
			shown = append(shown, watched{resource, wantedOf(decisions)})
		}
		for _, decision := range decisions {
			if decision.Outcome == NoAlarm && decision.Alarm != "" {
				unwanted[decision.Alarm] = decision
			} else {
				all = append(all, decision)
				delete(there, decision.Alarm)
			}
		}
	}
	for _, decision := range decideComposites(shown, there, held, around) {
		all = append(all, decision)
		delete(there, decision.Alarm)
	}
	maps.Copy(unwanted, around.dropped)
	for _, alarm := range there {
		all = append(all, leftover(alarm, unwanted, found, held, around))
	}
	for name, decision := range unwanted {
		if _, has := there[name]; !has {
			decision.Alarm = ""
			decision.Detail = strings.TrimSpace(checkIn(name) + " " + decision.Detail)
			all = append(all, decision)
		}
	}
	slices.SortFunc(all, func(a, b Decision) int {
		return cmp.Or(cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Alarm, b.Alarm), cmp.Compare(a.Detail, b.Detail))
	})
	return all, shown
}

// decisionsEach is room for what most resources have beside the alarms that stand.
const decisionsEach = 3

// wantedOf are the alarms that a resource has when all is done, by check.
func wantedOf(decisions []Decision) map[string]Alarm {
	alarms := map[string]Alarm{}
	for _, decision := range decisions {
		if decision.wanted.Name != "" {
			alarms[checkIn(decision.Alarm)] = decision.wanted
		}
	}
	return alarms
}

func checkIn(name string) string { return name[strings.LastIndex(name, "/")+1:] }

// decide is what a resource's alarms should be. Checks that it does not have, or that are off, are NoAlarm.
func decide(r Resource, v verdict, there map[string]Existing, around surroundings) []Decision {
	var decisions []Decision
	if v.reason != "" {
		for _, check := range checksOf(r.Kind) {
			if name := nameOf(around.Stage, r, check.Key); there[name].Name != "" {
				decisions = append(decisions, Decision{Alarm: name, Resource: r.Title(), Fate: Fate{NoAlarm, v.reason, v.detail}})
			}
		}
		return append(decisions, Decision{Resource: r.Title(), Fate: Fate{NoAlarm, v.reason, v.detail}})
	}
	for _, check := range checksOf(r.Kind) {
		decision := Decision{Alarm: nameOf(around.Stage, r, check.Key), Resource: r.Title(), Severity: severityOf(r, check)}
		ask := v.asked[check.Key]
		switch {
		case !r.has(check):
			decision.Outcome, decision.Reason, decision.Detail = NoAlarm, DoesNotApply, "it is for "+string(check.Only)
		case ask.off:
			decision.Outcome, decision.Reason = NoAlarm, SwitchedOff
		case check.Off && !ask.on:
			decision.Outcome, decision.Reason = NoAlarm, OffByDefault
		default:
			check = check.judgedBy(ask)
			threshold := cmp.Or(ask.threshold, check.standard(r))
			decision.wanted = alarmOf(r, check, threshold, around.boardAt(r, there[decision.Alarm]), around)
			decision = compare(decision, there)
		}
		decisions = append(decisions, decision)
	}
	return decisions
}

// compare is whether the alarm that is wanted is there.
func compare(decision Decision, there map[string]Existing) Decision {
	existing, has := there[decision.Alarm]
	if !has {
		decision.Outcome, decision.Reason = ToCreate, Missing
		return decision
	}
	decision.there = existing
	decision.Changes = changes(existing, decision.wanted)
	decision.Outcome, decision.Reason = Kept, AsItShould
	if len(decision.Changes) > 0 {
		decision.Outcome, decision.Reason = ToChange, Differs
	}
	if existing.ActionsOff {
		decision.Detail = "somebody switched its actions off: they stay off"
	}
	return decision
}

// leftover is what becomes of an alarm of the stage that nothing wants.
func leftover(alarm Existing, unwanted map[string]Decision, found map[string]bool, held string, around surroundings) Decision {
	facts := around.Facts
	of, kind, key := parts(facts.Stage, alarm.Name)
	decision := Decision{
		Alarm: alarm.Name, Resource: strings.TrimPrefix(of, Prefix(facts.Stage)), Fate: Fate{Outcome: ToDelete, Reason: ResourceGone}, there: alarm,
	}
	known, does := unwanted[alarm.Name]
	switch {
	case does:
		decision.Resource, decision.Reason, decision.Detail = known.Resource, known.Reason, known.Detail
	case kind == Service && !around.composites:
		decision.Reason = NoComposites
	case kind == Service:
		decision.Reason = NoCritical
	case found[of], !slices.Contains(Kinds, kind):
		decision.Reason, decision.Detail = NotOfCatalog, key
	}
	decision.spare(facts, held)
	return decision
}

// after is what the alarms cost when all is done.
func after(decisions []Decision) int {
	cents := 0
	for _, decision := range decisions {
		switch {
		case decision.Outcome == ToCreate, decision.Outcome == ToChange:
			cents += decision.wanted.cents()
		case decision.Outcome == Kept:
			cents += decision.there.cents()
		}
	}
	return cents
}

// boardAt is the dashboard that an alarm's description names: while dashboards stay as they are, the one that
// it names already.
func (s surroundings) boardAt(r Resource, there Existing) string {
	if s.frozen != "" {
		labels, _ := label.Parse(there.Description)
		return labels.Dashboard
	}
	return s.of(serviceOf(r))
}
