package document_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"caretaker/internal/want"
	"caretaker/log-shipper/document"
	"caretaker/log-shipper/sample"
)

const (
	idA = "8a1f0000-0000-4000-a000-00000000000a"
	idB = "8a1f0000-0000-4000-a000-00000000000b"
	// group and stream are those of a function as Lambda names them.
	group  = "/aws/lambda/checkout"
	stream = "2026/11/29/[$LATEST]0123456789abcdef0123456789abcdef"
	// noon is in milliseconds.
	noon = 1_795_953_600_000
)

// event is one event of a payload, with an id such as CloudWatch gives.
func event(number int, message string) map[string]any {
	return map[string]any{"id": fmt.Sprintf("%056d", number), "timestamp": noon + number, "message": message}
}

// payloadOf is a payload of the function's group with such messages.
func payloadOf(messages ...string) []byte {
	events := make([]any, len(messages))
	for i, message := range messages {
		events[i] = event(i+1, message)
	}
	return sample.Of(group, stream, events)
}

func maker(t testing.TB, config document.Config) *document.Maker {
	t.Helper()
	m, err := document.NewMaker(config, document.Options{Region: "eu-west-1", Own: func(group string) bool { return strings.Contains(group, "shipper") }})
	want.NoError(t, "making the maker", err)
	return m
}

// documents makes all documents of a text, checks what holds for every one, and decodes them.
func documents(t testing.TB, config document.Config, text []byte) ([]map[string]any, document.Counts) {
	t.Helper()
	var b document.Batch
	m := maker(t, config)
	m.Begin(text)
	for m.Fill(&b, 1<<30) {
	}
	check(t, &b, m.Counts())
	all := make([]map[string]any, b.Len())
	for i := range all {
		all[i] = decoded(t, b.Body(i))
	}
	return all, m.Counts()
}

// check is what holds for every batch: as many documents as there have to be, each one JSON object on
// one line, with an id that needs no escape, bare and cut ones too.
func check(t testing.TB, b *document.Batch, counts document.Counts) {
	t.Helper()
	want.Equal(t, "events that came, against all that became something", counts.In, b.Len()+counts.Dropped+counts.Sampled+counts.Own+len(counts.Refused))
	for i := range b.Len() {
		bare, cut := b.Bare(nil, i), b.Cut(nil, i, 2000)
		for what, body := range map[string][]byte{"body": b.Body(i), "bare": bare, "cut": cut} {
			if (!json.Valid(body) || !utf8.Valid(body) || bytes.ContainsAny(body, "\n\r")) && (what != "bare" || len(body) > 0) {
				t.Errorf("the %s of document %d is no JSON on one line: %q", what, i, body)
			}
		}
		if id := b.ID(i); len(id) == 0 || len(id) > 64 || bytes.ContainsFunc(id, func(c rune) bool { return (c < '0' || c > '9') && (c < 'a' || c > 'f') }) {
			t.Errorf("document %d has the id %q", i, id)
		}
	}
}

// decoded is a document as its reader sees it; numbers keep their digits.
func decoded(t testing.TB, body []byte) (fields map[string]any) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	want.NoError(t, "decoding "+string(body), decoder.Decode(&fields))
	return fields
}

// alone is the document of one message.
func alone(t testing.TB, config document.Config, message string) map[string]any {
	t.Helper()
	all, _ := documents(t, config, payloadOf(message))
	if len(all) != 1 {
		t.Fatalf("%d documents of one event", len(all))
	}
	return all[0]
}

// fields are some fields of a document, as name=value; an absent one is name=.
func fields(doc map[string]any, names ...string) string {
	words := make([]string, len(names))
	for i, name := range names {
		words[i] = name + "="
		if value, has := doc[name]; has {
			text, _ := json.Marshal(value) // decoded from JSON
			words[i] += strings.Trim(string(text), `"`)
		}
	}
	return strings.Join(words, " ")
}

