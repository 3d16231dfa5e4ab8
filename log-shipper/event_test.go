package logshipper_test

import (
	"encoding/base64"
	"errors"
	"testing"

	"caretaker/internal/want"
	logshipper "caretaker/log-shipper"
)

func encoded(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

func TestDecode_readsEachSource(t *testing.T) {
	for name, c := range map[string]struct {
		event string
		want  []logshipper.Delivery
	}{
		"straight":                    {`{"awslogs":{"data":"` + encoded("payload") + `"}}`, []logshipper.Delivery{{Way: logshipper.Direct, Data: []byte("payload")}}},
		"straight, with blanks":       {"{ \"awslogs\" :\n { \"data\" : \"" + encoded("payload") + "\" } }", []logshipper.Delivery{{Way: logshipper.Direct, Data: []byte("payload")}}},
		"straight, with escapes":      {`{"awslogs":{"data":"\/\/\/\/"}}`, []logshipper.Delivery{{Way: logshipper.Direct, Data: []byte("\xff\xff\xff")}}},
		"straight, behind other keys": {`{"x":1,"awslogs":{"y":2,"data":"` + encoded("payload") + `"}}`, []logshipper.Delivery{{Way: logshipper.Direct, Data: []byte("payload")}}},
		"a stream, whose times are fractions": {
			`{"Records":[{"eventSource":"aws:kinesis","kinesis":{"sequenceNumber":"49","data":"` + encoded("one") + `","approximateArrivalTimestamp":1764400000.123}},` +
				`{"eventSource":"aws:kinesis","kinesis":{"sequenceNumber":"50","data":"` + encoded("two") + `","approximateArrivalTimestamp":1764400000}}]}`,
			[]logshipper.Delivery{{Way: logshipper.Stream, ID: "49", Data: []byte("one")}, {Way: logshipper.Stream, ID: "50", Data: []byte("two")}},
		},
		"its own queue": {
			`{"Records":[{"eventSource":"aws:sqs","messageId":"m-1","body":"{\"key\":\"parked/a\",\"step\":2,\"since\":1764400000000}"}]}`,
			[]logshipper.Delivery{{Way: logshipper.Queue, ID: "m-1", Waiting: logshipper.Waiting{Key: "parked/a", Step: 2, Since: 1764400000000}}},
		},
	} {
		got, err := logshipper.Decode([]byte(c.event))
		want.NoError(t, "decoding an event "+name, err)
		want.Equal(t, "what an event brings "+name, got, c.want)
	}
}

func TestDecode_keepsTheNeighboursOfWhatItCannotRead(t *testing.T) {
	got, err := logshipper.Decode([]byte(`{"Records":[{"eventSource":"aws:kinesis","kinesis":{"sequenceNumber":"1","data":"%%"}},{"eventSource":"aws:kinesis","kinesis":{"sequenceNumber":"2","data":"` + encoded("two") + `"}}]}`))
	want.NoError(t, "decoding", err)
	want.Equal(t, "deliveries", len(got), 2)
	want.Equal(t, "the first is an error", got[0].Err != nil, true)
	want.Equal(t, "the second", string(got[1].Data), "two")
	for _, body := range []string{`no JSON`, `{}`, `{\"key\":\"elsewhere/a\"}`, `{\"key\":7}`} {
		got, err := logshipper.Decode([]byte(`{"Records":[{"eventSource":"aws:sqs","messageId":"m","body":"` + body + `"}]}`))
		want.NoError(t, "decoding", err)
		want.Equal(t, body+" is an error", got[0].Err != nil && got[0].Waiting == (logshipper.Waiting{}), true)
	}
}

func TestDecode_namesWhatIsNoLogAndShowsNothingOfIt(t *testing.T) {
	for event, named := range map[string]string{
		`{"Records":[{"eventSource":"aws:s3","s3":{"object":{"key":"secret"}}}]}`: "from aws:s3",
		`{"Records":[{"EventSource":"aws:sns","Sns":{"Message":"secret"}}]}`:      "from aws:sns",
		`{"source":"aws.logs","detail-type":"secret","detail":{"a":"secret"}}`:    "from aws.logs",
		`{"one":"secret","two":"secret"}`:                                         "an object with the keys one, two",
		`{}`:                                                                      "empty",
		`"secret"`:                                                                "8 bytes that are no JSON object",
		`{"awslogs":`:                                                             "11 bytes that are no JSON object",
		`{"Records":[]}`:                                                          "an object with the keys Records",
		`{"Records":[{"eventSource":"aws:kinesis"},{"eventSource":"aws:s3"}]}`:                          "from aws:kinesis",
		"{\"source\":\"" + "line\\nbreak" + "\"}":                                                       "from line...",
		`{"source":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}`: "from aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...",
	} {
		_, err := logshipper.Decode([]byte(event))
		if !errors.Is(err, logshipper.ErrNoLog) {
			t.Errorf("%s: %v, want that it is no log", event, err)
			continue
		}
		want.Equal(t, "the error", err.Error(), logshipper.ErrNoLog.Error()+": it is "+named)
	}
}

// However broken an event is: no panic, and an error or something that was brought, never both.
func FuzzDecode(f *testing.F) {
	for _, text := range []string{`{"awslogs":{"data":"aGVsbG8="}}`, `{"Records":[{"eventSource":"aws:kinesis","kinesis":{"data":"aGk=","approximateArrivalTimestamp":1.5}}]}`, `{"Records":[{"eventSource":"aws:sqs","body":"{}"}]}`, `{}`, `[`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, event []byte) {
		deliveries, err := logshipper.Decode(event)
		if (err == nil) == (len(deliveries) == 0) {
			t.Errorf("%q brings %d deliveries and the error %v", event, len(deliveries), err)
		}
		for _, d := range deliveries {
			if len(d.Data) > len(event) {
				t.Errorf("%d bytes of %d", len(d.Data), len(event))
			}
		}
	})
}
