package dashboards

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"caretaker/internal/opensearch"
	"caretaker/internal/want"
	"caretaker/log-shipper/bulk"
	"caretaker/log-shipper/document"
	"caretaker/log-shipper/sample"
)

// body is what Dashboards asks the node of a picture: each group with the numbers in it, the innermost last.
func body(t *testing.T, query string, picture state) map[string]any {
	t.Helper()
	metrics := map[string]any{}
	var groups []agg
	for _, a := range picture.Aggs {
		if a.Schema != "metric" {
			groups = append(groups, a)
			continue
		}
		inner := map[string]any{}
		if a.Params.JSON != "" {
			inner = decoded[map[string]any](t, a.Params.JSON)
		}
		if a.Params.Field != "" {
			inner["field"] = a.Params.Field
		}
		if a.Params.Percents != nil {
			inner["percents"] = a.Params.Percents
		}
		if a.Type != "count" { // each group has its count
			metrics[a.ID] = map[string]any{a.Type: inner}
		}
	}
	below := metrics
	for i := len(groups) - 1; i >= 0; i-- {
		next := map[string]any{groups[i].Type: grouped(picture, groups[i])}
		for id, metric := range metrics {
			if _, has := below[id]; !has {
				below[id] = metric
			}
		}
		if len(below) > 0 {
			next["aggs"] = below
		}
		below = map[string]any{groups[i].ID: next}
	}
	return map[string]any{"size": 0, "query": lucene(query), "aggs": below}
}

func lucene(query string) any {
	return map[string]any{"query_string": map[string]any{"query": query, "analyze_wildcard": true}}
}

func grouped(picture state, a agg) map[string]any {
	switch a.Type {
	case "date_histogram":
		return map[string]any{"field": a.Params.Field, "fixed_interval": "30m", "min_doc_count": 1}
	case "filters":
		filters := map[string]any{}
		for _, f := range a.Params.Filters {
			filters[f.Label] = lucene(f.Input.Query)
		}
		return map[string]any{"filters": filters}
	}
	order := a.Params.OrderBy
	for _, m := range picture.Aggs {
		if m.ID == order && m.Type == "count" {
			order = "_count"
		}
	}
	return map[string]any{"field": a.Params.Field, "size": a.Params.Size, "order": map[string]any{order: a.Params.Order}}
}

// invocation is what one run of a function logs.
func invocation(number int, function string, cold, fails bool, duration, used int) []byte {
	id := fmt.Sprintf("8a1f0000-0000-4000-a000-%012d", number)
	start := []string{"START RequestId: " + id + " Version: 7\n", fmt.Sprintf(`{"level":"info","x-correlation-id":"order-%d","message":"taken"}`, number%3)}
	report := fmt.Sprintf("REPORT RequestId: %s\tDuration: %d.00 ms\tBilled Duration: %d ms\tMemory Size: 128 MB\tMax Memory Used: %d MB", id, duration, duration, used)
	if cold {
		report += "\tInit Duration: 250.00 ms"
	}
	if fails {
		start = append(start, "[ERROR] no")
		report += "\tStatus: timeout"
	}
	var events []any
	for i, line := range append(start, "END RequestId: "+id+"\n", report+"\n") {
		at := time.Now().UnixMilli() - int64(number)*60_000 + int64(i)
		events = append(events, map[string]any{"id": fmt.Sprintf("%056d", number*100+i), "timestamp": at, "message": line})
	}
	return sample.Of("/aws/lambda/"+function, "2026/11/29/[7]0123456789abcdef0123456789abcdef", events)
}

