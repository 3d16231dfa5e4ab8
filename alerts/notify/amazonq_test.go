package notify

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/smithy-go"

	"caretaker/internal/setting"
	"caretaker/internal/slack"
	"caretaker/internal/want"
)

// withTopic makes a topic that Amazon Q would hear, and answers the queue that hears it in its place.
func (w *world) withTopic() (queue string) {
	w.t.Helper()
	name := w.name[max(0, len(w.name)-50):] + "-q"
	topics := sns.NewFromConfig(account.AWS())
	topic, err := topics.CreateTopic(w.t.Context(), &sns.CreateTopicInput{Name: &name})
	want.NoError(w.t, "making the topic", err)
	queue = w.queue(name)
	_, err = topics.Subscribe(w.t.Context(), &sns.SubscribeInput{
		TopicArn: topic.TopicArn, Protocol: aws.String("sqs"), Endpoint: aws.String("arn:aws:sqs:" + theRegion + ":" + account.Account() + ":" + name),
		Attributes: map[string]string{"RawMessageDelivery": "true"},
	})
	want.NoError(w.t, "listening at the topic", err)
	w.cfg.AmazonQ = AmazonQ{Topic: name, CustomActions: true}
	return queue
}

// heard are the notifications that Amazon Q got since the last look.
func (w *world) heard(queue string) (forms []qNotification) {
	w.t.Helper()
	for _, body := range w.received(queue) {
		var form qNotification
		want.NoError(w.t, "reading a notification", json.Unmarshal([]byte(body), &form))
		forms = append(forms, form)
	}
	return forms
}

func titles(forms []qNotification) (lines []string) {
	for _, form := range forms {
		lines = append(lines, form.Metadata.EventType+": "+form.Content.Title)
	}
	return lines
}

// Both chats hear of an incident, each in its way: Slack by edits, Amazon Q by a thread.
func TestHandle_tellsAmazonQBesideSlack(t *testing.T) {
	w := newWorld(t, slack.Token, withLines)
	queue := w.withTopic()
	w.logs("a", "ERROR the first")
	report := w.hears(30, says(stateAlarm, "a", 0), "a notice")
	want.Equal(t, "what Slack was sent, and Amazon Q", []int{report.Sent[Opened], report.AmazonQ.Sent[Opened], report.AmazonQ.Sent[Told]}, []int{1, 1, 1})
	first := w.heard(queue)
	want.Equal(t, "what Amazon Q is told first", len(first), 2)
	first = first[:1]
	want.Equal(t, "of the incident", titles(first), []string{"caretaker-opened: Critical: checkout, a-errors is on"})
	want.Says(t, "its description", first[0].Content.Description, "Last error lines:", "ERROR the first")
	w.hears(60, says(stateAlarm, "b", 50))
	want.Equal(t, "what Amazon Q is told within the pause", len(w.heard(queue)), 0)
	w.runs(400, json.RawMessage("{}")) // the emulator has no such alarms: they are not there any more
	last := w.heard(queue)
	want.Equal(t, "what Amazon Q is told last", titles(last), []string{"caretaker-closed: OK again: checkout, 2 alarms, after 6 min"})
	want.Equal(t, "the thread", last[0].Metadata.ThreadID, first[0].Metadata.ThreadID)
	want.Equal(t, "what stands in Slack's channel", channel(), []string{"OK again: checkout, 2 alarms, after 6 min (edited 2)", "a notice"})
	want.Equal(t, "mails", len(w.told()), 0)
}

// The heartbeat and what stays on have their own ways.
func TestHandle_tellsAmazonQNoHeartbeatAndNoEscalation(t *testing.T) {
	w := newWorld(t, slack.Token)
	queue := w.withTopic()
	w.runs(0, brings(1, heartbeat))
	want.Equal(t, "what Amazon Q is told", len(w.heard(queue)), 0)
	want.Equal(t, "messages in Slack's channel", len(channel()), 1)
}

