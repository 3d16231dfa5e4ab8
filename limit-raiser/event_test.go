package limitraiser

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"caretaker/internal/alarm"
	"caretaker/internal/want"
)

const events = "../internal/alarm/testdata/events"

// writes is an alarm on the writes of the table orders.
func writes() alarm.Alarm {
	return alarm.Alarm{
		ARN: "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:orders-writes", Account: "123456789012", Region: "eu-west-1",
		Name: "orders-writes", State: "ALARM", ChangedAt: time.Date(2026, 2, 26, 10, 15, 2, 123e6, time.UTC),
		Metrics: []alarm.Metric{{
			Namespace: "AWS/DynamoDB", Name: "ConsumedWriteCapacityUnits", Dimensions: map[string]string{"TableName": "orders"},
			Stat: "Sum", Period: time.Minute,
		}},
	}
}

func TestDecode_readsAlarmsAndLooksOfOneBatch(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(events, "sqs-batch.json"))
	want.NoError(t, "reading the batch", err)
	var got []string
	for _, d := range Decode(raw) {
		got = append(got, fmt.Sprintf("%s: alarm %v, look %v, %v", d.MessageID, d.Alarm != nil, d.Look != nil, d.Err))
	}
	want.Equal(t, "the deliveries of the batch", got, []string{
		"first: alarm true, look false, <nil>",
		"second: alarm false, look false, decoding the event: reading record 2: reading body: it is not a JSON object: invalid character 'o' in literal null (expecting 'u')",
		"third: alarm false, look true, <nil>",
		`fourth: alarm false, look false, decoding the event: reading record 4: reading body: it is the event "CloudWatch Alarm Configuration Change" of "aws.cloudwatch", and not the state change of an alarm`,
		"fifth: alarm false, look false, decoding the event: reading record 5: reading body: reading Message: it is not a JSON object: invalid character 'Y' looking for beginning of value",
	})
}

func TestLook_isReadAsWritten(t *testing.T) {
	look := Look{Alarm: writes(), Resource: "dynamodb/orders", Step: 2}
	raw, err := look.Encode()
	want.NoError(t, "writing the look", err)
	want.Equal(t, "the look as it is read", Decode(raw), []Delivery{{Look: &look}})
	newer := bytes.Replace(raw, []byte(`"Step":2`), []byte(`"Step":2,"Color":"red"`), 1)
	if bytes.Equal(raw, newer) {
		t.Fatal("the look has no Step to put a field behind")
	}
	want.Equal(t, "the look with a field of a version to come", Decode(newer), []Delivery{{Look: &look}})
	want.Equal(t, "its key", look.Key(), "123456789012/eu-west-1/orders-writes//1772100902123/step/2")
	for _, wrong := range []Look{{}, {Resource: "x"}, {Step: 1}, {Resource: strings.Repeat("x", 3000), Step: 1}} {
		if raw, err := wrong.Encode(); err == nil || raw != nil {
			t.Errorf("a look at %q, step %d, is written as %q with the error %v, want an error alone", wrong.Resource, wrong.Step, raw, err)
		}
	}
}

func TestDecode_refusesALookThatItDoesNotKnow(t *testing.T) {
	for name, c := range map[string]struct{ event, want string }{
		"a newer look":           {`{"version":2,"look":{}}`, "version"},
		"a look at nothing":      {`{"version":1,"look":null}`, "version"},
		"a look of another kind": {`{"version":1,"look":{"Color":"red"}}`, "the alarm's name"},
	} {
		t.Run(name, func(t *testing.T) {
			got := Decode([]byte(c.event))
			if len(got) != 1 || got[0].Err == nil {
				t.Fatalf("the event is decoded as %d deliveries, want one that is an error", len(got))
			}
			if got[0].Look != nil {
				t.Errorf("beside the error there is a look at %q, want none", got[0].Look.Resource)
			}
			text := got[0].Err.Error()
			want.Says(t, "the error", text, c.want)
			if !strings.HasPrefix(text, "decoding the event: ") {
				t.Errorf("the error is %q, want it to begin with what was done", text)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	raw, err := Look{Alarm: writes(), Resource: "table/orders", Step: 1}.Encode()
	want.NoError(f, "writing a look", err)
	f.Add(raw)
	files, err := filepath.Glob(filepath.Join(events, "*.json"))
	if err != nil || len(files) == 0 {
		f.Fatalf("there are no events: %v", err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		want.NoError(f, "reading an event", err)
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, d := range Decode(raw) {
			var look Look
			switch {
			case d.Alarm != nil && d.Look == nil && d.Err == nil:
				look = Look{Alarm: *d.Alarm, Resource: "x", Step: 1}
			case d.Alarm == nil && d.Look != nil && d.Err == nil:
				look = *d.Look
			case d.Alarm == nil && d.Look == nil && d.Err != nil:
				continue
			default:
				t.Fatalf("a delivery has an alarm: %t, a look: %t, the error %v, want one of them", d.Alarm != nil, d.Look != nil, d.Err)
			}
			encoded, err := look.Encode()
			want.NoError(t, "writing what was read", err)
			if back := Decode(encoded); back[0].Err != nil {
				t.Errorf("the look that was written cannot be read: %v", back[0].Err)
			} else {
				want.Equal(t, "the key of the look that was written and read", back[0].Look.Key(), look.Key())
			}
		}
	})
}
