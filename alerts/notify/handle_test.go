package notify

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"caretaker/internal/slack"
	"caretaker/internal/want"
)

func TestHandle_aBotOpensEditsAndClosesOneMessage(t *testing.T) {
	w := newWorld(t, slack.Token)
	var storm []string
	for i := range 40 {
		storm = append(storm, says(stateAlarm, fmt.Sprintf("checkout-%d", i), 20))
	}
	w.hears(30, says(stateAlarm, "checkout", 0))
	report := w.hears(60, storm...)
	want.Equal(t, "edited", report.Edited, 1)
	want.Equal(t, "what stands in the channel", channel(), []string{"Critical: checkout, 41 alarms are on (edited 1)"})
	text := standIn.Messages()[0].Shown()
	want.Says(t, "the message", text, "account shop (000000000000), us-east-1, stage prod, since 29 Nov 2026 12:00:00 UTC",
		"checkout-errors", "function checkout, Errors 20.5 > 0.5", "and 31 more: ")
	var healed []string
	for i := range 40 {
		healed = append(healed, says(stateOK, fmt.Sprintf("checkout-%d", i), 700))
	}
	w.hears(720, append(healed, says(stateOK, "checkout", 710))...)
	want.Equal(t, "what stands in the channel", channel(), []string{"OK again: checkout, 41 alarms, after 11 min (edited 2)"})
	want.Equal(t, "mails", len(w.told()), 0)
}

func TestHandle_aWebhookTellsInFurtherMessages(t *testing.T) {
	w := newWorld(t, `{"url": "`+standIn.Webhook()+`"}`)
	w.hears(30, says(stateAlarm, "a", 0))
	w.hears(60, says(stateAlarm, "b", 50))
	w.runs(400, json.RawMessage("{}")) // the emulator has no such alarms: they are not there any more
	want.Equal(t, "what stands in the channel", channel(), []string{"Critical: checkout, a-errors is on", "OK again: checkout, 2 alarms, after 6 min"})
}

// A message that somebody deleted is posted afresh.
func TestHandle_postsAfreshWhatSomebodyDeleted(t *testing.T) {
	w := newWorld(t, slack.Token)
	w.hears(30, says(stateAlarm, "a", 0))
	standIn.Delete(standIn.Messages()[0].TS)
	w.hears(60, says(stateAlarm, "b", 50))
	want.Equal(t, "what stands in the channel", channel(), []string{"Critical: checkout, 2 alarms are on"})
	w.hears(90, says(stateAlarm, "c", 80))
	want.Equal(t, "what stands in the channel", channel(), []string{"Critical: checkout, 3 alarms are on (edited 1)"})
}

func TestHandle_tellsWhatIsNotAnAlarm(t *testing.T) {
	w := newWorld(t, slack.Token)
	w.hears(30, "Janitor us-east-1: 12 versions deleted, 3.1 MB freed\n\nAccount <1>, <!channel> `x`\n", `{"detail-type":"Backup Job State Change","source":"aws.backup","detail":{"state":"FAILED"}}`)
	want.Equal(t, "what stands in the channel", channel(), []string{"Janitor us-east-1: 12 versions deleted, 3.1 MB freed", "Backup Job State Change (aws.backup)"})
	want.Says(t, "the report", standIn.Messages()[0].Shown(), "Account <1>, <!channel> `x`")
	want.Says(t, "the event", standIn.Messages()[1].Shown(), "detail.state: FAILED")
}

// With no Slack at all people get readable mails.
func TestHandle_withoutSlackTellsPeopleByMail(t *testing.T) {
	w := newWorld(t, "unused", func(d *Deployed) { d.Target = Target{Blocks: true} })
	w.hears(30, says(stateAlarm, "a", 0))
	mails := w.told()
	if want.Equal(t, "mails", len(mails), 1) {
		want.Says(t, "the mail", mails[0], "Critical: checkout, a-errors is on\n", "Where: account shop (000000000000), us-east-1, stage prod", "Since: 29 Nov 2026 12:00:00 UTC",
			"a-errors: function a, Errors 20.5 > 0.5", "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#alarmsV2:alarm/a-errors")
	}
	report := w.runs(60, brings(1, heartbeat))
	want.Equal(t, "heartbeats", report.beats, 1)
	want.Equal(t, "mails of a heartbeat", len(w.told()), 0)
}

