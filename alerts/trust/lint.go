package trust

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"caretaker/alerts"
	"caretaker/internal/metric"
)

// Problem is why an alarm cannot be trusted.
type Problem string

// The problems.
const (
	// These alarms cannot fire.
	ResourceGone Problem = "what it watches is gone"
	NoSuchMetric Problem = "no such metric"
	NoSuchSet    Problem = "no such dimensions"
	WrongUnit    Problem = "no datapoint in that unit"
	Silent       Problem = "no datapoint in 14 days"
	NotJudged    Problem = "CloudWatch cannot judge it"
	Unreachable  Problem = "a threshold that is never reached"
	TooFine      Problem = "a period that is too short"
	LostChild    Problem = "an alarm of its rule is gone"
	// This one is never off.
	AlwaysOn Problem = "a threshold that is always reached"
	// These fire, and nobody hears.
	NoAction     Problem = "no action"
	ActionsOff   Problem = "its actions are off"
	ActionGone   Problem = "an action leads nowhere"
	NoSubscriber Problem = "nobody subscribes to its topic"
)

// Finding is one problem of an alarm.
type Finding struct {
	Alarm string `json:"alarm"`
	// Ours is true of the stage's alarms.
	Ours    bool    `json:"ours"`
	Problem Problem `json:"problem"`
	Reason  string  `json:"reason"`
	// Do says what to do.
	Do string `json:"do"`
}

// Evidence is what alarms are held against.
type Evidence struct {
	Facts                  alerts.Facts
	Stage, Account, Region string
	// Datapoints are how many samples each metric had in 14 days, by its key with the statistic SampleCount. A metric
	// that is not in it was not looked for.
	Datapoints map[string]float64
	// Subscribed are how many confirmed subscriptions a topic has; nil where that could not be read.
	Subscribed map[string]int
}

// Lint finds what is wrong with alarms, sorted by their names.
func Lint(all []Alarm, evidence Evidence) []Finding {
	l := linter{Evidence: evidence, there: map[string]bool{}, heard: map[string]bool{}, byTitle: map[string]alerts.Resource{}, byARN: map[string]bool{}}
	for _, resource := range evidence.Facts.Resources {
		l.byTitle[resource.Title()], l.byARN[resource.ARN] = resource, true
		if resource.Kind == alerts.HTTPAPI { // its metrics know its id, and not its name
			l.byTitle[string(alerts.HTTPAPI)+"/"+byID(resource)] = resource
		}
	}
	for _, alarm := range all {
		l.there[alarm.Name] = true
		for _, name := range alarm.children() {
			l.heard[name] = true
		}
	}
	for _, alarm := range all {
		l.alarm = alarm
		l.canFire()
		l.tellsSomebody()
	}
	slices.SortStableFunc(l.findings, func(a, b Finding) int { return cmp.Compare(a.Alarm, b.Alarm) })
	return l.findings
}

type linter struct {
	Evidence
	// there are the alarms of the Region by name, heard those that a composite alarm is about.
	there, heard map[string]bool
	byTitle      map[string]alerts.Resource
	byARN        map[string]bool
	alarm        Alarm
	findings     []Finding
}

func (l *linter) find(problem Problem, reason, do string) {
	l.findings = append(l.findings, Finding{l.alarm.Name, strings.HasPrefix(l.alarm.Name, alerts.Prefix(l.Stage)), problem, reason, do})
}

const orDelete = "; or delete the alarm"

func (l *linter) canFire() {
	for _, name := range l.alarm.children() {
		if !l.there[name] {
			l.find(LostChild, "its rule names "+name+", which is not there", "take it out of the rule"+orDelete)
		}
	}
	if l.alarm.Evaluation != "" {
		do := map[string]string{
			"PARTIAL_DATA":     "narrow its query: it matches more than CloudWatch looks at",
			"EVALUATION_ERROR": "correct its configuration",
		}[l.alarm.Evaluation]
		l.find(NotJudged, "its EvaluationState is "+l.alarm.Evaluation+": "+cmp.Or(l.alarm.Reason, "CloudWatch says no more"), cmp.Or(do, "wait: AWS says that this passes"))
	}
	dead := 0
	for _, one := range l.alarm.Metrics {
		problem, reason, do := l.metric(one)
		switch {
		case problem == "":
		case problem == Silent && len(l.alarm.Metrics) > 1: // another of its metrics may be enough: see below
			dead++
		default:
			l.find(problem, reason, do)
		}
	}
	if dead > 0 && dead == len(l.alarm.Metrics) {
		l.find(Silent, fmt.Sprintf("none of its %d metrics has a datapoint, such as %s", dead, l.alarm.Metrics[0]), "compare names and dimensions with what is published"+orDelete)
	}
	if one, single := l.alarm.single(); single {
		l.threshold(one)
	}
	if namespace := l.amazons(); namespace != "" && l.alarm.Period > 0 && l.alarm.Period < time.Minute {
		l.find(TooFine, fmt.Sprintf("its period is %s, and %s has a datapoint a minute", l.alarm.Period, namespace), "take a period of 60 seconds")
	}
}

