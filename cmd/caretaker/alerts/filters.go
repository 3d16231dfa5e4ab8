package alerts

import (
	"fmt"
	"maps"
	"slices"

	"caretaker/alerts"
	"caretaker/cmd/caretaker/console"
)

// showFilters prints what is to be done about metric filters.
func (r regionPlan) showFilters(out *console.Sheet, all bool) {
	var rows [][]any
	for _, d := range r.Filters {
		if !all && d.Outcome == alerts.Kept {
			continue
		}
		why := string(d.Reason)
		if d.Detail != "" {
			why += ": " + d.Detail
		}
		for _, change := range d.Changes {
			why += fmt.Sprintf(": %s from %q to %q", change.Field, change.From, change.To)
		}
		rows = append(rows, []any{d.Filter, d.Group, d.Outcome, why})
	}
	if len(rows) > 0 {
		out.Table(console.Table{Title: "Metric filters of " + r.Region, Header: []any{"Filter", "Log group", "Outcome", "Why"}, Rows: rows})
	}
}

// sumFilters says how many there are of what.
func (r regionPlan) sumFilters(out *console.Sheet) {
	counts := filterCounts(r.Filters)
	for position, outcome := range slices.Sorted(maps.Keys(counts)) {
		out.Line(console.Once("Metric filters", position), "%6d %s", counts[outcome], outcome)
	}
}

func filterCounts(decisions []alerts.FilterDecision) map[alerts.Outcome]int {
	counts := map[alerts.Outcome]int{}
	for _, decision := range decisions {
		counts[decision.Outcome]++
	}
	return counts
}
