package notify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"caretaker/internal/alarm"
	"caretaker/internal/slack"
	"caretaker/internal/want"
)

var place = Place{Account: "123456789012", Name: "shop", Region: "eu-west-1", Stage: "prod"}

// opened is the message of an incident of one alarm, decoded from what CloudWatch publishes.
func opened(t *testing.T, message string) Message {
	t.Helper()
	delivery := alarm.Decode([]byte(message))[0]
	want.NoError(t, "reading the alarm", delivery.Err)
	change, said := change(*delivery.Alarm, nil, noon)
	if !said {
		t.Fatal("nothing is said of the alarm")
	}
	_, messages := Decide(State{}, News{Changes: []Change{change}}, noon, bot)
	return messages[0]
}

// posted is what stands in the stand-in of a message's blocks: it refuses what Slack would.
func posted(t *testing.T, m Message) string {
	t.Helper()
	channels.Lock()
	defer channels.Unlock()
	standIn.Clear()
	standIn.Heal()
	body, err := json.Marshal(place.blocks(m))
	want.NoError(t, "writing the message", err)
	response, err := newSlackSender(Target{Hosts: []string{standIn.Host()}}).client.Post(standIn.Webhook(), "application/json", bytes.NewReader(body))
	want.NoError(t, "posting the message", err)
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("the stand-in answers %s to\n%s", response.Status, body)
	}
	return standIn.Messages()[0].Shown()
}

func TestRender_oddAlarmsAreReadableAndTheirLinksRight(t *testing.T) {
	named := func(name string) string {
		quoted, _ := json.Marshal(name)
		arn, _ := json.Marshal("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:" + name)
		return `{"AlarmName":` + string(quoted) + `,"AlarmArn":` + string(arn) + `,"AWSAccountId":"123456789012","NewStateValue":"ALARM","StateChangeTime":"2026-11-29T12:00:00.000+0000"`
	}
	long := strings.Repeat("ü", 255)
	for name, c := range map[string]struct {
		message string
		says    []string
		link    string
	}{
		"nothing but a name": {named("a") + `}`, []string{"Alarm: a, a is on", "account shop (123456789012), eu-west-1, stage prod"}, "#alarmsV2:alarm/a"},
		"null wherever it may be": {
			named("a") + `,"AlarmDescription":null,"OldStateValue":null,"NewStateReason":null,"Trigger":{"MetricName":"Errors","Namespace":null,"Unit":null,"Dimensions":null,"Threshold":null}}`,
			[]string{"a  Errors"},
			"",
		},
		"a threshold of 0.5": {
			named("a") + `,"NewStateReason":"Threshold Crossed: 1 datapoint [0.75 (29/11/26 11:59:00)] was","Trigger":{"MetricName":"Duration","Namespace":"AWS/Lambda","ExtendedStatistic":"p99","ComparisonOperator":"GreaterThanOrEqualToThreshold","Threshold":0.5,"EvaluationPeriods":5,"DatapointsToAlarm":3,"Dimensions":[{"name":"FunctionName","value":"checkout"}]}}`,
			[]string{"function checkout, p99 of Duration 0.75 ms ≥ 0.5 ms (3 of 5)"},
			"/lambda/home?region=eu-west-1#/functions/checkout",
		},
		"metric math without a name": {
			named("a") + `,"Trigger":{"Threshold":5,"ComparisonOperator":"GreaterThanThreshold","Metrics":[{"Id":"e","Expression":"100*m/n","Label":"error rate","ReturnData":true},{"Id":"m","MetricStat":{"Metric":{"MetricName":"Errors","Namespace":"AWS/Lambda","Dimensions":[{"name":"FunctionName","value":"checkout"}]},"Stat":"Sum","Period":60}}]}}`,
			[]string{"function checkout, error rate > 5"},
			"",
		},
		"a composite":      {named("whole") + `,"AlarmRule":"ALARM(\"a\") OR ALARM(b)"}`, []string{"whole  of a, b"}, ""},
		"a name of a path": {named("ecs/service/upscale") + `}`, []string{"ecs/service/upscale is on"}, "#alarmsV2:alarm/ecs$2Fservice$2Fupscale"},
		"signs in a name":  {named("a #1|b & <!channel> `x` *y* 100%") + `}`, []string{"a #1|b &amp; &lt;!channel&gt; `x` *y* 100% is on", "a #1|b & <!channel> `x` *y* 100%"}, "alarm/a$20$231$7Cb$20$26$20$3C$21channel$3E$20$60x$60$20$2Ay$2A$20100$25"},
		"255 characters":   {named(long) + `}`, []string{long}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			m := opened(t, c.message)
			want.Says(t, "the message", posted(t, m), c.says...)
			body, _ := json.Marshal(place.blocks(m))
			var decoded bytes.Buffer
			want.NoError(t, "reading it back", json.Indent(&decoded, body, "", ""))
			if link := strings.NewReplacer("&", `\u0026`, "<", `\u003c`, ">", `\u003e`).Replace(c.link); !strings.Contains(decoded.String(), link) {
				t.Errorf("no link leads to %s:\n%s", c.link, decoded.String())
			}
			text := place.text(m, "")
			want.Says(t, "the mail", text.Body, "Since: 29 Nov 2026 12:00:00 UTC")
			if subject := subject(text.Subject); len(subject) > 100 || subject == "" || strings.ContainsFunc(subject, func(r rune) bool { return r < ' ' || r > '~' }) {
				t.Errorf("SNS does not take the subject %q", subject)
			}
		})
	}
}

