package trust

import (
	"cmp"
	"slices"
	"strings"

	"caretaker/alerts"
	"caretaker/internal/metric"
)

// Standing is how a resource is watched.
type Standing string

// The standings.
const (
	// Watched has alarms of the stage.
	Watched Standing = "watched"
	// ByOthers has alarms of others alone.
	ByOthers Standing = "watched by others"
	// LeftOut has no alarm, because somebody said so.
	LeftOut Standing = "left out"
	// Uncovered has none, and should have.
	Uncovered Standing = "not watched"
)

// Covered is a resource and who watches it.
type Covered struct {
	Resource string      `json:"resource"`
	Kind     alerts.Kind `json:"kind"`
	Standing Standing    `json:"standing"`
	// Why says why the resource has no alarm of the stage; empty where it has.
	Why string `json:"why,omitempty"`
	// Alarms are those of the stage that stand, by their checks.
	Alarms []string `json:"alarms,omitempty"`
	// Without are the checks that have no alarm, each with the reason.
	Without []string `json:"without,omitempty"`
	// Others are alarms that are not of the stage and read a metric of the resource.
	Others []string `json:"others,omitempty"`
}

// Cover says of each resource who watches it, sorted by kind and name.
func Cover(facts alerts.Facts, plan alerts.Plan, all []Alarm, stage string) []Covered {
	decisions := map[string][]alerts.Decision{}
	for _, decision := range plan.Decisions {
		decisions[decision.Resource] = append(decisions[decision.Resource], decision)
	}
	watchers := watchersOf(all, stage)
	var found []Covered
	seen := map[string]bool{}
	for _, resource := range facts.Resources {
		if title := resource.Title(); !seen[title] {
			seen[title] = true
			found = append(found, covered(resource, decisions[title], watchers))
		}
	}
	slices.SortFunc(found, func(a, b Covered) int {
		return cmp.Or(cmp.Compare(slices.Index(alerts.Kinds, a.Kind), slices.Index(alerts.Kinds, b.Kind)), cmp.Compare(a.Resource, b.Resource))
	})
	return found
}

// chosen are the reasons for which nothing is amiss: somebody decided so, or there is nothing to watch.
var chosen = []alerts.Reason{
	alerts.TaggedOff, alerts.ExcludedName, alerts.ExcludedStack, alerts.ExcludedTag, alerts.NotIncluded, alerts.IsOwn, alerts.SwitchedOff, alerts.OffByDefault,
	alerts.DoesNotApply, alerts.OverMostQuotas,
}

func covered(resource alerts.Resource, decisions []alerts.Decision, watchers watchers) Covered {
	c := Covered{Resource: resource.Title(), Kind: resource.Kind, Others: watchers.of(resource)}
	wanted, left := false, true
	for _, decision := range decisions {
		stands := decision.There().Name != ""
		check := checkIn(decision)
		switch {
		case stands:
			c.Alarms = append(c.Alarms, check)
		default:
			wanted = wanted || decision.Wanted().Name != ""
			left = left && slices.Contains(chosen, decision.Reason)
			c.Without = append(c.Without, strings.TrimPrefix(check+": ", ": ")+because(decision))
		}
	}
	slices.Sort(c.Alarms)
	slices.Sort(c.Without)
	switch {
	case len(c.Alarms) > 0:
		c.Standing = Watched
		return c
	case len(c.Others) > 0:
		c.Standing = ByOthers
	case left && !wanted:
		c.Standing = LeftOut
	default:
		c.Standing = Uncovered
	}
	c.Why = why(decisions, wanted)
	return c
}

// why says in a line why a resource has no alarm of the stage.
func why(decisions []alerts.Decision, wanted bool) string {
	if wanted {
		return "the reconciler has not made its alarms yet"
	}
	var reasons []string
	for _, decision := range decisions {
		reasons = append(reasons, because(decision))
	}
	slices.Sort(reasons)
	return strings.Join(slices.Compact(reasons), "; ")
}

// because is a reason with its detail, but the name of a check.
func because(decision alerts.Decision) string {
	detail := decision.Detail
	if check := checkIn(decision); check != "" {
		detail = strings.TrimSpace(strings.TrimPrefix(detail, check))
	}
	if detail == "" {
		return string(decision.Reason)
	}
	return string(decision.Reason) + ": " + detail
}

