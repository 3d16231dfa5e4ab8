package notify

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"caretaker/internal/alarm"
	"caretaker/internal/want"
)

// quoted is a notification, read again.
func quoted(t *testing.T, m Message) qNotification {
	t.Helper()
	text, err := Place{Account: "111122223333", Name: "shop", Region: "eu-west-1", Stage: "prod"}.notification(m, true)
	want.NoError(t, "writing a notification", err)
	var form qNotification
	want.NoError(t, "reading it", json.Unmarshal([]byte(text), &form))
	return form
}

func anIncident(names ...string) Incident {
	incident := Incident{Title: "checkout", Opened: noon, Since: noon}
	for _, name := range names {
		incident.Members = append(incident.Members, Member{Since: noon, Change: Change{
			Alarm: name, Name: name, ARN: "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:" + name, Account: "111122223333", Region: "eu-west-1", State: stateAlarm, Severity: "critical",
			Resource: "function/" + name, Compared: "Errors 20 > 5", Reason: "Threshold Crossed", Runbook: "https://runbooks.example.com/~shop/checkout",
		}})
	}
	return incident
}

func TestNotification_hasAmazonQsForm(t *testing.T) {
	text, err := Place{Account: "111122223333", Name: "shop", Region: "eu-west-1", Stage: "prod"}.notification(Message{Kind: Opened, At: noon, Group: "checkout", Incident: anIncident("api")}, true)
	want.NoError(t, "writing a notification", err)
	var form map[string]any
	want.NoError(t, "reading it", json.Unmarshal([]byte(text), &form))
	want.Equal(t, "its version and source", []any{form["version"], form["source"]}, []any{"1.0", "custom"})
	content := form["content"].(map[string]any)
	want.Equal(t, "how it is written, and its title", []any{content["textType"], content["title"]}, []any{"client-markdown", "Critical: checkout, api is on"})
	want.Equal(t, "its description", content["description"], any(strings.Join([]string{
		"Where: account shop (111122223333), eu-west-1, stage prod", "Since: 29 Nov 2026 12:00:00 UTC", "",
		"api: Errors 20 > 5", "  Threshold Crossed", "  Runbook: https://runbooks.example.com/~shop/checkout",
		"  alarm: https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#alarmsV2:alarm/api",
		"  function: https://eu-west-1.console.aws.amazon.com/lambda/home?region=eu-west-1#/functions/api",
		"  logs: https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/$252Faws$252Flambda$252Fapi",
	}, "\n")))
	want.Equal(t, "the next steps", content["nextSteps"], any([]any{
		"Follow the runbook: https://runbooks.example.com/~shop/checkout",
		"Look at the alarm: https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#alarmsV2:alarm/api",
		"Look at the function: https://eu-west-1.console.aws.amazon.com/lambda/home?region=eu-west-1#/functions/api",
		"Look at the logs: https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/$252Faws$252Flambda$252Fapi",
	}))
	want.Equal(t, "its keywords", content["keywords"], any([]any{"Critical", "checkout", "eu-west-1", "prod"}))
	metadata := form["metadata"].(map[string]any)
	want.Equal(t, "what it is about", []any{metadata["eventType"], metadata["summary"], metadata["enableCustomActions"]}, []any{"caretaker-opened", "Critical: checkout, api is on", true})
	want.Equal(t, "its resources", metadata["relatedResources"], any([]any{"arn:aws:cloudwatch:eu-west-1:111122223333:alarm:api"}))
	want.Equal(t, "its context", metadata["additionalContext"], any(map[string]any{"severity": "Critical", "service": "checkout", "account": "111122223333", "region": "eu-west-1", "stage": "prod"}))
}

