package bulk_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"caretaker/internal/opensearch"
	"caretaker/internal/want"
	"caretaker/log-shipper/bulk"
)

func TestSetup_mayBeRunAgain(t *testing.T) {
	w := worldOf(t, sharedService(t))
	d := destination(t, w.options)
	server := "OpenSearch " + opensearch.Version
	done, err := d.Setup(t.Context())
	want.NoError(t, "setting up", err)
	want.Equal(t, "the first time", done, bulk.Done{Server: server, Template: bulk.Created, Stream: bulk.Created})
	done, err = d.Setup(t.Context())
	want.NoError(t, "setting up again", err)
	want.Equal(t, "the second time", done, bulk.Done{Server: server, Template: bulk.AsItWas, Stream: bulk.AsItWas})
	delivered(t, d.Send(t.Context(), some(5)), 5)
	done, err = d.Setup(t.Context())
	want.NoError(t, "setting up with documents", err)
	want.Equal(t, "the third time", done, bulk.Done{Server: server, Template: bulk.AsItWas, Stream: bulk.AsItWas})
	w.holds(5)
}

// What a template of ours was given by others, such as the policy that ends old indexes, stays.
func TestSetup_keepsWhatOthersPutIntoTheTemplate(t *testing.T) {
	w := newWorld(t)
	path := "/_index_template/caretaker-" + w.stream
	template := func() (made map[string]any) {
		var told struct {
			Templates []struct {
				Template map[string]any `json:"index_template"`
			} `json:"index_templates"`
		}
		want.NoError(t, "reading the template", json.Unmarshal(call(t, w.service, http.MethodGet, path, ""), &told))
		return told.Templates[0].Template
	}
	edited := template()
	inner := edited["template"].(map[string]any)
	inner["settings"] = map[string]any{"index": map[string]any{"number_of_replicas": "2"}}
	fields := inner["mappings"].(map[string]any)["properties"].(map[string]any)
	delete(fields, "faas.coldstart") // as a template of an earlier release
	text, err := json.Marshal(edited)
	want.NoError(t, "encoding a template", err)
	call(t, w.service, http.MethodPut, path, string(text))

	done, err := destination(t, w.options).Setup(t.Context())
	want.NoError(t, "setting up", err)
	want.Equal(t, "what was done", done, bulk.Done{Server: "OpenSearch " + opensearch.Version, Template: bulk.Changed, Stream: bulk.Changed})
	after := template()["template"].(map[string]any)
	want.Says(t, "the settings", fmt.Sprint(after["settings"]), "number_of_replicas:2")
	want.Says(t, "the fields", fmt.Sprint(after["mappings"]), "faas.coldstart")
}

func TestSetup_saysThatAPlainIndexIsInTheWay(t *testing.T) {
	w := worldOf(t, sharedService(t))
	d := destination(t, w.options)
	d.Send(t.Context(), some(1)) // makes it
	_, err := d.Setup(t.Context())
	want.Says(t, "the error", fmt.Sprint(err), w.stream, "a plain index of that name is in the way")
	call(t, w.service, http.MethodDelete, "/"+w.stream, "")
	_, err = d.Setup(t.Context())
	want.NoError(t, "setting up after that was deleted", err)
	delivered(t, d.Send(t.Context(), some(1)), 1)
}

// Elasticsearch has another name for a field with fields of any kind.
func TestSetup_knowsElasticsearch(t *testing.T) {
	w := newSmallWorld(t)
	w.Inject(opensearch.Fault{Match: func(c opensearch.GateCall) bool { return c.Path == "/" }, Status: 200, Body: `{"name":"es","version":{"number":"9.2.1","build_flavor":"default"},"tagline":"You Know, for Search"}`})
	var template string
	w.Inject(opensearch.Fault{Match: func(c opensearch.GateCall) bool {
		put := c.Method == http.MethodPut && strings.HasPrefix(c.Path, "/_index_template/")
		if put {
			template = c.Body
		}
		return put
	}, Status: 200, Body: `{"acknowledged":true}`})
	w.options.DataStream = "logs-elastic"
	done, err := destination(t, w.options).Setup(t.Context())
	want.Says(t, "the template", template, `"json":{"depth_limit":64,"ignore_above":8191,"type":"flattened"}`, `"index_patterns":["logs-elastic"]`)
	want.Equal(t, "the server", done.Server, "Elasticsearch 9.2.1")
	want.Says(t, "the error for the template that the gate kept", fmt.Sprint(err), "no matching index template")
}

// OpenSearch Serverless has no data streams, and answers nothing at its root.
func TestSetup_makesAnIndexInOpenSearchServerless(t *testing.T) {
	w := secureWorld(t, opensearch.SigV4("aoss", "eu-west-1", keys))
	signed("aoss")(&w.options)
	w.options.DataStream = "plain"
	d := destination(t, w.options)
	for _, stream := range []string{bulk.Created, bulk.AsItWas} {
		done, err := d.Setup(t.Context())
		want.NoError(t, "setting up", err)
		want.Equal(t, "what was done", done, bulk.Done{Server: "OpenSearch Serverless", Template: bulk.NotNeeded, Stream: stream})
	}
	delivered(t, d.Send(t.Context(), some(3)), 3)
}

func TestSetup_saysWhatIsWrong(t *testing.T) {
	for _, test := range []struct {
		name  string
		fault opensearch.Fault
		says  string
	}{
		{"nobody may", opensearch.Fault{Status: 403, Body: `{"error":{"type":"security_exception","reason":"no permissions for [indices:admin/index_template/put]"}}`}, "no permissions for"},
		{"something else answers", opensearch.Fault{Status: 200, Body: `<html>`}, "neither OpenSearch nor Elasticsearch answers there"},
		{"the answer is cut", opensearch.Fault{Truncate: true}, "reading the answer"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newSmallWorld(t)
			w.Inject(test.fault)
			_, err := destination(t, w.options).Setup(t.Context())
			want.Says(t, "the error", fmt.Sprint(err), test.says, w.options.Endpoint, w.stream)
		})
	}
}
