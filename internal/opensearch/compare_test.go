package opensearch_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"caretaker/internal/opensearch"
	"caretaker/internal/want"
)

const template = `{"index_patterns":["logs-*"],"data_stream":{},"template":{"mappings":{"properties":{
	"@timestamp":{"type":"date"},"message":{"type":"text"},"number":{"type":"long"},"word":{"type":"keyword"},
	"cut":{"type":"keyword","ignore_above":1024},"lifted":{"type":"flat_object"},"inner":{"properties":{"word":{"type":"keyword"}}}}}}}`

// stamp begins a document that a data stream takes.
const stamp = `{"@timestamp":"2026-11-29T10:00:00.000Z",`

func create(id, doc string) string { return `{"create":{"_id":"` + id + `"}}` + "\n" + doc + "\n" }

// requests are what the stand-in must answer as the node does, each with the request's path and body.
var requests = []struct{ name, path, body string }{
	{"a document", "/logs-a/_bulk", create("1", stamp+`"message":"a"}`)},
	{"the same again", "/logs-a/_bulk", create("1", stamp+`"message":"a"}`)},
	{"the same twice in one request", "/logs-a/_bulk", create("2", stamp+`"message":"a"}`) + create("2", stamp+`"message":"a"}`)},
	{"without an id", "/logs-a/_bulk", "{\"create\":{}}\n" + stamp + "\"message\":\"a\"}\n"},
	{"an index by the action line", "/_bulk", `{"create":{"_index":"logs-a","_id":"3"}}` + "\n" + stamp + `"message":"a"}` + "\n"},
	{"index in a data stream", "/logs-a/_bulk", `{"index":{"_id":"4"}}` + "\n" + stamp + `"message":"a"}` + "\n"},
	{"invalid UTF-8 among good ones", "/logs-a/_bulk", create("10", stamp+`"message":"a"}`) + create("11", stamp+"\"message\":\"\xff\"}") + create("12", stamp+`"message":"a"}`)},
	{"a raw control character", "/logs-a/_bulk", create("13", stamp+"\"message\":\"\x01\"}")},
	{"cut JSON", "/logs-a/_bulk", create("14", stamp+`"message":"a`)},
	{"a duplicate key", "/logs-a/_bulk", create("15", stamp+`"message":"a","message":"b"}`)},
	{"a duplicate key in a lifted field", "/logs-a/_bulk", create("16", stamp+`"lifted":{"a":1,"a":2}}`)},
	{"text in a number", "/logs-a/_bulk", create("17", stamp+`"number":"many"}`)},
	{"an object in a keyword", "/logs-a/_bulk", create("18", stamp+`"word":{"a":1}}`)},
	{"no time", "/logs-a/_bulk", create("19", `{"message":"a"}`)},
	{"an array of one time", "/logs-a/_bulk", create("20", `{"@timestamp":["2026-11-29T10:00:00.000Z"],"message":"a"}`)},
	{"an array of two times", "/logs-a/_bulk", create("20b", `{"@timestamp":["2026-11-29T10:00:00.000Z","2026-11-29T11:00:00.000Z"],"message":"a"}`)},
	{"a time that is none", "/logs-a/_bulk", create("21", `{"@timestamp":"yesterday","message":"a"}`)},
	{"a long keyword", "/logs-a/_bulk", create("22", stamp+`"word":"`+strings.Repeat("a", 32767)+`"}`)},
	{"a long keyword that is ignored", "/logs-a/_bulk", create("23", stamp+`"cut":"`+strings.Repeat("a", 32767)+`"}`)},
	{"an empty id", "/logs-a/_bulk", create("", stamp+`"message":"a"}`)},
	{"an id that is too long among good ones", "/logs-a/_bulk", create("25", stamp+`"message":"a"}`) + create(strings.Repeat("a", 513), stamp+`"message":"a"}`)},
	{"none of the request before was kept", "/logs-a/_bulk", create("25", stamp+`"message":"a"}`)},
	{"no final newline", "/logs-a/_bulk", strings.TrimSpace(create("26", stamp+`"message":"a"}`))},
	{"an empty body", "/logs-a/_bulk", ""},
	{"an action line that is none", "/logs-a/_bulk", "{\"create\":{\"_id\":}\n{}\n"},
	{"a lone surrogate", "/logs-a/_bulk", create("30", stamp+`"message":"\ud800"}`)},
	{"a zero character", "/logs-a/_bulk", create("31", stamp+`"message":"\u0000"}`)},
	{"a time as a number", "/logs-a/_bulk", create("32", `{"@timestamp":1,"message":"a"}`)},
	{"the time 0", "/logs-a/_bulk", create("33", `{"@timestamp":0,"message":"a"}`)},
	{"a negative time", "/logs-a/_bulk", create("34", `{"@timestamp":-1000,"message":"a"}`)},
	{"a far time", "/logs-a/_bulk", create("35", `{"@timestamp":99999999999999999,"message":"a"}`)},
	{"a deep lifted field", "/logs-a/_bulk", create("36", stamp+`"lifted":`+strings.Repeat(`{"a":`, 900)+"1"+strings.Repeat("}", 900)+"}")},
	{"a message of 1 MB", "/logs-a/_bulk", create("37", stamp+`"message":"`+strings.Repeat("word ", 200_000)+`"}`)},
	{"a lifted value that is too long", "/logs-a/_bulk", create("38", stamp+`"lifted":{"a":"`+strings.Repeat("a", 32767)+`"}}`)},
	{"a text as a lifted field", "/logs-a/_bulk", create("39", stamp+`"lifted":"a"}`)},
	{"an array as a lifted field", "/logs-a/_bulk", create("40", stamp+`"lifted":[1,2]}`)},
	{"an array of objects in a lifted field", "/logs-a/_bulk", create("41", stamp+`"lifted":{"a":[{"b":1},{"b":2}]}}`)},
	{"null as a lifted field", "/logs-a/_bulk", create("42", stamp+`"lifted":null}`)},
	{"an empty lifted field", "/logs-a/_bulk", create("43", stamp+`"lifted":{}}`)},
	{"large numbers in a lifted field", "/logs-a/_bulk", create("44", stamp+`"lifted":{"a":1e400,"b":12345678901234567890}}`)},
	{"an empty key in a lifted field", "/logs-a/_bulk", create("45", stamp+`"lifted":{"":1}}`)},
	{"a keyword below", "/logs-a/_bulk", create("46", stamp+`"inner":{"word":["a","b"]}}`)},
	{"a name without a template", "/plain/_bulk", create("1", stamp+`"message":"a"}`)},
	{"the same again there", "/plain/_bulk", create("1", stamp+`"message":"a"}`)},
}

