package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"caretaker/alerts/notify"
	"caretaker/internal/config"
	"caretaker/internal/want"
)

// everyHeard are the stacks of the stage with the notifier.
var everyHeard = []string{notifierHere, heardJanitor, heardRaiser}

const inboxARN = "arn:aws:sqs:eu-west-1:111122223333:caretaker-heard-notify"

// Each topic of another part has the notifier's queue subscribed, named and not imported, and no mail.
func TestListen_theNotifierHearsEveryTopicOfTheOthers(t *testing.T) {
	for stack, topics := range map[string]int{heardJanitor: 1, heardRaiser: 2, heardShipper: 2} {
		heard := map[string]bool{}
		for id, subscription := range resources(t, stack, "AWS::SNS::Subscription") {
			if subscription["Protocol"] == "email" {
				t.Errorf("%s: %s sends mail, which comes from the notifier", stack, id)
			}
			if subscription["Endpoint"] == inboxARN {
				heard[fmt.Sprint(at(subscription, "TopicArn", "Ref"))] = true
			}
		}
		want.Equal(t, stack+": the topics that the notifier hears", slices.Sorted(maps.Keys(heard)), slices.Sorted(maps.Keys(resources(t, stack, "AWS::SNS::Topic"))))
		want.Equal(t, stack+": topics", len(heard), topics)
		for id, alarm := range resources(t, stack, "AWS::CloudWatch::Alarm") {
			want.Equal(t, stack+": whom "+id+" tells that it is OK again", alarm["OKActions"], alarm["AlarmActions"])
		}
	}
}

// What is wrong with the notifier goes by mail and SMS, and never through itself.
func TestNotify_itsOwnTopicIsForPeople(t *testing.T) {
	topic, _ := one(t, notifierHere, "AWS::SNS::Topic")
	var people []string
	for id, subscription := range resources(t, notifierHere, "AWS::SNS::Subscription") {
		if at(subscription, "TopicArn", "Ref") == topic {
			people = append(people, fmt.Sprint(subscription["Protocol"], " ", subscription["Endpoint"]))
		} else if subscription["Protocol"] != "sqs" {
			t.Errorf("%s hears a topic by %v", id, subscription["Protocol"])
		}
	}
	slices.Sort(people)
	want.Equal(t, "who hears the topic of people", people, []string{"email oncall@example.com", "email platform@example.com", "sms +491701234567"})
	for id, alarm := range resources(t, notifierHere, "AWS::CloudWatch::Alarm") {
		want.Equal(t, "whom "+id+" tells", alarm["AlarmActions"], any([]any{object{"Ref": topic}}))
		want.Equal(t, "whom "+id+" tells that it is OK", alarm["OKActions"], nil)
		text, _ := json.Marshal(alarm["AlarmDescription"])
		if strings.Contains(string(text), "DRY_RUN") {
			t.Errorf("%s names a brake, and the notifier changes nothing", id)
		}
		if len(text) > 1000 {
			t.Errorf("%s has a description of %d characters, of CloudWatch's 1024", id, len(text))
		}
	}
}

// SNS may hand over what topics of the stage and of the file's list say, and nobody else anything.
func TestNotify_itsQueueTakesFromItsTopicsAlone(t *testing.T) {
	_, policy := func() (string, object) {
		for id, one := range resources(t, notifierHere, "AWS::SQS::QueuePolicy") {
			if text, _ := json.Marshal(one); strings.Contains(string(text), "HearTopics") {
				return id, one
			}
		}
		t.Fatal("no policy lets topics in")
		return "", nil
	}()
	for _, statement := range at(policy, "PolicyDocument", "Statement").([]any) {
		if at(statement, "Effect") != "Allow" {
			continue
		}
		want.Equal(t, "who may send", at(statement, "Principal"), any(object{"Service": "sns.amazonaws.com"}))
		want.Equal(t, "from which topics", at(statement, "Condition"), any(object{"ArnLike": object{"aws:SourceArn": []any{
			"arn:aws:sns:eu-west-1:111122223333:caretaker-heard-*", "arn:aws:sns:eu-west-1:111122223333:billing", "arn:aws:sns:eu-west-1:111122223333:deployments",
		}}}))
	}
	listed := 0
	for _, subscription := range resources(t, notifierHere, "AWS::SNS::Subscription") {
		if subscription["Protocol"] == "sqs" {
			listed++
		}
	}
	want.Equal(t, "listed topics that are heard", listed, 2)
}

func TestNotify_lambdaGathersWhatItsQueueBrings(t *testing.T) {
	_, source := one(t, notifierHere, "AWS::Lambda::EventSourceMapping")
	want.Equal(t, "the window", source["MaximumBatchingWindowInSeconds"], any(30.0))
	want.Equal(t, "the batch", source["BatchSize"], any(1000.0))
	for _, queue := range resources(t, notifierHere, "AWS::SQS::Queue") {
		if queue["QueueName"] != nil {
			want.Equal(t, "how long a message that failed waits", queue["VisibilityTimeout"], any(390.0))
		}
	}
	_, function := one(t, notifierHere, "AWS::Lambda::Function")
	variables := at(function, "Environment", "Variables").(object)
	want.Equal(t, "the variables", slices.Sorted(maps.Keys(variables)), []string{"QUEUE_URL", "STAGE", "TABLE_NAME", "TOPIC_ARN"})
}

func TestNotify_itsRoleReadsTheSecretByNameAlone(t *testing.T) {
	file, err := config.Load("testdata/caretaker.yaml", config.Options{Stage: "heard"})
	want.NoError(t, "loading the file", err)
	statements := inline(t, functionRole(t, notifierHere), "notify")
	want.Equal(t, "statements", len(statements), len(notify.Statements(file.Alerts.Notify, file.Target())))
	for _, statement := range statements {
		if at(statement, "Sid") == "ReadSecret" {
			want.Equal(t, "the secret", at(statement, "Resource"), any("arn:aws:secretsmanager:eu-west-1:111122223333:secret:caretaker/slack-??????"))
			return
		}
	}
	t.Error("nothing lets it read the secret")
}
