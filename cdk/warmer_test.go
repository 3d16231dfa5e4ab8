package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"caretaker/internal/config"
	"caretaker/internal/want"
	"caretaker/warmer"
)

func TestWarmer_isWatched(t *testing.T) {
	want := map[string]string{
		"errors":           "AWS/Lambda Sum Errors GreaterThanThreshold 0 in 1 of 2 x 300s, missing notBreaching",
		"throttles":        "AWS/Lambda Sum Throttles GreaterThanThreshold 0 in 1 of 1 x 300s, missing notBreaching",
		"duration":         "AWS/Lambda Maximum Duration GreaterThanThreshold 48000 in 1 of 2 x 300s, missing notBreaching",
		"on-failure-queue": "AWS/SQS Maximum ApproximateNumberOfMessagesVisible GreaterThanThreshold 0 in 1 of 1 x 300s, missing notBreaching",
		"undelivered":      "AWS/SQS Maximum ApproximateNumberOfMessagesVisible GreaterThanThreshold 0 in 1 of 1 x 300s, missing notBreaching",
		"heartbeat":        "Caretaker Sum RunCompleted LessThanThreshold 1 in 13 of 13 x 300s, missing breaching",
		"provisioned":      "Caretaker Minimum ProvisionedShort GreaterThanThreshold 0 in 3 of 3 x 300s, missing notBreaching",
		"shortfall":        "Caretaker Minimum WarmShortfall GreaterThanThreshold 0 in 3 of 3 x 300s, missing notBreaching",
	}
	for _, stack := range everyWarmer {
		if diff := cmp.Diff(want, definitions(t, stack)); diff != "" {
			t.Errorf("%s: alarms (-want +got):\n%s", stack, diff)
		}
	}
}

func TestRole_holdsExactlyTheStatementsOfTheWarmer(t *testing.T) {
	file, err := config.Load("testdata/caretaker.yaml", config.Options{Stage: "warm"})
	want.NoError(t, "reading the file", err)
	for _, stack := range everyWarmer {
		ledger, _ := one(t, stack, "AWS::DynamoDB::Table")
		var granted []string
		for _, statement := range warmer.Statements(file.Warmer) {
			statement.Resources = slices.Clone(statement.Resources)
			for index, resource := range statement.Resources {
				statement.Resources[index] = strings.ReplaceAll(resource, "${Ledger}", "the ledger")
			}
			granted = append(granted, rendered(t, stack, "", statement))
		}
		var got []string
		for _, statement := range inline(t, functionRole(t, stack), "warmer") {
			got = append(got, plain(t, strings.NewReplacer(`{"Fn::GetAtt":["`+ledger+`","Arn"]}`, `"the ledger"`), statement))
		}
		want.Equal(t, stack+": what the role grants", got, granted)
	}
}

// It pings from outside of any network, so that no function needs a way out of its own to be kept warm.
func TestWarmer_standsInNoNetwork(t *testing.T) {
	for _, stack := range everyWarmer {
		_, function := one(t, stack, "AWS::Lambda::Function")
		want.Equal[any](t, stack+": its network", function["VpcConfig"], nil)
		_, schedule := one(t, stack, "AWS::Scheduler::Schedule")
		want.Equal[any](t, stack+": its schedule", schedule["ScheduleExpression"], "rate(5 minutes)")
		want.Equal[any](t, stack+": what the schedule sends", at(schedule, "Target", "Input"), "{}")
	}
}

// What calls it after a deployment are the calls that make environments new, under each of their names, and nothing else.
func TestWarmer_isCalledAfterDeployments(t *testing.T) {
	for _, stack := range everyWarmer {
		_, rule := one(t, stack, "AWS::Events::Rule")
		var beginnings []any
		for _, operation := range warmer.Operations() {
			beginnings = append(beginnings, map[string]any{"prefix": operation})
		}
		want.Equal[any](t, stack+": the operations", at(rule, "EventPattern", "detail", "eventName"), beginnings)
		want.Equal[any](t, stack+": who was called", at(rule, "EventPattern", "detail", "eventSource"), []any{"lambda.amazonaws.com"})
		want.Equal[any](t, stack+": calls that were refused are none", at(rule, "EventPattern", "detail", "errorCode"), []any{map[string]any{"exists": false}})
	}
}
