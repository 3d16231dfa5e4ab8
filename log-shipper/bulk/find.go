package bulk

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

// Found is a document that Find found.
type Found struct {
	ID     string          `json:"_id"`
	Source json.RawMessage `json:"_source"`
}

// Find finds the newest documents, at most so many, of which a field has a value. Of a field that holds an
// object any value within it counts. It is for people: the shipper reads nothing.
func (d *Destination) Find(ctx context.Context, field, value string, most int) ([]Found, error) {
	answer, err := d.ask(ctx, http.MethodPost, d.path()+"/_search", object{
		"size": most, "sort": []any{object{"@timestamp": "desc"}}, "query": object{"term": object{field: value}},
	})
	if err != nil {
		return nil, fmt.Errorf("searching %s at %s: %w", d.options.DataStream, d.endpoint, err)
	}
	var told struct{ Hits struct{ Hits []Found } }
	if err := json.Unmarshal(answer, &told); err != nil {
		return nil, fmt.Errorf("searching %s at %s: %w", d.options.DataStream, d.endpoint, errUnreadable)
	}
	return told.Hits.Hits, nil
}