func TestMaker_saysWhereAnEventCameFrom(t *testing.T) {
	got := alone(t, document.Config{}, "hello\n")
	want.Equal(t, "the document", got, map[string]any{
		"@timestamp": "2026-11-29T12:00:00.001Z", "event.id": fmt.Sprintf("%056d", 1), "message": "hello\n",
		"cloud.provider": "aws", "cloud.account.id": "123456789012", "cloud.region": "eu-west-1",
		"aws.cloudwatch.log_group": group, "aws.cloudwatch.log_stream": stream, "faas.name": "checkout", "faas.version": "$LATEST",
	})
}

func TestMaker_readsFunctionAndVersionFromGroupAndStream(t *testing.T) {
	for name, c := range map[string]struct{ group, stream, want string }{
		"Lambda's own names":       {group, stream, "faas.name=checkout faas.version=$LATEST"},
		"a numbered version":       {group, "2026/11/29/[12]0123", "faas.name=checkout faas.version=12"},
		"a group of their own":     {"payments", "2026/11/29/checkout[7]0123", "faas.name=checkout faas.version=7"},
		"Lambda@Edge":              {"/aws/lambda/us-east-1.edge", "2026/11/29/[3]0123", "faas.name=edge faas.version=3"},
		"no function":              {"/ecs/web", "web/web/0123", "faas.name= faas.version="},
		"a stream that is no date": {"/ecs/web", "x[1]", "faas.name= faas.version="},
		"no names":                 {"", "", "faas.name= faas.version="},
	} {
		all, _ := documents(t, document.Config{}, sample.Of(c.group, c.stream, []any{event(1, "m")}))
		want.Equal(t, name, fields(all[0], "faas.name", "faas.version"), c.want)
	}
}

// Where CloudWatch says of each event which account and Region it came from, the payload's owner does not
// count: logs may have been centralised.
func TestMaker_believesTheEmittedSystemFieldsBeforeTheOwner(t *testing.T) {
	central := event(1, "m")
	central["extractedFields"] = map[string]any{"@aws.account": "999999999999", "@aws.region": "us-west-2", "word": "m"}
	bad := event(2, "m")
	bad["extractedFields"] = map[string]any{"@aws.account": "\"\n", "@aws.region": 7}
	all, _ := documents(t, document.Config{}, sample.Of(group, stream, []any{central, bad, event(3, "m")}))
	for i, wanted := range []string{"999999999999 us-west-2", "123456789012 eu-west-1", "123456789012 eu-west-1"} {
		want.Equal(t, "account and Region", fmt.Sprint(all[i]["cloud.account.id"], " ", all[i]["cloud.region"]), wanted)
	}
}

func TestMaker_keepsMessagesWhole(t *testing.T) {
	for name, message := range map[string]string{
		"empty":         "",
		"escapes":       "a \"quote\", a \\ and a / \b\f\t",
		"not ASCII":     "größer 😀 \u2028",
		"a stack trace": "Traceback (most recent call last):\n  File \"x.py\", line 1\n\u00a0\u00a0raise\nValueError\n",
		"1 MB":          strings.Repeat("0123456789abcde\n", 1<<16),
		"nul":           "a\x00b",
	} {
		got := alone(t, document.Config{}, message)
		if got["message"] != message {
			t.Errorf("%s: the message is %.60q, want %.60q", name, got["message"], message)
		}
		want.Equal(t, name+": the tags", fields(got, "tags"), "tags=")
	}
}

