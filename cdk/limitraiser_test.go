package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"caretaker/internal/config"
	"caretaker/internal/emf"
	"caretaker/internal/want"
	limitraiser "caretaker/limit-raiser"
)

// watched are the alarms of a limit-raiser's stack on the limit-raiser itself.
func watched(t *testing.T, stack string) map[string]string {
	t.Helper()
	all := definitions(t, stack)
	for name := range calling(t, stack) {
		delete(all, name)
	}
	return all
}

func TestLimitRaiser_isWatchedItself(t *testing.T) {
	want := map[string]string{
		"errors":           "AWS/Lambda Sum Errors GreaterThanThreshold 0 in 1 of 2 x 300s, missing notBreaching",
		"throttles":        "AWS/Lambda Sum Throttles GreaterThanThreshold 0 in 1 of 1 x 300s, missing notBreaching",
		"duration":         "AWS/Lambda Maximum Duration GreaterThanThreshold 96000 in 1 of 2 x 300s, missing notBreaching",
		"on-failure-queue": "AWS/SQS Maximum ApproximateNumberOfMessagesVisible GreaterThanThreshold 0 in 1 of 1 x 300s, missing notBreaching",
		"dead-letters":     "AWS/SQS Maximum ApproximateNumberOfMessagesVisible GreaterThanThreshold 0 in 1 of 1 x 300s, missing notBreaching",
		"raises-failed":    "Caretaker Sum RaisesFailed GreaterThanThreshold 0 in 1 of 1 x 300s, missing notBreaching",
		"queue-age":        "AWS/SQS Maximum ApproximateAgeOfOldestMessage GreaterThanThreshold 600 in 1 of 1 x 300s, missing notBreaching",
	}
	if diff := cmp.Diff(want, watched(t, raiser)); diff != "" {
		t.Errorf("alarms (-want +got):\n%s", diff)
	}
	for _, stack := range everyRaiser {
		own := ownTopic(t, stack)
		if own == callersTopic(t, stack) {
			t.Fatalf("%s: what calls the function and what tells people is one topic", stack)
		}
		queues := map[string]bool{}
		for id, alarm := range resources(t, stack, "AWS::CloudWatch::Alarm") {
			if cmp.Equal(alarm["AlarmActions"], []any{object{"Ref": callersTopic(t, stack)}}) {
				continue
			}
			if diff := cmp.Diff([]any{object{"Ref": own}}, alarm["AlarmActions"]); diff != "" {
				t.Errorf("%s: %s tells (-want +got):\n%s", stack, id, diff)
			}
			queue, _ := at(alarm, "Dimensions", 0, "Value", "Fn::GetAtt", 0).(string)
			queues[queue] = true
			if text := fmt.Sprint(alarm["AlarmDescription"]); strings.Contains(text, "%!") || len(text) > 1000 {
				t.Errorf("%s: the description of %s has %d characters, want 1000 at most and each value in its place: %s", stack, id, len(text), text)
			}
		}
		_, source := one(t, stack, "AWS::Lambda::EventSourceMapping")
		for id, alarm := range resources(t, stack, "AWS::CloudWatch::Alarm") {
			if strings.HasPrefix(id, "DeadLetters") && !strings.Contains(fmt.Sprint(alarm["AlarmDescription"]), "--destination-arn  "+fmt.Sprint(source["EventSourceArn"])) {
				t.Errorf("%s: the dead letters would not go back to the queue: %v", stack, alarm["AlarmDescription"])
			}
		}
		for id := range resources(t, stack, "AWS::SQS::Queue") {
			if !queues[id] {
				t.Errorf("%s: nobody watches the queue %s", stack, id)
			}
		}
	}
}

// An alarm on a metric that nobody publishes would never tell anything.
func TestLimitRaiser_publishesTheMetricThatIsWatched(t *testing.T) {
	published := slices.ContainsFunc(limitraiser.Report{}.Metrics(), func(m emf.Metric) bool { return m.Name == "RaisesFailed" })
	_, function := one(t, raiser, "AWS::Lambda::Function")
	want := []any{object{"Name": "Part", "Value": "limit-raiser"}, object{"Name": "Stage", "Value": at(function, "Environment", "Variables", "STAGE")}}
	for _, alarm := range resources(t, raiser, "AWS::CloudWatch::Alarm") {
		if alarm["MetricName"] == "RaisesFailed" {
			if diff := cmp.Diff(want, alarm["Dimensions"]); diff != "" || !published {
				t.Errorf("RaisesFailed is published: %t, want true; its alarm's dimensions (-want +got):\n%s", published, diff)
			}
		}
	}
}

