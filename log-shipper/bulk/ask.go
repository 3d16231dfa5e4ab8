package bulk

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// refusal is an answer that is an error.
type refusal struct {
	status     int
	kind, text string
}

func (r *refusal) Error() string { return r.text }

// ask sends one request that is not _bulk, and answers what came.
func (d *Destination) ask(ctx context.Context, method, path string, value any) ([]byte, error) {
	var body []byte
	header := http.Header{}
	if value != nil {
		var err error
		if body, err = json.Marshal(value); err != nil {
			return nil, err
		}
		header.Set("Content-Type", "application/json")
	}
	status, answer, err := d.Call(ctx, method, path, header, body)
	if err != nil || status/100 == 2 {
		return answer, err
	}
	var told struct{ Error struct{ Type string } }
	_ = json.Unmarshal(answer, &told) // without a type it is no error that is known
	text := whole(status, answer)
	return nil, &refusal{status, told.Error.Type, strings.TrimSpace(text)}
}

// Call sends one request of any kind below the endpoint, with what the endpoint knows us by, and answers its
// status and body. It is for people's commands: what ships documents is Send.
func (d *Destination) Call(ctx context.Context, method, path string, header http.Header, body []byte) (status int, answer []byte, err error) {
	request, err := http.NewRequestWithContext(ctx, method, d.endpoint+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	for key, values := range header {
		request.Header[key] = values
	}
	if d.prove != nil {
		if err := d.prove(ctx, request, body); err != nil {
			return 0, nil, err
		}
	}
	given, err := d.client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = given.Body.Close() }()
	answer, err = io.ReadAll(io.LimitReader(given.Body, largestAnswer))
	if err != nil {
		return 0, nil, fmt.Errorf("reading the answer: %w", err)
	}
	return given.StatusCode, answer, nil
}
