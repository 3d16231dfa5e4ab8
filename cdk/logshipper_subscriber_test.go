package main

import (
	"fmt"
	"strings"
	"testing"

	"caretaker/internal/config"
	"caretaker/internal/want"
	"caretaker/log-shipper/groups"
	"caretaker/log-shipper/subscriber"
)

// ofSubscriber is the resource of a kind that belongs to the function that subscribes.
func ofSubscriber(t *testing.T, stack, kind, name string) (string, object) {
	t.Helper()
	return ofShipper(t, stack, kind, "Subscriber"+name)
}

func TestSubscriber_knowsWhereItsFiltersPoint(t *testing.T) {
	shipping, _ := ofShipper(t, shipper, "AWS::Lambda::Function", "Function")
	topic, _ := ofSubscriber(t, shipper, "AWS::SNS::Topic", "Topic")
	_, function := ofSubscriber(t, shipper, "AWS::Lambda::Function", "Function")
	want.Equal(t, "its environment", at(function, "Environment", "Variables"), any(object{
		"STAGE": "ship", "TOPIC_ARN": object{"Ref": topic}, "DRY_RUN": "", "DESTINATION_ARN": attribute(shipping, "Arn"),
	}))
	role, _ := ofShipper(t, shipperAll, "AWS::IAM::Role", "StreamRole")
	_, function = ofSubscriber(t, shipperAll, "AWS::Lambda::Function", "Function")
	want.Equal(t, "where its filters point through a stream", at(function, "Environment", "Variables", "DESTINATION_ARN"), any("arn:aws:kinesis:eu-central-1:"+account+":stream/central-logs"))
	want.Equal(t, "by which role", at(function, "Environment", "Variables", "ROLE_ARN"), attribute(role, "Arn"))
}

// A run comes with the schedule's making, and AWS takes no filter to a function that Logs may not call.
func TestSubscriber_firstRunsWhenLogsMayCallTheShipper(t *testing.T) {
	for _, stack := range everyShipper {
		_, template := read(t, stack)
		schedule, properties := ofSubscriber(t, stack, "AWS::Scheduler::Schedule", "Schedule")
		permission, _ := ofShipper(t, stack, "AWS::Lambda::Permission", "LogsMayCall")
		want.Equal(t, stack+": what is made before the schedule", at(template, "Resources", schedule, "DependsOn"), any([]any{permission}))
		want.Equal[any](t, stack+": what the schedule sends", at(properties, "Target", "Input"), "{}")
	}
}

func TestSubscriber_isCalledForEachNewLogGroup(t *testing.T) {
	function, _ := ofSubscriber(t, shipper, "AWS::Lambda::Function", "Function")
	rule, properties := ofSubscriber(t, shipper, "AWS::Events::Rule", "NewGroups")
	want.Equal(t, "the pattern", properties["EventPattern"], any(object{
		"source": []any{"aws.logs"}, "detail-type": []any{"AWS API Call via CloudTrail"},
		"detail": object{"eventSource": []any{"logs.amazonaws.com"}, "eventName": []any{"CreateLogGroup"}, "errorCode": []any{object{"exists": false}}},
	}))
	want.Equal(t, "whom it calls", at(properties, "Targets", 0, "Arn"), attribute(function, "Arn"))
	_, permission := ofSubscriber(t, shipper, "AWS::Lambda::Permission", "EventsMayCall")
	want.Equal(t, "who may call it", permission, object{
		"Action": "lambda:InvokeFunction", "FunctionName": attribute(function, "Arn"), "Principal": "events.amazonaws.com",
		"SourceAccount": account, "SourceArn": attribute(rule, "Arn"),
	})
}

func TestSubscriber_roleHoldsExactlyItsStatements(t *testing.T) {
	for stack, stage := range map[string]string{shipper: "ship", shipperAll: "ship-all"} {
		file, err := config.Load("testdata/caretaker.yaml", config.Options{Stage: stage})
		want.NoError(t, "reading the file", err)
		_, role := ofSubscriber(t, stack, "AWS::IAM::Role", "Role")
		stream := ""
		if file.LogShipper.Subscribe.Through == groups.Stream {
			stream, _ = ofShipper(t, stack, "AWS::IAM::Role", "StreamRole")
		}
		var wanted, got []string
		for _, statement := range subscriber.Statements(subscriber.Config{Subscribe: file.LogShipper.Subscribe}) {
			for position, resource := range statement.Resources {
				statement.Resources[position] = strings.Replace(resource, "${Role}", "Arn of "+stream, 1)
			}
			wanted = append(wanted, rendered(t, stack, "", statement))
		}
		references := strings.NewReplacer(`{"Fn::GetAtt":["`+stream+`","Arn"]}`, `"Arn of `+stream+`"`)
		for _, statement := range inline(t, role, "log-shipper-subscriber") {
			got = append(got, plain(t, references, statement))
		}
		want.Equal(t, stack+": what the role grants", got, wanted)
	}
}

// What is granted to a service no emulator notices the absence of.
func TestSubscriber_lettingLogsWriteToTheStreamIsForThisAccountAlone(t *testing.T) {
	_, role := ofShipper(t, shipperAll, "AWS::IAM::Role", "StreamRole")
	want.Equal(t, "who may take the role", at(role, "AssumeRolePolicyDocument", "Statement", 0), any(object{
		"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": object{"Service": "logs.amazonaws.com"},
		"Condition": object{"StringLike": object{"aws:SourceArn": "arn:aws:logs:eu-central-1:" + account + ":*"}},
	}))
	want.Equal(t, "what it grants", inline(t, role, "stream"), []any{object{
		"Sid": "Write", "Effect": "Allow", "Action": []any{"kinesis:PutRecord", "kinesis:PutRecords"}, "Resource": "arn:aws:kinesis:eu-central-1:" + account + ":stream/central-logs",
	}})
	for id := range resources(t, shipper, "AWS::IAM::Role") {
		if strings.HasPrefix(id, "StreamRole") {
			t.Error("nothing goes through a stream, and there is a role for one")
		}
	}
}

func TestSubscriber_isWatched(t *testing.T) {
	const once = "in 1 of 1 x 300s, missing notBreaching"
	found := map[string]string{}
	for _, alarm := range resources(t, shipper, "AWS::CloudWatch::Alarm") {
		if name, is := strings.CutPrefix(alarm["AlarmName"].(string), "caretaker-ship-log-shipper-subscriber-"); is {
			found[name] = fmt.Sprintf("%v %v %v %v in %v of %v x %vs, missing %v", alarm["Namespace"], alarm["Statistic"], alarm["MetricName"],
				alarm["Threshold"], alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"], alarm["Period"], alarm["TreatMissingData"])
		}
	}
	want.Equal(t, "alarms", found, map[string]string{
		"errors":           "AWS/Lambda Sum Errors 0 in 1 of 5 x 300s, missing notBreaching",
		"throttles":        "AWS/Lambda Sum Throttles 0 " + once,
		"on-failure-queue": "AWS/SQS Maximum ApproximateNumberOfMessagesVisible 0 " + once,
		"undelivered":      "AWS/SQS Maximum ApproximateNumberOfMessagesVisible 0 " + once,
		"heartbeat":        "Caretaker Sum RunCompleted 1 in 24 of 24 x 300s, missing breaching",
		"full":             "Caretaker Minimum GroupsFull 0 in 1 of 1 x 7200s, missing ignore",
		"left":             "Caretaker Minimum GroupsLeft 0 in 3 of 3 x 7200s, missing ignore",
	})
}