func TestHandle_sendsTheHeartbeatAndBeatsOnceADay(t *testing.T) {
	w := newWorld(t, slack.Token)
	w.runs(0, json.RawMessage("{}"))
	w.runs(300, json.RawMessage("{}"))
	waiting := w.received(w.options.Queue)
	want.Equal(t, "heartbeats on their way", waiting, []string{heartbeat})
	event, _ := json.Marshal(map[string]any{"Records": []any{map[string]any{"messageId": "m", "body": waiting[0]}}})
	report := w.runs(310, event)
	want.Equal(t, "heartbeats", report.beats, 1)
	want.Equal(t, "what stands in the channel", channel(), []string{"Caretaker's heartbeat: no incident is open"})
	w.runs(600, json.RawMessage("{}"))
	w.runs(23*3600, json.RawMessage("{}"))
	want.Equal(t, "heartbeats on their way within the day", len(w.received(w.options.Queue)), 0)
	w.runs(25*3600, json.RawMessage("{}"))
	want.Equal(t, "heartbeats on their way the next day", len(w.received(w.options.Queue)), 1)
}

// Whatever is wrong with it, people read the reason, and never the secret.
func TestHandle_tellsPeopleByMailWhatSlackDoesNotTake(t *testing.T) {
	for name, c := range map[string]struct {
		secret string
		spoil  func()
		says   string
	}{
		"a revoked token":                {slack.Token, standIn.Revoke, "token_revoked"},
		"a webhook that is gone":         {"https://" + standIn.Host() + "/services/T1/B1/gone", func() {}, "404 no_service"},
		"a webhook of a deleted app":     {standIn.Webhook(), func() { standIn.Inject(slack.Fault{Status: 410, Body: "channel_is_archived"}) }, "410 channel_is_archived"},
		"a webhook that wants a login":   {standIn.Webhook(), func() { standIn.Inject(slack.Fault{Status: 401, Body: "invalid_auth"}) }, "401 invalid_auth"},
		"a webhook that forbids it":      {standIn.Webhook(), func() { standIn.Inject(slack.Fault{Status: 403, Body: "action_prohibited"}) }, "403 action_prohibited"},
		"a channel that is not there":    {slack.Token, func() { standIn.Inject(slack.Fault{Word: "channel_not_found"}) }, "channel_not_found"},
		"a redirect":                     {standIn.Webhook(), func() { standIn.Inject(slack.Fault{Location: "http://169.254.169.254/"}) }, "it answered 307"},
		"an unknown host":                {"https://chat.example.com/hooks/planted", func() {}, "the host chat.example.com is neither Slack's nor in notify.hosts"},
		"a secret of another kind":       {"planted-password", func() {}, "neither a webhook URL"},
		"JSON without a key that counts": {`{"password": "planted"}`, func() {}, "JSON without a key"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, c.secret)
			c.spoil()
			report := w.hears(30, says(stateAlarm, "a", 0))
			want.Equal(t, "messages to people", report.ToPeople, 1)
			want.Equal(t, "messages that come again", len(report.BatchItemFailures), 0)
			mails := w.told()
			if want.Equal(t, "mails", len(mails), 1) {
				want.Says(t, "the mail", mails[0], "Critical: checkout, a-errors is on\n", c.says)
				if strings.Contains(mails[0], "planted") || strings.Contains(mails[0], "/services/") || strings.Contains(mails[0], slack.Token) {
					t.Errorf("the mail tells the secret:\n%s", mails[0])
				}
			}
		})
	}
}

// A secret that was changed works at the first refusal, before anybody is told another way.
func TestHandle_readsAChangedSecretAtTheFirstRefusal(t *testing.T) {
	w := newWorld(t, "https://"+standIn.Host()+"/services/T1/B1/old")
	w.hears(30, says(stateAlarm, "a", 0))
	w.told()
	w.keep(standIn.Webhook())
	report := w.hears(60, says(stateAlarm, "search", 50))
	want.Equal(t, "messages to people", report.ToPeople, 0)
	w.hears(400, says(stateAlarm, "b", 390))
	want.Equal(t, "what stands in the channel", len(channel()), 1)
}

