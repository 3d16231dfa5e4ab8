package bulk_test

import (
	"fmt"
	"strings"
	"testing"

	"caretaker/internal/opensearch"
	"caretaker/internal/want"
	"caretaker/log-shipper/document"
	"caretaker/log-shipper/sample"
)

// made are the documents that the shipper makes of messages, and of some payloads that are not as they
// should be.
func made(t *testing.T, messages ...string) *document.Batch {
	t.Helper()
	m, err := document.NewMaker(document.Config{Redact: document.Redact{Email: true}}, document.Options{Region: "eu-west-1"})
	want.NoError(t, "making the maker", err)
	var events []any
	for i, message := range messages {
		events = append(events, map[string]any{"id": fmt.Sprintf("%056d", i+1), "timestamp": 1_795_953_600_000 + i, "message": message})
	}
	var b document.Batch
	for _, text := range [][]byte{
		sample.Of("/aws/lambda/checkout", "2026/11/29/[7]0123", events),
		[]byte(`{"logEvents":[{"message":"0","timestamp":0},{"message":"-1","timestamp":-1},{"message":"far","timestamp":99999999999999999},{"message":"never"},{"timestamp":1,"message":{"a":[1]}}]}`),
		[]byte("{\"logGroup\":\"\xff\",\"logEvents\":[{\"timestamp\":1,\"message\":\"\xff\x01\\ud800\\x\"}]}"),
	} {
		m.Begin(text)
		m.Fill(&b, 1<<30)
	}
	return &b
}

const madeID = "8a1f0000-0000-4000-a000-00000000000a"

// Nothing that the shipper makes of what comes is refused, nor loses its lifted field to the node: what a
// node would refuse was left out before.
func TestSend_theNodeTakesWhateverIsMadeOfLogEvents(t *testing.T) {
	w := newWorld(t)
	b := made(t,
		"START RequestId: "+madeID+" Version: 7\n",
		"2026-11-29T12:00:00.000Z\t"+madeID+"\tINFO\t"+`{"order":{"id":7,"total":12345678901234567890,"e":1e400},"x-correlation-id":"corr-1","traceId":"trace-1"}`,
		"REPORT RequestId: "+madeID+"\tDuration: 12.50 ms\tBilled Duration: 13 ms\tMemory Size: 128 MB\tMax Memory Used: 128 MB\tInit Duration: 90.10 ms\tStatus: error\tError Type: Runtime.OutOfMemory\n",
		`{"time":"2026-11-29T12:00:00.000Z","type":"platform.report","record":{"requestId":"`+madeID+`","metrics":{"durationMs":4.2},"status":"success"}}`,
		"", "\x00\u2028é😀\"\\/", strings.Repeat("0123456789abcde\n", 1<<16),
		`{"a":1,"a":2}`, `{"a":"`+strings.Repeat("x", 32_766)+`"}`, `{"abc":"`+strings.Repeat("x", 32_766-len("json.json.abc="))+`"}`, `{"abc":"`+strings.Repeat("é", 16_376)+`"}`,
		`{"":{"":[null,{},[],true]}}`, `{"s":"200"}`, `{"s":200}`, `{"s":{"t":1}}`, `{"s.t":2,"s":{"t":1}}`, `{"@timestamp":"never","message":[1],"_id":1,"tags":{}}`, `{"a":"\ud800"}`, `{"\u0000":"\u0000"}`,
		strings.Repeat(`{"a":`, 63)+"1"+strings.Repeat("}", 63), strings.Repeat(`{"a":`, 65)+"1"+strings.Repeat("}", 65),
		`{"x-correlation-a.b":"c","x-correlation-`+strings.Repeat("k", 64)+`":"`+strings.Repeat("v", 1024)+`"}`,
		`{"message":"{\"order\":{\"id\":8}}","mail":"ann@example.com","errorType":"E","errorMessage":"no \"x\""}`,
		"[] {", "{", "null", `[{"a":1}]`,
	)
	fates := w.send(b)
	for i, fate := range fates.Of {
		if fate != document.Delivered {
			t.Errorf("%.200s: fate %d: %s", b.Body(i), fate, fates.Reasons[i])
		}
	}
	want.Equal(t, "documents that lost their lifted field to the node", fates.Bare, 0)
	w.holds(b.Len())
	for field, c := range map[string]struct {
		value string
		found int
	}{
		"faas.execution":           {madeID, 4},
		"faas.name":                {"checkout", b.Len() - 6},
		"faas.coldstart":           {"true", 4},
		"log.level":                {"error", 1},
		"event.action":             {"report", 2},
		"aws.lambda.duration_ms":   {"12.5", 1},
		"aws.lambda.out_of_memory": {"true", 1},
		"trace.id":                 {"trace-1", 1},
		"correlation.id":           {"corr-1", 1},
		"json.order.id":            {"7", 1},
		"json.message.order.id":    {"8", 1},
		"json.mail":                {"[redacted:email]", 1},
		"error.type":               {"E", 1},
		"tags":                     {"lifted_dropped", 3},
	} {
		found, err := opensearch.Look(w.service).Find(t.Context(), w.stream, field, c.value)
		want.NoError(t, "looking for "+field, err)
		want.Equal(t, "documents with "+field+" "+c.value, len(found), c.found)
	}
}
