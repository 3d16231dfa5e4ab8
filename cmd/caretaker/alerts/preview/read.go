package preview

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"caretaker/alerts"
	"caretaker/internal/metric"
)

// graphOf reads the lines of a widget's metrics, as the dashboard's JSON has them.
func graphOf(of alerts.Properties) (Graph, error) {
	graph := Graph{Title: of.Title, Region: of.Region, Period: time.Duration(of.Period) * time.Second}
	if graph.Period <= 0 {
		return graph, fmt.Errorf("its period is %d seconds", of.Period)
	}
	for number, line := range of.Metrics {
		query, err := queryOf(line, graph.Period)
		if err != nil {
			return graph, fmt.Errorf("line %d of its metrics: %w", number+1, err)
		}
		query.ID = cmp.Or(query.ID, fmt.Sprintf("w%d", number+1))
		graph.Lines = append(graph.Lines, query)
	}
	return graph, nil
}

func queryOf(line []any, period time.Duration) (Query, error) {
	query := Query{Period: period, Statistic: "Average"}
	var texts []string
	for at, part := range line {
		switch part := part.(type) {
		case string:
			texts = append(texts, part)
		case map[string]any:
			if at != len(line)-1 {
				return query, fmt.Errorf("its options stand at place %d of %d, want the last", at+1, len(line))
			}
			query.options(part)
		default:
			return query, fmt.Errorf("%v is neither a text nor options", part)
		}
	}
	if query.Expression != "" {
		return query, nil
	}
	if len(texts) < 2 || len(texts)%2 != 0 {
		return query, fmt.Errorf("%d texts are no namespace, metric and pairs of dimensions", len(texts))
	}
	query.Namespace, query.Metric = texts[0], texts[1]
	for pair := range slices.Chunk(texts[2:], 2) {
		query.Dimensions = append(query.Dimensions, metric.Dimension{Name: pair[0], Value: pair[1]})
	}
	return query, nil
}

func (q *Query) options(of map[string]any) {
	text := func(name string) string {
		value, _ := of[name].(string)
		return value
	}
	q.ID, q.Label, q.Expression = text("id"), text("label"), text("expression")
	q.Statistic = cmp.Or(text("stat"), q.Statistic)
	if seconds, is := of["period"].(float64); is && seconds > 0 {
		q.Period = time.Duration(seconds) * time.Second
	}
}

// order is that of the states: what needs somebody first.
var order = []string{"ALARM", "INSUFFICIENT_DATA", NotMade, "OK"}

// alarms are those of a widget that are in the states which it shows.
func alarms(of alerts.Properties, states map[string]string) (shown []State, why string) {
	for _, arn := range of.Alarms {
		state := cmp.Or(states[arn], NotMade)
		if len(of.States) == 0 || slices.Contains(of.States, state) {
			shown = append(shown, State{nameIn(arn), state})
		}
	}
	slices.SortFunc(shown, func(a, b State) int {
		return cmp.Or(cmp.Compare(slices.Index(order, a.State), slices.Index(order, b.State)), cmp.Compare(a.Name, b.Name))
	})
	if len(shown) == 0 {
		missing := 0
		for _, arn := range of.Alarms {
			if states[arn] == "" {
				missing++
			}
		}
		switch missing {
		case 0:
			why = fmt.Sprintf("None of %d alarms is on, and all have data.", len(of.Alarms))
		case len(of.Alarms):
			why = fmt.Sprintf("The alarms are planned, %d of them, and none is made yet.", missing)
		default:
			why = fmt.Sprintf("None is on; %d of %d alarms are not made yet.", missing, len(of.Alarms))
		}
	}
	return shown, why
}

// nameIn is an alarm's name without what the names of a stage's alarms share: caretaker/prod/.
func nameIn(arn string) string {
	_, name, _ := strings.Cut(arn, ":alarm:")
	if parts := strings.SplitN(name, "/", 3); len(parts) == 3 {
		return parts[2]
	}
	return name
}

// reasons are why a metric may have no datapoint, by what stands in the expression or is its name.
var reasons = []struct{ metric, why string }{
	{"IteratorAge", "AWS publishes it for functions that read a stream"},
	{"ClaimedAccountConcurrency", "AWS publishes it once a function of the Region has run"},
	{"ReadThrottleEvents", "AWS publishes it only where something is throttled"},
	{"ApproximateAgeOfOldestMessage", "AWS publishes it while a queue is in use, and six hours longer"},
	{"Duration", "no function was called"},
	{"Invocations", "no function was called"},
	{"Errors", "no function was called"},
	{"ConcurrentExecutions", "no function was called"},
	{"Throttles", "no function was called"},
}

func whyEmpty(graph Graph, back time.Duration) string {
	text := ""
	for _, query := range graph.Lines {
		text += query.Expression + query.Metric
	}
	hours := strings.TrimSuffix(strings.TrimSuffix(back.String(), "0s"), "0m")
	for _, reason := range reasons {
		if strings.Contains(text, reason.metric) {
			return fmt.Sprintf("No datapoint in the last %s: %s.", hours, reason.why)
		}
	}
	return fmt.Sprintf("No datapoint in the last %s: AWS publishes it only when something happens.", hours)
}