// All that is told of one incident has one thread, and another incident another one.
func TestNotification_tiesAnIncidentTogether(t *testing.T) {
	incident := anIncident("api")
	opened := quoted(t, Message{Kind: Opened, At: noon, Group: "checkout", Incident: incident})
	grown := anIncident("api", "worker")
	changed := quoted(t, Message{Kind: Changed, At: at(400), Group: "checkout", Incident: grown})
	grown.Members[0].Ended, grown.Members[1].Ended = at(500), at(600)
	closed := quoted(t, Message{Kind: Closed, At: at(600), Group: "checkout", Incident: grown})
	want.Equal(t, "the threads", []string{changed.Metadata.ThreadID, closed.Metadata.ThreadID}, []string{opened.Metadata.ThreadID, opened.Metadata.ThreadID})
	want.Equal(t, "what they are", []string{opened.Metadata.EventType, changed.Metadata.EventType, closed.Metadata.EventType}, []string{"caretaker-opened", "caretaker-changed", "caretaker-closed"})
	want.Equal(t, "how bad it is at the end", closed.Metadata.AdditionalContext["severity"], "OK")
	want.Equal(t, "the next steps at the end", closed.Content.NextSteps, []string(nil))
	if opened.ID == changed.ID || changed.ID == closed.ID || len(opened.ID) == 0 {
		t.Errorf("the notifications have the ids %s, %s and %s, want three", opened.ID, changed.ID, closed.ID)
	}
	for name, other := range map[string]Message{
		"another incident of the service": {Kind: Opened, At: noon, Group: "checkout", Incident: Incident{Title: "checkout", Opened: at(9000)}},
		"an incident of another service":  {Kind: Opened, At: noon, Group: "search", Incident: incident},
	} {
		if quoted(t, other).Metadata.ThreadID == opened.Metadata.ThreadID {
			t.Errorf("%s is told in the same thread", name)
		}
	}
	want.Equal(t, "the thread of what is about no incident", quoted(t, Message{Kind: Told, At: noon, Notices: []alarm.Notice{{Title: "Janitor"}}}).Metadata.ThreadID, "")
}

// However much there is to tell, it fits; and it says how much is left out.
func TestNotification_keepsWithinItsLengths(t *testing.T) {
	var names []string
	for i := range 100 {
		names = append(names, fmt.Sprintf("%d-%s", i, strings.Repeat("ä", 250)))
	}
	incident := anIncident(names...)
	incident.Title = strings.Repeat("ö", 256)
	form := quoted(t, Message{Kind: Opened, At: noon, Group: "x", Incident: incident})
	for what, c := range map[string]struct {
		text string
		most int
	}{
		"the title": {form.Content.Title, mostQTitle}, "the description": {form.Content.Description, mostQDescription}, "the summary": {form.Metadata.Summary, mostQTitle},
		"the keyword": {form.Content.Keywords[1], mostQKeyword}, "the context": {form.Metadata.AdditionalContext["service"], mostQContext},
	} {
		if length := utf8.RuneCountInString(c.text); length > c.most || length == 0 {
			t.Errorf("%s has %d characters, want 1 to %d", what, length, c.most)
		}
	}
	want.Equal(t, "resources", len(form.Metadata.RelatedResources), mostQResources)
	want.Says(t, "the description", form.Content.Description, "more characters")
	empty := quoted(t, Message{Kind: Again, At: noon, Healed: []Change{{Name: "a"}}})
	if empty.Content.Description == "" {
		t.Error("there is no description, which Amazon Q requires")
	}
}

// What others write is neither Slack's markup nor Teams's, and a link stays as it is.
func TestPlainChat_isNobodysMarkup(t *testing.T) {
	for text, expected := range map[string]string{
		"<!channel> <@U123> <#C1> <https://evil.example|click>": "‹!channel> ‹@U123> ‹#C1> ‹https://evil.example|click>",
		"@channel @here @everyone, mail me@channel.example":     "@\u200bchannel @\u200bhere @\u200beveryone, mail me@\u200bchannel.example",
		"*bold* ~gone~ `code` [a](https://evil.example)":        "∗bold∗ ∼gone∼ 'code' [a] (https://evil.example)",
		"Errors 3 < 5 and 7 > 5":                                "Errors 3 < 5 and 7 > 5",
		"https://runbooks.example.com/~shop/a*b":                "https://runbooks.example.com/~shop/a*b",
		"https://x.example/`<!here>":                            "https://x.example/'‹!here>",
	} {
		want.Equal(t, text, plainChat(text), expected)
	}
	form := quoted(t, Message{Kind: Opened, At: noon, Group: "x", Incident: anIncident("<!channel>`*")})
	text, _ := json.Marshal(form.Content)
	for _, sign := range []string{`\u003c!`, "`", "*"} {
		if strings.Contains(string(text), sign) {
			t.Errorf("the notification holds %s:\n%s", sign, text)
		}
	}
}