// checkIn is the check that a decision is about; empty where it is about all of the resource.
func checkIn(decision alerts.Decision) string {
	if name := cmp.Or(decision.Alarm, decision.Wanted().Name); name != "" {
		return name[strings.LastIndex(name, "/")+1:]
	}
	check, _, _ := strings.Cut(decision.Detail, " ")
	kind, _, _ := strings.Cut(decision.Resource, "/")
	for _, one := range alerts.Catalogue {
		if one.Key == check && string(one.Kind) == kind {
			return check
		}
	}
	return ""
}

// watchers are the alarms of others, by what they are about.
type watchers struct {
	// by are by namespace and a dimension's name and value; all judge every resource of a namespace that has
	// a set of dimensions.
	by, all map[string][]seen
}

// seen is an alarm with the dimensions of a metric that it reads.
type seen struct {
	alarm      string
	dimensions []metric.Dimension
}

func watchersOf(all []Alarm, stage string) watchers {
	found := watchers{map[string][]seen{}, map[string][]seen{}}
	for _, alarm := range all {
		if strings.HasPrefix(alarm.Name, alerts.Prefix(stage)) {
			continue
		}
		name := alarm.Name
		if alarm.ActionsOff || len(alarm.Actions) == 0 {
			name += " (tells nobody)"
		}
		for _, one := range alarm.Metrics {
			key := one.Namespace
			if len(one.Dimensions) == 0 {
				found.by[key] = append(found.by[key], seen{name, nil})
			}
			for _, by := range one.Dimensions {
				key := strings.Join([]string{one.Namespace, by.Name, by.Value}, "\x00")
				found.by[key] = append(found.by[key], seen{name, one.Dimensions})
			}
		}
		if namespace, by, every := alarm.grouped(); every {
			found.all[namespace+"\x00"+by] = append(found.all[namespace+"\x00"+by], seen{name, nil})
		}
	}
	return found
}

// of are the names of the alarms that read a metric of a resource. One on a single version or shard of it is one of
// them, and so is one on all stages of an API; one on an index is not of its table.
func (w watchers) of(resource alerts.Resource) []string {
	identity := alerts.Identity(resource)
	var names []string
	for _, namespace := range namespaces(resource.Kind) {
		if len(identity) == 0 {
			for _, one := range w.by[namespace] {
				names = append(names, one.alarm)
			}
			continue
		}
		named := identity[len(identity)-1]
		if whole[resource.Kind] == named.Name {
			named = identity[0]
		}
		for _, one := range w.by[strings.Join([]string{namespace, named.Name, named.Value}, "\x00")] {
			if about(one.dimensions, identity, resource.Kind) {
				names = append(names, one.alarm)
			}
		}
		for _, one := range w.all[namespace+"\x00"+alerts.DimensionSet(identity)] {
			names = append(names, one.alarm)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// whole is the dimension without which a metric is of all that a resource is one of: all stages of an API.
var whole = map[alerts.Kind]string{alerts.RestAPI: "Stage", alerts.HTTPAPI: "Stage"}

// about says whether a metric with these dimensions is one of a resource.
func about(dimensions []metric.Dimension, identity []alerts.Dimension, kind alerts.Kind) bool {
	for _, by := range identity {
		named := slices.ContainsFunc(dimensions, func(one metric.Dimension) bool { return one.Name == by.Name })
		if !slices.Contains(dimensions, metric.Dimension(by)) && (named || by.Name != whole[kind]) {
			return false
		}
	}
	// What narrows it to something else that is watched by itself.
	other := map[alerts.Kind]string{alerts.Table: "GlobalSecondaryIndexName", alerts.Rule: "EventBusName"}[kind]
	named := slices.ContainsFunc(identity, func(by alerts.Dimension) bool { return by.Name == other })
	narrowed := slices.ContainsFunc(dimensions, func(by metric.Dimension) bool { return by.Name == other })
	return other == "" || named == narrowed
}

// namespaces are those in which a kind's metrics are.
func namespaces(kind alerts.Kind) []string {
	var found []string
	for _, check := range alerts.Catalogue {
		if check.Kind == kind {
			for _, measure := range check.Measures {
				found = append(found, measure.Namespace)
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}
