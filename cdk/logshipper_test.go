package main

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"caretaker/internal/want"
)

// ofShipper is the resource of a kind that belongs to the function that ships: the ids of the other
// function's begin with Subscriber.
func ofShipper(t *testing.T, stack, kind, name string) (string, object) {
	t.Helper()
	form := regexp.MustCompile("^" + name + "([0-9A-F]{8})?$")
	for id, properties := range resources(t, stack, kind) {
		if form.MatchString(id) {
			return id, properties
		}
	}
	t.Fatalf("%s has no %s called %s", stack, kind, name)
	return "", nil
}

func TestLogShipper_mayBeCalledByLogGroupsOfTheAccountAlone(t *testing.T) {
	for _, stack := range everyShipper {
		function, _ := ofShipper(t, stack, "AWS::Lambda::Function", "Function")
		_, permission := ofShipper(t, stack, "AWS::Lambda::Permission", "LogsMayCall")
		want.Equal(t, stack+": who may call the function", permission, object{
			"Action": "lambda:InvokeFunction", "FunctionName": attribute(function, "Arn"), "Principal": "logs.amazonaws.com",
			"SourceAccount": account, "SourceArn": "arn:aws:logs:" + regionOf(stack) + ":" + account + ":log-group:*",
		})
	}
}

func TestLogShipper_comesBackToItselfThroughAQueueThatGivesUpIntoAnother(t *testing.T) {
	for stack, timeout := range map[string]float64{shipper: 60, shipperAll: 300} {
		function, properties := ofShipper(t, stack, "AWS::Lambda::Function", "Function")
		queue, held := ofShipper(t, stack, "AWS::SQS::Queue", "Queue")
		dead, _ := ofShipper(t, stack, "AWS::SQS::Queue", "DeadLetters")
		want.Equal[any](t, stack+": what Lambda does when it calls itself", properties["RecursiveLoop"], "Allow")
		want.Equal[any](t, stack+": how long a message that failed waits", held["VisibilityTimeout"], 6*timeout)
		want.Equal[any](t, stack+": how long a message is kept", held["MessageRetentionPeriod"], 14.0*24*3600)
		want.Equal[any](t, stack+": where a message is given up", held["RedrivePolicy"], object{"deadLetterTargetArn": attribute(dead, "Arn"), "maxReceiveCount": 10.0})
		_, mapping := ofShipper(t, stack, "AWS::Lambda::EventSourceMapping", "Source")
		delete(mapping, "Tags")
		want.Equal(t, stack+": how the queue is read", mapping, object{
			"BatchSize": 5.0, "EventSourceArn": attribute(queue, "Arn"), "FunctionName": object{"Ref": function},
			"FunctionResponseTypes": []any{"ReportBatchItemFailures"}, "ScalingConfig": object{"MaximumConcurrency": 10.0},
		})
	}
}

func TestLogShipper_readsItsStreamUntilTheRecordsAreTooOld(t *testing.T) {
	function, _ := ofShipper(t, shipperAll, "AWS::Lambda::Function", "Function")
	failures, _ := ofShipper(t, shipperAll, "AWS::SQS::Queue", "OnFailure")
	_, mapping := ofShipper(t, shipperAll, "AWS::Lambda::EventSourceMapping", "Stream")
	delete(mapping, "Tags")
	want.Equal(t, "how the stream is read", mapping, object{
		"BatchSize": 500.0, "BisectBatchOnFunctionError": true, "DestinationConfig": object{"OnFailure": object{"Destination": attribute(failures, "Arn")}},
		"EventSourceArn": "arn:aws:kinesis:eu-central-1:" + account + ":stream/central-logs", "FunctionName": object{"Ref": function},
		"FunctionResponseTypes": []any{"ReportBatchItemFailures"}, "MaximumBatchingWindowInSeconds": 1.0,
		"MaximumRecordAgeInSeconds": 43200.0, "MaximumRetryAttempts": 50.0, "StartingPosition": "TRIM_HORIZON",
	})
	if _, has := resources(t, shipper, "AWS::Lambda::EventSourceMapping")["Stream"]; has {
		t.Error("the file names no stream, and one is read")
	}
}

func TestLogShipper_standsInTheNetworkOfTheFile(t *testing.T) {
	_, function := ofShipper(t, shipperAll, "AWS::Lambda::Function", "Function")
	want.Equal[any](t, "the network", function["VpcConfig"], object{
		"SubnetIds": []any{"subnet-0123456789abcdef0", "subnet-0123456789abcdef1"}, "SecurityGroupIds": []any{"sg-0123456789abcdef0"},
	})
	_, alone := ofShipper(t, shipper, "AWS::Lambda::Function", "Function")
	want.Equal[any](t, "the network where the file names none", alone["VpcConfig"], nil)
}

func TestLogShipper_isTriedTwiceMoreWithinSixHours(t *testing.T) {
	_, async := ofShipper(t, shipper, "AWS::Lambda::EventInvokeConfig", "Async")
	failures, _ := ofShipper(t, shipper, "AWS::SQS::Queue", "OnFailure")
	want.Equal[any](t, "more attempts", async["MaximumRetryAttempts"], 2.0)
	want.Equal[any](t, "seconds for them", async["MaximumEventAgeInSeconds"], 21600.0)
	want.Equal(t, "where they end", at(async, "DestinationConfig", "OnFailure", "Destination"), attribute(failures, "Arn"))
}