// However many alarms there are, whatever they say and are called, Slack takes the message.
func TestRender_staysWithinSlacksLimits(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.OneOf(rapid.StringN(0, 255, -1), rapid.Just(strings.Repeat("ü", 254)))
		incident := Incident{Title: text.Draw(rt, "title"), Since: noon}
		for i := range rapid.IntRange(1, 60).Draw(rt, "alarms") {
			member := Member{Since: noon, Change: Change{
				Alarm: fmt.Sprint(i), Account: "123456789012", Region: "eu-west-1", Name: text.Draw(rt, "name") + "x", State: stateAlarm,
				Resource: "function/" + text.Draw(rt, "function"), Compared: shorten(text.Draw(rt, "compared"), mostCompared),
				Reason: shorten(text.Draw(rt, "reason"), mostReason), Description: shorten(text.Draw(rt, "description"), mostDescription), Dashboard: text.Draw(rt, "dashboard"),
			}}
			if rapid.Bool().Draw(rt, "healed") && i > 0 {
				member.State, member.Ended = stateOK, noon
			}
			incident.Members = append(incident.Members, member)
		}
		incident.Notes = rapid.SliceOfN(rapid.StringN(1, 200, -1), 0, mostNotes).Draw(rt, "notes")
		for range rapid.IntRange(0, 10).Draw(rt, "lines") {
			incident.Lines = append(incident.Lines, readLine(text.Draw(rt, "logged"), noon, text.Draw(rt, "line")+text.Draw(rt, "more of it")))
		}
		m := Message{Kind: Opened, At: noon, Incident: incident}
		if word := refusedBy(t, place.blocks(m)); word != "" {
			rt.Errorf("Slack would answer %s", word)
		}
		if word := refusedBy(t, place.plainPost(m)); word != "" {
			rt.Errorf("Slack would answer %s to the plain text", word)
		}
	})
}

// refusedBy is the word by which the stand-in refuses a message; empty where it takes it.
func refusedBy(t *testing.T, content post) string {
	t.Helper()
	body, err := json.Marshal(content)
	want.NoError(t, "writing the message", err)
	return slack.Refuses(body)
}

func TestRender_cutsBetweenCharactersAndSaysHowMuchIsLeftOut(t *testing.T) {
	long := strings.Repeat("né<>", 4000)
	m := Message{Kind: Told, At: noon, Notices: []alarm.Notice{{Title: "a report", Text: long}}}
	shown := posted(t, m)
	if !utf8.ValidString(shown) {
		t.Error("it is cut within a character")
	}
	want.Says(t, "the message", shown, "a report", "... and 13235 more characters")
	want.Says(t, "the mail", place.text(m, "").Body, "... and ")
}