func TestMaker_takesTimesAsTheyAre(t *testing.T) {
	for text, wanted := range map[string]string{
		"0": "1970-01-01T00:00:00.000Z", "-1": "1969-12-31T23:59:59.999Z", "1795953600123": "2026-11-29T12:00:00.123Z",
		"951782400000": "2000-02-29T00:00:00.000Z", "-62167219200000": "0000-01-01T00:00:00.000Z", "253402300799999": "9999-12-31T23:59:59.999Z",
		"-62167219200001": "-62167219200001", "253402300800000": "253402300800000", "99999999999999999": "99999999999999999",
	} {
		all, counts := documents(t, document.Config{}, []byte(`{"messageType":"DATA_MESSAGE","logEvents":[{"timestamp":`+text+`,"message":"m"}]}`))
		want.Equal(t, "the time "+text, fmt.Sprint(all[0]["@timestamp"]), wanted)
		want.Equal(t, "marked", counts.Marked, 0)
	}
	all, counts := documents(t, document.Config{}, []byte(`{"logEvents":[{"message":"m"},{"timestamp":"soon","message":"m"}]}`))
	for _, doc := range all {
		want.Equal(t, "an unknown time", fields(doc, "@timestamp", "tags"), `@timestamp=1970-01-01T00:00:00.000Z tags=["time_unknown"]`)
	}
	want.Equal(t, "marked", counts.Marked, 2)
}

func TestMaker_replacesWhatIsNoCharacterAndMarksIt(t *testing.T) {
	for name, c := range map[string]struct {
		raw, want string
		marked    bool
	}{
		"a lone surrogate":            {`a\ud800b`, "a\ufffdb", true},
		"the wrong half":              {`\ude00`, "\ufffd", true},
		"a pair":                      {`\ud83d\ude00`, "😀", false},
		"bytes that are no UTF-8":     {"a\xff\xc3", "a\ufffd\ufffd", true},
		"an escape that is none":      {`C:\x \u12`, `C:\x \u12`, true},
		"a control character":         {"a\x01\tb", "a\x01\tb", false},
		"a lone surrogate in JSON":    {`{\"a\":\"\\ud800\"}`, `{"a":"\ud800"}`, true},
		"bytes that are none in it":   {"{\\\"a\\\":\\\"\xff\\\"}", `{"a":"` + "\ufffd" + `"}`, true},
		"an escape of a plain letter": {`\u0041`, "A", false},
	} {
		text := []byte(`{"messageType":"DATA_MESSAGE","logEvents":[{"timestamp":1,"message":"` + c.raw + `"},{"timestamp":1,"message":"é"}]}`)
		all, counts := documents(t, document.Config{}, text)
		want.Equal(t, name+": the message", all[0]["message"], any(c.want))
		marked := `tags=["characters_replaced"]`
		if !c.marked {
			marked = "tags="
		}
		want.Equal(t, name+": the tags", fields(all[0], "tags"), marked)
		want.Equal(t, name+": its neighbour", fields(all[1], "message", "tags"), "message=é tags=")
		want.Equal(t, name+": marked", counts.Marked == 1, c.marked)
	}
	all, counts := documents(t, document.Config{}, []byte("{\"logGroup\":\"g\xff\",\"logEvents\":[{\"timestamp\":1,\"message\":\"m\"}]}"))
	want.Equal(t, "a group that is no UTF-8", fields(all[0], "aws.cloudwatch.log_group", "tags"), "aws.cloudwatch.log_group=g\ufffd tags=[\"characters_replaced\"]")
	want.Equal(t, "marked", counts.Marked, 1)
}

func TestMaker_makesTextOfMessagesThatAreNone(t *testing.T) {
	all, counts := documents(t, document.Config{}, []byte(`{"logEvents":[{"timestamp":1,"message":{"a":"b"}},{"timestamp":1,"message":17},{"timestamp":1,"message":null},{"timestamp":1}]}`))
	var got []string
	for _, doc := range all {
		got = append(got, doc["message"].(string))
	}
	want.Equal(t, "the messages", strings.Join(got, "|"), `{"a":"b"}|17||`)
	want.Equal(t, "the lifted object", fields(all[0], "json"), `json={"a":"b"}`)
	want.Equal(t, "payloads without a type", counts.Untyped, 1)
}

