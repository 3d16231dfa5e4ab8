package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// definitions are a stack's alarms in one line each, by name without the function's.
func definitions(t *testing.T, stack string) map[string]string {
	t.Helper()
	_, function := one(t, stack, "AWS::Lambda::Function")
	found := map[string]string{}
	for _, alarm := range resources(t, stack, "AWS::CloudWatch::Alarm") {
		name := strings.TrimPrefix(alarm["AlarmName"].(string), function["FunctionName"].(string)+"-")
		found[name] = fmt.Sprintf("%v %v %v %v %v in %v of %v x %vs, missing %v",
			alarm["Namespace"], alarm["Statistic"], alarm["MetricName"], alarm["ComparisonOperator"], alarm["Threshold"],
			alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"], alarm["Period"], alarm["TreatMissingData"])
	}
	return found
}

func TestAlarms_areTheseWithTheFileThatShips(t *testing.T) {
	want := map[string]string{
		// Three periods of a run of 15 minutes, and two for what comes late.
		"errors":           "AWS/Lambda Sum Errors GreaterThanThreshold 0 in 1 of 5 x 300s, missing notBreaching",
		"throttles":        "AWS/Lambda Sum Throttles GreaterThanThreshold 0 in 1 of 1 x 300s, missing notBreaching",
		"on-failure-queue": "AWS/SQS Maximum ApproximateNumberOfMessagesVisible GreaterThanThreshold 0 in 1 of 1 x 300s, missing notBreaching",
		"undelivered":      "AWS/SQS Maximum ApproximateNumberOfMessagesVisible GreaterThanThreshold 0 in 1 of 1 x 300s, missing notBreaching",
		"heartbeat":        "Caretaker Sum RunCompleted LessThanThreshold 1 in 84 of 84 x 300s, missing breaching",
		"code-storage":     "Caretaker Maximum CodeStoragePercent GreaterThanThreshold 80 in 1 of 1 x 25200s, missing ignore",
		"days-to-limit":    "Caretaker Minimum DaysToLimit LessThanThreshold 14 in 1 of 1 x 25200s, missing notBreaching",
		// None on what is left over: in dry run that is all, in every run.
	}
	if diff := cmp.Diff(want, definitions(t, shipped)); diff != "" {
		t.Errorf("alarms (-want +got):\n%s", diff)
	}
	if got := definitions(t, often)["remaining"]; got != "Caretaker Minimum Remaining GreaterThanThreshold 0 in 5 of 5 x 300s, missing ignore" {
		t.Errorf("out of dry run, the alarm on what is left over is %q", got)
	}
	if found := notes(t, shipped); len(found) > 0 {
		t.Errorf("what synth prints: %q, want nothing", found)
	}
}

func TestAlarms_followTheSchedulesLongestGap(t *testing.T) {
	for _, test := range []struct {
		stack, heartbeat, remaining string
		notes                       []string
	}{
		{often, "13 of 13 x 300s", "5 of 5 x 300s", nil},
		// 02:30 does not exist in the night in which the clocks go forward: 47 hours, and one.
		{prod, "48 of 48 x 3600s", "3 of 3 x 169200s", []string{
			"the alarm on the work that caretaker-prod-janitor leaves over looks at 141 hours rather than at five runs: CloudWatch looks back 7 days",
		}},
		{workdays, "73 of 73 x 3600s", "2 of 2 x 259200s", []string{
			"the alarm on the work that caretaker-workdays-janitor leaves over looks at 144 hours rather than at five runs: CloudWatch looks back 7 days",
		}},
		{weekly, "", "", []string{
			"there is no alarm on the work that caretaker-weekly-janitor leaves over: its schedule may pause for longer than the 7 days that a CloudWatch alarm looks back",
			"there is no heartbeat alarm for caretaker-weekly-janitor: its schedule may pause for longer than the 7 days that a CloudWatch alarm looks back",
		}},
	} {
		alarms := definitions(t, test.stack)
		for name, want := range map[string]string{"heartbeat": test.heartbeat, "remaining": test.remaining} {
			if got, exists := alarms[name]; exists != (want != "") || !strings.Contains(got, want) {
				t.Errorf("%s: %s is %q, want %q in it", test.stack, name, got, want)
			}
		}
		if diff := cmp.Diff(test.notes, notes(t, test.stack)); diff != "" {
			t.Errorf("%s: what synth prints (-want +got):\n%s", test.stack, diff)
		}
	}
}

// The limits are those of PutMetricAlarm:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
func TestAlarms_areWithinCloudWatchsLimits(t *testing.T) {
	for _, stack := range everyStack {
		for id, alarm := range resources(t, stack, "AWS::CloudWatch::Alarm") {
			period, periods := int(alarm["Period"].(float64)), int(alarm["EvaluationPeriods"].(float64))
			limit := 86400
			if period >= 3600 {
				limit = 604800
			}
			if period%60 != 0 || period*periods > limit {
				t.Errorf("%s: %s looks at %d x %d s, want whole minutes and %d s at most", stack, id, periods, period, limit)
			}
		}
	}
}

func TestAlarms_watchWhatTheyNameAndTellTheTopic(t *testing.T) {
	for _, stack := range everyStack {
		topic, _ := one(t, stack, "AWS::SNS::Topic")
		function, properties := one(t, stack, "AWS::Lambda::Function")
		own := []any{object{"Name": "Part", "Value": "janitor"}, object{"Name": "Stage", "Value": stageOf(properties["FunctionName"].(string))}}
		queues := map[string]bool{}
		for id, alarm := range resources(t, stack, "AWS::CloudWatch::Alarm") {
			if diff := cmp.Diff([]any{object{"Ref": topic}}, alarm["AlarmActions"]); diff != "" {
				t.Errorf("%s: what %s tells (-want +got):\n%s", stack, id, diff)
			}
			if alarm["ActionsEnabled"] == false {
				t.Errorf("%s: the actions of %s are switched off, want them on", stack, id)
			}
			var want any = own
			switch alarm["Namespace"] {
			case "AWS/Lambda":
				want = []any{object{"Name": "FunctionName", "Value": object{"Ref": function}}}
			case "AWS/SQS":
				queue, _ := at(alarm, "Dimensions", 0, "Value", "Fn::GetAtt", 0).(string)
				queues[queue] = true
				want = []any{object{"Name": "QueueName", "Value": attribute(queue, "QueueName")}}
			}
			if diff := cmp.Diff(want, alarm["Dimensions"]); diff != "" {
				t.Errorf("%s: %s watches (-want +got):\n%s", stack, id, diff)
			}
		}
		for id := range resources(t, stack, "AWS::SQS::Queue") {
			if !queues[id] {
				t.Errorf("%s: nobody watches the queue %s", stack, id)
			}
		}
	}
}

func TestAlarms_sayInDryRunThatNothingIsFreed(t *testing.T) {
	for stack, dry := range map[string]bool{shipped: true, prod: false} {
		for id, alarm := range resources(t, stack, "AWS::CloudWatch::Alarm") {
			storage := strings.Contains("CodeStoragePercent DaysToLimit", alarm["MetricName"].(string))
			said := strings.Contains(fmt.Sprint(alarm["AlarmDescription"]), "NOTHING IS BEING FREED")
			if said != (storage && dry) {
				t.Errorf("%s: the description of %s with dry run %t: %v, want it to say that nothing is being freed: %t", stack, id, dry, alarm["AlarmDescription"], storage && dry)
			}
		}
	}
}

// What the text of an alarm says to type works as it stands, in a shell that knows no Region.
func TestAlarms_sayWhatToType(t *testing.T) {
	command := regexp.MustCompile(`(aws|caretaker (alerts|janitor|limit-raiser|log-shipper|warmer)) [a-z]+ [^.;)]*`)
	for _, stack := range slices.Concat(everyStack, everyRaiser, everyWarmer, everyWatching, everyShipper) {
		for id, alarm := range resources(t, stack, "AWS::CloudWatch::Alarm") {
			text := fmt.Sprint(alarm["AlarmDescription"])
			for _, typed := range command.FindAllString(text, -1) {
				stage := " --stage " + strings.Split(stack, "-")[1]
				if !strings.Contains(typed, " --region ") || strings.HasPrefix(typed, "caretaker") && !strings.Contains(typed, stage) {
					t.Errorf("%s: %s says to type: %s, want the Region in it, and for caretaker %q", stack, id, typed, stage)
				}
			}
		}
	}
}
