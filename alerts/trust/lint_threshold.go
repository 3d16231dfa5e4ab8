package trust

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"caretaker/alerts"
	"caretaker/internal/metric"
)

// reach is between what the values of a metric can be.
type reach struct {
	least, most float64
	// why says where the most comes from.
	why string
}

// threshold finds one that the values never reach, or always.
func (l *linter) threshold(one metric.Metric) {
	rule, can := l.alarm.Computed.Rule, l.reach(one)
	says := func(text string) string {
		return fmt.Sprintf("%s is judged %s %s, and is %s", one, words[rule.Comparison], strconv.FormatFloat(rule.Threshold, 'g', -1, 64), text)
	}
	never, always := !rule.Breaches(can.most), rule.Breaches(can.least)
	if !rule.Upwards() {
		never, always = !rule.Breaches(can.least), !math.IsInf(can.most, 1) && rule.Breaches(can.most)
	}
	switch {
	case never && rule.Upwards():
		l.find(Unreachable, says(fmt.Sprintf("%g at most: %s", can.most, can.why)), "lower the threshold")
	case never:
		l.find(Unreachable, says(fmt.Sprintf("%g at least", can.least)), "raise the threshold, or turn the comparison round")
	case always:
		l.find(AlwaysOn, says("there whenever there is a datapoint"), "raise the threshold, or turn the comparison round")
	}
}

var words = map[string]string{
	"GreaterThanOrEqualToThreshold": "at or over", "GreaterThanThreshold": "over", "LessThanThreshold": "under", "LessThanOrEqualToThreshold": "at or under",
}

// reach is that of a metric of AWS's; one of others can be anything.
func (l *linter) reach(one metric.Metric) reach {
	can := reach{math.Inf(-1), math.Inf(1), ""}
	if _, known := alerts.PublishedMetrics(one.Namespace)[one.Name]; !known {
		return can
	}
	can.least = 0
	each := one.Statistic != "Sum" && one.Statistic != "SampleCount" // of a single invocation, or an average of them
	kind, name, _ := resourceOf(one)
	resource := l.byTitle[string(kind)+"/"+name]
	account := l.byTitle["account/account"]
	switch what := one.Namespace + " " + one.Name; {
	case each && (what == "AWS/Lambda Errors" || what == "AWS/Lambda Invocations"):
		can.most, can.why = 1, "each invocation counts 0 or 1"
	case each && (one.Name == "4XXError" || one.Name == "5XXError" || one.Name == "4xx" || one.Name == "5xx"):
		can.most, can.why = 1, "each request counts 0 or 1, so that the average is a share of 1 and no percentage"
	case each && what == "AWS/Lambda Duration" && resource.Timeout > 0:
		can.most, can.why = float64(resource.Timeout.Milliseconds()), "that is the function's timeout"
	case each && (what == "AWS/Lambda ConcurrentExecutions" || what == "AWS/Lambda ClaimedAccountConcurrency" || what == "AWS/Lambda UnreservedConcurrentExecutions") && account.Concurrency > 0:
		can.most, can.why = float64(account.Concurrency), "that is the account's concurrency"
	case each && what == "AWS/Lambda ProvisionedConcurrencyUtilization":
		can.most, can.why = 1, "it is a share, 1 is all"
	case each && strings.HasSuffix(one.Name, "CapacityUtilization"):
		can.most, can.why = 100, "it is a percentage"
	case each && what == "AWS/SQS ApproximateAgeOfOldestMessage":
		can.most, can.why = 14*24*3600, "SQS keeps a message for 14 days at most"
	case each && (what == "AWS/Lambda IteratorAge" || one.Name == "GetRecords.IteratorAgeMilliseconds"):
		can.most, can.why = 365*24*3600*1000, "a stream keeps a record for 365 days at most"
	}
	return can
}
