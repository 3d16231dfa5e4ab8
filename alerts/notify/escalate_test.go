package notify

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"caretaker/alerts/label"
	"caretaker/internal/emulator"
	"caretaker/internal/setting"
	"caretaker/internal/slack"
	"caretaker/internal/want"
)

// escalates is what is told when an incident of a severity began at noon and somebody looks at these seconds; it heals
// at the last of them.
func escalates(severity string, looks ...float64) []Kind {
	rules := bot
	rules.Escalate, rules.Repeat = 30*time.Minute, 0
	began := became(stateAlarm, "checkout", "checkout-errors", 0)
	began.Severity = severity
	state, messages := Decide(State{}, News{Changes: []Change{began}}, at(30), rules)
	all := messages
	for position, seconds := range looks {
		var news News
		if position == len(looks)-1 {
			healed := became(stateOK, "checkout", "checkout-errors", seconds)
			healed.Severity = severity
			news.Changes = []Change{healed}
		}
		state, messages = Decide(state, news, at(seconds), rules)
		all = append(all, messages...)
	}
	var found []Kind
	for _, message := range all {
		found = append(found, message.Kind)
	}
	return found
}

func TestDecide_escalatesOnceWhatStaysOnAndTellsItsEnd(t *testing.T) {
	for name, one := range map[string]struct{ got, wanted []Kind }{
		"critical, for an hour":       {escalates(label.Critical, 1700, 1800, 2100, 3600), []Kind{Opened, Escalated, Relieved, Closed}},
		"without a severity":          {escalates("", 1800, 3600), []Kind{Opened, Escalated, Relieved, Closed}},
		"a warning":                   {escalates(label.Warning, 1800, 3600), []Kind{Opened, Closed}},
		"less than that":              {escalates(label.Critical, 1700, 1799), []Kind{Opened, Closed}},
		"healed before anybody looks": {escalates(label.Critical, 1900), []Kind{Opened, Closed}},
	} {
		want.Equal(t, name, one.got, one.wanted)
	}
}

// escalating is a world whose escalation goes to a topic, and the queue that hears it.
func escalating(t *testing.T) (*world, string) {
	t.Helper()
	w := newWorld(t, slack.Token, func(d *Deployed) {
		d.Escalate = Escalate{After: setting.Duration(30 * time.Minute), Topic: "management-" + strings.ToLower(strings.ReplaceAll(t.Name(), "_", "-"))}
	})
	topics := sns.NewFromConfig(account.AWS())
	made, err := topics.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: &w.cfg.Escalate.Topic})
	want.NoError(t, "making a topic", err)
	queue := w.queue(w.cfg.Escalate.Topic)
	_, err = topics.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: made.TopicArn, Protocol: aws.String("sqs"), Endpoint: aws.String("arn:aws:sqs:" + theRegion + ":" + account.Account() + ":" + w.cfg.Escalate.Topic)})
	want.NoError(t, "listening at the topic", err)
	return w, queue
}

func TestHandle_tellsAnotherTopicOfWhatStaysOn(t *testing.T) {
	w, queue := escalating(t)
	w.on("checkout-errors")
	w.hears(30, says(stateAlarm, "checkout", 0))
	w.runs(900, json.RawMessage("{}"))
	want.Equal(t, "what the topic hears before", len(w.received(queue)), 0)
	report := w.runs(1830, json.RawMessage("{}"))
	want.Equal(t, "messages that were escalated", report.Escalated, 1)
	heard := w.received(queue)
	if want.Equal(t, "messages at the topic", len(heard), 1) {
		want.Says(t, "the message", heard[0], "Still on after 30 min: Critical: checkout, checkout-errors is on", "alerts.notify.escalate names this topic", "Where: account shop")
	}
	want.Equal(t, "what stands in the channel", channel(), []string{"Critical: checkout, checkout-errors is on"})
	w.runs(2130, json.RawMessage("{}"))
	want.Equal(t, "what the topic hears at the next look", len(w.received(queue)), 0)
	w.hears(3630, says(stateOK, "checkout", 3600))
	heard = w.received(queue)
	if want.Equal(t, "messages at the topic in the end", len(heard), 1) {
		want.Says(t, "the message", heard[0], "OK again: checkout, 1 alarm, after 60 min")
	}
	want.Equal(t, "what stands in the channel", channel(), []string{"OK again: checkout, 1 alarm, after 60 min (edited 1)"})
	want.Equal(t, "mails", len(w.told()), 0)
}

// A topic that does not take it fails the run, and is told at the next look.
func TestHandle_escalatesAtTheNextLookWhatTheTopicDidNotTake(t *testing.T) {
	w, queue := escalating(t)
	w.on("checkout-errors")
	w.hears(30, says(stateAlarm, "checkout", 0))
	account.Inject(emulator.Fault{Operation: "Publish", Status: http.StatusForbidden, Code: "AuthorizationError", Message: "not authorized"})
	t.Cleanup(account.ClearFaults)
	w.clock = at(1830)
	report, err := w.Handle(t.Context(), json.RawMessage("{}"))
	want.Says(t, "the run's error", errorText(err)+strings.Join(report.Errors, "\n"), "people could not be told what the schedule found", "sns:Publish")
	account.ClearFaults()
	w.runs(2130, json.RawMessage("{}"))
	want.Equal(t, "messages at the topic", len(w.received(queue)), 1)
	want.Equal(t, "what stands in the channel", channel(), []string{"Critical: checkout, checkout-errors is on"})
}

func TestConfig_refusesAnEscalationThatLeadsNowhere(t *testing.T) {
	for name, one := range map[string]struct {
		escalate Escalate
		key      string
	}{
		"no topic":             {Escalate{After: setting.Duration(time.Hour)}, "alerts.notify.escalate"},
		"no time":              {Escalate{Topic: "management"}, "alerts.notify.escalate"},
		"a time too short":     {Escalate{After: setting.Duration(time.Minute), Topic: "management"}, "alerts.notify.escalate.after"},
		"an own topic":         {Escalate{After: setting.Duration(time.Hour), Topic: "caretaker-prod-notify"}, "alerts.notify.escalate.topic"},
		"a topic it hears":     {Escalate{After: setting.Duration(time.Hour), Topic: "arn:aws:sns:eu-west-1:111122223333:billing"}, "alerts.notify.escalate.topic"},
		"a topic that is none": {Escalate{After: setting.Duration(time.Hour), Topic: "arn:aws:sqs:eu-west-1:111122223333:q"}, "alerts.notify.escalate.topic"},
	} {
		cfg := Default()
		cfg.Topics, cfg.Escalate = []string{"billing"}, one.escalate
		problems := cfg.Validate()
		if len(problems) != 1 || problems[0].Key != one.key || problems[0].Allowed == "" {
			t.Errorf("%s: %v, want one problem with %s", name, problems, one.key)
		}
	}
	cfg := Default()
	cfg.Escalate = Escalate{After: setting.Duration(time.Hour), Topic: "management"}
	want.Equal(t, "problems of one that works", len(cfg.Validate()), 0)
	cfg.LogLines = 11
	want.Equal(t, "problems of too many lines", cfg.Validate()[0].Key, "alerts.notify.logLines")
}
