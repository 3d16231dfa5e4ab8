package alerts

import (
	"fmt"
	"strings"
)

// serviceBody is what a service's dashboard shows. It names its functions, since no metric says which service
// it belongs to: a new one appears with the reconciler's next run.
func serviceBody(service string, resources []watched, place Place, stage string) string {
	p := page{region: place.Region}
	functions := ofKind(resources, Function)
	p.text(2, serviceText(service, resources, place, stage))
	for _, severity := range severities {
		p.alarms(severity.title, bySeverity(resources, place, severity.name))
	}
	if len(functions) > mostNamed {
		functions = functions[:mostNamed]
	}
	if len(functions) > 0 {
		p.functions(functions)
	}
	p.apis(resources)
	p.others(resources)
	return p.body()
}

func serviceText(service string, resources []watched, place Place, stage string) string {
	var has []string
	for _, kind := range Kinds {
		if number := len(ofKind(resources, kind)); number > 0 {
			has = append(has, counted(number, strings.ReplaceAll(string(kind), "-", " ")))
		}
	}
	text := fmt.Sprintf("# %s\nStage %s, %s: %s. Made by Caretaker, which overwrites what is changed here.", plainMarkdown(service), stage, place.Region, strings.Join(has, ", "))
	if number := len(ofKind(resources, Function)); number > mostNamed {
		text += fmt.Sprintf(" The graphs show the first %d of %d functions.", mostNamed, number)
	}
	return text
}

// plainMarkdown is a text that means nothing in markdown.
func plainMarkdown(text string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`, "]", `\]`, "<", `\<`, ">", `\>`, "#", `\#`, "\n", " ").Replace(text)
}

// functions adds the graphs of functions.
func (p *page) functions(functions []watched) {
	names := namesOf(functions)
	of := func(label, metric, statistic string) [][]any {
		return expressions(label, ofNames(metric, statistic, names))
	}
	p.graph(8, "Calls", "calls in 5 minutes", of("", "Invocations", "Sum"))
	p.graph(8, "Errors", "errors in 5 minutes", of("", "Errors", "Sum"))
	p.graph(8, "Throttles", "throttled calls in 5 minutes", of("", "Throttles", "Sum"), thresholds(functions, "throttles")...)
	both := ofNames("Duration", "p50", names)
	lines := expressions("p50", both)
	for _, text := range ofNames("Duration", "p99", names) {
		lines = append(lines, expression(len(lines), text, "p99"))
	}
	p.graph(12, "Duration, p50 and p99", "ms", lines)
	p.timeouts(12, functions, 0)
	p.graph(12, "Concurrency", "calls at once", of("", "ConcurrentExecutions", "Maximum"))
	p.cost(12, functions)
	var readers []watched
	for _, function := range functions {
		if function.ReadsStream {
			readers = append(readers, function)
		}
	}
	if len(readers) > 0 {
		p.graph(8, "Iterator age", "ms", expressions("", ofNames("IteratorAge", "Maximum", namesOf(readers))), thresholds(readers, "iterator-age")...)
	}
}

// others adds a graph for each check of what is neither function nor API, with the lines at which it rings.
func (p *page) others(resources []watched) {
	for _, kind := range Kinds {
		if kind == Function || kind == Account {
			continue
		}
		for _, check := range checksOf(kind) {
			if apart(check) {
				continue
			}
			var checked []watched
			var metrics [][]any
			for _, resource := range ofKind(resources, kind) {
				alarm, has := resource.alarms[check.Key]
				if !has || len(metrics)+len(alarm.Metrics) > mostFound {
					continue
				}
				checked = append(checked, resource)
				for _, metric := range alarm.Metrics {
					metrics = append(metrics, metricLine(resource.Resource, metric, len(alarm.Metrics) > 1))
				}
			}
			if len(checked) > 0 {
				title := strings.ToUpper(string(kind[:1])) + strings.ReplaceAll(string(kind[1:])+": "+check.Key, "-", " ")
				p.graphOver(int(check.Period.Seconds()), 8, title, unitOf(check), metrics, thresholds(checked, check.Key)...)
			}
		}
	}
}

// metricLine is one metric of a resource. Where an alarm reads several, the label says which it is.
func metricLine(r Resource, metric Metric, several bool) []any {
	line := []any{metric.Namespace, metric.Name}
	for _, dimension := range metric.Dimensions {
		line = append(line, dimension.Name, dimension.Value)
	}
	name := r.Name
	if several {
		name += " " + metric.Name
	}
	return append(line, map[string]any{"stat": metric.Statistic, "label": name})
}

// unitOf is what the values of a check's metrics are in.
func unitOf(c Check) string {
	switch {
	case c.Millis:
		return "ms"
	case c.Unit == Span:
		return "seconds"
	}
	minutes := counted(int(c.Period.Minutes()), "minute")
	if c.Measures[0].Statistic == "Sum" {
		return "in " + minutes
	}
	return "at most in " + minutes
}