// The stand-in stands for the node in tests: it may not be kinder, or harder.
func TestStandIn_answersAsTheNodeDoes(t *testing.T) {
	ctx := t.Context()
	standIn, err := opensearch.StartStandIn(ctx)
	want.NoError(t, "starting the stand-in", err)
	defer standIn.Stop()
	if why := opensearch.Missing(); why != nil {
		t.Skipf("the stand-in is not compared with the node here: %v", why)
	}
	node, err := opensearch.StartNode(ctx, nil)
	want.NoError(t, "starting the node", err)
	defer node.Stop()

	both := func(method, path, body string) (ofStandIn, ofNode string) {
		return summary(ctx, t, standIn, method, path, body), summary(ctx, t, node, method, path, body)
	}
	for _, step := range []struct{ name, method, path, body string }{
		{"a data stream before its template", http.MethodPut, "/_data_stream/logs-a", ""},
		{"a template that is not there", http.MethodGet, "/_index_template/logs", ""},
		{"a template", http.MethodPut, "/_index_template/logs", template},
		{"a field of a kind that is unknown", http.MethodPut, "/_index_template/bad", strings.Replace(template, "flat_object", "flattened", 1)},
		{"the template", http.MethodGet, "/_index_template/logs", ""},
		{"a data stream that is not there", http.MethodGet, "/_data_stream/logs-a", ""},
		{"a data stream", http.MethodPut, "/_data_stream/logs-a", ""},
		{"the data stream again", http.MethodPut, "/_data_stream/logs-a", ""},
		{"the data stream", http.MethodGet, "/_data_stream/logs-a", ""},
		{"a new field", http.MethodPut, "/logs-a/_mapping", `{"properties":{"new":{"type":"long"}}}`},
		{"a field of another kind", http.MethodPut, "/logs-a/_mapping", `{"properties":{"new":{"type":"keyword"}}}`},
		{"a field of an index that is not there", http.MethodPut, "/nothing/_mapping", `{"properties":{"new":{"type":"long"}}}`},
		{"an index", http.MethodPut, "/logging", `{"mappings":{"properties":{"n":{"type":"long"}}}}`},
		{"the index again", http.MethodPut, "/logging", `{"mappings":{"properties":{"n":{"type":"long"}}}}`},
		{"an index as a data stream", http.MethodGet, "/_data_stream/logging", ""},
		{"a data stream in the place of an index", http.MethodPut, "/_data_stream/logging", ""},
	} {
		t.Run(step.name, func(t *testing.T) {
			got, real := both(step.method, step.path, step.body)
			want.Equal(t, "what the stand-in answers, beside the node", got, real)
		})
	}
	for _, request := range requests {
		t.Run(request.name, func(t *testing.T) {
			got, real := both(http.MethodPost, request.path, request.body)
			want.Equal(t, "what the stand-in answers, beside the node", got, real)
		})
	}
	t.Run("a cut gzip body", func(t *testing.T) {
		got, real := gzipped(ctx, t, standIn), gzipped(ctx, t, node)
		want.Equal(t, "what the stand-in answers, beside the node", got, real)
	})
}

