package alerts

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"caretaker/alerts/label"
	"caretaker/internal/runbook"
	"caretaker/internal/tag"
)

// Service is what a composite alarm is about, as it stands in its name. It is none of Kinds: nothing of the account
// is found under it.
const Service Kind = "service"

// compositeKey ends the name of a service's composite alarm. The parts of one that does not fit into a rule have a
// number after it.
const compositeKey = "critical"

// What AWS allows in the rule of a composite alarm:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
const (
	mostChildren = 100
	longestRule  = 10_240
)

// decideComposites is what happens to the composite alarm of each service, in the order of the services. It is ALARM
// while any critical alarm of the service is.
func decideComposites(resources []watched, there map[string]Existing, held string, around surroundings) []Decision {
	if !around.composites {
		return nil
	}
	children, of := map[string][]string{}, map[string]Resource{}
	for _, resource := range resources {
		if resource.Tags[tag.Service] == "" && resource.stack() == "" {
			continue // a resource by itself is no service
		}
		service := serviceOf(resource.Resource)
		for _, alarm := range resource.alarms {
			if alarm.Tags[tag.Severity] == label.Critical {
				children[service] = append(children[service], alarm.Name)
				of[service] = resource.Resource
			}
		}
	}
	var decisions []Decision
	for _, service := range slices.Sorted(maps.Keys(children)) {
		title := string(Service) + "/" + service
		alarms := compositesOf(service, children[service], around)
		if len(alarms) == 0 {
			decisions = append(decisions, Decision{Resource: title, Fate: Fate{NoAlarm, TooManyChildren, strconv.Itoa(len(children[service]))}})
		}
		for _, alarm := range alarms {
			board := around.boardAt(of[service], there[alarm.Name])
			alarm.Description = described(alarm.Description, "", label.Labels{
				Service: service, Severity: label.Critical, Resource: title, Runbook: runbook.At(around.Runbook, "watched-service"), Dashboard: board,
			})
			decision := compare(Decision{Alarm: alarm.Name, Resource: title, Severity: label.Critical, wanted: alarm}, there)
			if held != "" && decision.Acts() { // what was read is not all that there is
				decision.Reason, decision.Detail, decision.Changes = around.doubt(held), held, nil
				if decision.Outcome == ToChange {
					decision.Outcome = Kept
				} else {
					decision.Outcome = NotYet
				}
			}
			decisions = append(decisions, decision)
		}
	}
	return decisions
}

// compositesOf are the composite alarm of a service, and before it the parts that it is made of where its children do
// not fit into one rule. None is of more than fit into two levels.
func compositesOf(service string, children []string, s surroundings) []Alarm {
	made := func(key, says string, children []string) Alarm {
		return Alarm{
			Name:        nameOf(s.Stage, Resource{Kind: Service, Name: service}, key),
			Description: says, Rule: ruleOf(children), Tags: tagsOf(s.Stage, service, label.Critical),
		}
	}
	slices.Sort(children)
	rules := split(children)
	var alarms []Alarm
	if len(rules) > 1 {
		children = nil
		for at, some := range rules {
			part := made(compositeKey+"-"+strconv.Itoa(at+1), "A critical alarm of "+service+" is on, of the "+ordinal(at+1)+" part.", some)
			children = append(children, part.Name)
			alarms = append(alarms, part)
		}
	}
	if len(split(children)) > 1 {
		return nil
	}
	top := made(compositeKey, "A critical alarm of "+service+" is on.", children)
	if s.ServiceTopic != "" {
		top.Actions = []string{s.ServiceTopic}
		if s.tellOK {
			top.OKActions = top.Actions
		}
	}
	return append(alarms, top)
}

func ordinal(number int) string { return strconv.Itoa(number) + "." }

// split are alarms in as few rules as they fit in.
func split(names []string) [][]string {
	var rules [][]string
	var rule []string
	length := 0
	for _, name := range names {
		more := len([]rune(or + inAlarm(name)))
		if len(rule) == mostChildren || length+more > longestRule {
			rules, rule, length = append(rules, rule), nil, 0
		}
		rule, length = append(rule, name), length+more
	}
	return append(rules, rule)
}

const or = " OR "

// inAlarm is the piece of a rule that is true while an alarm is on.
func inAlarm(name string) string {
	return `ALARM("` + quoted.Replace(name) + `")`
}

var quoted = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// ruleOf is true while any of some alarms is on.
func ruleOf(names []string) string {
	pieces := make([]string, len(names))
	for at, name := range names {
		pieces[at] = inAlarm(name)
	}
	return strings.Join(pieces, or)
}

// isWhole says whether a composite alarm is a service's own, and not a part of it.
func isWhole(name string) bool { return checkIn(name) == compositeKey }
