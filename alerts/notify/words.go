package notify

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"caretaker/internal/alarm"
)

// comparisons are the API's words for how an alarm compares:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
var comparisons = map[string]string{
	"GreaterThanThreshold": ">", "GreaterThanOrEqualToThreshold": "≥", "LessThanThreshold": "<", "LessThanOrEqualToThreshold": "≤",
	"GreaterThanUpperThreshold": "above", "LessThanLowerThreshold": "below", alarm.BothWays: "outside",
}

// units are those of metrics that alarms mostly do not say, as CloudWatch publishes the metrics:
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
// https://docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html
var units = map[string]string{
	"Duration": "Milliseconds", "PostRuntimeExtensionsDuration": "Milliseconds", "IteratorAge": "Milliseconds", "AsyncEventAge": "Milliseconds",
	"ApproximateAgeOfOldestMessage": "Seconds", "GetRecords.IteratorAgeMilliseconds": "Milliseconds", "SuccessfulRequestLatency": "Milliseconds",
	"Latency": "Milliseconds", "IntegrationLatency": "Milliseconds", "ExecutionTime": "Milliseconds", "CPUUtilization": "Percent", "DeliveryToS3.DataFreshness": "Seconds",
}

// signs are units as they stand behind a number; what is not here is written out, and a count has none.
var signs = map[string]string{
	"Milliseconds": " ms", "Seconds": " s", "Microseconds": " µs", "Percent": " %", "Bytes": " B", "Count": "", "None": "", "": "",
	"Count/Second": " a second", "Bytes/Second": " B a second",
}

// compared says what an alarm compared with what, as far as its event says it.
func compared(a alarm.Alarm) string {
	if a.Rule != "" {
		return childrenOf(a.Rule)
	}
	metric, found := shown(a)
	name := cmp.Or(metric.Label, metric.Name, metric.Expression)
	if !found || name == "" {
		return ""
	}
	if metric.Stat != "" && metric.Stat != "Sum" {
		name = metric.Stat + " of " + name
	}
	sign := signOf(cmp.Or(metric.Unit, units[metric.Name]))
	text := name
	if values := a.Judged(); len(values) > 0 {
		text += " " + number(values[len(values)-1]) + sign
	}
	switch how := comparisons[a.Comparison]; {
	case a.Threshold != nil && how == "":
		text += ", threshold " + number(*a.Threshold) + sign
	case a.Threshold != nil:
		text += " " + how + " " + number(*a.Threshold) + sign
	case len(a.Recent.Lower) > 0 && len(a.Recent.Upper) > 0:
		text += " " + cmp.Or(how, "outside") + " its band of " + number(last(a.Recent.Lower)) + " to " + number(last(a.Recent.Upper)) + sign
	case how != "":
		text += " " + how + " its band"
	}
	return text + datapoints(a)
}

// shown is the metric that an alarm compares with its threshold.
func shown(a alarm.Alarm) (alarm.Metric, bool) {
	for _, metric := range a.Metrics {
		if metric.Compared && !strings.HasPrefix(metric.Expression, "ANOMALY_DETECTION_BAND") {
			return metric, true
		}
	}
	if len(a.Metrics) > 0 {
		return a.Metrics[0], true
	}
	return alarm.Metric{}, false
}

// datapoints says for how long, where that is more than one period.
func datapoints(a alarm.Alarm) string {
	if a.EvaluationPeriods <= 1 {
		return ""
	}
	return fmt.Sprintf(" (%d of %d)", cmp.Or(a.DatapointsToAlarm, a.EvaluationPeriods), a.EvaluationPeriods)
}

// mostChildren are as many of a composite alarm's children as a line has room for.
const mostChildren = 5

func childrenOf(rule string) string {
	names := alarm.Children(rule)
	if len(names) == 0 {
		return ""
	}
	text := "of " + strings.Join(names[:min(len(names), mostChildren)], ", ")
	if more := len(names) - mostChildren; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

func signOf(unit string) string {
	if sign, known := signs[unit]; known {
		return sign
	}
	return " " + unit
}

// number writes a value as people do: four digits are more than any of them is worth, but whole
// numbers stay whole.
func number(value float64) string {
	if value == math.Trunc(value) && math.Abs(value) < 1e15 {
		return strconv.FormatFloat(value, 'f', -1, 64)
	}
	if rounded, err := strconv.ParseFloat(strconv.FormatFloat(value, 'g', 4, 64), 64); err == nil && math.Abs(value) >= 1e-6 && math.Abs(value) < 1e15 {
		return strconv.FormatFloat(rounded, 'f', -1, 64)
	}
	return strconv.FormatFloat(value, 'g', 4, 64)
}

func last(values []float64) float64 { return values[len(values)-1] }

// kinds are the resources that a metric's dimensions name, the most telling first. The kind is the
// first word of Change.Resource, and links.go knows where the console shows it.
var kinds = []struct{ dimension, kind string }{
	{"FunctionName", "function"},
	{"TableName", "table"},
	{"QueueName", "queue"},
	{"StreamName", "stream"},
	{"TopicName", "topic"},
	{"StateMachineArn", "state machine"},
	{"RuleName", "rule"},
	{"DeliveryStreamName", "delivery stream"},
	{"ApiName", "API"},
	{"ApiId", "API"},
	{"DBInstanceIdentifier", "database"},
	{"DBClusterIdentifier", "database"},
	{"ServiceName", "service"},
	{"LoadBalancer", "load balancer"},
	{"ClusterName", "cluster"},
	{"BucketName", "bucket"},
	{"ScheduleGroup", "schedule group"},
	{"InstanceId", "instance"},
}

// resourceOf is what an alarm watches, from the dimensions of its metrics; empty where none tells.
func resourceOf(a alarm.Alarm) string {
	for _, one := range kinds {
		for _, metric := range a.Metrics {
			if name := metric.Dimensions[one.dimension]; name != "" {
				return one.kind + "/" + name[strings.LastIndex(name, ":")+1:]
			}
		}
	}
	for _, metric := range a.Metrics {
		for _, dimension := range slices.Sorted(maps.Keys(metric.Dimensions)) {
			return metric.Namespace + "/" + metric.Dimensions[dimension]
		}
	}
	return ""
}
