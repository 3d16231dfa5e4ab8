package notify

import (
	"cmp"
	"encoding/json"
	"maps"
	"math"
	"regexp"
	"slices"
	"time"

	"caretaker/internal/alarm"
)

// chart is a picture that CloudWatch is asked for: what an alarm compares, around the moment at which it went on.
type chart struct {
	alarm  alarm.Alarm
	widget string
	// title stands over the picture in the chat, alt instead of it for who cannot see it.
	title, alt string
}

// The size of a chart, in pixels: it is read on phones too.
const (
	chartWidth, chartHeight = 800, 320
	// mostChart is as far as a chart goes back: CloudWatch keeps datapoints of a minute for 15 days.
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html
	mostChart = 14 * 24 * time.Hour
	// judgedWindows is how many of the stretches that an alarm judges a chart shows at least.
	judgedWindows = 3
	mostTitle     = 150
	// mostAlt is Slack's: https://docs.slack.dev/reference/methods/files.getUploadURLExternal
	mostAlt = 1000
)

// chartOf picks what is drawn of an incident: the worst alarm that is on and compares a metric, of those that the run
// heard of. It is false where there is none: a composite alarm compares nothing, and CloudWatch draws what is of this
// account and Region.
func chartOf(i Incident, heard map[string]alarm.Alarm, place Place, window time.Duration, now time.Time) (chart, bool) {
	for _, member := range i.alarmsOn() {
		a, is := heard[member.Alarm]
		if !is || a.State != stateAlarm || a.Account != place.Account || a.Region != place.Region {
			continue
		}
		from, to := span(a, window, now)
		widget, drawn := widgetOf(a, from, to)
		if !drawn {
			continue
		}
		return chart{
			alarm: a, widget: widget, title: shorten(member.Name, mostTitle),
			alt: shorten("A chart from "+clock(from)+" to "+clock(to)+": "+cmp.Or(member.Compared, member.Name), mostAlt),
		}, true
	}
	return chart{}, false
}

// span is the stretch of time that a chart shows: the window before the alarm went on, longer where the alarm itself
// judges longer stretches, and until now, unless that is long after.
func span(a alarm.Alarm, window time.Duration, now time.Time) (from, to time.Time) {
	on := a.ChangedAt
	if on.After(now) {
		on = now // another clock
	}
	window = min(max(window, judgedWindows*time.Duration(max(a.EvaluationPeriods, 1))*longestPeriod(a)), mostChart)
	to = now
	if now.Sub(on) > window {
		to = on.Add(window)
	}
	return on.Add(-window).Truncate(time.Minute), to.Add(time.Minute).Truncate(time.Minute)
}

func longestPeriod(a alarm.Alarm) time.Duration {
	longest := time.Minute
	for _, metric := range a.Metrics {
		longest = max(longest, metric.Period)
	}
	return longest
}

// widgetForm is what CloudWatch is asked for:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Metric-Widget-Structure.html
type widgetForm struct {
	Title       string          `json:"title"`
	Metrics     [][]any         `json:"metrics"`
	View        string          `json:"view"`
	Width       int             `json:"width"`
	Height      int             `json:"height"`
	Start       string          `json:"start"`
	End         string          `json:"end"`
	Period      int             `json:"period"`
	Timezone    string          `json:"timezone"`
	Axis        *axesForm       `json:"yAxis,omitempty"`
	Annotations annotationsForm `json:"annotations"`
}

type axesForm struct {
	Left struct {
		Min float64 `json:"min"`
	} `json:"left"`
}

type annotationsForm struct {
	Horizontal []annotationForm `json:"horizontal,omitempty"`
	Vertical   []annotationForm `json:"vertical,omitempty"`
}

// annotationForm is a line across a chart: of a value, or of a moment.
type annotationForm struct {
	Label string `json:"label"`
	Value any    `json:"value"`
	Color string `json:"color"`
}

// widgetTime is how CloudWatch reads a moment there.
const widgetTime = "2006-01-02T15:04:05.000Z"

// widgetOf is the widget that shows what an alarm compares, with its threshold, or its band, as a line. It is false
// for an alarm that compares no metric, as far as its event says.
func widgetOf(a alarm.Alarm, from, to time.Time) (string, bool) {
	lines := linesOf(a)
	if len(lines) == 0 {
		return "", false
	}
	form := widgetForm{
		Title: shorten(a.Name, mostTitle), Metrics: lines, View: "timeSeries", Width: chartWidth, Height: chartHeight,
		Start: from.UTC().Format(widgetTime), End: to.UTC().Format(widgetTime), Period: int(longestPeriod(a).Seconds()), Timezone: "+0000",
		Annotations: annotationsForm{Vertical: []annotationForm{{Label: "ALARM", Value: a.ChangedAt.UTC().Format(widgetTime), Color: colours["Alarm"]}}},
	}
	if a.Threshold != nil && !math.IsNaN(*a.Threshold) && !math.IsInf(*a.Threshold, 0) {
		metric, _ := shown(a)
		label := "threshold " + number(*a.Threshold) + signOf(cmp.Or(metric.Unit, units[metric.Name]))
		form.Annotations.Horizontal = []annotationForm{{Label: label, Value: *a.Threshold, Color: colours["Critical"]}}
		if *a.Threshold >= 0 && !slices.ContainsFunc(a.Judged(), func(value float64) bool { return value < 0 }) {
			form.Axis = &axesForm{} // so that a small change does not look like a large one
		}
	}
	text, err := json.Marshal(form)
	return string(text), err == nil
}

// idForm is that of the ids of metrics; an event may have others, made up by AWS.
var idForm = regexp.MustCompile(`^[a-z][a-zA-Z0-9_]*$`)

// linesOf are the metrics and expressions of an alarm, as a widget has them: what is compared is seen, what it is
// reckoned from is not.
func linesOf(a alarm.Alarm) [][]any {
	compared := slices.ContainsFunc(a.Metrics, func(m alarm.Metric) bool { return m.Compared })
	var lines [][]any
	for _, metric := range a.Metrics {
		options := map[string]any{}
		set := func(key string, value any, is bool) {
			if is {
				options[key] = value
			}
		}
		set("id", metric.ID, idForm.MatchString(metric.ID))
		set("label", metric.Label, metric.Label != "")
		set("period", int(metric.Period.Seconds()), metric.Period >= time.Second)
		set("visible", false, compared && !metric.Compared && metric.ID != a.Band)
		if metric.Name == "" {
			if metric.Expression != "" {
				options["expression"] = metric.Expression
				lines = append(lines, []any{options})
			}
			continue
		}
		set("stat", metric.Stat, metric.Stat != "")
		set("accountId", metric.Account, metric.Account != "" && metric.Account != a.Account)
		line := []any{metric.Namespace, metric.Name}
		for _, name := range slices.Sorted(maps.Keys(metric.Dimensions)) {
			line = append(line, name, metric.Dimensions[name])
		}
		lines = append(lines, append(line, options))
	}
	return lines
}
