package alerts

import (
	"cmp"
	"strconv"
	"strings"

	"caretaker/alerts/label"
	"caretaker/internal/runbook"
)

// Metric is what an alarm reads.
type Metric struct {
	Measure
	Dimensions []Dimension
	// Seconds is the period.
	Seconds int
}

// Alarm is an alarm of CloudWatch, as far as the reconciler sets it.
type Alarm struct {
	Name, Description string
	// Metrics are m1, m2 and so on in Expression; one without an Expression is judged itself.
	Metrics    []Metric
	Expression string
	// Label is what people read in place of an Expression; empty without one.
	Label      string
	Comparison string
	// Band is the width of the anomaly band that stands for the threshold, in standard deviations; 0 where the threshold holds.
	Band      float64
	Threshold float64
	// Datapoints of Periods have to breach.
	Datapoints, Periods int
	Missing             string
	// Rule is that of a composite alarm, which has no Metrics; empty of others.
	Rule string
	// Actions, OKActions and NoDataActions are ARNs, sorted.
	Actions, OKActions, NoDataActions []string
	// Tags are those by which people find it. They are not read back.
	Tags map[string]string
}

// Existing is an alarm that is there.
type Existing struct {
	Alarm
	ARN string
	// ActionsOff is true where somebody switched its actions off: that is theirs, and stays.
	ActionsOff bool
	// Composite is an alarm over alarms, by its Rule. It has to go before those.
	Composite bool
	// Foreign is what the alarm has that no alarm of the catalogue has, such as a Label; empty where nothing.
	Foreign string
}

// The words of the API that all alarms of the catalogue share.
const (
	atLeast      = "GreaterThanOrEqualToThreshold"
	notBreaching = "notBreaching"
)

// alarmOf is the alarm that a check makes of a resource.
func alarmOf(r Resource, c Check, threshold float64, dashboard string, s surroundings) Alarm {
	alarm := Alarm{
		Name: nameOf(s.Stage, r, c.Key), Expression: c.Expression, Label: c.label(), Comparison: atLeast,
		Threshold: c.inMetric(threshold, r), Datapoints: c.Datapoints, Periods: c.periods(r),
	}
	for _, measure := range c.measures(r) {
		alarm.Metrics = append(alarm.Metrics, Metric{measure.called(r), dimensions(r, measure), int(c.period(r).Seconds())})
	}
	alarm.Missing = cmp.Or(c.Missing, notBreaching)
	if c.Unit == Deviations {
		alarm = alarm.overBand(c, threshold)
	}
	severity := severityOf(r, c)
	service := serviceOf(r)
	says := strings.ReplaceAll(c.Says, "{threshold}", c.written(threshold))
	alarm.Description = described(typed(says, s.Place.Region, r), typed(first[c.Path()], s.Place.Region, r), label.Labels{
		Service: service, Severity: severity, Resource: r.Title(), Runbook: runbook.At(s.Runbook, "watched-"+string(r.Kind)),
		Dashboard: dashboard,
	})
	topic := s.Topics.Warning
	if severity == label.Critical {
		topic = s.Topics.Critical
	}
	alarm.Actions = []string{topic}
	if s.tellOK {
		alarm.OKActions = []string{topic}
	}
	if s.tellNoData {
		alarm.NoDataActions = []string{topic}
	}
	alarm.Tags = tagsOf(s.Stage, service, severity)
	return alarm
}

// longestDescription is CloudWatch's, in characters:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
const longestDescription = 1024

// described is a sentence with what to do first and its labels. Names are short; where all is too long,
// what to do goes, since half a command is none, and then the sentence gives way.
func described(says, first string, labels label.Labels) string {
	line := labels.String()
	room := longestDescription - len([]rune(line)) - 1
	if both := says + " " + first; len([]rune(both)) <= room {
		says = both
	}
	if text := []rune(says); len(text) > room {
		says = string(text[:max(room, 0)])
	}
	return says + " " + line
}

// changes are the fields in which an alarm that is there is not as it is wanted.
func changes(there Existing, wanted Alarm) []Change {
	var found []Change
	note := func(field, from, to string) {
		if from != to {
			found = append(found, Change{field, from, to})
		}
	}
	list := func(values []string) string { return strings.Join(values, ", ") }
	note("metrics", metricsText(there.Metrics)+there.Foreign, metricsText(wanted.Metrics))
	note("rule", there.Rule, wanted.Rule)
	note("expression", there.Expression, wanted.Expression)
	note("label", there.Label, wanted.Label)
	note("comparison", there.Comparison, wanted.Comparison)
	note("threshold", number(there.Threshold), number(wanted.Threshold))
	note("band", number(there.Band), number(wanted.Band))
	note("datapoints", strconv.Itoa(there.Datapoints), strconv.Itoa(wanted.Datapoints))
	note("periods", strconv.Itoa(there.Periods), strconv.Itoa(wanted.Periods))
	note("missing data", there.Missing, wanted.Missing)
	note("description", there.Description, wanted.Description)
	note("alarm actions", list(there.Actions), list(wanted.Actions))
	note("OK actions", list(there.OKActions), list(wanted.OKActions))
	note("no-data actions", list(there.NoDataActions), list(wanted.NoDataActions))
	return found
}

// retag says whether an alarm's tags are not those that are wanted. They say what the labels in the
// description say, so that nobody has to read them.
func retag(there Existing, wanted Alarm) bool {
	has, _ := label.Parse(there.Description)
	should, _ := label.Parse(wanted.Description)
	return has.Service != should.Service || has.Severity != should.Severity
}

func metricsText(metrics []Metric) string {
	texts := make([]string, 0, len(metrics))
	for _, metric := range metrics {
		text := metric.Statistic + " of " + metric.Namespace + " " + metric.Name
		for _, dimension := range metric.Dimensions {
			text += " " + dimension.Name + "=" + dimension.Value
		}
		texts = append(texts, text+" over "+strconv.Itoa(metric.Seconds)+"s")
	}
	return strings.Join(texts, "; ")
}

// Prices in cents a month, those of PricesOf. That of a metric is the same in AWS's list of October 2026
// for Oregon, Ireland, Frankfurt, London, Mumbai, Singapore and Sydney.
// https://aws.amazon.com/cloudwatch/pricing/
const (
	centsAMetric    = 10
	centsAComposite = 50
)

// cents is what an alarm costs in a month.
func (a Alarm) cents() int {
	if a.Band > 0 {
		return centsAMetric * bandMetrics
	}
	if a.Rule != "" {
		return centsAComposite
	}
	return centsAMetric * len(a.Metrics)
}

func (e Existing) cents() int {
	if e.Composite {
		return centsAComposite
	}
	return e.Alarm.cents()
}