// stocked is a real node with the documents of some invocations; each with an even number is sampled, one in two.
func stocked(t *testing.T) opensearch.View {
	t.Helper()
	if why := opensearch.Missing(); why != nil {
		t.Skipf("the pictures need a real node: %v", why)
	}
	node, err := opensearch.StartNode(t.Context(), nil)
	want.NoError(t, "starting the node", err)
	t.Cleanup(node.Stop)
	to, err := bulk.New(bulk.Options{Endpoint: node.URL(), DataStream: stream, Auth: bulk.Auth{Type: bulk.None}, IDs: true})
	want.NoError(t, "making the destination", err)
	_, err = to.Setup(t.Context())
	want.NoError(t, "setting up", err)
	maker, err := document.NewMaker(document.Config{}, document.Options{Region: "eu-west-1"})
	want.NoError(t, "making the maker", err)
	var batch document.Batch
	for _, payload := range [][]byte{
		invocation(1, "checkout", true, false, 100, 64), invocation(2, "checkout", false, false, 200, 96), invocation(3, "checkout", false, true, 3000, 128),
		invocation(4, "orders", true, false, 10, 32), invocation(5, "orders", false, true, 900, 64), invocation(6, "orders", false, true, 901, 64), invocation(7, "mail", false, false, 5, 30),
	} {
		maker.Begin(payload)
		for maker.Fill(&batch, 1<<20) {
		}
	}
	fates := to.Send(t.Context(), &batch)
	want.Equal(t, "what was not sent", fates.Err, nil)
	return opensearch.Look(node)
}

// asked is what a node answers to a search.
func asked(t *testing.T, view opensearch.View, query map[string]any) map[string]any {
	t.Helper()
	text, err := json.Marshal(query)
	want.NoError(t, "composing", err)
	status, answer, err := view.Call(t.Context(), http.MethodPost, "/"+stream+"/_search", string(text))
	want.NoError(t, "searching", err)
	if status != http.StatusOK {
		t.Fatalf("%s: %d %s", text, status, answer)
	}
	return decoded[map[string]any](t, string(answer))
}

// rows are the groups of an answer with their counts and numbers, one below the other, in its order. Times are left
// out: they are when the test ran.
func rows(picture state, of map[string]any, before string) (all []string) {
	for _, a := range picture.Aggs {
		if a.Schema == "metric" {
			continue
		}
		grouped, here := of[a.ID].(map[string]any)
		if !here {
			continue
		}
		switch buckets := grouped["buckets"].(type) {
		case []any:
			for _, b := range buckets {
				bucket := b.(map[string]any)
				key := fmt.Sprint(bucket["key"])
				if a.Type == "date_histogram" {
					key = "time"
				}
				all = append(all, rows(picture, bucket, before+key+" ")...)
			}
		case map[string]any:
			for _, f := range a.Params.Filters {
				all = append(all, rows(picture, buckets[f.Label].(map[string]any), before+f.Label+" ")...)
			}
		}
		return all
	}
	line := strings.TrimSpace(before) + ":"
	for _, a := range picture.Aggs {
		value, _ := of[a.ID].(map[string]any)
		switch {
		case a.Schema != "metric" || a.Params.Field == "@timestamp":
		case a.Type == "count":
			line += fmt.Sprint(" ", of["doc_count"])
		case a.Type == "percentiles":
			line += fmt.Sprint(" ", value["values"])
		default:
			line += fmt.Sprint(" ", value["value"])
		}
	}
	return []string{line}
}

