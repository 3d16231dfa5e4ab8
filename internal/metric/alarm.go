package metric

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Metric is one that is read from CloudWatch, with all that tells it from others.
type Metric struct {
	Namespace, Name string
	// Dimensions are sorted by name.
	Dimensions []Dimension
	// Statistic is one of the API's words, such as Sum, or p99.
	Statistic string
	// Unit is asked for by name; empty takes any.
	Unit string
	// Account is another account's number; empty means the caller's.
	Account string
}

// Dimension is one of a metric.
type Dimension struct{ Name, Value string }

// Key tells metrics apart, also as a key of a map.
func (m Metric) Key() string {
	key := []string{m.Account, m.Namespace, m.Name, m.Statistic, m.Unit}
	for _, dimension := range m.Dimensions {
		key = append(key, dimension.Name, dimension.Value)
	}
	return strings.Join(key, "\x00")
}

// String is the metric for people: Sum of AWS/Lambda Errors by FunctionName=checkout.
func (m Metric) String() string {
	text := m.Statistic + " of " + m.Namespace + " " + m.Name
	for at, dimension := range m.Dimensions {
		text += []string{" by ", ", "}[min(at, 1)] + dimension.Name + "=" + dimension.Value
	}
	return text
}

// Query is a metric or an expression of an alarm.
type Query struct {
	// ID names it in expressions.
	ID string
	// Metric is nil of an expression.
	Metric     *Metric
	Expression string
	// Judged is the one that the alarm is about.
	Judged bool
}

// Alarm is what an alarm reads, and when it is on.
type Alarm struct {
	Name    string
	Rule    Rule
	Period  time.Duration
	Queries []Query

	expressions map[string]Expression
}

// New makes an alarm that can be computed, or says why it cannot be.
func New(name string, rule Rule, period time.Duration, queries []Query) (Alarm, error) {
	alarm := Alarm{Name: name, Rule: rule, Period: period, Queries: queries, expressions: map[string]Expression{}}
	if err := rule.Check(); err != nil {
		return Alarm{}, fmt.Errorf("%s: %w", name, err)
	}
	judged := 0
	for _, query := range queries {
		if query.Judged {
			judged++
		}
		if query.Metric != nil {
			continue
		}
		expression, err := Parse(query.Expression)
		if err != nil {
			return Alarm{}, fmt.Errorf("%s: %w", name, err)
		}
		alarm.expressions[query.ID] = expression
	}
	if period <= 0 {
		return Alarm{}, fmt.Errorf("%s: a period of %s cannot be computed", name, period)
	}
	if judged != 1 {
		return Alarm{}, fmt.Errorf("%s: %d of its metrics and expressions are judged, where 1 is", name, judged)
	}
	return alarm, nil
}

// Metrics are those that it reads.
func (a Alarm) Metrics() []Metric {
	var metrics []Metric
	for _, query := range a.Queries {
		if query.Metric != nil {
			metrics = append(metrics, *query.Metric)
		}
	}
	return metrics
}

// Sampled is the metric whose samples are counted, of an alarm that ignores percentiles of few samples.
func (a Alarm) Sampled() (Metric, bool) {
	for _, query := range a.Queries {
		if query.Metric != nil && query.Judged && a.Rule.Samples > 0 {
			metric := *query.Metric
			metric.Statistic = "SampleCount"
			return metric, true
		}
	}
	return Metric{}, false
}

// Data are the series of metrics over one frame, by Metric.Key.
type Data map[string]Series

// Values are what is judged, over the frame of the data.
func (a Alarm) Values(frame Frame, data Data) (Series, error) {
	c := &computation{frame: frame, metrics: map[string]Series{}, others: a.expressions, open: map[string]bool{}}
	var judged node
	for _, query := range a.Queries {
		if query.Metric != nil {
			series, there := data[query.Metric.Key()]
			if !there || len(series) != frame.Count {
				return nil, fmt.Errorf("%s: %s was not read", a.Name, query.Metric)
			}
			c.ids = append(c.ids, query.ID)
			c.metrics[query.ID] = series
		}
		if query.Judged {
			judged = node{what: name, text: query.ID}
		}
	}
	found, err := c.value(judged)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", a.Name, err)
	case found.kind == scalar:
		return nil, fmt.Errorf("%s: its expression comes to a number, not to a series", a.Name)
	case len(found.series) != 1:
		return nil, fmt.Errorf("%s: its expression comes to %d series, where an alarm judges one", a.Name, len(found.series))
	}
	return found.series[0], nil
}

// windowed says whether a value depends on more than the metrics at its moment.
func (a Alarm) windowed() bool {
	for _, expression := range a.expressions {
		if expression.root.windowed() {
			return true
		}
	}
	return false
}

func (n node) windowed() bool {
	if n.what == call && functions[n.text].windowed {
		switch first := n.arguments[0]; {
		case n.text == "FILL":
			if n.arguments[1].what == word {
				return true
			}
		case first.what == list, first.what == call && first.text == "METRICS":
			// over several series at each moment
		default:
			return true
		}
	}
	return slices.ContainsFunc(n.arguments, node.windowed)
}