// summary is what the log-shipper may read of an answer.
func summary(ctx context.Context, t *testing.T, s opensearch.Service, method, path, body string) string {
	t.Helper()
	status, answer, err := opensearch.Look(s).Call(ctx, method, path, body)
	want.NoError(t, method+" "+path, err)
	return inShort(t, status, answer)
}

func inShort(t *testing.T, status int, answer []byte) string {
	t.Helper()
	type failure struct{ Type string }
	var told struct {
		Error  *failure
		Errors bool
		Items  []map[string]struct {
			Index  string `json:"_index"`
			Status int
			Error  *failure
		}
	}
	if err := json.Unmarshal(answer, &told); err != nil {
		t.Fatalf("%v: %s", err, answer)
	}
	line := fmt.Sprint(status)
	if told.Error != nil {
		line += " " + told.Error.Type
	}
	if told.Errors {
		line += " errors"
	}
	for _, item := range told.Items {
		for op, of := range item {
			line += fmt.Sprintf(" / %s %s %d", op, of.Index, of.Status)
			if of.Error != nil {
				line += " " + of.Error.Type
			}
		}
	}
	return line
}

func gzipped(ctx context.Context, t *testing.T, s opensearch.Service) string {
	t.Helper()
	var whole bytes.Buffer
	writer := gzip.NewWriter(&whole)
	for i := range 200 {
		fmt.Fprint(writer, create(fmt.Sprint("cut-", i*7919), stamp+fmt.Sprintf(`"message":"%d"}`, i*104729)))
	}
	want.NoError(t, "compressing", writer.Close())
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL()+"/logs-a/_bulk", bytes.NewReader(whole.Bytes()[:whole.Len()/2]))
	want.NoError(t, "making a request", err)
	request.Header.Set("Content-Type", "application/x-ndjson")
	request.Header.Set("Content-Encoding", "gzip")
	given, err := http.DefaultClient.Do(request)
	want.NoError(t, "sending a cut body", err)
	defer func() { _ = given.Body.Close() }()
	var told struct{ Errors bool }
	want.NoError(t, "reading the answer", json.NewDecoder(given.Body).Decode(&told))
	return fmt.Sprint(given.StatusCode, " errors ", told.Errors)
}
