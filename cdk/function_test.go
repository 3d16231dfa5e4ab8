package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFunction_isWhatTheFileAsksFor(t *testing.T) {
	for _, test := range []struct {
		stack, name            string
		memory, timeout, keeps float64
		reserved               any
	}{
		{shipped, "caretaker-default-janitor", 512, 900, 30, nil},
		{prod, "caretaker-prod-janitor", 1024, 300, 90, 2.0},
	} {
		_, function := one(t, test.stack, "AWS::Lambda::Function")
		topic, _ := one(t, test.stack, "AWS::SNS::Topic")
		_, group := one(t, test.stack, "AWS::Logs::LogGroup")
		got := object{
			"name": function["FunctionName"], "memory": function["MemorySize"], "timeout": function["Timeout"],
			"reserved": function["ReservedConcurrentExecutions"], "runtime": function["Runtime"],
			"architectures": function["Architectures"], "tracing": at(function, "TracingConfig", "Mode"),
			"variables": at(function, "Environment", "Variables"),
			"group":     group["LogGroupName"], "keeps": group["RetentionInDays"],
		}
		want := object{
			"name": test.name, "memory": test.memory, "timeout": test.timeout,
			"reserved": test.reserved, "runtime": "provided.al2023",
			"architectures": []any{"arm64"}, "tracing": "Active",
			"variables": object{"STAGE": stageOf(test.name), "TOPIC_ARN": object{"Ref": topic}, "DRY_RUN": ""},
			"group":     "/aws/lambda/" + test.name, "keeps": test.keeps,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: the function (-want +got):\n%s", test.stack, diff)
		}
	}
}

func stageOf(name string) string {
	return name[len("caretaker-") : len(name)-len("-janitor")]
}

func TestFunction_isNotRetriedAndFailuresAreKept(t *testing.T) {
	// Half the schedule's shortest gap, from a minute to six hours.
	for stack, age := range map[string]float64{shipped: 10800, prod: 21600, often: 150, weekly: 21600} {
		function, _ := one(t, stack, "AWS::Lambda::Function")
		_, async := one(t, stack, "AWS::Lambda::EventInvokeConfig")
		queue, _ := at(async, "DestinationConfig", "OnFailure", "Destination", "Fn::GetAtt", 0).(string)
		want := object{
			"FunctionName": object{"Ref": function}, "Qualifier": "$LATEST",
			"MaximumRetryAttempts": 0.0, "MaximumEventAgeInSeconds": age,
			"DestinationConfig": object{"OnFailure": object{"Destination": attribute(queue, "Arn")}},
		}
		if diff := cmp.Diff(want, async); diff != "" {
			t.Errorf("%s: what becomes of a run that failed (-want +got):\n%s", stack, diff)
		}
		if resources(t, stack, "AWS::SQS::Queue")[queue] == nil {
			t.Errorf("%s: the destination %s is not a queue of the stack", stack, queue)
		}
	}
}

func TestSchedule_keepsTheTimeZoneAndWhatItCouldNotDeliver(t *testing.T) {
	for _, test := range []struct {
		stack, expression, zone string
		age                     float64
	}{
		{shipped, "rate(6 hours)", "UTC", 10800},
		{prod, "cron(30 2 * * ? *)", "Europe/Berlin", 21600},
		{often, "rate(5 minutes)", "UTC", 150},
	} {
		_, schedule := one(t, test.stack, "AWS::Scheduler::Schedule")
		function, _ := one(t, test.stack, "AWS::Lambda::Function")
		got := object{
			"expression": schedule["ScheduleExpression"], "zone": schedule["ScheduleExpressionTimezone"],
			"state": schedule["State"], "window": schedule["FlexibleTimeWindow"],
			"target": at(schedule, "Target", "Arn"), "retries": at(schedule, "Target", "RetryPolicy"),
			"event": at(schedule, "Target", "Input"),
		}
		want := object{
			"expression": test.expression, "zone": test.zone,
			"state": nil, "window": object{"Mode": "OFF"}, // enabled, since nothing else is said
			"target": attribute(function, "Arn"), "retries": object{"MaximumRetryAttempts": 2.0, "MaximumEventAgeInSeconds": test.age},
			"event": "{}", // the part refuses what else Scheduler would send
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: the schedule (-want +got):\n%s", test.stack, diff)
		}
		undelivered, _ := at(schedule, "Target", "DeadLetterConfig", "Arn", "Fn::GetAtt", 0).(string)
		if resources(t, test.stack, "AWS::SQS::Queue")[undelivered] == nil {
			t.Errorf("%s: %q is not a queue of the stack", test.stack, undelivered)
		}
	}
}