// While Slack does not answer, Amazon Q is told once; and when it does, Slack is told, and Amazon Q not again.
func TestHandle_SlackThatIsDownLosesNothingOfAmazonQ(t *testing.T) {
	w := newWorld(t, slack.Token)
	queue := w.withTopic()
	standIn.Inject(slack.Fault{Status: 500})
	report := w.hears(30, says(stateAlarm, "a", 0))
	want.Equal(t, "what failed, of Slack and of Amazon Q, and what comes again", []int{report.Failed, report.AmazonQ.Failed, len(report.BatchItemFailures)}, []int{1, 0, 1})
	want.Equal(t, "what Amazon Q is told", titles(w.heard(queue)), []string{"caretaker-opened: Critical: checkout, a-errors is on"})
	standIn.Heal()
	report = w.hearsAgain(400, 2, says(stateAlarm, "a", 0))
	want.Equal(t, "what comes again then", len(report.BatchItemFailures), 0)
	want.Equal(t, "what Amazon Q is told then", len(w.heard(queue)), 0)
	want.Equal(t, "what stands in Slack's channel", channel(), []string{"Critical: checkout, a-errors is on"})
}

// failing stands for an SNS that does not take a topic's messages.
type failing struct {
	snsAPI
	topic string
	err   error
}

func (f failing) Publish(ctx context.Context, input *sns.PublishInput, options ...func(*sns.Options)) (*sns.PublishOutput, error) {
	if strings.HasSuffix(aws.ToString(input.TopicArn), f.topic) {
		return nil, f.err
	}
	return f.snsAPI.Publish(ctx, input, options...)
}

// While its topic does not answer, Slack is told once; and Amazon Q when it does again.
func TestHandle_AmazonQThatIsDownLosesNothingOfSlack(t *testing.T) {
	w := newWorld(t, slack.Token)
	queue := w.withTopic()
	real := w.aws.SNS
	w.aws.SNS = failing{real, w.cfg.AmazonQ.Topic, &smithy.GenericAPIError{Code: "InternalError", Message: "later"}}
	report := w.hears(30, says(stateAlarm, "a", 0))
	want.Equal(t, "what failed, of Slack and of Amazon Q, and what comes again", []int{report.Failed, report.AmazonQ.Failed, len(report.BatchItemFailures)}, []int{0, 1, 1})
	w.aws.SNS = real
	report = w.hearsAgain(400, 2, says(stateAlarm, "a", 0))
	want.Equal(t, "what comes again then", len(report.BatchItemFailures), 0)
	want.Equal(t, "what Amazon Q is told then", titles(w.heard(queue)), []string{"caretaker-opened: Critical: checkout, a-errors is on"})
	want.Equal(t, "what stands in Slack's channel", channel(), []string{"Critical: checkout, a-errors is on"})
	w.aws.SNS = failing{real, w.cfg.AmazonQ.Topic, &smithy.GenericAPIError{Code: "InternalError", Message: "later"}}
	report = w.hearsAgain(800, 3, says(stateOK, "a", 790))
	want.Equal(t, "what comes again the third time", len(report.BatchItemFailures), 0)
	mails := w.told()
	if want.Equal(t, "mails then", len(mails), 1) {
		want.Says(t, "the mail", mails[0], "OK again: checkout", "InternalError")
	}
}

// What one chat knows and the other does not stays so when both fail: each is told what it lacks.
func TestHandle_eachChatIsToldWhatItLacksAfterBothWereDown(t *testing.T) {
	w := newWorld(t, slack.Token)
	queue := w.withTopic()
	standIn.Inject(slack.Fault{Status: 500})
	w.hears(30, says(stateAlarm, "a", 0))
	opened := w.heard(queue)
	real := w.aws.SNS
	w.aws.SNS = failing{real, w.cfg.AmazonQ.Topic, &smithy.GenericAPIError{Code: "InternalError", Message: "later"}}
	report := w.hears(400, says(stateAlarm, "b", 390))
	want.Equal(t, "what failed, of Slack and of Amazon Q", []int{report.Failed, report.AmazonQ.Failed}, []int{1, 1})
	w.aws.SNS = real
	standIn.Heal()
	report = w.hearsAgain(800, 2, says(stateAlarm, "a", 0), says(stateAlarm, "b", 390))
	want.Equal(t, "what comes again", len(report.BatchItemFailures), 0)
	want.Equal(t, "what stands in Slack's channel", channel(), []string{"Critical: checkout, 2 alarms are on"})
	changed := w.heard(queue)
	if want.Equal(t, "what Amazon Q is told", titles(changed), []string{"caretaker-changed: Critical: checkout, 2 alarms are on"}) {
		want.Equal(t, "the thread", changed[0].Metadata.ThreadID, opened[0].Metadata.ThreadID)
	}
}

