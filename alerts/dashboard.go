package alerts

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
)

// Dashboard is one of CloudWatch, as the reconciler sets it.
type Dashboard struct {
	Name string
	// Service is whose it is; empty is the fleet's.
	Service string
	// Body is the JSON by which CloudWatch draws it.
	Body string
}

// ExistingDashboard is one that is there.
type ExistingDashboard struct{ Name, Body string }

// Body is what a dashboard shows.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
type Body struct {
	// Start is where the time begins, such as -PT3H.
	Start string `json:"start"`
	// PeriodOverride is inherit: each graph keeps its period, since some are multiplied by it.
	PeriodOverride string   `json:"periodOverride"`
	Widgets        []Widget `json:"widgets"`
}

// Widget is a piece of a dashboard, on a grid of 24 columns.
type Widget struct {
	// Type is text, metric or alarm.
	Type       string     `json:"type"`
	X          int        `json:"x"`
	Y          int        `json:"y"`
	Width      int        `json:"width"`
	Height     int        `json:"height"`
	Properties Properties `json:"properties"`
}

// Properties are what a widget shows. Which are set depends on its type.
type Properties struct {
	Title string `json:"title,omitempty"`
	// Markdown is a text's.
	Markdown string `json:"markdown,omitempty"`
	// Alarms are the ARNs of an alarm widget, States those to be shown; empty is all.
	Alarms []string `json:"alarms,omitempty"`
	SortBy string   `json:"sortBy,omitempty"`
	States []string `json:"states,omitempty"`
	// The rest are a metric's. A line of Metrics is a namespace, a name, dimensions and their values, and
	// options, or options with an expression alone.
	View        string       `json:"view,omitempty"`
	Stacked     bool         `json:"stacked,omitempty"`
	Region      string       `json:"region,omitempty"`
	Period      int          `json:"period,omitempty"`
	Metrics     [][]any      `json:"metrics,omitempty"`
	YAxis       *YAxis       `json:"yAxis,omitempty"`
	Annotations *Annotations `json:"annotations,omitempty"`
}

// YAxis is how values are written beside a graph.
type YAxis struct {
	Left Axis `json:"left"`
}

// Axis is one side.
type Axis struct {
	Label     string  `json:"label"`
	Min       float64 `json:"min"`
	ShowUnits bool    `json:"showUnits"`
}

// Annotations are lines over a graph.
type Annotations struct {
	Horizontal []Line `json:"horizontal"`
}

// Line is one at a value.
type Line struct {
	Label string  `json:"label"`
	Value float64 `json:"value"`
}

// What AWS allows of a dashboard, and of a widget:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
const (
	mostWidgets       = 500
	mostWidgetMetrics = 500
	mostMetrics       = 2500
	// mostWidgetAlarms is how many alarms a widget lists.
	mostWidgetAlarms = 100
	// longestDashboardName is in characters, each a letter, a digit, - or _.
	longestDashboardName = 255
)

// DashboardPrefix begins the names of a stage's dashboards of a Region, and of no others: dashboards belong to
// the account as a whole, and neither stages nor Regions have an underscore in their names.
func DashboardPrefix(stage, region string) string {
	return "caretaker_" + stage + "_" + region + "_"
}

func fleetName(stage, region string) string { return DashboardPrefix(stage, region) + "fleet" }

// serviceName is the name of a service's dashboard. What a name cannot have becomes a hyphen, and then, or
// where it is cut, a digest of the whole keeps two services from being one.
func serviceName(stage, region, service string) string {
	prefix := DashboardPrefix(stage, region) + "service_"
	plain := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '-'
	}, service)
	room := longestDashboardName - len(prefix)
	if plain == service && len(plain) <= room {
		return prefix + plain
	}
	digest := sha256.Sum256([]byte(service))
	return prefix + plain[:min(len(plain), room-hashed-1)] + "_" + hex.EncodeToString(digest[:])[:hashed]
}

// text is the JSON of a body. There is nothing in it that could not be encoded.
func (b Body) text() string {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(b); err != nil {
		panic("alerts: a dashboard cannot be encoded: " + err.Error())
	}
	return strings.TrimSpace(text.String())
}

// canonical is a JSON text without what does not matter, such as the order of keys. What is no JSON stays as
// it is.
func canonical(body string) string {
	var value any
	if err := json.Unmarshal([]byte(body), &value); err != nil {
		return body
	}
	text, err := json.Marshal(value)
	if err != nil {
		return body
	}
	return string(text)
}

// bodyChanges says in which widgets a dashboard that is there is not as it is wanted, by their titles.
func bodyChanges(there, wanted string) []Change {
	if there == wanted || canonical(there) == canonical(wanted) {
		return nil
	}
	before, after := widgetsOf(there), widgetsOf(wanted)
	var found []Change
	for _, title := range after.titles {
		if from, to := before.text[title], after.text[title]; from != to {
			found = append(found, Change{"widget " + title, from, to})
		}
	}
	for _, title := range before.titles {
		if _, has := after.text[title]; !has {
			found = append(found, Change{"widget " + title, before.text[title], ""})
		}
	}
	if len(found) == 0 {
		found = append(found, Change{"body", shortened(there), shortened(wanted)})
	}
	return found
}

// titled are the widgets of a body as text, by their titles.
type titled struct {
	titles []string
	text   map[string]string
}

func widgetsOf(body string) titled {
	var parsed struct {
		Widgets []json.RawMessage `json:"widgets"`
	}
	found := titled{text: map[string]string{}}
	if json.Unmarshal([]byte(body), &parsed) != nil { // somebody wrote something else: then all is new
		return found
	}
	for number, widget := range parsed.Widgets {
		var named struct {
			Type       string `json:"type"`
			Properties struct {
				Title string `json:"title"`
			} `json:"properties"`
		}
		title := fmt.Sprintf("%d", number+1)
		if json.Unmarshal(widget, &named) == nil {
			switch {
			case named.Properties.Title != "":
				title = named.Properties.Title
			case named.Type != "":
				title = fmt.Sprintf("%d, %s", number+1, named.Type)
			}
		}
		if _, twice := found.text[title]; twice {
			title = fmt.Sprintf("%s (%d)", title, number+1)
		}
		found.titles = append(found.titles, title)
		found.text[title] = shortened(canonical(string(widget)))
	}
	return found
}

// shortened is a text for people. Where it is long, a digest still tells two apart.
func shortened(text string) string {
	const longest = 80
	if letters := []rune(text); len(letters) > longest {
		digest := sha256.Sum256([]byte(text))
		return string(letters[:longest]) + "... " + hex.EncodeToString(digest[:])[:hashed]
	}
	return text
}
