package warmer

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"caretaker/internal/want"
)

func TestEvent_readsTheShapesThatCloudTrailSends(t *testing.T) {
	wanted := map[string]string{
		"create-alias":                  "CreateAlias of checkout",
		"publish-version":               "PublishVersion of checkout",
		"update-alias":                  "UpdateAlias of checkout",
		"update-alias-refused":          "UpdateAlias of checkout, void: the call was refused",
		"update-alias-without-suffix":   "UpdateAlias of checkout",
		"update-function-code":          "UpdateFunctionCode of checkout",
		"update-function-code-dry-run":  "UpdateFunctionCode of checkout, void: the call was a dry run",
		"update-function-configuration": "UpdateFunctionConfiguration of checkout",
	}
	files, err := filepath.Glob("testdata/changes/*.json")
	want.NoError(t, "listing the events", err)
	want.Equal(t, "how many events there are", len(files), len(wanted))
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file) // #nosec G304 -- a test's own
			want.NoError(t, "reading it", err)
			var event Event
			want.NoError(t, "decoding it", json.Unmarshal(text, &event))
			said := event.Change.Operation + " of " + event.Change.Function
			if event.Change.Void != "" {
				said += ", void: " + event.Change.Void
			}
			want.Equal(t, "the change", said, wanted[strings.TrimSuffix(filepath.Base(file), ".json")])
			want.Equal(t, "its time", event.Change.At, time.Date(2026, 11, 30, 10, 0, 2, 0, time.UTC))
		})
	}
}

func TestEvent_refusesWhatIsNoneByName(t *testing.T) {
	detail := func(source, name, function string) string {
		return fmt.Sprintf(`{"source":"aws.lambda","detail-type":"AWS API Call via CloudTrail","detail":{"eventSource":%q,"eventName":%q,"eventTime":"2026-11-30T10:00:02Z","requestParameters":{"functionName":%q}}}`, source, name, function)
	}
	for event, says := range map[string]string{
		`[]`: "the warmer takes an empty object", `"3"`: "the warmer takes an empty object",
		`{"concurrency":"3"}`: `this one has "concurrency"`,
		`{"source":"aws.events","detail-type":"Scheduled Event","detail":{}}`:                          `source is "aws.events", and not "aws.lambda"`,
		`{"source":"aws.lambda","detail-type":"Something","detail":{}}`:                                `detail-type is "Something"`,
		`{"source":"aws.lambda","detail-type":"AWS API Call via CloudTrail","detail":3}`:               "cannot read the event of its rule",
		detail("kms.amazonaws.com", "UpdateAlias", "checkout"):                                         `detail.eventSource is "kms.amazonaws.com"`,
		detail("lambda.amazonaws.com", "DeleteFunction20150331", "checkout"):                           `detail.eventName is "DeleteFunction20150331"`,
		detail("lambda.amazonaws.com", "UpdateAliasAndMore", "checkout"):                               "not one of CreateAlias",
		detail("lambda.amazonaws.com", "UpdateAlias20150331", ""):                                      "names no function",
		detail("lambda.amazonaws.com", "UpdateAlias20150331", "check out"):                             "names no function",
		detail("lambda.amazonaws.com", "UpdateAlias20150331", strings.Repeat("a", 65)):                 "names no function",
		strings.Replace(detail("lambda.amazonaws.com", "UpdateAlias", "a"), `"2026-11-30T10`, `"x`, 1): "cannot read the event of its rule",
		strings.Replace(detail("lambda.amazonaws.com", "UpdateAlias", "a"), `"eventTime"`, `"e"`, 1):   "has no detail.eventTime",
	} {
		t.Run(event, func(t *testing.T) {
			var read Event
			err := json.Unmarshal([]byte(event), &read)
			if err == nil {
				t.Fatal("it is taken")
			}
			want.Says(t, "the error", err.Error(), says)
		})
	}
	var empty Event
	want.NoError(t, "an empty object", json.Unmarshal([]byte(`{}`), &empty))
	want.Equal(t, "is no change", empty.Change == nil, true)
}

// Callers write a function's name in all the forms that Lambda takes.
func TestChange_findsTheNameInEachForm(t *testing.T) {
	arn := "arn:aws-us-gov:lambda:us-gov-west-1:111122223333:function:check_out-1"
	for _, text := range []string{"check_out-1", "check_out-1:live", "check_out-1:$LATEST", "111122223333:function:check_out-1", arn, arn + ":live", arn + ":7"} {
		found := nameForm.FindStringSubmatch(text)
		if found == nil || found[1] != "check_out-1" {
			t.Errorf("in %s the name is %q, want check_out-1", text, found)
		}
	}
}

// An event decides nothing but the function: however it looks, it neither crashes the warmer nor asks for more.
func FuzzEvent(f *testing.F) {
	files, err := filepath.Glob("testdata/changes/*.json")
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file) // #nosec G304 -- a test's own
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var event Event
		if json.Unmarshal(text, &event) != nil || event.Change == nil {
			return
		}
		if !nameForm.MatchString(event.Change.Function) || strings.Contains(event.Change.Function, ":") || event.Change.At.IsZero() {
			t.Errorf("%q gives %+v", text, *event.Change)
		}
	})
}
