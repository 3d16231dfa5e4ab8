package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"caretaker/internal/want"
	limitraiser "caretaker/limit-raiser"
)

// calling are the alarms of a stack that call the limit-raiser, in one line each, by name
// without the function's.
func calling(t *testing.T, stack string) map[string]string {
	t.Helper()
	_, function := one(t, stack, "AWS::Lambda::Function")
	topic := callersTopic(t, stack)
	found := map[string]string{}
	for _, alarm := range resources(t, stack, "AWS::CloudWatch::Alarm") {
		if !cmp.Equal(alarm["AlarmActions"], []any{object{"Ref": topic}}) {
			continue
		}
		what, period := "", alarm["Period"]
		metrics, _ := alarm["Metrics"].([]any)
		for index, query := range metrics {
			if expression := at(query, "Expression"); expression != nil {
				what = fmt.Sprint(expression)
			} else {
				period = at(query, "MetricStat", "Period")
				what += "; " + metric(query, at(query, "MetricStat", "Metric"), at(query, "MetricStat", "Stat"))
			}
			if at(query, "ReturnData") != (index == 0) {
				t.Errorf("%s: the query %d of %v returns data: %v, want that of the first alone: %v", stack, index, alarm["AlarmName"], at(query, "ReturnData"), query)
			}
		}
		if len(metrics) == 0 {
			what = metric(nil, alarm, alarm["Statistic"])
		}
		name := strings.TrimPrefix(alarm["AlarmName"].(string), function["FunctionName"].(string)+"-")
		found[name] = fmt.Sprintf("%s %v %v in %v of %v x %vs, missing %v", what, alarm["ComparisonOperator"], alarm["Threshold"],
			alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"], period, alarm["TreatMissingData"])
	}
	return found
}

// metric is a metric in a line: its id, what it is and of what.
func metric(query, of, statistic any) string {
	text := fmt.Sprintf("%v %v %v", at(of, "Namespace"), statistic, at(of, "MetricName"))
	if id := at(query, "Id"); id != nil {
		text = fmt.Sprintf("%v = %s", id, text)
	}
	dimensions, _ := at(of, "Dimensions").([]any)
	for _, dimension := range dimensions {
		text += fmt.Sprintf(" %v=%v", at(dimension, "Name"), at(dimension, "Value"))
	}
	return text
}

// callersTopic is the topic that feeds the function's queue.
func callersTopic(t *testing.T, stack string) string {
	t.Helper()
	for _, subscription := range resources(t, stack, "AWS::SNS::Subscription") {
		if subscription["Protocol"] == "sqs" {
			topic, _ := at(subscription, "TopicArn", "Ref").(string)
			return topic
		}
	}
	t.Fatalf("%s: no topic feeds a queue", stack)
	return ""
}

// A table's use, as a share of what is provisioned.
func used(kind, dimensions string, above int) string {
	return fmt.Sprintf("100 * (consumed / 60) / FILL(provisioned, REPEAT); consumed = AWS/DynamoDB Sum Consumed%[1]sCapacityUnits %[2]s; "+
		"provisioned = AWS/DynamoDB Maximum Provisioned%[1]sCapacityUnits %[2]s GreaterThanThreshold %[3]d in 2 of 5 x 60s, missing notBreaching", kind, dimensions, above)
}

func refusals(metric string) string {
	return metric + " GreaterThanThreshold 0 in 2 of 5 x 60s, missing notBreaching"
}

func TestCallers_areTheseForEverythingThatCanBeRaised(t *testing.T) {
	want := map[string]string{
		"table-orders.v1-read":                      used("Read", "TableName=orders.v1", 70),
		"table-orders.v1-read-throttles":            refusals("AWS/DynamoDB Sum ReadThrottleEvents TableName=orders.v1"),
		"table-orders.v1-write":                     used("Write", "TableName=orders.v1", 70),
		"table-orders.v1-write-throttles":           refusals("AWS/DynamoDB Sum WriteThrottleEvents TableName=orders.v1"),
		"index-orders.v1/byCustomer-read":           used("Read", "TableName=orders.v1 GlobalSecondaryIndexName=byCustomer", 70),
		"index-orders.v1/byCustomer-read-throttles": refusals("AWS/DynamoDB Sum ReadThrottleEvents TableName=orders.v1 GlobalSecondaryIndexName=byCustomer"),
		"table-orders-v1-write":                     used("Write", "TableName=orders-v1", 80),
		"table-orders-v1-write-throttles":           refusals("AWS/DynamoDB Sum WriteThrottleEvents TableName=orders-v1"),
		"stream-clicks":                             refusals("AWS/Kinesis Sum WriteProvisionedThroughputExceeded StreamName=clicks"),
		"function-checkout":                         refusals("AWS/Lambda Sum Throttles FunctionName=checkout"),
		"quota-lambda-L-B99A9384":                   "100 * used / SERVICE_QUOTA(used); used = AWS/Lambda Maximum ConcurrentExecutions GreaterThanThreshold 80 in 2 of 3 x 300s, missing notBreaching",
		"quota-ec2-L-34B43A08":                      "100 * used / SERVICE_QUOTA(used); used = AWS/Usage Maximum ResourceCount Service=EC2 Type=Resource Resource=vCPU Class=Standard/OnDemand GreaterThanThreshold 80 in 2 of 3 x 300s, missing notBreaching",
		"quota-kms-L-6E3AF000":                      "100 * (used / 300) / SERVICE_QUOTA(used); used = AWS/Usage Sum CallCount Service=KMS Type=API Resource=CryptographicOperationsSymmetric Class=None GreaterThanThreshold 50 in 2 of 3 x 300s, missing notBreaching",
	}
	if diff := cmp.Diff(want, calling(t, raiser)); diff != "" {
		t.Errorf("callers (-want +got):\n%s", diff)
	}
}

func TestCallers_areOnlyThoseAskedForWhereAlarmAboveIsZero(t *testing.T) {
	want := map[string]string{
		"table-orders-read":           used("Read", "TableName=orders", 60),
		"table-orders-read-throttles": refusals("AWS/DynamoDB Sum ReadThrottleEvents TableName=orders"),
	}
	if diff := cmp.Diff(want, calling(t, raiserOwn)); diff != "" {
		t.Errorf("callers (-want +got):\n%s", diff)
	}
}

func TestCallers_sayWhatHappenedWhatFollowsAndWhetherItIsDry(t *testing.T) {
	for stack, dry := range map[string]bool{raiser: false, raiserDry: true} {
		for id, alarm := range resources(t, stack, "AWS::CloudWatch::Alarm") {
			if !cmp.Equal(alarm["AlarmActions"], []any{object{"Ref": callersTopic(t, stack)}}) {
				continue
			}
			text, _ := alarm["AlarmDescription"].(string)
			want.Equal(t, fmt.Sprintf("%s: the description of %s says that nothing is raised", stack, id), strings.Contains(text, "NOTHING IS RAISED"), dry)
			if strings.Contains(text, "%!") || len(text) > 1000 {
				t.Errorf("%s: the description of %s has %d characters, want 1000 at most and each value in its place: %s", stack, id, len(text), text)
			}
		}
	}
	alarms := resources(t, raiserDry, "AWS::CloudWatch::Alarm")
	said := false
	for _, alarm := range alarms {
		said = said || alarm["AlarmDescription"] == "In 2 of 5 minutes the table orders used more than 80% of its provisioned read units. "+
			"This calls caretaker-raise-dry-limit-raiser, which raises its read units up to 100 a second. "+
			"It reports to the topic of the same name what it did, and when the maximum is reached, a raise refused or the alarm stays on all the same: only then is there something to do by hand. "+
			"DRY RUN: NOTHING IS RAISED, and the messages say what would be, until limitRaiser.dryRun is false. Runbook: docs/runbook.md#limit-raiser-calls"
	}
	if !said {
		t.Errorf("no alarm describes in full, in dry run, what follows when the table orders is used by more than 80%%: %v", alarms)
	}
}

func TestShortened_fitsAndStaysUnique(t *testing.T) {
	short := "caretaker-prod-limit-raiser-table-orders-read"
	want.Equal(t, "a name that is short enough", shortened(short, 255), short)
	long := strings.Repeat("x", 260)
	names := []string{shortened(long+"-read", 255), shortened(long+"-write", 255), shortened(long[:255], 255)}
	for _, name := range names {
		if len(name) > 255 {
			t.Errorf("%s has %d characters, want 255 at most", name, len(name))
		}
	}
	slices.Sort(names)
	if len(slices.Compact(names)) != 3 {
		t.Errorf("the shortened names: %q, want three that differ", names)
	}
}

// CloudFormation refuses an alarm with a longer description:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
func TestCallers_describeTheLongestNamesWithinWhatAWSTakes(t *testing.T) {
	long, most := strings.Repeat("x", 255), limitraiser.Capacity{Max: 1_000_000}
	cfg := limitraiser.Config{
		AlarmAbove: 80, Tables: []limitraiser.Table{{Name: long, Read: most, Write: most, Indexes: []limitraiser.Index{{Name: long, Read: most, Write: most}}}},
		Streams: []limitraiser.Stream{{Name: long[:128], MaxShards: 10_000}}, Functions: []limitraiser.Function{{Name: long[:64], MaxConcurrency: 1_000_000}},
		Quotas: []limitraiser.Quota{{Service: long[:63], Code: long[:128], Max: 1e10, Usage: limitraiser.Usage{Service: long, Resource: long}}},
	}
	for _, c := range callers(cfg) {
		if text := c.description("caretaker-"+long[:32]+"-limit-raiser", dryCaller); len(text) > 1024 {
			t.Errorf("a description has %d characters, want 1024 at most: %s", len(text), text)
		}
	}
}