// Each picture's own query and aggregations, run by a real node over documents that the shipper made, come to
// what happened.
func TestObjects_showWhatHappened(t *testing.T) {
	view := stocked(t)
	_, err := view.Count(t.Context(), stream) // and refreshes
	want.NoError(t, "counting", err)
	for name, shows := range map[string][]string{
		"errors-by-function":      {"orders: 4 2", "checkout: 2 1"},
		"failures-by-function":    {"orders timeout: 2", "checkout timeout: 1"},
		"cold-starts-by-function": {"checkout: 1 250 250", "orders: 1 250 250"},
		"slowest-functions": {
			"checkout: 3000 map[50.0:200 95.0:3000 99.0:3000] 3", "orders: 901 map[50.0:900 95.0:901 99.0:901] 3", "mail: 5 map[50.0:5 95.0:5 99.0:5] 1",
		},
		"memory-by-function": {
			"checkout: 100 map[50.0:75 95.0:100] 128 128 128", "orders: 50 map[50.0:50 95.0:50] 64 128 128", "mail: 23.4 map[50.0:23.4 95.0:23.4] 30 128 128",
		},
	} {
		t.Run(name, func(t *testing.T) {
			one := objectNamed(t, name)
			picture := decoded[state](t, one.Attributes.VisState)
			answer := asked(t, view, body(t, queryOf(t, one), picture))
			want.Equal(t, "the rows", rows(picture, answer["aggregations"].(map[string]any), ""), shows)
		})
	}
	for name, sum := range map[string]map[string]float64{"errors-over-time": {"orders": 4, "checkout": 2}, "cold-starts-over-time": {"cold": 2, "warm": 5}} {
		t.Run(name, func(t *testing.T) {
			one := objectNamed(t, name)
			picture := decoded[state](t, one.Attributes.VisState)
			answer := asked(t, view, body(t, queryOf(t, one), picture))
			found := map[string]float64{}
			for _, row := range rows(picture, answer["aggregations"].(map[string]any), "") {
				var key string
				var value float64
				_, err := fmt.Sscanf(strings.ReplaceAll(row, ":", ""), "time %s %g", &key, &value)
				want.NoError(t, "reading "+row, err)
				found[key] += value
			}
			want.Equal(t, "the sums over all times", found, sum)
		})
	}
	t.Run("slowest-invocations", func(t *testing.T) { listed(t, view, "slowest-invocations", nil, 7, "3000") })
	t.Run("one-id", func(t *testing.T) { listed(t, view, "one-id", nil, 31, "") })
	// The query bar of a dashboard narrows a list: by an exact match of one field, or of any below it.
	for field, found := range map[string]int{"correlation": 2, "correlation.id": 2} {
		t.Run("one-id, by "+field, func(t *testing.T) {
			listed(t, view, "one-id", map[string]any{"match_phrase": map[string]any{field: "order-2"}}, found, "")
		})
	}
	t.Run("one-id, by request", func(t *testing.T) {
		listed(t, view, "one-id", map[string]any{"match_phrase": map[string]any{"faas.execution": "8a1f0000-0000-4000-a000-000000000003"}}, 5, "")
	})
}

// listed runs a list, narrowed or not, and looks at how many documents there are and at the first one's duration.
func listed(t *testing.T, view opensearch.View, name string, narrowed any, count int, duration string) {
	t.Helper()
	one := objectNamed(t, name)
	must := []any{lucene(queryOf(t, one))}
	if narrowed != nil {
		must = append(must, narrowed)
	}
	sort := one.Attributes.Sort[0]
	answer := asked(t, view, map[string]any{
		"size": 1, "track_total_hits": true, "query": map[string]any{"bool": map[string]any{"filter": must}},
		"sort": []any{map[string]any{sort[0]: map[string]any{"order": sort[1], "unmapped_type": "boolean"}}},
	})
	hits := answer["hits"].(map[string]any)
	want.Equal(t, "documents", fmt.Sprint(hits["total"].(map[string]any)["value"]), fmt.Sprint(count))
	if duration != "" {
		first := hits["hits"].([]any)[0].(map[string]any)["_source"].(map[string]any)
		want.Equal(t, "the first one's duration", fmt.Sprint(first["aws.lambda.duration_ms"]), duration)
	}
}

func objectNamed(t *testing.T, name string) object {
	t.Helper()
	for _, one := range objects(t) {
		if one.ID == "caretaker-"+stream+"-"+name {
			return one
		}
	}
	t.Fatalf("there is no %s", name)
	return object{}
}

func queryOf(t *testing.T, one object) string {
	t.Helper()
	searched := decoded[struct {
		Query struct{ Query, Language string }
	}](t, one.Attributes.KibanaSavedObjectMeta.SearchSourceJSON)
	want.Equal(t, "the language of the query", searched.Query.Language, "lucene")
	return searched.Query.Query
}
