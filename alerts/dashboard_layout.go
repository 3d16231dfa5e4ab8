package alerts

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"caretaker/alerts/label"
)

// gridWidth is how many columns a dashboard has.
const gridWidth = 24

// graphHeight is that of graphs, in rows.
const graphHeight = 6

// page is a dashboard that is filled from left to right and from top to bottom.
type page struct {
	region  string
	widgets []Widget
	x, y    int
	row     int // the height of the row that is being filled
}

func (p *page) add(kind string, width, height int, of Properties) {
	if p.x+width > gridWidth {
		p.x, p.y, p.row = 0, p.y+p.row, 0
	}
	p.widgets = append(p.widgets, Widget{kind, p.x, p.y, width, height, of})
	p.x += width
	p.row = max(p.row, height)
}

func (p *page) text(height int, markdown string) {
	p.add("text", gridWidth, height, Properties{Markdown: markdown})
}

// graph adds a graph. unit stands beside it; lines lie over it.
func (p *page) graph(width int, title, unit string, metrics [][]any, lines ...Line) {
	p.graphOver(graphPeriod, width, title, unit, metrics, lines...)
}

func (p *page) graphOver(period, width int, title, unit string, metrics [][]any, lines ...Line) {
	of := Properties{
		Title: title, View: "timeSeries", Region: p.region, Period: period, Metrics: metrics,
		YAxis: &YAxis{Axis{Label: unit}},
	}
	if len(lines) > 0 {
		of.Annotations = &Annotations{lines}
	}
	p.add("metric", width, graphHeight, of)
}

// mostAlarmWidgets is how many widgets of a hundred alarms a severity has.
const mostAlarmWidgets = 5

// alarms adds the states of alarms, a hundred in a widget. One that shows only some states is for many
// alarms: it is empty when all is well.
func (p *page) alarms(title string, arns []string, states ...string) {
	slices.Sort(arns)
	shown := arns[:min(len(arns), mostAlarmWidgets*mostWidgetAlarms)]
	number := 0
	for some := range slices.Chunk(shown, mostWidgetAlarms) {
		name := title
		if len(arns) > mostWidgetAlarms {
			name = fmt.Sprintf("%s, %d to %d of %d", title, number+1, number+len(some), len(arns))
		}
		number += len(some)
		height := min(2+len(some)/8, 6)
		if len(states) > 0 {
			height = min(2+len(some)/50, 4) // few are shown
		}
		p.add("alarm", gridWidth, height, Properties{Title: name, Alarms: some, SortBy: "stateUpdatedTimestamp", States: states})
	}
}

func (p *page) body() string {
	return Body{Start: "-PT3H", PeriodOverride: "inherit", Widgets: p.widgets}.text()
}

// watched is a resource that is watched, with the alarms that it has when all is done, by check.
type watched struct {
	Resource
	alarms map[string]Alarm
}

// group is some functions that share something.
type group struct {
	label string
	// factor makes a duration in milliseconds what is shown.
	factor float64
	names  []string
}

// grouped are functions by what they share, in the order of the labels.
func grouped(functions []watched, by func(Resource) (string, float64)) []group {
	groups := map[string]*group{}
	for _, function := range functions {
		label, factor := by(function.Resource)
		if groups[label] == nil {
			groups[label] = &group{label: label, factor: factor}
		}
		groups[label].names = append(groups[label].names, function.Name)
	}
	var all []group
	for _, label := range slices.Sorted(maps.Keys(groups)) {
		all = append(all, *groups[label])
	}
	return all
}

func namesOf(resources []watched) []string {
	names := make([]string, 0, len(resources))
	for _, resource := range resources {
		names = append(names, resource.Name)
	}
	return names
}

// thresholds are the lines at which a check's alarms ring, where they are few.
func thresholds(resources []watched, key string) []Line {
	at := map[float64]bool{}
	for _, resource := range resources {
		if alarm, has := resource.alarms[key]; has && alarm.Band == 0 { // a band is no line
			at[alarm.Threshold] = true
		}
	}
	var lines []Line
	if len(at) <= 3 {
		for _, value := range slices.Sorted(maps.Keys(at)) {
			lines = append(lines, Line{"alarm", value})
		}
	}
	return lines
}

// bySeverity are the ARNs of alarms.
func bySeverity(resources []watched, place Place, severity string) []string {
	var arns []string
	for _, resource := range resources {
		for key, alarm := range resource.alarms {
			check, _ := checkAt(string(resource.Kind) + "." + key)
			if severityOf(resource.Resource, check) == severity {
				arns = append(arns, place.arn("cloudwatch", "alarm:"+alarm.Name))
			}
		}
	}
	return arns
}

// Place is the account and the Region.
type Place struct{ Partition, Region, Account string }

func (p Place) arn(service, resource string) string {
	return strings.Join([]string{"arn", p.Partition, service, p.Region, p.Account, resource}, ":")
}

// ofKind are the resources of a kind, by name.
func ofKind(resources []watched, kind Kind) []watched {
	var found []watched
	for _, resource := range resources {
		if resource.Kind == kind {
			found = append(found, resource)
		}
	}
	slices.SortFunc(found, func(a, b watched) int { return cmp.Compare(a.Name, b.Name) })
	return found
}

// count is a number of things: 1 function, 12 functions.
func counted(number int, of string) string {
	if number == 1 {
		return "1 " + of
	}
	if before, is := strings.CutSuffix(of, "y"); is {
		return fmt.Sprintf("%d %sies", number, before)
	}
	if strings.HasSuffix(of, "x") {
		return fmt.Sprintf("%d %ses", number, of)
	}
	return fmt.Sprintf("%d %ss", number, of)
}

// severities are shown in this order.
var severities = []struct{ name, title string }{{label.Critical, "Critical alarms"}, {label.Warning, "Warnings"}}