// alarmsOf are the alarms of a stack's shipper, by their names behind its own.
func alarmsOf(t *testing.T, stack, function string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, alarm := range resources(t, stack, "AWS::CloudWatch::Alarm") {
		name, is := strings.CutPrefix(alarm["AlarmName"].(string), function+"-")
		if !is || strings.HasPrefix(name, "subscriber-") {
			continue
		}
		of := ""
		dimensions, _ := alarm["Dimensions"].([]any)
		for _, dimension := range dimensions {
			if one := dimension.(object); one["Name"] == "Destination" {
				of = fmt.Sprint(" of ", one["Value"])
			}
		}
		found[name] = fmt.Sprintf("%v %v %v%v %v in %v of %v x %vs, missing %v", alarm["Namespace"], alarm["Statistic"], alarm["MetricName"], of,
			alarm["Threshold"], alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"], alarm["Period"], alarm["TreatMissingData"])
	}
	return found
}

const once = "in 1 of 1 x 300s, missing notBreaching"

func TestLogShipper_isWatched(t *testing.T) {
	want.Equal(t, "alarms", alarmsOf(t, shipper, "caretaker-ship-log-shipper"), map[string]string{
		"errors":           "AWS/Lambda Sum Errors 0 in 1 of 2 x 300s, missing notBreaching",
		"throttles":        "AWS/Lambda Sum Throttles 0 " + once,
		"on-failure-queue": "AWS/SQS Maximum ApproximateNumberOfMessagesVisible 0 " + once,
		"given-up":         "AWS/SQS Maximum ApproximateNumberOfMessagesVisible 0 " + once,
		"imbalance":        "Caretaker Maximum Imbalance 0 " + once,
		"dead-letters":     "Caretaker Sum EventsDeadLettered 0 " + once,
		"own-groups":       "Caretaker Sum OwnEvents 0 " + once,
		"parked-age":       "Caretaker Maximum ParkedAge 3600 " + once,
		"lag":              "Caretaker Maximum Lag 900 in 3 of 3 x 300s, missing notBreaching",
	})
}

func TestLogShipper_watchesEachOfSeveralDestinationsByItself(t *testing.T) {
	want.Equal(t, "alarms", alarmsOf(t, shipperAll, "caretaker-ship-all-log-shipper"), map[string]string{
		"errors":               "AWS/Lambda Sum Errors 0 in 1 of 3 x 300s, missing notBreaching",
		"throttles":            "AWS/Lambda Sum Throttles 0 " + once,
		"iterator-age":         "AWS/Lambda Maximum IteratorAge 1.8e+06 " + once,
		"on-failure-queue":     "AWS/SQS Maximum ApproximateNumberOfMessagesVisible 0 " + once,
		"given-up":             "AWS/SQS Maximum ApproximateNumberOfMessagesVisible 0 " + once,
		"imbalance":            "Caretaker Maximum Imbalance 0 " + once,
		"own-groups":           "Caretaker Sum OwnEvents 0 " + once,
		"dead-letters-search":  "Caretaker Sum EventsDeadLettered of search 0 " + once,
		"dead-letters-archive": "Caretaker Sum EventsDeadLettered of archive 0 " + once,
		"parked-age-search":    "Caretaker Maximum ParkedAge of search 3600 " + once,
		"parked-age-archive":   "Caretaker Maximum ParkedAge of archive 3600 " + once,
		"lag-search":           "Caretaker Maximum Lag of search 900 in 3 of 3 x 300s, missing notBreaching",
		"lag-archive":          "Caretaker Maximum Lag of archive 900 in 3 of 3 x 300s, missing notBreaching",
	})
}

// Who is woken by an alarm may have no more than its text.
func TestLogShipper_itsAlarmsSayWhatToTypeAndWhereToRead(t *testing.T) {
	runbook, err := os.ReadFile("../docs/runbook.md")
	want.NoError(t, "reading the runbook", err)
	pointer, typed := regexp.MustCompile(`docs/runbook\.md#log-shipper-([a-z-]+)`), regexp.MustCompile(`caretaker log-shipper [a-z]+[^.;)]*`)
	for _, stack := range everyShipper {
		stage := strings.TrimSuffix(strings.TrimPrefix(strings.Split(stack, "-LogShipper")[0], "Caretaker-"), "-")
		for id, alarm := range resources(t, stack, "AWS::CloudWatch::Alarm") {
			text, err := json.Marshal(alarm["AlarmDescription"])
			want.NoError(t, "reading the description of "+id, err)
			if len(text) > 1000 {
				t.Errorf("%s: the description of %s has %d characters, want 1000 at most of CloudWatch's 1024", stack, id, len(text))
			}
			found := pointer.FindStringSubmatch(string(text))
			if found == nil || !strings.Contains(string(runbook), "\n### log-shipper "+found[1]+"\n") &&
				!strings.Contains(string(runbook), "\n### log-shipper-"+strings.Replace(found[1], "-", " ", 1)+"\n") {
				t.Errorf("%s: %s points to no section of the runbook: %s", stack, id, text)
			}
			for _, command := range typed.FindAllString(string(text), -1) {
				want.Says(t, stack+": what "+id+" says to type", command, "--stage "+stage, "--region ")
			}
		}
	}
}
