package notify_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"caretaker/internal/emulator"
	"caretaker/internal/want"
)

// A function fails and forty follow: one message stands there, grows, and closes.
func TestDeployed_fortyOneAlarmsAreOneMessageThatCloses(t *testing.T) {
	w := shared
	w.fresh(t)
	began := time.Now()
	w.publish(t, w.billing, w.says("ALARM", "checkout", "checkout", began))
	eventually(t, "a message stands in the channel", func() bool { return len(w.texts()) == 1 })
	want.Equal(t, "the message", w.texts()[0], "Critical: checkout, checkout-errors is on")
	eventually(t, "a chart stands in its thread", func() bool { return len(w.charts()) == 1 })
	for i := range 40 {
		w.publish(t, w.billing, w.says("ALARM", "checkout", fmt.Sprintf("checkout-%d", i), time.Now()))
	}
	eventually(t, "all are in it", func() bool { return w.texts()[0] == "Critical: checkout, 41 alarms are on" })
	want.Equal(t, "messages", len(w.texts()), 1)
	text := w.messages()[0].Shown()
	want.Says(t, "the message", text, "account shop (000000000000), us-east-1, stage default, since ", "function checkout, Errors 20.5 > 0.5", "and 31 more: ")

	w.publish(t, w.billing, w.says("OK", "checkout", "checkout", time.Now()))
	for i := range 40 {
		w.publish(t, w.billing, w.says("OK", "checkout", fmt.Sprintf("checkout-%d", i), time.Now()))
	}
	eventually(t, "it is closed", func() bool { return strings.HasPrefix(w.texts()[0], "OK again: checkout, 41 alarms, after ") })
	want.Equal(t, "messages", len(w.texts()), 1)
	want.Equal(t, "mails", len(w.told(t)), 0)
	var threads, events []string
	for _, one := range w.heard(t, w.teams) {
		_, text, _ := strings.Cut(one, "\n")
		var form struct {
			Version, Source string
			Metadata        struct{ ThreadID, EventType string }
		}
		want.NoError(t, "reading what Amazon Q is told", json.Unmarshal([]byte(text), &form))
		want.Equal(t, "its form", []string{form.Version, form.Source}, []string{"1.0", "custom"})
		threads, events = append(threads, form.Metadata.ThreadID), append(events, form.Metadata.EventType)
	}
	slices.Sort(events)
	want.Equal(t, "what Amazon Q is told of it", events, []string{"caretaker-closed", "caretaker-opened"})
	want.Equal(t, "the threads", len(slices.Compact(threads)), 1)
	want.Equal(t, "charts of it, by the messages in whose thread they stand", w.charts(), []string{w.messages()[0].TS})
}

// The topic of another part is heard from its own stack: its alarms, as they go on and off, and its reports.
func TestDeployed_hearsTheJanitorsAlarmsAndReports(t *testing.T) {
	w := shared
	w.fresh(t)
	const name = "caretaker-default-janitor-errors"
	w.move(t, name, cloudwatchtypes.StateValueOk) // from its birth, of which nothing is said
	w.move(t, name, cloudwatchtypes.StateValueAlarm)
	eventually(t, "the alarm is told of", func() bool { return len(w.texts()) == 1 })
	want.Equal(t, "the message", w.texts(), []string{"Alarm: Caretaker-default-Janitor, " + name + " is on"})
	want.Says(t, "the message", w.messages()[0].Shown(), "function caretaker-default-janitor", "Runbook: docs/runbook.md#janitor-errors")
	w.move(t, name, cloudwatchtypes.StateValueOk)
	eventually(t, "it is closed", func() bool {
		return strings.HasPrefix(w.texts()[0], "OK again: Caretaker-default-Janitor, 1 alarm, after ")
	})

	topic := "arn:aws:sns:" + w.Region() + ":" + w.Account() + ":caretaker-default-janitor"
	_, err := w.topics.Publish(t.Context(), &sns.PublishInput{
		TopicArn: &topic, Subject: aws.String("Janitor us-east-1: 393 versions deleted, 38.7 MB freed, storage 36.1 % full"), Message: aws.String("Kept:\n  12 alias\n"),
	})
	want.NoError(t, "publishing a report", err)
	eventually(t, "the report stands there", func() bool { return len(w.texts()) == 2 })
	want.Equal(t, "the report", w.texts()[1], "Janitor us-east-1: 393 versions deleted, 38.7 MB freed, storage 36.1 % full")
	want.Says(t, "the report", w.messages()[1].Shown(), "12 alias")
}

// The schedule sends a heartbeat on its way, and the queue brings it to the function and to Slack.
func TestDeployed_theHeartbeatGoesAllTheWay(t *testing.T) {
	w := shared
	w.fresh(t)
	w.forget(t)
	report := w.scheduled(t)
	want.Equal(t, "errors", report.Errors, nil)
	eventually(t, "the heartbeat stands in the channel", func() bool { return len(w.heartbeats()) > 0 })
	want.Equal(t, "the heartbeat", w.heartbeats()[0], "Caretaker's heartbeat: no incident is open")
	sent := len(w.heartbeats())
	w.scheduled(t)
	want.Equal(t, "heartbeats after another look", len(w.heartbeats()), sent)
}