// ownTopic is the topic that the function tells people through.
func ownTopic(t *testing.T, stack string) string {
	t.Helper()
	_, function := one(t, stack, "AWS::Lambda::Function")
	topic, _ := at(function, "Environment", "Variables", "TOPIC_ARN", "Ref").(string)
	return topic
}

func TestLimitRaiser_isWhatTheFileAsksFor(t *testing.T) {
	_, function := one(t, raiser, "AWS::Lambda::Function")
	ledger, _ := one(t, raiser, "AWS::DynamoDB::Table")
	source := at(sourceMapping(t, raiser), "EventSourceArn", "Fn::GetAtt", 0)
	got := object{
		"name": function["FunctionName"], "memory": function["MemorySize"], "timeout": function["Timeout"],
		"reserved": function["ReservedConcurrentExecutions"], "variables": at(function, "Environment", "Variables"),
		"loop": function["RecursiveLoop"],
	}
	want := object{
		"name": "caretaker-raise-limit-raiser", "memory": 1024.0, "timeout": 120.0, "reserved": 3.0,
		"variables": object{
			"STAGE": "raise", "TOPIC_ARN": object{"Ref": ownTopic(t, raiser)}, "DRY_RUN": "",
			"QUEUE_URL": object{"Ref": source}, "TABLE_NAME": object{"Ref": ledger},
		},
		"loop": "Allow",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the function (-want +got):\n%s", diff)
	}
	if _, function := one(t, prod, "AWS::Lambda::Function"); function["RecursiveLoop"] != nil {
		t.Errorf("the janitor, which never calls itself, may: %v", function["RecursiveLoop"])
	}
}

func sourceMapping(t *testing.T, stack string) object {
	t.Helper()
	_, mapping := one(t, stack, "AWS::Lambda::EventSourceMapping")
	return mapping
}

func TestFeed_givesLambdaTimeAndKeepsWhatFailed(t *testing.T) {
	for stack, visibility := range map[string]float64{raiser: 720, raiserDry: 360} {
		mapping := sourceMapping(t, stack)
		function, _ := one(t, stack, "AWS::Lambda::Function")
		queue, _ := at(mapping, "EventSourceArn", "Fn::GetAtt", 0).(string)
		wantMapping := object{
			"FunctionName": object{"Ref": function}, "EventSourceArn": attribute(queue, "Arn"), "BatchSize": 5.0,
			"FunctionResponseTypes": []any{"ReportBatchItemFailures"}, "ScalingConfig": object{"MaximumConcurrency": 2.0}, "Tags": mapping["Tags"],
		}
		if diff := cmp.Diff(wantMapping, mapping); diff != "" {
			t.Errorf("%s: the mapping (-want +got):\n%s", stack, diff)
		}
		queues := resources(t, stack, "AWS::SQS::Queue")
		dead, _ := at(queues[queue], "RedrivePolicy", "deadLetterTargetArn", "Fn::GetAtt", 0).(string)
		wantQueue := object{
			"VisibilityTimeout": visibility, "MessageRetentionPeriod": 4.0 * 24 * 3600, "SqsManagedSseEnabled": true,
			"RedrivePolicy": object{"deadLetterTargetArn": attribute(dead, "Arn"), "maxReceiveCount": 10.0}, "Tags": queues[queue]["Tags"],
		}
		if diff := cmp.Diff(wantQueue, queues[queue]); diff != "" {
			t.Errorf("%s: the queue (-want +got):\n%s", stack, diff)
		}
		if queues[dead]["MessageRetentionPeriod"] != 14.0*24*3600 || queues[dead]["SqsManagedSseEnabled"] != true {
			t.Errorf("%s: the dead letters are %v, want them encrypted by SQS and kept for 14 days", stack, queues[dead])
		}
	}
}