// A topic that takes nothing for good is not tried again and again: people read it by mail, with the reason.
func TestHandle_tellsPeopleWhatTheTopicOfAmazonQDoesNotTake(t *testing.T) {
	w := newWorld(t, slack.Token)
	w.cfg.AmazonQ.Topic = "gone"
	report := w.hears(30, says(stateAlarm, "a", 0))
	want.Equal(t, "messages to people, and what comes again", []int{report.ToPeople, len(report.BatchItemFailures)}, []int{1, 0})
	mails := w.told()
	if want.Equal(t, "mails", len(mails), 1) {
		want.Says(t, "the mail", mails[0], "Critical: checkout, a-errors is on", "telling Amazon Q (sns:Publish)")
	}
	want.Equal(t, "what stands in Slack's channel", channel(), []string{"Critical: checkout, a-errors is on"})
}

// Without Slack Amazon Q is the chat, and mail what is left if it fails.
func TestHandle_tellsAmazonQAloneWhereThereIsNoSlack(t *testing.T) {
	w := newWorld(t, "unused", func(d *Deployed) { d.Target = Target{Blocks: true} })
	queue := w.withTopic()
	report := w.hears(30, says(stateAlarm, "a", 0))
	want.Equal(t, "what is counted beside", report.AmazonQ, nil)
	w.hears(60, says(stateOK, "a", 50))
	forms := w.heard(queue)
	if want.Equal(t, "what Amazon Q is told", titles(forms), []string{"caretaker-opened: Critical: checkout, a-errors is on", "caretaker-closed: OK again: checkout, 1 alarm, after 50 s"}) {
		want.Equal(t, "the thread", forms[1].Metadata.ThreadID, forms[0].Metadata.ThreadID)
	}
	want.Equal(t, "mails", len(w.told()), 0)
	w.runs(90, brings(1, heartbeat))
	want.Equal(t, "notifications of a heartbeat", len(w.heard(queue)), 0)
}

// With the table away everything is told all the same, to both.
func TestHandle_tellsAmazonQWithoutAMemory(t *testing.T) {
	w := newWorld(t, slack.Token)
	queue := w.withTopic()
	w.memory.table = "not-there"
	w.hears(30, says(stateAlarm, "a", 0), says(stateOK, "b", 1))
	want.Equal(t, "what Amazon Q is told", titles(w.heard(queue)), []string{"caretaker-opened: Critical: checkout, a-errors is on", "caretaker-ok-again: OK again: b-errors"})
}

func TestConfig_refusesATopicOfAmazonQThatCannotWork(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"a topic that it hears": func(c *Config) {
			c.Topics, c.AmazonQ.Topic = []string{"teams"}, "arn:aws:sns:eu-west-1:111122223333:teams"
		},
		"one of Caretaker's": func(c *Config) { c.AmazonQ.Topic = "caretaker-prod-notify" },
		"a FIFO topic":       func(c *Config) { c.AmazonQ.Topic = "teams.fifo" },
		"that of what stays on": func(c *Config) {
			c.AmazonQ.Topic, c.Escalate = "x", Escalate{Topic: "x", After: setting.Duration(3600e9)}
		},
		"the address of a chat":       func(c *Config) { c.AmazonQ.Topic = "https://teams.microsoft.com/x" },
		"a queue in place of a topic": func(c *Config) { c.AmazonQ.Topic = "arn:aws:sqs:eu-west-1:111122223333:q" },
	} {
		cfg := Default()
		change(&cfg)
		problems := cfg.Validate()
		if len(problems) != 1 || problems[0].Key != "alerts.notify.amazonQ.topic" || problems[0].Allowed == "" {
			t.Errorf("%s: %v, want one problem with alerts.notify.amazonQ.topic", name, problems)
		}
	}
}
