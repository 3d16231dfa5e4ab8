package document_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"caretaker/internal/want"
	"caretaker/log-shipper/document"
)

func TestMaker_liftsObjectsAsTheyAre(t *testing.T) {
	for name, c := range map[string]struct{ message, want string }{
		"numbers keep their digits":      {`{"n":12345678901234567890,"e":1e400,"f":-0.10,"z":0}`, ""},
		"reserved names are below json":  {`{"@timestamp":"never","message":"mine","_id":"1","tags":[],"cloud.region":"x"}`, ""},
		"blanks go":                      {"{ \"a\" : [ 1 , 2 ] ,\n\t\"b\" : { } }\r\n", `{"a":[1,2],"b":{}}`},
		"blanks in strings stay":         {`{"a b":"c  d"}`, ""},
		"words":                          {`{"a":[true,false,null]}`, ""},
		"empty keys":                     {`{"":{"":1}}`, ""},
		"the same key in two objects":    {`{"a":{"x":1},"b":{"x":2},"x":3}`, ""},
		"escapes":                        {`{"a\"b":"c\\d\né\u00e9"}`, ""},
		"the empty object":               {`{}`, ""},
		"a message that is an object":    {`{"timestamp":"t","level":"INFO","message":{"order":7},"requestId":"r"}`, ""},
		"a message that is JSON in text": {`{"timestamp":"t","level":"INFO","message":"{\"order\":{\"id\":7}, \"s\":\"a\\\"b\"}\n","requestId":"r"}`, `{"timestamp":"t","level":"INFO","message":{"order":{"id":7},"s":"a\"b"},"requestId":"r"}`},
		"a message that only begins so":  {`{"message":"{not JSON}","a":1}`, ""},
		"a message with doubled keys":    {`{"message":"{\"a\":1,\"a\":2}","a":1}`, ""},
		"as deep as it may be":           {strings.Repeat(`{"a":`, 63) + "1" + strings.Repeat("}", 63), ""},
		"a value as long as it may be":   {`{"abc":"` + strings.Repeat("x", 32_766-len("json.json.abc=")) + `"}`, ""},
		"its escapes count once":         {`{"abc":"` + strings.Repeat(`\n`, 32_766-len("json.json.abc=")) + `"}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			doc := alone(t, document.Config{}, c.message)
			if c.want == "" {
				c.want = c.message
			}
			got, err := json.Marshal(doc["json"])
			want.NoError(t, "encoding", err)
			want.Equal(t, "the lifted object", string(got), compact(t, c.want))
			want.Equal(t, "the message", doc["message"], any(c.message))
			want.Equal(t, "the tags", fields(doc, "tags", "@timestamp", "cloud.region"), "tags= @timestamp=2026-11-29T12:00:00.001Z cloud.region=eu-west-1")
		})
	}
}

// compact is JSON as the decoder of the tests writes it.
func compact(t *testing.T, text string) string {
	t.Helper()
	again, err := json.Marshal(decoded(t, []byte(text)))
	want.NoError(t, "encoding", err)
	return string(again)
}

func TestMaker_dropsALiftedObjectThatANodeWouldRefuseAndMarksTheEvent(t *testing.T) {
	for name, message := range map[string]string{
		"a key twice":                        `{"a":1,"b":2,"a":3}`,
		"a key twice, once with an escape":   `{"a":1,"\u0061":2}`,
		"a key twice, deep down":             `{"x":[{"a":1},{"a":1,"b":{"c":1,"c":1}}]}`,
		"a value and path that are too long": `{"abc":"` + strings.Repeat("x", 32_767-len("json.json.abc=")) + `"}`,
		"a long number":                      `{"abc":` + strings.Repeat("1", 32_767) + `}`,
		"a long path":                        strings.Repeat(`{"`+strings.Repeat("k", 700)+`":`, 50) + "1" + strings.Repeat("}", 50),
		"more keys than are told apart":      "{" + strings.Join(numbered(1<<16+1), ",") + "}",
		"nested too deep":                    strings.Repeat(`{"a":`, 65) + "1" + strings.Repeat("}", 65),
	} {
		t.Run(name, func(t *testing.T) {
			docs, counts := documents(t, document.Config{}, payloadOf("before", message, "after"))
			want.Equal(t, "documents", len(docs), 3)
			want.Equal(t, "what stands in it", fields(docs[1], "json", "tags"), `json= tags=["lifted_dropped"]`)
			want.Equal(t, "the message", docs[1]["message"], any(message))
			want.Equal(t, "marked", counts.Marked, 1)
		})
	}
}

// numbered are pairs of JSON with a key each.
func numbered(count int) (pairs []string) {
	for i := range count {
		pairs = append(pairs, fmt.Sprintf("\"k%d\":%d", i, i))
	}
	return pairs
}

func TestMaker_liftsNothingThatIsNoJSONAndSaysNothingOfIt(t *testing.T) {
	for _, message := range []string{
		`{`, `{}{}`, `{"a":1} {"b":2}`, `{a:1}`, `{'a':1}`, `{"a":1,}`, `{"a":01}`, `{"a":.5}`, `{"a":1.}`, `{"a":1e}`, `{"a":+1}`, `{"a":NaN}`, `{"a":tru}`, `{"a"}`, `{"a":}`, `{,}`,
		`{"a":"b}`, "{\"a\":\"line\nbreak\"}", `{"a":"\x"}`, `{"a":[1,]}`, `{"a":[1 2]}`, `{"a" "b"}`, `{"a":1 "b":2}`, `{"a":-}`, strings.Repeat(`{"a":`, 2000) + "1" + strings.Repeat("}", 2000),
	} {
		doc := alone(t, document.Config{}, message)
		want.Equal(t, "what stands in the document of "+message[:min(40, len(message))], fields(doc, "json", "tags"), "json= tags=")
	}
}

func TestMaker_makesFieldsOfTraceAndCorrelationIDs(t *testing.T) {
	config := document.Config{Correlation: []string{"orderId", "x-correlation-tenant"}}
	for name, c := range map[string]struct{ message, want string }{
		"x-correlation-*":       {`{"x-correlation-id":"c1","X-Correlation-User":"u1","x-correlation-depth":2}`, `{"User":"u1","depth":"2","id":"c1"} - -`},
		"the usual names":       {`{"correlationId":"c1","correlation_id":"c2"}`, `{"id":"c1"} - -`},
		"configured keys":       {`{"orderId":77,"customerId":"c"}`, `{"orderId":"77"} - -`},
		"in Lambda's format":    {`{"level":"INFO","message":{"x-correlation-id":"c1","traceId":"t1"}}`, `{"id":"c1"} t1 -`},
		"in JSON in a string":   {`{"level":"INFO","message":"{\"x-correlation-id\":\"c1\"}"}`, `{"id":"c1"} - -`},
		"what stands outside":   {`{"x-correlation-id":"outer","message":{"x-correlation-id":"inner"}}`, `{"id":"outer"} - -`},
		"not deeper":            {`{"a":{"x-correlation-id":"c1"}}`, "- - -"},
		"not what is no id":     {`{"x-correlation-id":{"a":1},"x-correlation-":"x","orderId":null,"correlationId":true}`, "- - -"},
		"nor what is too long":  {`{"x-correlation-id":"` + strings.Repeat("x", 1025) + `"}`, "- - -"},
		"nor with an escape":    {`{"x-correlation-id":"a\"b"}`, "- - -"},
		"traces":                {`{"trace_id":"t1","span_id":"s1"}`, "- t1 s1"},
		"Powertools' trace":     {`{"xray_trace_id":"1-5759e988-bd862e3fe1be46a994272793"}`, "- 1-5759e988-bd862e3fe1be46a994272793 -"},
		"a trace header":        {`{"traceId":"Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1"}`, "- 1-5759e988-bd862e3fe1be46a994272793 -"},
		"behind a prefix":       {"2026-11-29T12:00:00.000Z\t" + idA + "\tINFO\t" + `{"x-correlation-id":"c1"}`, `{"id":"c1"} - -`},
		"no more than 16 of it": {`{"x-correlation-01":1,"x-correlation-02":1,"x-correlation-03":1,"x-correlation-04":1,"x-correlation-05":1,"x-correlation-06":1,"x-correlation-07":1,"x-correlation-08":1,"x-correlation-09":1,"x-correlation-10":1,"x-correlation-11":1,"x-correlation-12":1,"x-correlation-13":1,"x-correlation-14":1,"x-correlation-15":1,"x-correlation-16":1,"x-correlation-17":1}`, `{"01":"1","02":"1","03":"1","04":"1","05":"1","06":"1","07":"1","08":"1","09":"1","10":"1","11":"1","12":"1","13":"1","14":"1","15":"1","16":"1"} - -`},
	} {
		t.Run(name, func(t *testing.T) {
			doc := alone(t, config, c.message)
			var got []string
			for _, field := range []string{"correlation", "trace.id", "span.id"} {
				_, value, _ := strings.Cut(fields(doc, field), "=")
				if value == "" {
					value = "-"
				}
				got = append(got, value)
			}
			want.Equal(t, "the ids", strings.Join(got, " "), c.want)
		})
	}
}

func TestMaker_makesFieldsOfErrors(t *testing.T) {
	doc := alone(t, document.Config{}, `{"timestamp":"t","level":"ERROR","message":{"errorType":"ValueError","errorMessage":"no \"basket\"","stackTrace":["a","b"]},"requestId":"`+idA+`"}`)
	want.Equal(t, "the error", fields(doc, "error.type", "error.message", "log.level", "faas.execution"),
		`error.type=ValueError error.message=no \"basket\ log.level=error faas.execution=`+idA)
}