func TestFeed_letsTheTopicAloneIntoTheQueuesOverSSL(t *testing.T) {
	for _, stack := range everyRaiser {
		topic := callersTopic(t, stack)
		queue, _ := at(sourceMapping(t, stack), "EventSourceArn", "Fn::GetAtt", 0).(string)
		dead, _ := at(resources(t, stack, "AWS::SQS::Queue")[queue], "RedrivePolicy", "deadLetterTargetArn", "Fn::GetAtt", 0).(string)
		policies := map[string]any{}
		for _, policy := range resources(t, stack, "AWS::SQS::QueuePolicy") {
			id, _ := at(policy, "Queues", 0, "Ref").(string)
			policies[id] = at(policy, "PolicyDocument", "Statement")
		}
		for id := range resources(t, stack, "AWS::SQS::Queue") {
			want := []any{object{
				"Effect": "Deny", "Principal": object{"AWS": "*"}, "Action": "sqs:*", "Resource": attribute(id, "Arn"),
				"Condition": object{"Bool": object{"aws:SecureTransport": "false"}},
			}}
			if id == queue || id == dead {
				want = append(want, object{
					"Effect": "Allow", "Principal": object{"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": attribute(id, "Arn"),
					"Condition": object{"ArnEquals": object{"aws:SourceArn": object{"Ref": topic}}},
				})
			}
			if diff := cmp.Diff(want, policies[id]); diff != "" {
				t.Errorf("%s: who may use %s (-want +got):\n%s", stack, id, diff)
			}
		}
		for id, subscription := range resources(t, stack, "AWS::SNS::Subscription") {
			if subscription["Protocol"] != "sqs" {
				continue
			}
			want := object{
				"Protocol": "sqs", "TopicArn": object{"Ref": topic}, "Endpoint": attribute(queue, "Arn"),
				"RedrivePolicy": object{"deadLetterTargetArn": attribute(dead, "Arn")},
			}
			if diff := cmp.Diff(want, subscription); diff != "" {
				t.Errorf("%s: the subscription %s (-want +got):\n%s", stack, id, diff)
			}
		}
	}
}

func TestFeed_letsAlarmsPublishOverSSLOnly(t *testing.T) {
	for _, stack := range everyRaiser {
		topics := resources(t, stack, "AWS::SNS::Topic")
		if len(topics) != 2 {
			t.Errorf("%s has %d topics, want 2", stack, len(topics))
		}
		for id, topic := range topics {
			if topic["KmsMasterKeyId"] != nil {
				t.Errorf("%s: CloudWatch may not publish to a topic with the key %v", stack, topic["KmsMasterKeyId"])
			}
			checkTopicPolicy(t, stack, id, id == callersTopic(t, stack))
		}
	}
}

func TestLimitRaiser_mayBeCalledByAlarmsOfTheAccountAlone(t *testing.T) {
	for _, stack := range everyRaiser {
		function, _ := one(t, stack, "AWS::Lambda::Function")
		_, permission := one(t, stack, "AWS::Lambda::Permission")
		want := object{
			"Action": "lambda:InvokeFunction", "FunctionName": attribute(function, "Arn"), "Principal": "lambda.alarms.cloudwatch.amazonaws.com",
			"SourceAccount": account, "SourceArn": "arn:aws:cloudwatch:" + regionOf(stack) + ":" + account + ":alarm:*",
		}
		if diff := cmp.Diff(want, permission); diff != "" {
			t.Errorf("%s: who may call the function (-want +got):\n%s", stack, diff)
		}
	}
}

func TestLimitRaiser_isTriedTwiceMoreWithinAnHour(t *testing.T) {
	_, async := one(t, raiser, "AWS::Lambda::EventInvokeConfig")
	queue, _ := at(async, "DestinationConfig", "OnFailure", "Destination", "Fn::GetAtt", 0).(string)
	if async["MaximumRetryAttempts"] != 2.0 || async["MaximumEventAgeInSeconds"] != 3600.0 || resources(t, raiser, "AWS::SQS::Queue")[queue] == nil {
		t.Errorf("asynchronous invocations are %v, want two attempts more within 3600 s, and then a queue of the stack", async)
	}
}

func TestLedger_isPaidByUseAndRecoverable(t *testing.T) {
	for _, stack := range everyRaiser {
		_, table := one(t, stack, "AWS::DynamoDB::Table")
		text := func(name string) object { return object{"AttributeName": name, "AttributeType": "S"} }
		want := object{
			"TableName": "caretaker-" + strings.Split(strings.TrimPrefix(stack, "Caretaker-"), "-LimitRaiser")[0] + "-limit-raiser", "BillingMode": "PAY_PER_REQUEST",
			"AttributeDefinitions": []any{text(limitraiser.LedgerKey), text(limitraiser.LedgerSort)},
			"KeySchema": []any{
				object{"AttributeName": limitraiser.LedgerKey, "KeyType": "HASH"}, object{"AttributeName": limitraiser.LedgerSort, "KeyType": "RANGE"},
			},
			"TimeToLiveSpecification":          object{"AttributeName": limitraiser.LedgerTTL, "Enabled": true},
			"PointInTimeRecoverySpecification": object{"PointInTimeRecoveryEnabled": true}, "Tags": table["Tags"],
		}
		if diff := cmp.Diff(want, table); diff != "" {
			t.Errorf("%s: the ledger (-want +got):\n%s", stack, diff)
		}
	}
}

func TestRole_holdsExactlyTheStatementsOfTheLimitRaiser(t *testing.T) {
	for stack, stage := range map[string]string{raiser: "raise", raiserDry: "raise-dry"} {
		file, err := config.Load("testdata/caretaker.yaml", config.Options{Stage: stage})
		if err != nil {
			t.Fatal(err)
		}
		queue, _ := at(sourceMapping(t, stack), "EventSourceArn", "Fn::GetAtt", 0).(string)
		ledger, _ := one(t, stack, "AWS::DynamoDB::Table")
		written := strings.NewReplacer(
			`{"Ref":"`+ownTopic(t, stack)+`"}`, `"${Topic}"`,
			`{"Fn::GetAtt":["`+queue+`","Arn"]}`, `"${Queue}"`, `{"Fn::GetAtt":["`+ledger+`","Arn"]}`, `"${Ledger}"`,
		)
		var want, got []string
		for _, statement := range limitraiser.Statements(file.LimitRaiser) {
			want = append(want, rendered(t, stack, "${Topic}", statement))
		}
		for _, statement := range inline(t, functionRole(t, stack), "limit-raiser") {
			got = append(got, plain(t, written, statement))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-limitraiser.Statements +role):\n%s", stack, diff)
		}
	}
}

