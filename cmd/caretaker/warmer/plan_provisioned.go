package warmer

import (
	"fmt"
	"strings"

	"caretaker/cmd/caretaker/console"
	"caretaker/warmer"
)

// alias is one with provisioned concurrency by windows.
type alias struct {
	warmer.ProvisionedAlias
	// Counts are by window, always among them, after all caps.
	Counts map[string]int `json:"counts"`
	// Cost is a month's, in US dollars.
	Cost float64 `json:"costAMonth"`
}

// showProvisioned prints what is provisioned, by windows.
func (r region) showProvisioned(out *console.Sheet) {
	header, numbers := []any{"Alias", "There", "Wanted"}, []int{2, 3}
	windows := append([]string{warmer.Always}, r.Windows...)
	for _, window := range windows {
		header = append(header, window)
		numbers = append(numbers, len(header))
	}
	header = append(header, "Cost", "A run would", "Why")
	numbers = append(numbers, len(header)-2)
	var rows [][]any
	sum := 0.0
	for _, a := range r.Provisioned {
		there := "none"
		if a.State != nil {
			there = fmt.Sprintf("%d %s", a.State.Requested, strings.ReplaceAll(strings.ToLower(a.State.Status), "_", " "))
		}
		row := []any{a.Ref, there, count(a.Wanted)}
		for _, window := range windows {
			row = append(row, count(a.Counts[window]))
		}
		why := a.Why
		if a.Capped != "" && why != a.Capped {
			why = strings.TrimPrefix(why+"; "+a.Capped, "; ")
		}
		rows = append(rows, append(row, dollars(a.Cost), string(a.Act), why))
		sum += a.Cost
	}
	out.Table(console.Table{Title: "Provisioned concurrency by windows in " + r.Region + ", and what it costs in a month", Header: header, Numbers: numbers, Rows: rows})
	if len(rows) > 0 {
		out.Line("By windows", "%s a month. The warmer takes away what it set itself, and nothing else; caretaker warmer release does so before it is switched off.", dollars(sum))
	}
}
