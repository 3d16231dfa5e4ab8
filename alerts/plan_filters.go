package alerts

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Filter is a metric filter of CloudWatch Logs, as the reconciler sets it: it counts lines of a log group.
type Filter struct {
	Group, Name, Pattern string
	Namespace, Metric    string
	// Value counts for a line that matches, Default for one that does not: so there is a datapoint wherever there are lines,
	// and an alarm is over when no more match.
	Value, Default string
}

// ExistingFilter is one that is there. Foreign is what it has that none of ours has; empty where nothing.
type ExistingFilter struct {
	Filter
	Foreign string
}

// FilterDecision is what happens to one metric filter, and why.
type FilterDecision struct {
	Filter string `json:"filter"`
	Group  string `json:"group"`
	Fate
	Changes []Change `json:"changes,omitempty"`

	wanted Filter
}

// mostMetricFilters is how many a log group can have:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
const mostMetricFilters = 100

// filterOf is the filter that a pattern wants on a group.
func filterOf(stage string, pattern LogPattern, group string) Filter {
	return Filter{
		Group: group, Name: Prefix(stage) + pattern.Name, Pattern: pattern.Pattern, Namespace: logNamespace(stage), Metric: pattern.Name, Value: "1", Default: "0",
	}
}

// groupsOf are the log groups that each pattern means, by its name.
func groupsOf(facts Facts, patterns []LogPattern) map[string][]string {
	functionTags := map[string]map[string]string{}
	for _, resource := range facts.Resources {
		if resource.Kind == Function {
			functionTags[functionGroups+resource.Name] = resource.Tags
		}
	}
	meant := map[string][]string{}
	for _, pattern := range patterns {
		for _, group := range facts.LogGroups {
			if pattern.means(group, functionTags) {
				meant[pattern.Name] = append(meant[pattern.Name], group.Name)
			}
		}
	}
	return meant
}

// judgePatterns has no alarm made for a pattern that means no log group: it could not be on.
func judgePatterns(resources []Resource, verdicts []verdict, meant map[string][]string, facts Facts) {
	for at, resource := range resources {
		if resource.Kind == Pattern && len(meant[resource.Name]) == 0 && facts.Unread[Pattern] == "" {
			verdicts[at].reason = NoLogGroup
		}
	}
}

// decideFilters is what happens to each metric filter, sorted by group and name. Those are wanted whose pattern has an
// alarm when all is done.
func decideFilters(facts Facts, cfg Config, alarms []Decision, meant map[string][]string, held string) []FilterDecision {
	watched := map[string]bool{}
	for _, decision := range alarms {
		if decision.wanted.Name != "" {
			watched[decision.Resource] = true
		}
	}
	there, count := map[[2]string]ExistingFilter{}, map[string]int{}
	for _, filter := range facts.Filters {
		count[filter.Group]++
		if strings.HasPrefix(filter.Name, Prefix(facts.Stage)) { // others are counted, and never touched
			there[[2]string{filter.Group, filter.Name}] = filter
		}
	}
	var decisions []FilterDecision
	for _, pattern := range cfg.LogPatterns {
		if !watched[pattern.resource(facts.Stage).Title()] {
			continue
		}
		for _, group := range meant[pattern.Name] {
			wanted := filterOf(facts.Stage, pattern, group)
			decision := FilterDecision{Filter: wanted.Name, Group: group, wanted: wanted}
			existing, has := there[[2]string{group, wanted.Name}]
			delete(there, [2]string{group, wanted.Name})
			switch {
			case !has && count[group] >= mostMetricFilters:
				decision.Outcome, decision.Reason, decision.Detail = NoFilter, GroupFull, fmt.Sprintf("it has %d", count[group])
			case !has:
				decision.Outcome, decision.Reason = ToCreate, NoSuchFilter
				count[group]++
			default:
				decision.Changes = filterChanges(existing, wanted)
				decision.Outcome, decision.Reason = Kept, AsItShould
				if len(decision.Changes) > 0 {
					decision.Outcome, decision.Reason = ToChange, FilterDiffers
				}
			}
			decisions = append(decisions, decision)
		}
	}
	for _, existing := range there {
		decisions = append(decisions, unwantedFilter(existing, facts, cfg, held))
	}
	slices.SortFunc(decisions, func(a, b FilterDecision) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Filter, b.Filter))
	})
	return decisions
}

// unwantedFilter is what becomes of a filter of the stage that nothing wants.
func unwantedFilter(existing ExistingFilter, facts Facts, cfg Config, held string) FilterDecision {
	decision := FilterDecision{Filter: existing.Name, Group: existing.Group, Fate: Fate{Outcome: ToDelete, Reason: NotMeant}}
	name := strings.TrimPrefix(existing.Name, Prefix(facts.Stage))
	if !slices.ContainsFunc(cfg.LogPatterns, func(pattern LogPattern) bool { return pattern.Name == name }) {
		decision.Reason, decision.Detail = SwitchedOff, noPattern+name
	}
	decision.spare(facts, held)
	return decision
}

const noPattern = "alerts.logPatterns has no "

func filterChanges(there ExistingFilter, wanted Filter) []Change {
	var found []Change
	note := func(field, from, to string) {
		if from != to {
			found = append(found, Change{field, from, to})
		}
	}
	note("pattern", there.Pattern, wanted.Pattern)
	note("metric", there.Namespace+" "+there.Metric, wanted.Namespace+" "+wanted.Metric)
	note("value", there.Value, wanted.Value)
	note("default value", there.Default, wanted.Default)
	note("the rest", there.Foreign, "")
	return found
}

// limitFilters leaves what is over the most changes of a run to later ones, and answers how many are left for alarms.
func limitFilters(decisions []FilterDecision, most int) int {
	for at, decision := range decisions {
		switch {
		case !decision.Acts():
		case most > 0:
			most--
		default:
			decisions[at].postpone(OverMost)
		}
	}
	return most
}

// centsACustomMetric is what a metric of its own costs in a month.
const centsACustomMetric = 30

// patternCents are what the metrics of filters cost: one for each pattern.
func patternCents(names []string) int {
	slices.Sort(names)
	return len(slices.Compact(names)) * centsACustomMetric
}

// filterCents is what the metrics of filters cost now, and when all is done.
func filterCents(facts Facts, decisions []FilterDecision) (before, after int) {
	var now, then []string
	for _, filter := range facts.Filters {
		if strings.HasPrefix(filter.Name, Prefix(facts.Stage)) {
			now = append(now, filter.Metric)
		}
	}
	for _, decision := range decisions {
		if decision.Outcome == ToCreate || decision.Outcome == ToChange || decision.Outcome == Kept {
			then = append(then, decision.Filter)
		}
	}
	return patternCents(now), patternCents(then)
}

// leaveFilters are the decisions that delete all filters of a stage.
func leaveFilters(filters []ExistingFilter, stage string) []FilterDecision {
	var decisions []FilterDecision
	for _, filter := range filters {
		if strings.HasPrefix(filter.Name, Prefix(stage)) {
			decisions = append(decisions, FilterDecision{Filter: filter.Name, Group: filter.Group, Fate: Fate{Outcome: ToDelete, Reason: Leaving}})
		}
	}
	return decisions
}

// number is a value as AWS writes it.
func number(value float64) string { return strconv.FormatFloat(value, 'g', -1, 64) }