func TestQueues_areEncryptedOverSSLAndKeepTwoWeeks(t *testing.T) {
	for _, stack := range everyStack {
		queues := resources(t, stack, "AWS::SQS::Queue")
		if len(queues) != 2 {
			t.Errorf("%s has %d queues, want 2", stack, len(queues))
		}
		for id, queue := range queues {
			if queue["SqsManagedSseEnabled"] != true || queue["MessageRetentionPeriod"] != 14.0*24*3600 {
				t.Errorf("%s: the queue %s is %v, want it encrypted by SQS and its messages kept for 14 days", stack, id, queue)
			}
			refused := false
			for _, policy := range resources(t, stack, "AWS::SQS::QueuePolicy") {
				if at(policy, "Queues", 0, "Ref") == id {
					refused = cmp.Equal(at(policy, "PolicyDocument", "Statement", 0), object{
						"Effect": "Deny", "Principal": object{"AWS": "*"}, "Action": "sqs:*", "Resource": attribute(id, "Arn"),
						"Condition": object{"Bool": object{"aws:SecureTransport": "false"}},
					})
				}
			}
			if !refused {
				t.Errorf("%s: %s takes calls without SSL, want them refused", stack, id)
			}
		}
	}
}

func TestTopic_letsAlarmsPublishOverSSLOnly(t *testing.T) {
	for _, stack := range everyStack {
		id, topic := one(t, stack, "AWS::SNS::Topic")
		if topic["KmsMasterKeyId"] != nil {
			t.Errorf("%s: CloudWatch may not publish to a topic with the key %v", stack, topic["KmsMasterKeyId"])
		}
		checkTopicPolicy(t, stack, id, false)
	}
}

// checkTopicPolicy checks who may publish to a topic. With alone it is CloudWatch and nobody
// else: in one account a role's own permission is enough, unless the topic denies it.
func checkTopicPolicy(t *testing.T, stack, id string, alone bool) {
	t.Helper()
	want := []any{
		object{
			"Sid": "AllowPublishThroughSSLOnly", "Effect": "Deny", "Principal": "*", "Action": "sns:Publish", "Resource": object{"Ref": id},
			"Condition": object{"Bool": object{"aws:SecureTransport": "false"}},
		},
		object{
			"Sid": "AllowAlarms", "Effect": "Allow", "Principal": object{"Service": "cloudwatch.amazonaws.com"}, "Action": "sns:Publish", "Resource": object{"Ref": id},
			"Condition": object{"StringEquals": object{"aws:SourceAccount": account}},
		},
	}
	if alone {
		want = append(want, object{
			"Sid": "DenyOthers", "Effect": "Deny", "Principal": "*", "Action": "sns:Publish", "Resource": object{"Ref": id},
			"Condition": object{"StringNotEquals": object{"aws:SourceAccount": account}},
		})
	}
	for _, policy := range resources(t, stack, "AWS::SNS::TopicPolicy") {
		if cmp.Equal([]any{object{"Ref": id}}, policy["Topics"]) {
			if diff := cmp.Diff(want, at(policy, "PolicyDocument", "Statement")); diff != "" {
				t.Errorf("%s: who may publish to %s (-want +got):\n%s", stack, id, diff)
			}
			return
		}
	}
	t.Errorf("%s: the topic %s has no policy", stack, id)
}

func TestTopic_isSubscribedByTheFilesAddresses(t *testing.T) {
	got := map[any]bool{}
	for _, subscription := range resources(t, prod, "AWS::SNS::Subscription") {
		got[subscription["Endpoint"]] = true
	}
	if diff := cmp.Diff(map[any]bool{"oncall@example.com": true, "platform@example.com": true}, got); diff != "" {
		t.Errorf("subscribed (-want +got):\n%s", diff)
	}
	if found := resources(t, shipped, "AWS::SNS::Subscription"); len(found) > 0 {
		t.Errorf("the file that ships names nobody, yet %v", found)
	}
}
