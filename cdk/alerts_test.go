package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"caretaker/alerts"
	"caretaker/internal/config"
	"caretaker/internal/want"
)

func TestAlerts_isWatched(t *testing.T) {
	want := map[string]string{
		"errors":           "AWS/Lambda Sum Errors GreaterThanThreshold 0 in 1 of 5 x 300s, missing notBreaching",
		"throttles":        "AWS/Lambda Sum Throttles GreaterThanThreshold 0 in 1 of 1 x 300s, missing notBreaching",
		"on-failure-queue": "AWS/SQS Maximum ApproximateNumberOfMessagesVisible GreaterThanThreshold 0 in 1 of 1 x 300s, missing notBreaching",
		"undelivered":      "AWS/SQS Maximum ApproximateNumberOfMessagesVisible GreaterThanThreshold 0 in 1 of 1 x 300s, missing notBreaching",
		"heartbeat":        "Caretaker Sum RunCompleted LessThanThreshold 1 in 18 of 18 x 300s, missing breaching",
		"tags":             "Caretaker Minimum TagsUnreadable GreaterThanThreshold 0 in 1 of 1 x 1800s, missing ignore",
	}
	for _, stack := range everyWatching {
		if diff := cmp.Diff(want, definitions(t, stack)); diff != "" {
			t.Errorf("%s: alarms (-want +got):\n%s", stack, diff)
		}
	}
}

func TestRole_holdsExactlyTheStatementsOfTheReconciler(t *testing.T) {
	file, err := config.Load("testdata/caretaker.yaml", config.Options{Stage: "watch"})
	want.NoError(t, "reading the file", err)
	for _, stack := range everyWatching {
		topic, _ := one(t, stack, "AWS::SNS::Topic")
		fill := strings.NewReplacer("${Partition}", "aws", "${Region}", regionOf(stack), "${Account}", account, "${Topic}", "the topic")
		var granted []string
		for _, statement := range alerts.Statements(file.Alerts.Config, "watch") {
			for _, keys := range statement.Conditions {
				for key, values := range keys {
					keys[key] = slices.Clone(values)
					for at, value := range values {
						keys[key][at] = fill.Replace(value)
					}
				}
			}
			granted = append(granted, rendered(t, stack, "the topic", statement))
		}
		var got []string
		for _, statement := range inline(t, functionRole(t, stack), "alerts") {
			got = append(got, plain(t, strings.NewReplacer(`{"Ref":"`+topic+`"}`, `"the topic"`), statement))
		}
		want.Equal(t, stack+": what the role grants", got, granted)
	}
}

// An alarm that the reconciler makes tells this topic: CloudWatch must be let.
func TestAlerts_itsTopicTakesWhatAlarmsSay(t *testing.T) {
	for _, stack := range everyWatching {
		_, policy := one(t, stack, "AWS::SNS::TopicPolicy")
		text := strings.Join(strings.Fields(normal(t, policy)), "")
		want.Says(t, stack+": the topic's policy", text, `"cloudwatch.amazonaws.com"`, `"sns:Publish"`)
	}
}

// What the function needs, and what people hear of it by, goes after it was asked to delete its alarms; the
// schedule, which would make them again, goes before.
func TestAlerts_itsAlarmsGoBeforeWhatDeletesThem(t *testing.T) {
	for _, stack := range everyWatching {
		// An update knows the resource again by this id: with another one it would delete the alarms.
		properties := resources(t, stack, "Custom::CaretakerAlarms")["AlarmsGoAlong"]
		function, _ := one(t, stack, "AWS::Lambda::Function")
		want.Equal(t, stack+": what CloudFormation asks", properties, object{
			"DeleteAlarms": "true", "ServiceTimeout": "1860", "ServiceToken": object{"Fn::GetAtt": []any{function, "Arn"}},
		})
		_, template := read(t, stack)
		after := func(id string) []any { list, _ := at(template, "Resources", id, "DependsOn").([]any); return list }
		for _, kind := range []string{"AWS::Logs::LogGroup", "AWS::SNS::Topic", "AWS::SNS::TopicPolicy", "AWS::SNS::Subscription"} {
			for id := range resources(t, stack, kind) {
				if !slices.Contains(after("AlarmsGoAlong"), any(id)) {
					t.Errorf("%s: %s may go before the alarms do, want it after them", stack, id)
				}
			}
		}
		schedule, _ := one(t, stack, "AWS::Scheduler::Schedule")
		want.Equal(t, stack+": what the schedule goes before", after(schedule), []any{"AlarmsGoAlong"})
	}
}
