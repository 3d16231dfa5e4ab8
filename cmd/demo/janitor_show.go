package main

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"caretaker/internal/emulator"
	"caretaker/janitor"
)

// gauge shows how full the code storage is.
func (s *screen) gauge(label string, storage janitor.Storage) {
	const cells = 30
	full := min(cells, int(storage.Percent()*cells/100+0.5))
	s.fact(label, "%s%s %5.1f %%  %s of %s", s.paint(strings.Repeat("█", full), text.FgYellow), s.paint(strings.Repeat("░", cells-full), text.Faint),
		storage.Percent(), janitor.Size(storage.Used), janitor.Size(storage.Limit))
}

// counted says whether AWS's limit of the Lambda control plane counts a call.
func counted(call emulator.Call) bool {
	return call.Service == "lambda" && call.Operation != "Invoke" && call.Operation != "GetPolicy"
}

// watched is what the proxy has recorded of a run so far.
func watched(calls []emulator.Call, now time.Time) string {
	const window = 5 * time.Second
	recent, deleted := 0, 0
	for _, call := range calls {
		if counted(call) && now.Sub(call.Start) < window {
			recent++
		}
		if call.Operation == "DeleteFunction" {
			deleted++
		}
	}
	text := fmt.Sprintf("%d calls, %.1f a second to Lambda of the %d that AWS allows", len(calls), float64(recent)/window.Seconds(), allowed)
	if deleted > 0 {
		text += fmt.Sprintf(", %d versions deleted", deleted)
	}
	return text
}

// most is the most calls that any one second saw.
func most(calls []emulator.Call) int {
	most, first := 0, 0
	counting := slices.DeleteFunc(slices.Clone(calls), func(call emulator.Call) bool { return !counted(call) })
	for last, call := range counting {
		for call.Start.Sub(counting[first].Start) >= time.Second {
			first++
		}
		most = max(most, last-first+1)
	}
	return most
}

// showRun is the run in a few lines: what it did, as it says itself, and what the proxy saw of it.
func (a *janitorAct) showRun(report janitor.Report) {
	calls := a.Calls()
	throttled, role := 0, ""
	for _, call := range calls {
		if call.Status == http.StatusTooManyRequests {
			throttled++
		}
		if call.Operation == "DeleteFunction" {
			_, role, _ = strings.Cut(call.Principal, ":assumed-role/")
		}
	}
	role, _, _ = strings.Cut(role, "/")
	a.out.fact("its own role", "%s", role)
	a.out.fact("result", "%s", a.out.paint(fmt.Sprintf("%d versions deleted, %s freed, in %s",
		report.Outcomes[janitor.Deleted], janitor.Size(report.BytesFreed), clock(time.Duration(report.Seconds*float64(time.Second)))), text.Bold))
	if refused := report.Outcomes[janitor.Refused]; refused > 0 {
		a.out.fact("", "AWS itself refused to delete %d, which no list shows to be needed: kept as well", refused)
	}
	a.out.fact("calls", "%d seen by the proxy; to Lambda at most %d in one second, of %d; %d throttled", len(calls), most(calls), allowed, throttled)
	a.figure("old versions are deleted", report.Outcomes[janitor.Deleted] > 0, "%d of %d, %s freed", report.Outcomes[janitor.Deleted], report.Versions, janitor.Size(report.BytesFreed))
	a.figure("AWS throttles none of its calls", throttled == 0, "%d throttled of %d; at most %d a second, of %d", throttled, len(calls), most(calls), allowed)
	a.out.gauge("storage before", report.Before)
	a.out.gauge("storage after", report.After)
	var rows []table.Row
	for _, item := range report.Biggest[:min(5, len(report.Biggest))] {
		rows = append(rows, table.Row{fmt.Sprintf("%s:%d", item.Function, item.Version), janitor.Size(item.Bytes), string(item.Reason) + " " + item.Detail})
	}
	a.out.say("")
	a.out.table(table.Row{"The biggest that went", "Size", "Why"}, rows, table.ColumnConfig{Number: 2, Align: text.AlignRight})
}

// showKept counts what was kept by the reasons that the run gives.
func (a *janitorAct) showKept(report janitor.Report, left map[string][]int) {
	reasons := slices.SortedFunc(maps.Keys(report.KeptBy), func(one, other janitor.Reason) int {
		return cmp.Or(report.KeptBy[other]-report.KeptBy[one], strings.Compare(string(one), string(other)))
	})
	var counts []string
	for _, reason := range reasons {
		if reason != janitor.IsLatest {
			counts = append(counts, fmt.Sprintf("%d %s", report.KeptBy[reason], reason))
		}
	}
	versions := 0
	for _, each := range left {
		versions += len(each)
	}
	a.out.fact("versions", "%d of %d are left; what the janitor says of them:", versions, report.Versions)
	a.out.paragraph(strings.Join(counts, ", "))
}

// showCases is the other side: what the fleet was seeded with, and whether it is still there.
func (a *janitorAct) showCases(left map[string][]int) {
	type group struct {
		function, why string
		versions      []int
	}
	var groups []group
	for _, one := range a.fleet.Cases {
		at := slices.IndexFunc(groups, func(g group) bool { return g.function == one.Function && g.why == one.Why })
		if at < 0 {
			groups, at = append(groups, group{function: one.Function, why: one.Why}), len(groups)
		}
		groups[at].versions = append(groups[at].versions, one.Version)
	}
	var rows []table.Row
	for _, g := range groups {
		there := 0
		for _, version := range g.versions {
			if slices.Contains(left[g.function], version) {
				there++
			}
		}
		state := a.out.paint("kept", text.FgGreen)
		if there < len(g.versions) {
			state = a.out.paint(fmt.Sprintf("%d LOST", len(g.versions)-there), text.FgRed)
		}
		rows = append(rows, table.Row{g.function + ":" + spans(g.versions), g.why, state})
	}
	a.out.say("")
	a.out.table(table.Row{"Old versions that are needed", "by", "now"}, rows)
}

// spans writes ascending numbers, those in a row together: 1-3, 7.
func spans(numbers []int) string {
	var parts []string
	for start := 0; start < len(numbers); {
		end := start
		for end+1 < len(numbers) && numbers[end+1] == numbers[end]+1 {
			end++
		}
		part := strconv.Itoa(numbers[start])
		if end > start {
			part += "-" + strconv.Itoa(numbers[end])
		}
		parts, start = append(parts, part), end+1
	}
	return strings.Join(parts, ",")
}
