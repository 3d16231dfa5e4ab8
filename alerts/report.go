package alerts

import (
	"errors"
	"fmt"

	"caretaker/internal/emf"
)

// Report says what a run found and did.
type Report struct {
	DryRun bool `json:"dryRun"`
	// Outcomes counts alarms, and resources without one, by what became of them, Reasons by why.
	Outcomes map[Outcome]int `json:"outcomes"`
	Reasons  map[Reason]int  `json:"reasons"`
	// Dashboards counts dashboards, and services without one, by what became of them.
	Dashboards map[Outcome]int `json:"dashboards"`
	// Filters counts the metric filters of log patterns by what became of them.
	Filters map[Outcome]int `json:"filters,omitempty"`
	// DollarsBefore and DollarsAfter are what the stage's alarms and dashboards cost in a month.
	DollarsBefore float64 `json:"dollarsBefore"`
	DollarsAfter  float64 `json:"dollarsAfter"`
	// Held says why no alarm was deleted.
	Held string `json:"held,omitempty"`
	// Listed are the first fifty of which something was done, or, in a dry run, would be.
	Listed []Decision `json:"listed,omitempty"`
	// ListedDashboards are the same of dashboards.
	ListedDashboards []DashboardDecision `json:"listedDashboards,omitempty"`
	// ListedFilters are the same of metric filters.
	ListedFilters []FilterDecision `json:"listedFilters,omitempty"`
	// Remarks are the first fifty tags that nobody can read.
	Remarks []Remark `json:"remarks,omitempty"`
	// Errors are the first ten.
	Errors []string `json:"errors,omitempty"`

	left, failed, remarks int
	planned               bool
}

// What a report holds at most: Lambda refuses an answer of over 6 MB, after the work is done.
const (
	mostListed = 50
	mostErrors = 10
)

func newReport(plan Plan, failures []error, dryRun bool) Report {
	r := Report{
		DryRun: dryRun, Outcomes: map[Outcome]int{}, Reasons: map[Reason]int{}, Dashboards: map[Outcome]int{}, Held: plan.Held,
		DollarsBefore: float64(plan.CentsBefore) / 100, DollarsAfter: float64(plan.CentsAfter) / 100,
		Remarks: plan.Remarks[:min(len(plan.Remarks), mostListed)], failed: len(failures), remarks: len(plan.Remarks), planned: true,
	}
	for _, decision := range plan.Decisions {
		r.Outcomes[decision.Outcome]++
		r.Reasons[decision.Reason]++
		if decision.Outcome == NotYet {
			r.left++
		}
		if decision.Outcome != Kept && decision.Outcome != NoAlarm && len(r.Listed) < mostListed {
			r.Listed = append(r.Listed, decision)
		}
	}
	for _, decision := range plan.Dashboards {
		r.Dashboards[decision.Outcome]++
		if decision.Outcome == NotYet {
			r.left++
		}
		if decision.Outcome != Kept && decision.Outcome != NoDashboard && len(r.ListedDashboards) < mostListed {
			r.ListedDashboards = append(r.ListedDashboards, decision)
		}
	}
	if len(plan.Filters) > 0 {
		r.Filters = map[Outcome]int{}
	}
	for _, decision := range plan.Filters {
		r.Filters[decision.Outcome]++
		if decision.Outcome == NotYet {
			r.left++
		}
		if decision.Outcome != Kept && len(r.ListedFilters) < mostListed {
			r.ListedFilters = append(r.ListedFilters, decision)
		}
	}
	for _, failure := range failures[:min(len(failures), mostErrors)] {
		r.Errors = append(r.Errors, failure.Error())
	}
	return r
}

// Metrics are the figures of the run. Of one that came to no plan there are none, so that no alarm takes
// that for zero.
func (r Report) Metrics() []emf.Metric {
	if !r.planned {
		return nil
	}
	figure := func(name string, value int) emf.Metric {
		return emf.Metric{Name: name, Value: float64(value), Unit: emf.Count}
	}
	return []emf.Metric{
		figure("RunCompleted", 1),
		figure("AlarmsKept", r.Outcomes[Kept]),
		figure("AlarmsCreated", r.Outcomes[Created]),
		figure("AlarmsChanged", r.Outcomes[Changed]),
		figure("AlarmsDeleted", r.Outcomes[Deleted]),
		figure("DashboardsWritten", r.Dashboards[Created]+r.Dashboards[Changed]+r.Dashboards[Deleted]),
		figure("AlarmsLeft", r.left),
		figure("AlarmsFailed", r.failed),
		figure("TagsUnreadable", r.remarks),
	}
}

// summed is the error of a run in which something failed: Lambda's metric must rise.
func summed(failures []error) error {
	switch len(failures) {
	case 0:
		return nil
	case 1:
		return failures[0]
	}
	return fmt.Errorf("%d failures, such as: %w", len(failures), errors.Join(failures[:min(len(failures), 3)]...))
}
