package opensearch

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
)

// pairs are the documents of a _bulk request.
type pairs []struct {
	id    string
	lines []byte // its action line and itself, with their line ends
}

// plain is a body decompressed; a body that cannot be is taken as it is.
func plain(header http.Header, body []byte) []byte {
	if header.Get("Content-Encoding") != "gzip" {
		return body
	}
	reader, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return body
	}
	unpacked, err := io.ReadAll(reader)
	if err != nil {
		return body
	}
	return unpacked
}

// pairsOf takes a request apart; one that is no _bulk request has no pairs.
func pairsOf(body []byte) (found pairs) {
	for len(body) > 0 {
		action := bytes.IndexByte(body, '\n') + 1
		end := action + bytes.IndexByte(body[action:], '\n') + 1
		var told map[string]struct {
			ID string `json:"_id"`
		}
		if action == 0 || end == action || json.Unmarshal(body[:action], &told) != nil {
			return found
		}
		for _, meta := range told {
			found = append(found, struct {
				id    string
				lines []byte
			}{meta.ID, body[:end]})
		}
		body = body[end:]
	}
	return found
}

// refused are the places that a fault answers, with their status.
func (p pairs) refused(item func(int, string) int) map[int]int {
	found := map[int]int{}
	for place, one := range p {
		if item == nil {
			break
		}
		if status := item(place, one.id); status != 0 {
			found[place] = status
		}
	}
	return found
}

func (p pairs) without(refused map[int]int) (body []byte) {
	for place, one := range p {
		if refused[place] == 0 {
			body = append(body, one.lines...)
		}
	}
	return body
}

// refusals are what a node says for a status.
var refusals = map[int]string{
	429: "rejected_execution_exception", 400: "mapper_parsing_exception", 403: "security_exception", 404: "index_not_found_exception", 503: "unavailable_shards_exception",
}

// answer puts what was refused between what the service answered about the rest.
func (p pairs) answer(given []byte, refused map[int]int) ([]byte, error) {
	var told struct{ Items []json.RawMessage }
	if given != nil {
		if err := json.Unmarshal(given, &told); err != nil {
			return nil, err
		}
	}
	var items []any
	next := 0
	for place, one := range p {
		status := refused[place]
		if status == 0 {
			items = append(items, told.Items[next])
			next++
			continue
		}
		items = append(items, object{"create": object{"_index": "refused", "_id": one.id, "status": status, "error": cause(refusals[status], "the gate refuses it")}})
	}
	return json.Marshal(object{"took": 1, "errors": true, "items": items})
}
