package notify

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"caretaker/internal/alarm"
	"caretaker/internal/want"
)

// drawn is a widget, read again.
func drawn(t *testing.T, a alarm.Alarm) map[string]any {
	t.Helper()
	from, to := span(a, 3*time.Hour, noon.Add(time.Minute))
	text, is := widgetOf(a, from, to)
	if !is {
		t.Fatal("there is no widget, want one")
	}
	var widget map[string]any
	want.NoError(t, "reading the widget", json.Unmarshal([]byte(text), &widget))
	return widget
}

// entries are its metrics as JSON, one a line.
func entries(widget map[string]any, key string) string {
	var lines []string
	list, _ := widget[key].([]any)
	for _, one := range list {
		text, _ := json.Marshal(one)
		lines = append(lines, string(text))
	}
	return strings.Join(lines, "\n")
}

func TestWidgetOf_showsTheMetricAndItsThreshold(t *testing.T) {
	widget := drawn(t, alarm.Alarm{
		Name: "checkout/errors", Account: "1", ChangedAt: noon, Threshold: aws.Float64(0.5), EvaluationPeriods: 1,
		Metrics: []alarm.Metric{{Namespace: "AWS/Lambda", Name: "Duration", Stat: "p99", Period: 5 * time.Minute, Compared: true, Dimensions: map[string]string{"Resource": "checkout:live", "FunctionName": "checkout"}, ID: "0a-b"}},
	})
	want.Equal(t, "its metrics", entries(widget, "metrics"), `["AWS/Lambda","Duration","FunctionName","checkout","Resource","checkout:live",{"period":300,"stat":"p99"}]`)
	annotations := widget["annotations"].(map[string]any)
	want.Equal(t, "the threshold", entries(annotations, "horizontal"), `{"color":"#d13212","label":"threshold 0.5 ms","value":0.5}`)
	want.Equal(t, "the moment", entries(annotations, "vertical"), `{"color":"#eb5f07","label":"ALARM","value":"2026-11-29T12:00:00.000Z"}`)
	want.Equal(t, "its time", []any{widget["start"], widget["end"], widget["timezone"]}, []any{"2026-11-29T09:00:00.000Z", "2026-11-29T12:02:00.000Z", "+0000"})
	want.Equal(t, "its size, title and period", []any{widget["width"], widget["height"], widget["title"], widget["period"], widget["view"]}, []any{800.0, 320.0, "checkout/errors", 300.0, "timeSeries"})
	want.Equal(t, "where its axis begins", widget["yAxis"], any(map[string]any{"left": map[string]any{"min": 0.0}}))
}

func TestWidgetOf_showsWhatAnExpressionComesTo(t *testing.T) {
	widget := drawn(t, alarm.Alarm{
		Name: "rate", Account: "1", ChangedAt: noon, Threshold: aws.Float64(-2), EvaluationPeriods: 3,
		Metrics: []alarm.Metric{
			{ID: "e1", Expression: "100*m1/m2", Label: "error rate", Compared: true},
			{ID: "m1", Namespace: "AWS/Lambda", Name: "Errors", Stat: "Sum", Period: time.Minute, Dimensions: map[string]string{"FunctionName": "a"}},
			{ID: "m2", Namespace: "AWS/Lambda", Name: "Invocations", Stat: "Sum", Period: time.Minute, Dimensions: map[string]string{"FunctionName": "a"}, Account: "2"},
		},
	})
	want.Equal(t, "its metrics", entries(widget, "metrics"), strings.Join([]string{
		`[{"expression":"100*m1/m2","id":"e1","label":"error rate"}]`,
		`["AWS/Lambda","Errors","FunctionName","a",{"id":"m1","period":60,"stat":"Sum","visible":false}]`,
		`["AWS/Lambda","Invocations","FunctionName","a",{"accountId":"2","id":"m2","period":60,"stat":"Sum","visible":false}]`,
	}, "\n"))
	want.Equal(t, "where its axis begins, of a threshold below zero", widget["yAxis"], nil)
}

// A band stands for the threshold, and is seen beside the metric.
func TestWidgetOf_showsTheBandOfAnAnomaly(t *testing.T) {
	widget := drawn(t, alarm.Alarm{
		Name: "odd", Account: "1", ChangedAt: noon, Band: "ad1", EvaluationPeriods: 1,
		Metrics: []alarm.Metric{
			{ID: "m1", Namespace: "AWS/SQS", Name: "NumberOfMessagesSent", Stat: "Average", Period: time.Minute, Compared: true, Dimensions: map[string]string{"QueueName": "q"}},
			{ID: "ad1", Expression: "ANOMALY_DETECTION_BAND(m1, 2)", Label: "expected"},
		},
	})
	want.Equal(t, "its metrics", entries(widget, "metrics"), `["AWS/SQS","NumberOfMessagesSent","QueueName","q",{"id":"m1","period":60,"stat":"Average"}]`+"\n"+`[{"expression":"ANOMALY_DETECTION_BAND(m1, 2)","id":"ad1","label":"expected"}]`)
	want.Equal(t, "lines of a threshold", entries(widget["annotations"].(map[string]any), "horizontal"), "")
}