// An alarm of which nobody says that it is OK again is looked at.
func TestDeployed_looksWhetherAlarmsAreStillOn(t *testing.T) {
	w := shared
	w.fresh(t)
	w.forget(t)
	function := "silent"
	_, err := w.alarms.PutMetricAlarm(t.Context(), &cloudwatch.PutMetricAlarmInput{
		AlarmName: aws.String("silent-errors"), Namespace: aws.String("AWS/Lambda"), MetricName: aws.String("Errors"), Statistic: cloudwatchtypes.StatisticSum,
		Dimensions: []cloudwatchtypes.Dimension{{Name: aws.String("FunctionName"), Value: &function}}, Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(0.5),
		ComparisonOperator: cloudwatchtypes.ComparisonOperatorGreaterThanThreshold, AlarmActions: []string{w.billing},
	})
	want.NoError(t, "making the alarm", err)
	w.move(t, "silent-errors", cloudwatchtypes.StateValueAlarm)
	eventually(t, "the alarm is told of", func() bool { return len(w.texts()) == 1 })
	want.Equal(t, "the message", w.texts(), []string{"Alarm: function/silent, silent-errors is on"})
	w.scheduled(t)
	want.Equal(t, "the message while it is on", w.texts(), []string{"Alarm: function/silent, silent-errors is on"})
	w.move(t, "silent-errors", cloudwatchtypes.StateValueOk)
	report := w.scheduled(t)
	if report.Looked == 0 { // it may be more: alarms of other tests may still be on
		t.Error("the look found no change, want one")
	}
	want.Says(t, "the message", w.texts()[0], "OK again: function/silent, 1 alarm, after ")
}

// The message shows the last errors of the function that opens the incident, and what stays on goes to another topic.
func TestDeployed_showsErrorLinesAndEscalatesWhatStaysOn(t *testing.T) {
	w := shared
	w.fresh(t)
	w.forget(t)
	w.heard(t, w.higher)
	w.logs(t, "payments", "RequestId: 8f9e4c3a-1b2d-4e5f-8a9b-0c1d2e3f4a5b Error: password=planted refused")
	w.publish(t, w.billing, w.lasts(t, "payments"))
	eventually(t, "a message stands in the channel", func() bool { return len(w.texts()) == 1 })
	want.Says(t, "the message", w.messages()[0].Shown(), "Last error lines:", "payments, request 8f9e4c3a-1b2d-4e5f-8a9b-0c1d2e3f4a5b: RequestId: 8f9e4c3a-1b2d-4e5f-8a9b-0c1d2e3f4a5b Error: password=*** refused")
	report := w.scheduled(t)
	want.Equal(t, "errors", report.Errors, nil)
	higher := w.heard(t, w.higher)
	if want.Equal(t, "messages at the other topic", len(higher), 1) {
		want.Says(t, "the message there", higher[0], "Still on after 10 min: Critical: payments, payments-errors is on")
	}
	want.Equal(t, "messages in the channel", len(w.texts()), 1)
	w.move(t, "payments-errors", cloudwatchtypes.StateValueOk)
	w.publish(t, w.billing, w.says("OK", "payments", "payments", time.Now()))
	eventually(t, "it is closed", func() bool { return strings.HasPrefix(w.texts()[0], "OK again: payments, 1 alarm, after ") })
	eventually(t, "the other topic hears that, too", func() bool { return len(w.heard(t, w.higher)) == 1 })
}

// Slack goes down, and mail says so, with the reason; an SMS says it in a line.
func TestDeployed_mailAndSMSSayWhatSlackDoesNotTake(t *testing.T) {
	w := shared
	w.fresh(t)
	w.slack.Revoke()
	w.publish(t, w.billing, w.says("ALARM", "search", "search", time.Now()))
	var mails []string
	eventually(t, "somebody gets a mail", func() bool { mails = append(mails, w.told(t)...); return len(mails) == 1 })
	want.Says(t, "the mail", mails[0], "Critical: search, search-errors is on\n", "Why you read this here: sending to Slack: it answered 200 token_revoked", "Where: account shop (000000000000)")
	sent := slices.DeleteFunc(w.SMS(), func(sms emulator.SMS) bool { return isHeartbeat(sms.Text) })
	want.Equal(t, "the last SMS", sent[len(sent)-1], emulator.SMS{Number: "+4915112345678", Text: "Critical: search, search-errors is on"})
	w.slack.Heal()
	w.publish(t, w.billing, w.says("OK", "search", "search", time.Now()))
	eventually(t, "the end stands in the channel", func() bool { return len(w.texts()) == 1 })
	want.Says(t, "the message", w.texts()[0], "OK again: search, 1 alarm, after ")
}