// What passes comes again through the queue; what does not pass people read by mail after the third time.
func TestHandle_comesAgainWhileSlackDoesNotAnswer(t *testing.T) {
	for name, fault := range map[string]slack.Fault{
		"an error 500":              {Status: 500, Body: "oops"},
		"a page of a gateway":       {Status: 503, Body: "<html>Service Unavailable</html>"},
		"a connection that is cut":  {Drop: true},
		"an internal error":         {Word: "internal_error"},
		"another answer than Slack": {Status: 200, Body: "<html>welcome</html>"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, slack.Token)
			standIn.Inject(fault)
			report := w.hears(30, says(stateAlarm, "a", 0))
			want.Equal(t, "messages that come again", report.BatchItemFailures, []BatchItemFailure{{"m0"}})
			want.Equal(t, "mails", len(w.told()), 0)
			standIn.Heal()
			w.hearsAgain(400, 2, says(stateAlarm, "a", 0))
			want.Equal(t, "what stands in the channel", channel(), []string{"Critical: checkout, a-errors is on"})

			standIn.Inject(fault)
			report = w.hearsAgain(800, 3, says(stateOK, "a", 390), says(stateAlarm, "b", 395))
			want.Equal(t, "messages that come again the third time", len(report.BatchItemFailures), 0)
			want.Equal(t, "mails", len(w.told()), 1)
		})
	}
}

// A message that was taken although its answer was lost comes twice rather than never.
func TestHandle_tellsTwiceRatherThanNever(t *testing.T) {
	w := newWorld(t, slack.Token)
	standIn.Inject(slack.Fault{Times: 1, After: true})
	report := w.hears(30, says(stateAlarm, "a", 0))
	want.Equal(t, "messages that come again", len(report.BatchItemFailures), 1)
	w.hearsAgain(400, 2, says(stateAlarm, "a", 0))
	want.Equal(t, "what stands in the channel", channel(), []string{"Critical: checkout, a-errors is on", "Critical: checkout, a-errors is on"})
}

func TestHandle_waitsAsLongAsSlackAsks(t *testing.T) {
	for name, fault := range map[string]slack.Fault{
		"by a status":             {Times: 1, Status: 429, RetryAfter: "1", Body: "rate_limited"},
		"by an answer of 200":     {Times: 1, Word: "ratelimited", RetryAfter: "1"},
		"without saying how long": {Times: 2, Word: "ratelimited"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, slack.Token)
			standIn.Inject(fault)
			report := w.hears(30, says(stateAlarm, "a", 0))
			want.Equal(t, "messages that come again", len(report.BatchItemFailures), 0)
			want.Equal(t, "what stands in the channel", channel(), []string{"Critical: checkout, a-errors is on"})
		})
	}
	t.Run("but not for an hour", func(t *testing.T) {
		w := newWorld(t, slack.Token)
		standIn.Inject(slack.Fault{Word: "ratelimited", RetryAfter: "3600"})
		report := w.hears(30, says(stateAlarm, "a", 0))
		want.Equal(t, "messages that come again", len(report.BatchItemFailures), 1)
	})
}

func TestHandle_sendsPlainTextWhereBlocksAreRefused(t *testing.T) {
	for _, word := range []string{"invalid_blocks", "msg_blocks_too_long", "invalid_attachments"} {
		t.Run(word, func(t *testing.T) {
			w := newWorld(t, slack.Token)
			standIn.Inject(slack.Fault{Times: 1, Word: word})
			report := w.hears(30, says(stateAlarm, "a", 0))
			want.Equal(t, "messages in plain text", report.Plain, 1)
			want.Says(t, "the message", channel()[0], "Critical: checkout, a-errors is on\nWhere: account shop", "Errors 20.5 &gt; 0.5")
		})
	}
}

// With the table away everything is told all the same.
func TestHandle_tellsPeopleWithoutAMemory(t *testing.T) {
	w := newWorld(t, slack.Token)
	w.memory.table = "not-there"
	report := w.hears(30, says(stateAlarm, "a", 0), says(stateOK, "b", 1))
	want.Equal(t, "forgotten", report.Forgotten, true)
	want.Equal(t, "messages that come again", len(report.BatchItemFailures), 0)
	want.Equal(t, "what stands in the channel", channel(), []string{"Critical: checkout, a-errors is on", "OK again: b-errors"})
}
