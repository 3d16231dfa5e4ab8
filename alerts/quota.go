package alerts

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// QuotaFacts are what Service Quotas says of a quota, with whether anything of it is used.
type QuotaFacts struct {
	// Title is the quota's name and its service's, for people.
	Title string
	Value float64
	// Adjustable says whether AWS raises it for anybody.
	Adjustable bool
	// Usage counts what is used of it, by Dimensions, which are sorted by name.
	Usage      Measure
	Dimensions []Dimension
	// Per is the time for which Value holds, of a quota of calls. Zero is a quota of what there is at a time, or one of
	// calls of which AWS does not say over which time.
	Per time.Duration
	// Used says that its usage has a datapoint in the last two weeks.
	Used bool
}

const (
	callCount     = "CallCount"
	resourceCount = "ResourceCount"
	// longestPer is the longest time that a quota of calls may be over, so that five periods fit into the day that an alarm
	// may look back.
	longestPer = time.Hour
)

// calls says whether it is a quota of calls in a time.
func (q QuotaFacts) calls() bool { return q.Usage.Statistic == statisticSum }

// statisticSum is the statistic by which calls are counted.
const statisticSum = "Sum"

// countsWhatIs and countsCalls say which check of a quota is for it; neither is for one that nobody uses.
func (r Resource) countsWhatIs() bool { return r.Quota != nil && r.Quota.Used && !r.Quota.calls() }

func (r Resource) countsCalls() bool {
	return r.Quota != nil && r.Quota.Used && r.Quota.calls() && r.Quota.Per > 0 && r.Quota.Per <= longestPer
}

// period is that of a check at a resource: of a quota of calls in more than a minute, that time.
func (c Check) period(r Resource) time.Duration {
	if r.Quota != nil && r.Quota.calls() && r.Quota.Per > c.Period {
		return (r.Quota.Per + time.Minute - 1).Truncate(time.Minute)
	}
	return c.Period
}

// whole is what a share of a quota is of, in a period: a quota of 10 calls a second is one of 600 a minute.
func (c Check) whole(r Resource) float64 {
	if r.Quota == nil {
		return 0
	}
	if r.Quota.calls() && r.Quota.Per > 0 {
		return r.Quota.Value * float64(c.period(r)) / float64(r.Quota.Per)
	}
	return r.Quota.Value
}

// measures are what a check reads at a resource: of a quota, what AWS counts its usage by; of a log pattern, what its filters
// count.
func (c Check) measures(r Resource) []Measure {
	switch {
	case r.Quota != nil:
		return []Measure{r.Quota.Usage}
	case r.Pattern != nil:
		return []Measure{r.Pattern.measure()}
	}
	return c.Measures
}

// says is a quota for people, with what AWS does about it.
func (q *QuotaFacts) says() (title, remedy string) {
	if q == nil {
		return "", ""
	}
	if q.Adjustable {
		return q.Title, "AWS raises it for who asks, which takes hours or days."
	}
	return q.Title, "AWS raises it for nobody: less has to be used."
}

// limitQuotas leaves those quotas out that are over the most: first come those that AWS raises for nobody, then those that
// have an alarm already, then by name.
func limitQuotas(resources []Resource, verdicts []verdict, facts Facts, cfg Config) {
	has := map[string]bool{}
	for _, alarm := range facts.Alarms {
		of, _, _ := parts(facts.Stage, alarm.Name)
		has[of] = true
	}
	var watched []int
	for at, resource := range resources {
		if verdicts[at].reason == "" && (resource.countsWhatIs() || resource.countsCalls()) {
			watched = append(watched, at)
		}
	}
	order := func(at int) int {
		switch {
		case !resources[at].Quota.Adjustable:
			return 0
		case has[stem(facts.Stage, resources[at])]:
			return 1
		}
		return 2
	}
	slices.SortStableFunc(watched, func(a, b int) int { return cmp.Compare(order(a), order(b)) })
	for _, at := range watched[min(len(watched), cfg.Quotas.Most):] {
		verdicts[at].reason, verdicts[at].detail = OverMostQuotas, fmt.Sprint(cfg.Quotas.Most)
	}
}

// dropped is why the file asks for an alarm no more that it once asked for; empty where it asks for it, or where that is
// found out otherwise. What it drops goes, however much that is: nothing was read wrong.
func (c Config) dropped(stage, alarm string) string {
	of, kind, _ := parts(stage, alarm)
	name := strings.TrimPrefix(of, Prefix(stage)+string(kind)+"/")
	service, _, _ := strings.Cut(name, "/")
	switch {
	case kind == Pattern && !slices.ContainsFunc(c.LogPatterns, func(p LogPattern) bool { return p.Name == name }):
		return noPattern + name
	case kind != Quota:
		return ""
	case !c.Quotas.Enabled:
		return "alerts.quotas.enabled is false"
	case !slices.Contains(c.Quotas.Services, service):
		return "alerts.quotas.services has no " + service
	}
	return ""
}

// droppedOf are the decisions about the alarms that the file asks for no more.
func droppedOf(facts Facts, cfg Config) map[string]Decision {
	dropped := map[string]Decision{}
	for _, alarm := range facts.Alarms {
		if why := cfg.dropped(facts.Stage, alarm.Name); why != "" {
			of, _, _ := parts(facts.Stage, alarm.Name)
			dropped[alarm.Name] = Decision{Alarm: alarm.Name, Resource: strings.TrimPrefix(of, Prefix(facts.Stage)), Fate: Fate{NoAlarm, SwitchedOff, why}}
		}
	}
	return dropped
}