// amazons is a namespace of AWS that the alarm reads; those have no datapoints of less than a minute.
func (l *linter) amazons() string {
	for _, one := range l.alarm.Metrics {
		if strings.HasPrefix(one.Namespace, "AWS/") {
			return one.Namespace
		}
	}
	return ""
}

// metric says what is wrong with a metric that has no datapoint; nothing where it has some, or was not looked for.
// The datapoints are the best witness: a metric that nobody knows and that has some is right.
func (l *linter) metric(one metric.Metric) (problem Problem, reason, do string) {
	count, looked := l.Datapoints[samples(one).Key()]
	if count > 0 || !looked {
		return "", "", ""
	}
	if one.Unit != "" && l.Datapoints[samples(withoutUnit(one)).Key()] > 0 {
		return WrongUnit, fmt.Sprintf("%s has datapoints, and none in %s", withoutUnit(one), one.Unit), "leave the alarm's unit out"
	}
	if kind, name, is := resourceOf(one); is && l.Facts.Unread[kind] == "" {
		if _, there := l.byTitle[string(kind)+"/"+name]; !there {
			return ResourceGone, fmt.Sprintf("there is no %s %s", kind, name), "delete the alarm"
		}
	}
	known := alerts.PublishedMetrics(one.Namespace)
	if known == nil {
		return Silent, one.String() + " has none", "compare its name and dimensions with what is published (cloudwatch list-metrics)" + orDelete
	}
	metric, is := known[one.Name]
	set := alerts.DimensionSet(ours(one.Dimensions))
	switch {
	case !is:
		return NoSuchMetric, fmt.Sprintf("AWS publishes no %s in %s", one.Name, one.Namespace), "correct the name"
	case !slices.Contains(metric.By, set):
		return NoSuchSet, fmt.Sprintf("AWS publishes %s %s by %s, not by %s", one.Namespace, one.Name, sets(metric.By), sets([]string{set})), "take one of those sets of dimensions"
	case metric.Steady && one.Name != "IteratorAge":
		return Silent, one.String() + " has none, though it is there whenever the resource is in use", "nothing, if it is not in use; else look why not"
	}
	return "", "", "" // it comes when something goes wrong, and nothing did
}

func sets(by []string) string {
	var names []string
	for _, set := range by {
		names = append(names, cmp.Or(set, "no dimension"))
	}
	return strings.Join(names, ", or by ")
}

func ours(by []metric.Dimension) []alerts.Dimension {
	var found []alerts.Dimension
	for _, one := range by {
		found = append(found, alerts.Dimension(one))
	}
	return found
}

// byID is an HTTP API's stage as its metrics call it: id/stage.
func byID(stage alerts.Resource) string {
	identity := alerts.Identity(stage)
	return identity[0].Value + "/" + identity[1].Value
}

// resourceOf is the resource that a metric is of, as the inventory names it.
func resourceOf(one metric.Metric) (alerts.Kind, string, bool) {
	by := map[string]string{}
	for _, dimension := range one.Dimensions {
		by[dimension.Name] = dimension.Value
	}
	switch one.Namespace {
	case "AWS/Lambda":
		return alerts.Function, by["FunctionName"], by["FunctionName"] != ""
	case "AWS/DynamoDB":
		if index := by["GlobalSecondaryIndexName"]; index != "" && by["TableName"] != "" {
			return alerts.Index, by["TableName"] + "/" + index, true
		}
		return alerts.Table, by["TableName"], by["TableName"] != ""
	case "AWS/Kinesis":
		return alerts.Stream, by["StreamName"], by["StreamName"] != ""
	case "AWS/SQS":
		return alerts.Queue, by["QueueName"], by["QueueName"] != ""
	case "AWS/SNS":
		return alerts.Topic, by["TopicName"], by["TopicName"] != ""
	case "AWS/States":
		machine := by["StateMachineArn"]
		return alerts.Machine, machine[strings.LastIndex(machine, ":")+1:], machine != ""
	case "AWS/ApiGateway":
		if by["ApiName"] != "" {
			return alerts.RestAPI, by["ApiName"] + "/" + by["Stage"], by["Stage"] != ""
		}
		ofHTTP := slices.Contains([]string{"4xx", "5xx", "Latency", "DataProcessed"}, one.Name) // a WebSocket API has an id too
		return alerts.HTTPAPI, by["ApiId"] + "/" + by["Stage"], ofHTTP && by["ApiId"] != "" && by["Stage"] != ""
	case "AWS/Firehose":
		return alerts.Delivery, by["DeliveryStreamName"], by["DeliveryStreamName"] != ""
	case "AWS/Scheduler":
		return alerts.Schedules, by["ScheduleGroup"], by["ScheduleGroup"] != ""
	case "AWS/Events":
		return alerts.Rule, cmp.Or(by["EventBusName"], alerts.DefaultBus) + "/" + by["RuleName"], by["RuleName"] != ""
	}
	return "", "", false
}
