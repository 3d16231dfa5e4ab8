package trust

import (
	"cmp"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"caretaker/alerts"
	"caretaker/internal/metric"
)

// Choice says which alarms are played.
type Choice struct {
	// Days is how far back, as far as CloudWatch keeps datapoints: see kept.
	Days int
	// Alarm is a pattern of names, in which a * passes over slashes; Resource is one such as function/checkout,
	// or its name alone. Empty takes all.
	Alarm, Resource string
	// Others takes the alarms that are not of the stage too.
	Others bool
}

// MostDays is how far back anything can be asked for: beyond, CloudWatch has no datapoint of under an hour.
const MostDays = 63

// played is an alarm that is to be played.
type played struct {
	name     string
	resource alerts.Resource
	planned  bool
	check    alerts.Check
	ours     bool
	alarm    metric.Alarm
	refused  string
}

// toPlay are the alarms that a choice names, sorted by name, the one that stands before the one that is planned.
func toPlay(facts alerts.Facts, plan alerts.Plan, all []Alarm, stage string, choice Choice) []played {
	resources := map[string]alerts.Resource{}
	for _, resource := range facts.Resources {
		resources[resource.Title()] = resource
	}
	var found []played
	of := map[string]string{}
	for _, decision := range plan.Decisions {
		if name := cmp.Or(decision.Alarm, decision.Wanted().Name); name != "" {
			of[name] = decision.Resource
		}
		if wanted := decision.Wanted(); wanted.Name != "" && wanted.Rule == "" && (decision.There().Name == "" || len(decision.Changes) > 0) {
			alarm, err := computed(wanted)
			found = append(found, played{name: wanted.Name, planned: true, alarm: alarm, refused: reason(err)})
		}
	}
	for _, alarm := range all {
		if !alarm.Composite {
			found = append(found, played{name: alarm.Name, alarm: alarm.Computed, refused: alarm.Refused})
		}
	}
	found = slices.DeleteFunc(found, func(p played) bool {
		mine := strings.HasPrefix(p.name, alerts.Prefix(stage))
		resource := of[p.name]
		_, bare, _ := strings.Cut(resource, "/")
		return !mine && !choice.Others || choice.Alarm != "" && !matches(choice.Alarm, p.name) ||
			choice.Resource != "" && choice.Resource != resource && choice.Resource != bare
	})
	for at, p := range found {
		found[at].resource = resources[of[p.name]]
		found[at].check, found[at].ours = alerts.CheckOf(stage, p.name)
	}
	slices.SortStableFunc(found, func(a, b played) int { return cmp.Compare(a.name, b.name) })
	return found
}

func reason(err error) string {
	if err != nil {
		return err.Error()
	}
	return ""
}

func matches(pattern, name string) bool {
	flat := func(text string) string { return strings.ReplaceAll(text, "/", "\x00") }
	is, err := path.Match(flat(pattern), flat(name))
	return err == nil && is
}

// computed is an alarm of the plan as it can be computed.
func computed(wanted alerts.Alarm) (metric.Alarm, error) {
	var queries []metric.Query
	period := time.Duration(0)
	for at, one := range wanted.Metrics {
		read := metric.Metric{Namespace: one.Namespace, Name: one.Name, Statistic: one.Statistic}
		for _, by := range one.Dimensions {
			read.Dimensions = append(read.Dimensions, metric.Dimension(by))
		}
		period = time.Duration(one.Seconds) * time.Second
		queries = append(queries, metric.Query{ID: "m" + strconv.Itoa(at+1), Metric: &read, Judged: wanted.Expression == ""})
	}
	if wanted.Expression != "" {
		queries = append(queries, metric.Query{ID: "value", Expression: wanted.Expression, Judged: true})
	}
	rule := metric.Rule{Comparison: wanted.Comparison, Threshold: wanted.Threshold, Datapoints: wanted.Datapoints, Periods: wanted.Periods, Missing: wanted.Missing}
	return metric.New(wanted.Name, rule, period, queries)
}
