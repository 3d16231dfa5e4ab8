package notify

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"caretaker/internal/emulator"
	"caretaker/internal/slack"
	"caretaker/internal/want"
)

const requestID = "8f9e4c3a-1b2d-4e5f-8a9b-0c1d2e3f4a5b"

func TestReadLine_findsTheRequestAndHidesSecrets(t *testing.T) {
	for text, wanted := range map[string]LogLine{
		"2026-11-29T12:00:00Z\t" + requestID + "\tERROR\tInvoke Error": {Request: requestID, Text: "2026-11-29T12:00:00Z " + requestID + " ERROR Invoke Error"},
		"RequestId: " + requestID + " Error: Runtime exited\n":         {Request: requestID, Text: "RequestId: " + requestID + " Error: Runtime exited"},
		`{"level":"ERROR","requestId":"` + requestID + `"}`:            {Request: requestID, Text: `{"level":"ERROR","requestId":"` + requestID + `"}`},
		"no id at all":           {Text: "no id at all"},
		`ERROR password=planted`: {Text: "ERROR password=***"},
		`{"error":"x","api_key": "planted","next":1}`:        {Text: `{"error":"x","api_key": "***","next":1}`},
		`Error: Authorization: Bearer planted.planted`:       {Text: "Error: Authorization: Bearer ***"},
		`error with AKIAABCDEFGHIJKLMNOP in it`:              {Text: "error with *** in it"},
		`error xoxb-1-planted`:                               {Text: "error ***"},
		`error eyJhbGciOiJI.eyJzdWIiOiI.planted-x`:           {Text: "error ***"},
		`error https://me:planted@db.example/x`:              {Text: "error https://me:***@db.example/x"},
		`error https://hooks.slack.com/services/T/B/planted`: {Text: "error https://hooks.slack.com/***"},
		"Traceback\n\u00a0\u00a0File \"x.py\"":               {Text: `Traceback File "x.py"`},
		"tokens: none":                                       {Text: "tokens: ***"}, // rather one word too few
		"ERROR " + strings.Repeat("ü", 400):                  {Text: "ERROR " + strings.Repeat("ü", 293) + "…"},
	} {
		wanted.Function, wanted.At = "checkout", noon
		want.Equal(t, text, readLine("checkout", noon, text), wanted)
	}
}

// logs writes lines into a function's log, a second apart, the last of them at noon.
func (w *world) logs(function string, lines ...string) {
	w.t.Helper()
	client, group := cloudwatchlogs.NewFromConfig(account.AWS()), aws.String("/aws/lambda/"+function)
	_, err := client.CreateLogGroup(w.t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: group})
	want.NoError(w.t, "making a log group", err)
	_, err = client.CreateLogStream(w.t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: group, LogStreamName: aws.String("s")})
	want.NoError(w.t, "making a stream", err)
	var events []logtypes.InputLogEvent
	for at, line := range lines {
		events = append(events, logtypes.InputLogEvent{Message: &line, Timestamp: aws.Int64(noon.Add(time.Duration(at+1-len(lines)) * time.Second).UnixMilli())})
	}
	_, err = client.PutLogEvents(w.t.Context(), &cloudwatchlogs.PutLogEventsInput{LogGroupName: group, LogStreamName: aws.String("s"), LogEvents: events})
	want.NoError(w.t, "putting lines", err)
}

func withLines(d *Deployed) { d.LogLines = 2 }

func TestHandle_showsTheLastErrorLinesOfTheFunctionThatOpensAnIncident(t *testing.T) {
	w := newWorld(t, slack.Token, withLines)
	w.logs("lined", "ERROR first", "ERROR second <!channel>", "all is well", "RequestId: "+requestID+" Error: secret=planted")
	w.hears(30, says(stateAlarm, "lined", 0))
	shown := standIn.Messages()[0].Shown()
	want.Says(t, "the message", shown, "Last error lines:", "11:59:58 lined: ERROR second <!channel>", "12:00:00 lined, request "+requestID+": RequestId: "+requestID+" Error: secret=***")
	if strings.Contains(shown, "first") || strings.Contains(shown, "well") || strings.Contains(shown, "planted") {
		t.Errorf("the message shows more than the last two errors, or a secret:\n%s", shown)
	}
	// They stay while the message is edited, and go by mail where mail tells.
	w.hears(60, says(stateAlarm, "another", 50))
	want.Says(t, "the message that was edited", standIn.Messages()[0].Shown(), "2 alarms are on", "ERROR second")
	want.Says(t, "the mail", w.options.Place.text(Message{Kind: Opened, Incident: Incident{Lines: []LogLine{{Function: "f", At: noon, Text: "ERROR x"}}, Members: []Member{{}}}}, "").Body, "Last error lines:\n  12:00:00 f: ERROR x")
}

// Without its lines an incident is told of all the same, and without delay.
func TestHandle_tellsWithoutLinesThatItCannotRead(t *testing.T) {
	for name, c := range map[string]struct {
		fault emulator.Fault
		says  string
	}{
		"a right that is missing": {emulator.Fault{Operation: "FilterLogEvents", Status: http.StatusForbidden, Code: "AccessDeniedException"}, "logs:FilterLogEvents"},
		"a log that hangs":        {emulator.Fault{Operation: "FilterLogEvents", Delay: 20 * time.Second}, "logs:FilterLogEvents"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, slack.Token, withLines)
			t.Cleanup(account.ClearFaults)
			account.Inject(c.fault)
			began := time.Now()
			report := w.hears(30, says(stateAlarm, "checkout", 0))
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("it takes %s", took)
			}
			want.Equal(t, "what stands in the channel", channel(), []string{"Critical: checkout, checkout-errors is on"})
			want.Equal(t, "messages that come again", len(report.BatchItemFailures), 0)
			want.Says(t, "the errors", strings.Join(report.Errors, "\n"), c.says)
		})
	}
	t.Run("a function without a log", func(t *testing.T) {
		w := newWorld(t, slack.Token, withLines)
		report := w.hears(30, says(stateAlarm, "unlogged", 0))
		want.Equal(t, "errors", report.Errors, nil)
		want.Equal(t, "what stands in the channel", len(channel()), 1)
	})
}

// Three functions are looked at, however many fail at once, and none without the key.
func TestHandle_readsTheLogsOfThreeFunctionsAtMost(t *testing.T) {
	reads := func() int {
		count := 0
		for _, call := range account.Calls() {
			if call.Operation == "FilterLogEvents" {
				count++
			}
		}
		return count
	}
	var many []string
	for number := range 10 {
		many = append(many, says(stateAlarm, fmt.Sprint("many-", number), float64(number)))
	}
	w := newWorld(t, slack.Token, withLines)
	account.ForgetCalls()
	w.hears(30, many...)
	want.Equal(t, "logs that are read", reads(), 3)
	w.cfg.LogLines = 0
	w.memory.table += "-away" // so that they are news again
	account.ForgetCalls()
	w.hears(30, many...)
	want.Equal(t, "logs that are read without the key", reads(), 0)
}