func TestWidgetOf_thereIsNoneOfAnAlarmThatComparesNothing(t *testing.T) {
	for name, a := range map[string]alarm.Alarm{
		"a composite alarm":           {Name: "all", ChangedAt: noon, Rule: `ALARM("a")`},
		"an event without its metric": {Name: "a", ChangedAt: noon, Threshold: aws.Float64(1)},
		"an expression without words": {Name: "a", ChangedAt: noon, Metrics: []alarm.Metric{{ID: "e1"}}},
	} {
		if text, is := widgetOf(a, noon, noon); is {
			t.Errorf("%s is drawn: %s", name, text)
		}
	}
}

// The window holds the moment at which the alarm went on and what it judged, whatever the clocks say.
func TestSpan_showsWhatTheAlarmJudged(t *testing.T) {
	hourly := []alarm.Metric{{Namespace: "A", Name: "B", Period: time.Hour}}
	for name, c := range map[string]struct {
		a        alarm.Alarm
		after    time.Duration
		from, to time.Time
	}{
		"an alarm of a minute":        {alarm.Alarm{EvaluationPeriods: 1}, 30 * time.Second, noon.Add(-3 * time.Hour), noon.Add(time.Minute)},
		"one that judges a day":       {alarm.Alarm{EvaluationPeriods: 24, Metrics: hourly}, 0, noon.Add(-72 * time.Hour), noon.Add(time.Minute)},
		"one that judges a week":      {alarm.Alarm{EvaluationPeriods: 168, Metrics: hourly}, 0, noon.Add(-14 * 24 * time.Hour), noon.Add(time.Minute)},
		"one that comes late":         {alarm.Alarm{}, 20 * time.Minute, noon.Add(-3 * time.Hour), noon.Add(21 * time.Minute)},
		"one that comes a day late":   {alarm.Alarm{}, 24 * time.Hour, noon.Add(-3 * time.Hour), noon.Add(3*time.Hour + time.Minute)},
		"one whose clock is in front": {alarm.Alarm{}, -time.Minute, noon.Add(-3*time.Hour - time.Minute), noon},
	} {
		c.a.ChangedAt = noon
		from, to := span(c.a, 3*time.Hour, noon.Add(c.after))
		want.Equal(t, name, [2]time.Time{from, to}, [2]time.Time{c.from, c.to})
	}
}

// The worst alarm is drawn, of those that can be.
func TestChartOf_drawsTheWorstAlarmThatComparesSomethingHere(t *testing.T) {
	here := Place{Account: "1", Region: "eu-west-1"}
	metric := []alarm.Metric{{Namespace: "A", Name: "B", Compared: true}}
	heard := map[string]alarm.Alarm{
		"composite": {Name: "composite", Account: "1", Region: "eu-west-1", State: stateAlarm, Rule: `ALARM("x")`, ChangedAt: noon},
		"elsewhere": {Name: "elsewhere", Account: "2", Region: "eu-west-1", State: stateAlarm, Metrics: metric, ChangedAt: noon},
		"abroad":    {Name: "abroad", Account: "1", Region: "us-east-1", State: stateAlarm, Metrics: metric, ChangedAt: noon},
		"warning":   {Name: "warning", Account: "1", Region: "eu-west-1", State: stateAlarm, Metrics: metric, ChangedAt: noon},
		"critical":  {Name: "critical", Account: "1", Region: "eu-west-1", State: stateAlarm, Metrics: metric, ChangedAt: noon},
	}
	var incident Incident
	for _, name := range []string{"warning", "composite", "elsewhere", "abroad", "critical", "unheard"} {
		severity := map[string]string{"warning": "warning"}[name]
		if severity == "" {
			severity = "critical"
		}
		incident.Members = append(incident.Members, Member{Change: Change{Alarm: name, Name: name, Severity: severity, Compared: "B 2 > 1"}, Since: noon})
	}
	got, is := chartOf(incident, heard, here, time.Hour, noon)
	want.Equal(t, "whether one is drawn", is, true)
	want.Equal(t, "what is drawn", []string{got.title, got.alt}, []string{"critical", "A chart from 29 Nov 2026 11:00:00 UTC to 29 Nov 2026 12:01:00 UTC: B 2 > 1"})
	delete(heard, "critical")
	got, _ = chartOf(incident, heard, here, time.Hour, noon)
	want.Equal(t, "what is drawn without it", got.title, "warning")
	delete(heard, "warning")
	_, is = chartOf(incident, heard, here, time.Hour, noon)
	want.Equal(t, "whether one is drawn where none can be", is, false)
}
