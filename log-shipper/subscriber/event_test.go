package subscriber

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"caretaker/internal/want"
)

func TestEvent_isReadInAllItsShapes(t *testing.T) {
	created, err := os.ReadFile("testdata/createloggroup.json") // as CloudTrail writes it, its ids made up
	want.NoError(t, "reading the event", err)
	told := func(old, replacement string) string { return strings.Replace(string(created), old, replacement, 1) }
	made := Event{Group: "/aws/lambda/checkout", Account: "111122223333", Region: "eu-west-1"}
	there := made
	there.Failed = "ResourceAlreadyExistsException"
	for _, test := range []struct {
		name, event string
		want        Event
		refused     string
	}{
		{name: "the schedule's", event: `{}`},
		{name: "a person's dry run", event: `{"dryRun": true}`, want: Event{DryRun: true}},
		{name: "a new log group", event: string(created), want: made},
		{name: "one with tags", event: told(`{"logGroupName": "/aws/lambda/checkout"}`, `{"logGroupName": "/aws/lambda/checkout", "tags": {"a": "b"}, "logGroupClass": "STANDARD"}`), want: made},
		{name: "one that was there already", event: told(`"responseElements"`, `"errorCode": "ResourceAlreadyExistsException", "responseElements"`), want: there},
		{name: "a misspelt dry run", event: `{"dryrun": 1}`, refused: "cannot unmarshal"},
		{name: "a key that is none", event: `{"group": "x"}`, refused: `it must be {}, {"dryRun": true} or EventBridge's CreateLogGroup: json: unknown field "group"`},
		{name: "another call", event: told(`"CreateLogGroup"`, `"DeleteLogGroup"`), refused: `it must be CreateLogGroup of aws.logs, and is "DeleteLogGroup" of "aws.logs"`},
		{name: "another service", event: told(`"aws.logs"`, `"aws.s3"`), refused: `and is "CreateLogGroup" of "aws.s3"`},
		{name: "no group", event: told(`"/aws/lambda/checkout"`, `""`), refused: "detail.requestParameters.logGroupName is empty"},
		{name: "no parameters", event: told(`{"logGroupName": "/aws/lambda/checkout"}`, `null`), refused: "detail.requestParameters.logGroupName is empty"},
		{name: "EventBridge's own schedule", event: `{"detail-type": "Scheduled Event", "source": "aws.events", "detail": {}}`, refused: `and is "" of "aws.events"`},
		{name: "a list", event: `[]`, refused: "cannot unmarshal array"},
		{name: "a log payload", event: `{"awslogs": {"data": "H4sI"}}`, refused: `unknown field "awslogs"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got Event
			err := json.Unmarshal([]byte(test.event), &got)
			if test.refused == "" {
				want.NoError(t, "reading the event", err)
			} else {
				want.Says(t, "the error", fmt.Sprint(err), test.refused)
			}
			want.Equal(t, "the event", got, test.want)
		})
	}
}

func FuzzEvent_isReadOrRefused(f *testing.F) {
	created, err := os.ReadFile("testdata/createloggroup.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{`{}`, `{"dryRun":true}`, string(created), `{"detail-type":1}`, `null`, `{"detail-type":"x","detail":null}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var event Event
		if err := json.Unmarshal(text, &event); err != nil && event != (Event{}) {
			t.Errorf("%q is refused, and yet read: %+v", text, event)
		}
	})
}
