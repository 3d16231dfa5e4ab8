package emulator

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// dashboardMessage is one that AWS has about a dashboard's body.
type dashboardMessage struct{ path, text string }

// dashboardCheck reads a dashboard's body as its documentation describes it. In an error the body is refused; what is
// warned of is taken, and not shown.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
type dashboardCheck struct{ errors, warnings []dashboardMessage }

func (c *dashboardCheck) error(path, text string) {
	c.errors = append(c.errors, dashboardMessage{path, text})
}

func (c *dashboardCheck) warn(path, text string) {
	c.warnings = append(c.warnings, dashboardMessage{path, text})
}

// widgetProperties are those that each type of widget may have, the required ones with an exclamation mark.
var widgetProperties = map[string]string{
	"text":   "markdown! background",
	"alarm":  "alarms! title sortBy states",
	"metric": "metrics region! title view stacked stat period yAxis annotations legend liveData sparkline timezone labels start end setPeriodToTimeRange singleValueFullPrecision trend accountId table gauge",
	"log":    "query! region! title view stacked accountId", "explorer": "metrics! aggregateBy labels period splitBy title widgetOptions", "custom": "endpoint! title params updateOn",
}

// The limits: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
const (
	mostDashboardWidgets = 500
	mostMetricsOfWidget  = 500
	mostDashboardMetrics = 2500
	mostAlarmsOfWidget   = 100
)

func (c *dashboardCheck) body(value any) {
	body, is := value.(map[string]any)
	if !is {
		c.error("", "The field DashboardBody must be a valid JSON object")
		return
	}
	c.known("", body, "start end periodOverride widgets! variables")
	widgets, is := body["widgets"].([]any)
	if !is {
		c.error("/widgets", "Should be array")
		return
	}
	if len(widgets) > mostDashboardWidgets {
		c.error("/widgets", fmt.Sprintf("Should NOT have more than %d items", mostDashboardWidgets))
	}
	metrics := 0
	for number, item := range widgets {
		metrics += c.widget(fmt.Sprintf("/widgets/%d", number), item)
	}
	if metrics > mostDashboardMetrics {
		c.error("/widgets", fmt.Sprintf("Should NOT have more than %d metrics", mostDashboardMetrics))
	}
}

// known says which properties are missing, and warns of those that nobody knows.
func (c *dashboardCheck) known(path string, of map[string]any, names string) {
	allowed := map[string]bool{}
	for name := range strings.FieldsSeq(names) {
		plain, required := strings.CutSuffix(name, "!")
		allowed[plain] = true
		if _, has := of[plain]; required && !has {
			c.error(path, "Should have required property '"+plain+"'")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(of)) {
		if !allowed[name] {
			c.warn(path+"/"+name, "Should NOT have additional properties")
		}
	}
}

// widget checks one, and answers how many metrics it has.
func (c *dashboardCheck) widget(path string, value any) int {
	widget, is := value.(map[string]any)
	if !is {
		c.error(path, "Should be object")
		return 0
	}
	c.known(path, widget, "type! x y width height properties!")
	for name, bounds := range map[string][2]float64{"x": {0, 23}, "y": {0, 1e9}, "width": {1, 24}, "height": {1, 1000}} {
		number, has := widget[name].(float64)
		switch {
		case widget[name] == nil:
		case !has:
			c.error(path+"/"+name, "Should be integer")
		case number < bounds[0]:
			c.error(path+"/"+name, fmt.Sprintf("Should be >= %g", bounds[0]))
		case number > bounds[1]:
			c.error(path+"/"+name, fmt.Sprintf("Should be <= %g", bounds[1]))
		}
	}
	kind, _ := widget["type"].(string)
	names, known := widgetProperties[kind]
	properties, is := widget["properties"].(map[string]any)
	switch {
	case !known:
		c.error(path+"/type", "Should be equal to one of the allowed values")
		return 0
	case !is:
		c.error(path+"/properties", "Should be object")
		return 0
	}
	c.known(path+"/properties", properties, names)
	alarms, _ := properties["alarms"].([]any)
	if kind == "alarm" && (len(alarms) == 0 || len(alarms) > mostAlarmsOfWidget) {
		c.error(path+"/properties/alarms", fmt.Sprintf("Should have 1 to %d items", mostAlarmsOfWidget))
	}
	if kind != "metric" {
		return 0
	}
	metrics, has := properties["metrics"].([]any)
	annotations, _ := properties["annotations"].(map[string]any)
	switch {
	case !has && annotations["alarms"] == nil:
		c.error(path+"/properties", "Should have required property 'metrics'")
	case len(metrics) > mostMetricsOfWidget:
		c.error(path+"/properties/metrics", fmt.Sprintf("Should NOT have more than %d items", mostMetricsOfWidget))
	}
	for number, line := range metrics {
		c.metric(fmt.Sprintf("%s/properties/metrics/%d", path, number), line)
	}
	return len(metrics)
}

// metric checks a line: namespace, name, dimensions in pairs, and options at the end; or options with an expression alone.
func (c *dashboardCheck) metric(path string, value any) {
	line, is := value.([]any)
	if !is || len(line) == 0 {
		c.error(path, "Should be array")
		return
	}
	options, has := line[len(line)-1].(map[string]any)
	if has {
		line = line[:len(line)-1]
		c.known(path, options, "expression label color id period region stat visible yAxis accountId")
	}
	for at, part := range line {
		if _, is := part.(string); !is {
			c.error(fmt.Sprintf("%s/%d", path, at), "Should be string")
		}
	}
	switch {
	case len(line) == 0 && options["expression"] == nil:
		c.error(path, "Should have an expression")
	case len(line) == 1 || len(line)%2 == 1:
		c.error(path, "Should have a namespace, a metric and pairs of dimensions")
	}
}
