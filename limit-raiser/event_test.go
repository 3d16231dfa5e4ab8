package limitraiser

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"caretaker/internal/alarm"
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
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range Decode(raw) {
		got = append(got, fmt.Sprintf("%s: alarm %v, look %v, %v", d.MessageID, d.Alarm != nil, d.Look != nil, d.Err))
	}
	want := []string{
		"first: alarm true, look false, <nil>",
		"second: alarm false, look false, decoding the event: reading record 2: reading body: it is not a JSON object: invalid character 'o' in literal null (expecting 'u')",
		"third: alarm false, look true, <nil>",
		`fourth: alarm false, look false, decoding the event: reading record 4: reading body: it is the event "CloudWatch Alarm Configuration Change" of "aws.cloudwatch", and not the state change of an alarm`,
		"fifth: alarm false, look false, decoding the event: reading record 5: reading body: reading Message: it is not a JSON object: invalid character 'Y' looking for beginning of value",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Decode (-want +got):\n%s", diff)
	}
}

func TestLook_isReadAsWritten(t *testing.T) {
	want := Look{Alarm: writes(), Resource: "dynamodb/orders", Step: 2}
	raw, err := want.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got := Decode(raw)
	if diff := cmp.Diff([]Delivery{{Look: &want}}, got); diff != "" {
		t.Errorf("Decode (-want +got):\n%s", diff)
	}
	newer := bytes.Replace(raw, []byte(`"Step":2`), []byte(`"Step":2,"Color":"red"`), 1)
	if diff := cmp.Diff([]Delivery{{Look: &want}}, Decode(newer)); diff != "" || bytes.Equal(raw, newer) {
		t.Errorf("with a field of a version to come (-want +got):\n%s", diff)
	}
	if got, want := want.Key(), "123456789012/eu-west-1/orders-writes//1772100902123/step/2"; got != want {
		t.Errorf("its key is %s, want %s", got, want)
	}
	for _, wrong := range []Look{{}, {Resource: "x"}, {Step: 1}, {Resource: strings.Repeat("x", 3000), Step: 1}} {
		if raw, err := wrong.Encode(); err == nil || raw != nil {
			t.Errorf("%+v is written %s", wrong, raw)
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
			if len(got) != 1 || got[0].Err == nil || got[0].Look != nil {
				t.Fatalf("Decode: %+v, want one error and nothing else", got)
			}
			if text := got[0].Err.Error(); !strings.Contains(text, c.want) || !strings.HasPrefix(text, "decoding the event: ") {
				t.Errorf("Decode: %s, want one about %s", text, c.want)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	raw, err := Look{Alarm: writes(), Resource: "table/orders", Step: 1}.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	files, err := filepath.Glob(filepath.Join(events, "*.json"))
	if err != nil || len(files) == 0 {
		f.Fatalf("there are no events: %v", err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
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
				t.Fatalf("a delivery is not one thing: %+v", d)
			}
			encoded, err := look.Encode()
			if err != nil {
				t.Fatal(err)
			}
			if back := Decode(encoded); back[0].Err != nil || back[0].Look.Key() != look.Key() {
				t.Errorf("a look at %+v is read %+v", look.Alarm, back[0])
			}
		}
	})
}
