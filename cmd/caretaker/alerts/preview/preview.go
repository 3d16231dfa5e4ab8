// Package preview draws CloudWatch dashboards as one page of HTML that asks nobody for anything: from their own
// JSON, with data of the account or with samples.
package preview

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"caretaker/alerts"
	"caretaker/internal/metric"
)

// Source is where the data come from.
type Source interface {
	// Lines are what a graph shows over the frame, each with its label. An expression may find several.
	Lines(ctx context.Context, graph Graph, frame metric.Frame) ([]Line, error)
	// States are those of the alarms that there are, by ARN: OK, ALARM or INSUFFICIENT_DATA.
	States(ctx context.Context) (map[string]string, error)
}

// Line is one of a graph. A period without a datapoint is metric.Missing.
type Line struct {
	Label  string
	Series metric.Series
}

// Graph is a widget of type metric.
type Graph struct {
	Title  string
	Region string
	Period time.Duration
	Lines  []Query
}

// Query is a line of a widget's metrics: an expression, or a metric.
type Query struct {
	ID, Label, Expression        string
	Namespace, Metric, Statistic string
	Dimensions                   []metric.Dimension
	Period                       time.Duration
}

// Board is a dashboard as it is drawn.
type Board struct {
	Name, Title, Region string
	Widgets             []Widget
}

// Widget is a piece of it. Of Markdown, Graph and Alarms one is set.
type Widget struct {
	Kind                string
	X, Y, Width, Height int
	Title, Markdown     string
	Graph               *Drawing
	Alarms              []State
	// Why says why there is nothing to see; empty where there is something.
	Why string
}

// Drawing is a graph with its data.
type Drawing struct {
	Unit    string  `json:"unit"`
	Stacked bool    `json:"stacked"`
	Start   int64   `json:"start"`
	Period  int64   `json:"period"`
	Count   int     `json:"count"`
	Lines   []Drawn `json:"lines"`
	Marks   []Mark  `json:"marks"`
}

// Drawn is a line; null stands where there is no datapoint.
type Drawn struct {
	Label  string     `json:"label"`
	Values []*float64 `json:"values"`
}

// Mark is a line at a value.
type Mark struct {
	Label string  `json:"label"`
	Value float64 `json:"value"`
}

// State is an alarm with its state.
type State struct{ Name, State string }

// NotMade is the state of an alarm that is planned.
const NotMade = "not made yet"

// span is how far back a dashboard shows when it is opened.
func span(start string) (time.Duration, error) {
	hours, is := strings.CutPrefix(start, "-PT")
	back, err := time.ParseDuration(strings.ToLower(hours))
	if !is || err != nil || back <= 0 {
		return 0, fmt.Errorf("the dashboard begins at %q, want a time such as -PT3H", start)
	}
	return back, nil
}

// Draw reads a dashboard's JSON and its data up to now. What cannot be read is said in the widget, and in the
// failures.
func Draw(ctx context.Context, dashboard alerts.Dashboard, region string, source Source, now time.Time) (Board, []error) {
	var body alerts.Body
	board := Board{Name: dashboard.Name, Title: dashboard.Service, Region: region}
	if board.Title == "" {
		board.Title = "Fleet"
	}
	if err := json.Unmarshal([]byte(dashboard.Body), &body); err != nil {
		return board, []error{fmt.Errorf("%s: reading its JSON: %w", dashboard.Name, err)}
	}
	back, err := span(body.Start)
	if err != nil {
		return board, []error{fmt.Errorf("%s: %w", dashboard.Name, err)}
	}
	states, err := source.States(ctx)
	var failures []error
	if err != nil {
		failures = append(failures, fmt.Errorf("%s: reading the states of alarms: %w", dashboard.Name, err))
	}
	for _, widget := range body.Widgets {
		drawn, err := draw(ctx, widget, states, source, back, now)
		if err != nil {
			failures = append(failures, fmt.Errorf("%s, %s: %w", dashboard.Name, drawn.Title, err))
			drawn.Why = "It could not be read: " + err.Error()
		}
		board.Widgets = append(board.Widgets, drawn)
	}
	return board, failures
}

func draw(ctx context.Context, widget alerts.Widget, states map[string]string, source Source, back time.Duration, now time.Time) (Widget, error) {
	of := widget.Properties
	drawn := Widget{Kind: widget.Type, X: widget.X, Y: widget.Y, Width: widget.Width, Height: widget.Height, Title: of.Title, Markdown: of.Markdown}
	switch widget.Type {
	case "text":
		return drawn, nil
	case "alarm":
		drawn.Alarms, drawn.Why = alarms(of, states)
		return drawn, nil
	case "metric":
		graph, err := graphOf(of)
		frame := metric.Frame{Period: graph.Period}
		if err != nil {
			frame.Period = 5 * time.Minute
		}
		frame.Start = now.Add(-back).Truncate(frame.Period)
		frame.Count = int(now.Sub(frame.Start) / frame.Period)
		drawn.Graph = &Drawing{Stacked: of.Stacked, Start: frame.Start.Unix(), Period: int64(frame.Period.Seconds()), Count: frame.Count, Lines: []Drawn{}, Marks: []Mark{}}
		if of.YAxis != nil {
			drawn.Graph.Unit = of.YAxis.Left.Label
		}
		if of.Annotations != nil {
			for _, line := range of.Annotations.Horizontal {
				drawn.Graph.Marks = append(drawn.Graph.Marks, Mark{line.Label, line.Value})
			}
		}
		if err != nil {
			return drawn, err
		}
		lines, err := source.Lines(ctx, graph, frame)
		for _, line := range lines {
			drawn.Graph.Lines = append(drawn.Graph.Lines, Drawn{line.Label, pointers(line.Series)})
		}
		if len(lines) == 0 && err == nil {
			drawn.Why = whyEmpty(graph, back)
		}
		return drawn, err
	}
	return drawn, fmt.Errorf("a widget of type %q cannot be drawn: text, metric and alarm can", widget.Type)
}

func pointers(series metric.Series) []*float64 {
	values := make([]*float64, len(series))
	for at, value := range series {
		if !metric.Missing(value) {
			values[at] = &series[at]
		}
	}
	return values
}