func TestMaker_countsWhatIsNoEvent(t *testing.T) {
	good := string(payloadOf("one", "two"))
	for name, c := range map[string]struct {
		text   string
		docs   int
		counts document.Counts
	}{
		"nothing":                 {"", 0, document.Counts{}},
		"blanks":                  {" \n", 0, document.Counts{}},
		"a control message":       {`{"messageType":"CONTROL_MESSAGE","owner":"CloudwatchLogs","logGroup":"","logStream":"","subscriptionFilters":[],"logEvents":[{"id":"","timestamp":1,"message":"CWL CONTROL MESSAGE: Checking health of destination Kinesis stream."}]}`, 0, document.Counts{Controls: 1}},
		"no events":               {`{"messageType":"DATA_MESSAGE","logEvents":[]}`, 0, document.Counts{}},
		"no type":                 {`{"logEvents":[{"timestamp":1,"message":"m"}]}`, 1, document.Counts{In: 1, Untyped: 1}},
		"an unknown type":         {`{"messageType":"NEWS_MESSAGE","logEvents":[{"timestamp":1,"message":"m"}]}`, 1, document.Counts{In: 1, Untyped: 1}},
		"several values in a row": {good + good + "\n" + good, 6, document.Counts{In: 6}},
		"no log payload":          {`{"source":"aws.s3","detail":{}}`, 0, document.Counts{In: 1, Refused: []document.Refusal{{Reason: "this is no log payload: it has no logEvents", Raw: []byte(`{"source":"aws.s3","detail":{}}`)}}}},
		"a broken one behind a good one": {good + `{"messageType"`, 2, document.Counts{In: 3, Refused: []document.Refusal{{
			Reason: fmt.Sprintf("the payload cannot be read: byte %d: the JSON ends too early", len(good)+14), Raw: []byte(`{"messageType"`),
		}}}},
		"an entry that is no object": {`{"messageType":"DATA_MESSAGE","logEvents":[7,{"timestamp":1,"message":"m"}]}`, 1, document.Counts{In: 2, Refused: []document.Refusal{{
			Reason: "this entry of logEvents is no object", Raw: []byte("7"),
		}}}},
		"a group of our own": {string(sample.Of("/aws/lambda/caretaker-shipper", stream, []any{event(1, "m"), event(2, "m")})) + good, 2, document.Counts{In: 4, Own: 2, OwnGroups: []string{"/aws/lambda/caretaker-shipper"}}},
	} {
		t.Run(name, func(t *testing.T) {
			all, counts := documents(t, document.Config{}, []byte(c.text))
			want.Equal(t, "documents", len(all), c.docs)
			want.Equal(t, "the counts", counts, c.counts)
		})
	}
}

// A payload needs no more memory than itself and one batch: Fill stops at each batch, and goes on.
func TestFill_goesOnWhereItStopped(t *testing.T) {
	text := append(sample.Payload(1, 500), sample.Payload(2, 500)...)
	whole, _ := documents(t, document.Config{}, text)
	m := maker(t, document.Config{})
	m.Begin(text)
	var b document.Batch
	var all []map[string]any
	batches := 0
	for more := true; more; batches++ {
		b.Reset()
		more = m.Fill(&b, 50_000)
		if b.Bytes() > 60_000 {
			t.Errorf("a batch of %d bytes", b.Bytes())
		}
		for i := range b.Len() {
			all = append(all, decoded(t, b.Body(i)))
		}
	}
	want.Equal(t, "events", m.Counts().In, 1000)
	want.Equal(t, "the documents", all, whole)
	if batches < 10 {
		t.Errorf("%d batches", batches)
	}
}

func TestMaker_takesNoMemoryForTheSecondPayload(t *testing.T) {
	text := sample.Payload(1, 1000)
	m := maker(t, document.Config{Redact: document.Redact{Email: true, IPv4: true, Cards: true, AWSKeys: true}})
	var b document.Batch
	run := func() {
		b.Reset()
		m.Begin(text)
		m.Fill(&b, 1<<30)
	}
	run()
	if got := testing.AllocsPerRun(20, run); got > 5 {
		t.Errorf("%v allocations for each payload", got)
	}
}
