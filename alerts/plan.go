package alerts

import (
	"cmp"
	"slices"
	"strings"
)

// Facts are what was found in an account and Region.
type Facts struct {
	Stage string
	// Runbook is the page that alarms send people to; empty is the repository's.
	Runbook string
	// Topics are the ARNs to tell, both set.
	Topics Topics
	// ServiceTopic is the ARN that composite alarms tell; empty where they tell nobody.
	ServiceTopic string
	Resources    []Resource
	// Unread are the kinds whose list failed, each with the reason.
	Unread map[Kind]string
	// Alarms are those whose names begin with the stage's prefix.
	Alarms []Existing
	Place  Place
	// LogGroups are all that take metric filters, Filters all metric filters, those of others too; none where no log pattern
	// needs them.
	LogGroups []LogGroup
	Filters   []ExistingFilter
	// Dashboards are the stage's in this Region, OtherDashboards how many others the account has.
	Dashboards      []ExistingDashboard
	OtherDashboards int
	// DashboardsUnread says why the dashboards could not be read; empty where they were.
	DashboardsUnread string
}

// surroundings are what all alarms of a plan share.
type surroundings struct {
	Facts
	boards
	tellOK, tellNoData bool
	// composites says whether each service has a composite alarm.
	composites bool
	// dropped are the decisions about alarms that the file asks for no more, by name.
	dropped map[string]Decision
}

// Plan is what is to be done, with every alarm and every resource that was looked at.
type Plan struct {
	// Decisions are sorted by resource and alarm.
	Decisions []Decision `json:"decisions"`
	Remarks   []Remark   `json:"remarks"`
	// Held says why nothing is deleted; empty where nothing holds it back.
	Held string `json:"held,omitempty"`
	// Dashboards are sorted by service, the fleet's first.
	Dashboards []DashboardDecision `json:"dashboards"`
	// Filters are the metric filters of log patterns, sorted by log group and name.
	Filters []FilterDecision `json:"filters"`
	// CentsBefore and CentsAfter are what the stage's alarms and dashboards cost in a month, in US cents, now
	// and when all is done. DashboardCentsBefore and DashboardCentsAfter are the share of the dashboards.
	CentsBefore          int `json:"centsBefore"`
	CentsAfter           int `json:"centsAfter"`
	DashboardCentsBefore int `json:"dashboardCentsBefore"`
	DashboardCentsAfter  int `json:"dashboardCentsAfter"`
}

// Make decides about all alarms and dashboards of a stage.
func Make(facts Facts, cfg Config) Plan {
	for _, pattern := range cfg.LogPatterns {
		facts.Resources = append(slices.Clip(facts.Resources), pattern.resource(facts.Stage))
	}
	resources := unique(facts.Resources)
	found := map[string]bool{}
	for _, resource := range resources {
		found[stem(facts.Stage, resource)] = true
	}
	dropped := droppedOf(facts, cfg)
	plan := Plan{Held: belts(facts, found, dropped, cfg.MostGone)}
	var chosen []Resource
	verdicts := make([]verdict, len(resources))
	for at, resource := range resources {
		verdicts[at] = judge(resource, cfg)
		plan.Remarks = append(plan.Remarks, verdicts[at].remarks...)
	}
	limitQuotas(resources, verdicts, facts, cfg)
	meant := groupsOf(facts, cfg.LogPatterns)
	judgePatterns(resources, verdicts, meant, facts)
	for at, resource := range resources {
		if verdicts[at].reason == "" {
			chosen = append(chosen, resource)
		}
	}
	slices.SortFunc(plan.Remarks, func(a, b Remark) int {
		return cmp.Or(cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Tag, b.Tag))
	})
	around := surroundings{facts, boardsFor(facts, chosen, cfg.Dashboards, plan.Held), cfg.TellOK, cfg.TellNoData, cfg.Composites.Enabled, dropped}
	decisions, shown := decideAlarms(resources, verdicts, found, plan.Held, around)
	plan.Decisions = decisions
	plan.Filters = decideFilters(facts, cfg, decisions, meant, plan.Held)
	plan.Dashboards = decideDashboards(facts, around.boards, shown)
	plan.price(facts)
	left := limitFilters(plan.Filters, cfg.MaxChanges)
	limitDashboards(plan.Dashboards, left-limit(plan.Decisions, left))
	return plan
}

// unique are the resources by kind and name, each once: a list may name one twice, and two APIs may have one name.
func unique(resources []Resource) []Resource {
	sorted := slices.Clone(resources)
	slices.SortStableFunc(sorted, func(a, b Resource) int { return cmp.Or(cmp.Compare(a.Title(), b.Title()), cmp.Compare(a.ARN, b.ARN)) })
	return slices.CompactFunc(sorted, func(a, b Resource) bool { return a.Title() == b.Title() })
}

// Changes is how much is to be done, of alarms, metric filters and dashboards.
func (p Plan) Changes() int {
	count := 0
	for _, decision := range p.Decisions {
		if decision.Acts() {
			count++
		}
	}
	for _, decision := range p.Filters {
		if decision.Acts() {
			count++
		}
	}
	for _, decision := range p.Dashboards {
		if decision.Acts() {
			count++
		}
	}
	return count
}

// price says what alarms and dashboards cost, before anything is left to a later run.
func (p *Plan) price(facts Facts) {
	for _, alarm := range facts.Alarms {
		p.CentsBefore += alarm.cents()
	}
	p.DashboardCentsBefore = boardCents(len(facts.Dashboards), facts.OtherDashboards)
	p.DashboardCentsAfter = boardCents(boardsAfter(p.Dashboards), facts.OtherDashboards)
	p.CentsBefore += p.DashboardCentsBefore
	metricsBefore, metricsAfter := filterCents(facts, p.Filters)
	p.CentsBefore += metricsBefore
	p.CentsAfter = after(p.Decisions) + p.DashboardCentsAfter + metricsAfter
}

// leave is the plan that deletes all alarms of a stage, its metric filters and its dashboards.
func leave(found []Existing, filters []ExistingFilter, dashboards []ExistingDashboard, others int, stage string) Plan {
	plan := Plan{Filters: leaveFilters(filters, stage)}
	plan.CentsBefore, _ = filterCents(Facts{Stage: stage, Filters: filters}, nil)
	for _, dashboard := range dashboards {
		plan.Dashboards = append(plan.Dashboards, DashboardDecision{Dashboard: dashboard.Name, Fate: Fate{Outcome: ToDelete, Reason: Leaving}})
	}
	plan.DashboardCentsBefore = boardCents(len(dashboards), others)
	plan.CentsBefore += plan.DashboardCentsBefore
	for _, alarm := range found {
		of, _, _ := parts(stage, alarm.Name)
		plan.CentsBefore += alarm.cents()
		plan.Decisions = append(plan.Decisions, Decision{
			Alarm: alarm.Name, Resource: strings.TrimPrefix(of, Prefix(stage)), Fate: Fate{Outcome: ToDelete, Reason: Leaving}, there: alarm,
		})
	}
	slices.SortFunc(plan.Decisions, func(a, b Decision) int { return cmp.Compare(a.Alarm, b.Alarm) })
	return plan
}
