package opensearch

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
)

// mostID is the longest _id in bytes; one over it has the node refuse the whole request.
const mostID = 512

// bulk carries out the pairs of lines of a request.
func (s *StandIn) bulk(name string, body []byte) answer {
	if len(body) == 0 {
		return problem(400, "parse_exception", "request body is required")
	}
	if body[len(body)-1] != '\n' {
		return problem(400, "illegal_argument_exception", "The bulk request must be terminated by a newline [\\n]")
	}
	type pair struct {
		op, index, id string
		hasID         bool
		doc           []byte
	}
	var pairs []pair
	lines := bytes.Split(body, []byte("\n"))
	for at := 0; at+1 < len(lines); at += 2 {
		if len(bytes.TrimSpace(lines[at])) == 0 {
			at--
			continue
		}
		var action map[string]struct {
			Index string  `json:"_index"`
			ID    *string `json:"_id"`
		}
		if err := json.Unmarshal(lines[at], &action); err != nil || len(action) != 1 {
			return problem(400, "json_parse_exception", fmt.Sprintf("Malformed action/metadata line [%d]", at+1))
		}
		for op, meta := range action {
			one := pair{op: op, index: meta.Index, doc: lines[at+1]}
			if one.index == "" {
				one.index = name
			}
			if meta.ID != nil {
				one.id, one.hasID = *meta.ID, true
			}
			if len(one.id) > mostID {
				return problem(400, "action_request_validation_exception", fmt.Sprintf("Validation Failed: 1: id [%s] is too long, must be no longer than 512 bytes but was: %d;", one.id, len(one.id)))
			}
			pairs = append(pairs, one)
		}
	}
	items, failed := []any{}, false
	for _, one := range pairs {
		item := s.carryOut(one.op, one.index, one.id, one.hasID, one.doc)
		failed = failed || item["error"] != nil
		items = append(items, object{one.op: item})
	}
	return answer{200, object{"took": 1, "errors": failed, "items": items}}
}

// carryOut does one item, and answers it.
func (s *StandIn) carryOut(op, name, id string, hasID bool, doc []byte) object {
	where, found := s.put(name)
	item := object{"_index": where, "_id": id}
	refuse := func(status int, kind, reason string) object {
		item["status"], item["error"] = status, cause(kind, reason)
		return item
	}
	switch {
	case op != "create" && op != "index":
		return refuse(400, "illegal_argument_exception", "the stand-in does not know "+op)
	case op == "index" && found.stream:
		item["_index"] = name
		return refuse(400, "illegal_argument_exception", "only write ops with an op_type of create are allowed in data streams")
	case hasID && id == "":
		return refuse(400, "illegal_argument_exception", "if _id is specified it must not be empty")
	}
	if !hasID {
		id = strings.ToLower(rand.Text())
		item["_id"] = id
	}
	if _, there := found.docs[id]; there && op == "create" {
		return refuse(409, "version_conflict_engine_exception", "["+id+"]: version conflict, document already exists (current version [1])")
	}
	if kind, reason := found.check(doc); kind != "" {
		return refuse(400, kind, reason)
	}
	found.ids = append(found.ids, id)
	found.docs[id] = bytes.Clone(doc)
	item["status"], item["result"], item["_version"] = 201, "created", 1
	return item
}