// Lambda reads the queue in the function's name; the emulator does not ask whether it may.
func TestGrants_letLambdaReadTheQueueForTheFunction(t *testing.T) {
	for _, stack := range everyRaiser {
		group, _ := one(t, stack, "AWS::Logs::LogGroup")
		_, async := one(t, stack, "AWS::Lambda::EventInvokeConfig")
		want := []any{
			object{"Sid": "WriteLogs", "Effect": "Allow", "Action": []any{"logs:CreateLogStream", "logs:PutLogEvents"}, "Resource": attribute(group, "Arn")},
			object{"Sid": "Trace", "Effect": "Allow", "Action": []any{"xray:PutTelemetryRecords", "xray:PutTraceSegments"}, "Resource": "*"},
			object{"Sid": "KeepFailures", "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": at(async, "DestinationConfig", "OnFailure", "Destination")},
			object{
				"Sid": "ReadQueue", "Effect": "Allow", "Action": []any{"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"},
				"Resource": at(sourceMapping(t, stack), "EventSourceArn"),
			},
		}
		if diff := cmp.Diff(want, inline(t, functionRole(t, stack), "function")); diff != "" {
			t.Errorf("%s: what the function's role grants for the function itself (-want +got):\n%s", stack, diff)
		}
	}
}

func TestLimitRaiser_saysWhatOneNeedsNext(t *testing.T) {
	_, template := read(t, raiser)
	outputs := template["Outputs"].(object)
	for _, name := range []string{
		"FunctionName", "FunctionArn", "LogGroupName", "TopicArn", "OnFailureQueueUrl", "AlarmTopicArn", "QueueUrl", "DeadLetterQueueUrl", "LedgerTableName",
	} {
		if at(outputs, name, "Value") == nil {
			t.Errorf("the output %s is missing", name)
		}
	}
	if diff := cmp.Diff(object{"Ref": callersTopic(t, raiser)}, at(outputs, "AlarmTopicArn", "Value")); diff != "" {
		t.Errorf("AlarmTopicArn (-want +got):\n%s", diff)
	}
	want.Says(t, "the output LedgerTableName", fmt.Sprint(at(outputs, "LedgerTableName", "Description")), "goes with the stack")
}
