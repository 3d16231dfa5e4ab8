package trust

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"caretaker/internal/metric"
)

// Alarm is an alarm of the Region, ours or another's.
type Alarm struct {
	Name string
	// Actions, OKActions and NoDataActions are ARNs.
	Actions, OKActions, NoDataActions []string
	ActionsOff                        bool
	// Evaluation is what CloudWatch says of judging it, such as EVALUATION_ERROR; empty where all is well.
	Evaluation, Reason string
	// Composite is an alarm over alarms, by its Rule.
	Composite bool
	Rule      string
	// Metrics are what a metric alarm reads, Period how long each datapoint stands for.
	Metrics []metric.Metric
	Period  time.Duration
	// Query is that of Metrics Insights; empty of others.
	Query string
	// Computed is the alarm as it can be computed; Refused says why it cannot be.
	Computed metric.Alarm
	Refused  string
}

// single is the one metric that an alarm judges itself.
func (a Alarm) single() (metric.Metric, bool) {
	if a.Refused != "" || len(a.Computed.Queries) != 1 || a.Computed.Queries[0].Metric == nil {
		return metric.Metric{}, false
	}
	return *a.Computed.Queries[0].Metric, true
}

// child finds the alarms that a composite alarm is about: ALARM("name"), OK(name), or by ARN.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
var child = regexp.MustCompile(`\b(?:ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:"((?:[^"\\]|\\.)*)"|([^\s()]+))\s*\)`)

// list finds those in AT_LEAST(2, ALARM, ("a", "b")).
var list = regexp.MustCompile(`\bAT_LEAST\s*\(\s*[^,]+,\s*[^,]+,\s*\(([^)]*)\)`)

// children are the names of the alarms that a composite alarm is about, each once.
func (a Alarm) children() []string {
	var names []string
	add := func(name string) {
		name = strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(name)
		if _, after, is := strings.Cut(name, ":alarm:"); is && strings.HasPrefix(name, "arn:") {
			name = after
		}
		names = append(names, name)
	}
	for _, match := range child.FindAllStringSubmatch(a.Rule, -1) {
		add(match[1] + match[2])
	}
	for _, match := range list.FindAllStringSubmatch(a.Rule, -1) {
		for name := range strings.SplitSeq(match[1], ",") {
			add(strings.Trim(strings.TrimSpace(name), `"`))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// What a query of Metrics Insights says: its namespace and dimensions, whether it has a WHERE, and what it groups by.
var (
	schema = regexp.MustCompile(`(?i)\bFROM\s+(?:SCHEMA\(\s*"?([^",)]+)"?\s*(?:,([^)]*))?\)|"?([A-Za-z0-9/_.-]+)"?)`)
	where  = regexp.MustCompile(`(?i)\bWHERE\b`)
	group  = regexp.MustCompile(`(?i)\bGROUP\s+BY\s+([^;]+?)(?:\s+ORDER\b|\s+LIMIT\b|$)`)
)

// grouped is the namespace of which a query of Metrics Insights judges each series, by which dimensions; false where
// it judges a part of them, or all together.
func (a Alarm) grouped() (namespace, by string, all bool) {
	found, groups := schema.FindStringSubmatch(a.Query), group.FindStringSubmatch(a.Query)
	if found == nil || groups == nil || where.MatchString(a.Query) {
		return "", "", false
	}
	var names []string
	for name := range strings.SplitSeq(groups[1], ",") {
		names = append(names, strings.Trim(strings.TrimSpace(name), `"`))
	}
	slices.Sort(names)
	return found[1] + found[3], strings.Join(names, "+"), true
}
