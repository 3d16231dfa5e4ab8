package alerts

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"caretaker/internal/setting"
)

// mostNamed is how many functions a dashboard names one by one: their names in seven graphs are some 100 KB.
const mostNamed = 200

// fleetBody is what the dashboard of all functions shows. It looks for metrics, so that functions which are
// new appear by themselves; only what depends on a function's settings names them.
func fleetBody(resources []watched, place Place, stage string, services int) string {
	p := page{region: place.Region}
	functions := ofKind(resources, Function)
	all := len(functions)
	p.text(2, fmt.Sprintf("# Fleet: %s\nStage %s: %s watched, %s with a dashboard. Made by Caretaker, which overwrites what is changed here.",
		place.Region, stage, counted(all, "function"), counted(services, "service")))
	for _, severity := range severities {
		p.alarms(severity.title+" that are on, or have no data", bySeverity(resources, place, severity.name), "ALARM", "INSUFFICIENT_DATA")
	}
	p.graph(8, "All functions", "calls in 5 minutes", [][]any{
		{"AWS/Lambda", "Invocations", map[string]any{"stat": "Sum", "label": "calls"}},
		{"AWS/Lambda", "Errors", map[string]any{"stat": "Sum", "label": "errors"}},
		{"AWS/Lambda", "Throttles", map[string]any{"stat": "Sum", "label": "throttles"}},
	})
	top := func(width int, title, unit, metric, statistic string, lines ...Line) {
		p.graph(width, title, unit, expressions("", []string{topTen(metric, statistic, all)}), lines...)
	}
	top(8, "Errors, top ten", "errors in 5 minutes", "Errors", "Sum")
	top(8, "Throttles, top ten", "throttled calls in 5 minutes", "Throttles", "Sum")
	slowest := "slowest ten"
	if all > mostFound {
		slowest += fmt.Sprintf(" of %d functions", mostFound)
	}
	if all > mostNamed {
		top(12, "Duration, p99, "+slowest, "ms", "Duration", "p99", commonTimeouts(functions)...)
		top(12, "Duration, p50, "+slowest, "ms", "Duration", "p50")
	} else {
		top(8, "Duration, p99, "+slowest, "ms", "Duration", "p99")
		top(8, "Duration, p50, "+slowest, "ms", "Duration", "p50")
		p.timeouts(8, functions, 3)
	}
	p.concurrency(12, ofKind(resources, Account))
	top(12, "Concurrency, top ten", "calls at once", "ConcurrentExecutions", "Maximum")
	top(12, "Iterator age, oldest ten", "ms", "IteratorAge", "Maximum")
	p.cost(12, functions)
	p.fleetAPIs(resources)
	return p.body()
}

// commonTimeouts are lines at the timeouts that most functions have.
func commonTimeouts(functions []watched) []Line {
	counts := map[time.Duration]int{}
	for _, function := range functions {
		if function.Timeout > 0 {
			counts[function.Timeout]++
		}
	}
	timeouts := slices.SortedFunc(maps.Keys(counts), func(a, b time.Duration) int {
		if counts[a] != counts[b] {
			return counts[b] - counts[a]
		}
		return int(a - b)
	})
	var lines []Line
	for _, timeout := range timeouts[:min(len(timeouts), 3)] {
		lines = append(lines, Line{"timeout of " + counted(counts[timeout], "function"), float64(timeout.Milliseconds())})
	}
	return lines
}

// timeouts shows the 99th percentile of the duration as a share of the timeout. top is how many of those that
// share a timeout are shown; 0 is all.
func (p *page) timeouts(width int, functions []watched, top int) {
	var metrics [][]any
	for _, same := range grouped(functions, func(r Resource) (string, float64) {
		return setting.Duration(r.Timeout).String(), 100 / max(float64(r.Timeout.Milliseconds()), 1)
	}) {
		for _, text := range ofNames("Duration", "p99", same.names) {
			if top > 0 {
				text = fmt.Sprintf("SORT(%s, MAX, DESC, %d)", text, top)
			}
			metrics = append(metrics, expression(len(metrics), decimal(same.factor)+"*"+text, "of "+same.label))
		}
	}
	lines := []Line{{"timeout", 100}}
	if check, known := checkAt("function.duration"); known {
		lines = append(lines, Line{"alarm, by default", check.Threshold})
	}
	p.named(width, "p99 as a share of the timeout", "% of the timeout", metrics, lines...)
}

// named adds a graph over functions that are named, or says that there are none.
func (p *page) named(width int, title, unit string, metrics [][]any, lines ...Line) {
	if len(metrics) == 0 || len(metrics) > mostSearches/2 { // a line of costs has two searches
		why := "There is no function to show it of."
		if len(metrics) > 0 {
			why = "The functions differ in too many settings to be shown in one graph."
		}
		p.add("text", width, graphHeight, Properties{Markdown: "### " + title + "\n" + why})
		return
	}
	p.graph(width, title, unit, metrics, lines...)
}

// concurrency shows the account's beside its limit.
func (p *page) concurrency(width int, account []watched) {
	var lines []Line
	for _, one := range account {
		lines = append(lines, Line{"limit", float64(one.Concurrency)})
	}
	lines = append(lines, thresholds(account, "concurrency")...)
	p.graph(width, "Concurrency of the account", "calls at once", [][]any{
		{"AWS/Lambda", "ConcurrentExecutions", map[string]any{"stat": "Maximum", "label": "running"}},
		{"AWS/Lambda", "ClaimedAccountConcurrency", map[string]any{"stat": "Maximum", "label": "claimed"}},
	}, lines...)
}

// PricesOf is the Region whose list prices are reckoned with. Most Regions have the same; where they are
// reckoned with for another, it is said.
const PricesOf = "us-east-1"

// Prices of Lambda there, in dollars: of a second of 1 GB, and of a call.
// https://aws.amazon.com/lambda/pricing/
const (
	dollarsX86   = 0.0000166667
	dollarsARM   = 0.0000133334
	dollarsACall = 0.0000002
)

// cost shows what functions cost in an hour, by what their time costs. What is provisioned, and the free
// tier, are not in it.
func (p *page) cost(width int, functions []watched) {
	title := "Cost of Lambda, estimated"
	if p.region != PricesOf {
		title += " at prices of " + PricesOf
	}
	if len(functions) > mostNamed {
		p.add("text", width, graphHeight, Properties{Markdown: fmt.Sprintf("### %s\nIt is shown for up to %d functions; these are %d. The dashboards of services have it.", title, mostNamed, len(functions))})
		return
	}
	var metrics [][]any
	for _, same := range grouped(functions, func(r Resource) (string, float64) {
		price, architecture := dollarsX86, "x86_64"
		if r.ARM {
			price, architecture = dollarsARM, "arm64"
		}
		return fmt.Sprintf("%d MB, %s", r.Memory, architecture), float64(r.Memory) / 1024 * price / 1000
	}) {
		for number, names := range queries(same.names) {
			label := same.label
			if number > 0 {
				label += fmt.Sprintf(" (%d)", number+1)
			}
			const anHour = 3600 / graphPeriod
			text := fmt.Sprintf("SUM(%s)*%s+SUM(%s)*%s", lambdaSearch("Duration", "Sum", names), decimal(same.factor*anHour), lambdaSearch("Invocations", "Sum", names), decimal(dollarsACall*anHour))
			metrics = append(metrics, expression(len(metrics), text, label))
		}
	}
	p.named(width, title, "USD an hour", metrics)
	if last := &p.widgets[len(p.widgets)-1]; last.Type == "metric" {
		last.Properties.Stacked = true
	}
}
