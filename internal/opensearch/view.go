package opensearch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// View looks into a Service.
type View struct {
	// URL is the service's.
	URL string
	// Client is the client to use; nil is the default one.
	Client *http.Client
}

// Look is a view of a service.
func Look(s Service) View { return View{URL: s.URL()} }

// Document is one document that was found.
type Document struct {
	Index  string          `json:"_index"`
	ID     string          `json:"_id"`
	Source json.RawMessage `json:"_source"`
}

// Call sends a request and answers status and body. body may be nil, or a text.
func (v View) Call(ctx context.Context, method, path, body string) (int, []byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, v.URL+path, strings.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	client := v.Client
	if client == nil {
		client = http.DefaultClient
	}
	given, err := client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = given.Body.Close() }()
	answer, err := io.ReadAll(given.Body)
	return given.StatusCode, answer, err
}

// ask is Call for what must succeed.
func (v View) ask(ctx context.Context, method, path, body string, into any) error {
	status, answer, err := v.Call(ctx, method, path, body)
	if err != nil {
		return err
	}
	if status/100 != 2 {
		return fmt.Errorf("%s %s: %d %s", method, path, status, bytes.TrimSpace(answer))
	}
	return json.Unmarshal(answer, into)
}

// Count is how many documents an index or a data stream holds by now.
func (v View) Count(ctx context.Context, name string) (int, error) {
	var nothing, counted struct{ Count int }
	if err := v.ask(ctx, http.MethodPost, "/"+name+"/_refresh", "", &nothing); err != nil {
		return 0, err
	}
	err := v.ask(ctx, http.MethodGet, "/"+name+"/_count", "", &counted)
	return counted.Count, err
}

// Find finds the documents, up to 1,000, whose field has a value.
func (v View) Find(ctx context.Context, name, field, value string) ([]Document, error) {
	var nothing struct{}
	if err := v.ask(ctx, http.MethodPost, "/"+name+"/_refresh", "", &nothing); err != nil {
		return nil, err
	}
	query, err := json.Marshal(map[string]any{"size": 1000, "query": map[string]any{"term": map[string]any{field: value}}})
	if err != nil {
		return nil, err
	}
	var found struct {
		Hits struct{ Hits []Document }
	}
	err = v.ask(ctx, http.MethodPost, "/"+name+"/_search", string(query), &found)
	return found.Hits.Hits, err
}

// page is how many documents Each reads at a time; a node allows no more.
const page = 10_000

// Each reads a keyword field of every document of an index or a data stream of a real node. An empty
// text is that of a document without it.
func (v View) Each(ctx context.Context, name, field string, do func(value string)) error {
	var nothing struct{}
	if err := v.ask(ctx, http.MethodPost, "/"+name+"/_refresh", "", &nothing); err != nil {
		return err
	}
	type scroll struct {
		ID   string `json:"_scroll_id"`
		Hits struct {
			Hits []struct{ Fields map[string][]string }
		}
	}
	var given scroll
	asked := fmt.Sprintf(`{"size":%d,"sort":["_doc"],"_source":false,"docvalue_fields":[%q]}`, page, field)
	err := v.ask(ctx, http.MethodPost, "/"+name+"/_search?scroll=5m", asked, &given)
	for err == nil && len(given.Hits.Hits) > 0 {
		for _, hit := range given.Hits.Hits {
			do(strings.Join(hit.Fields[field], ","))
		}
		next := scroll{ID: given.ID}
		given = scroll{}
		err = v.ask(ctx, http.MethodPost, "/_search/scroll", fmt.Sprintf(`{"scroll":"5m","scroll_id":%q}`, next.ID), &given)
	}
	return err
}

// Processor is how much time of the processor a real node has used since it started.
func (v View) Processor(ctx context.Context) (time.Duration, error) {
	var told struct {
		Nodes map[string]struct {
			Process struct {
				CPU struct {
					Total int64 `json:"total_in_millis"`
				}
			}
		}
	}
	if err := v.ask(ctx, http.MethodGet, "/_nodes/stats/process", "", &told); err != nil {
		return 0, err
	}
	for _, node := range told.Nodes {
		return time.Duration(node.Process.CPU.Total) * time.Millisecond, nil
	}
	return 0, errors.New("the node tells nothing of its processor")
}
