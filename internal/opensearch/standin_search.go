package opensearch

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// search answers both _search and _count, which read different fields of it. It knows match_all, term and
// match of one field, size, and the newest first.
func (x *index) search(body []byte) answer {
	var asked struct {
		Size  *int                              `json:"size"`
		Sort  []map[string]string               `json:"sort"`
		Query map[string]map[string]interface{} `json:"query"`
	}
	if len(body) > 0 {
		if err := json.Unmarshal(body, &asked); err != nil {
			return problem(400, "parsing_exception", err.Error())
		}
	}
	size := 10
	if asked.Size != nil {
		size = *asked.Size
	}
	ids := slices.Clone(x.ids)
	if len(asked.Sort) > 0 && asked.Sort[0]["@timestamp"] == "desc" {
		slices.SortStableFunc(ids, func(a, b string) int { return strings.Compare(x.time(b), x.time(a)) })
	}
	hits, total := []any{}, 0
	for _, id := range ids {
		fits, err := x.matches(asked.Query, x.docs[id])
		if err != nil {
			return problem(400, "parsing_exception", err.Error())
		}
		if !fits {
			continue
		}
		if total++; len(hits) < size {
			hits = append(hits, object{"_index": "stand-in", "_id": id, "_source": x.docs[id]})
		}
	}
	return answer{200, object{"count": total, "hits": object{"total": object{"value": total, "relation": "eq"}, "hits": hits}}}
}

// time is that of a document, as it is written: the tests write all of them in one form.
func (x *index) time(id string) string {
	var dated struct {
		At any `json:"@timestamp"`
	}
	_ = json.Unmarshal(x.docs[id], &dated) // it was when it came
	return fmt.Sprint(dated.At)
}

func (x *index) matches(query map[string]map[string]any, doc json.RawMessage) (bool, error) {
	for kind, fields := range query {
		switch kind {
		case "match_all":
		case "term", "match":
			var source object
			decoder := json.NewDecoder(bytes.NewReader(doc))
			decoder.UseNumber() // a lifted one may be larger than any number here
			if err := decoder.Decode(&source); err != nil {
				return false, err
			}
			for path, value := range fields {
				if !holds(source, path, fmt.Sprint(value)) && (x.fields[path].kind != "flat_object" || !within(source[path], fmt.Sprint(value))) {
					return false, nil
				}
			}
		default:
			return false, fmt.Errorf("the stand-in does not know the query %q", kind)
		}
	}
	return true, nil
}

// holds tells whether the value at a path, with or without dots in its keys, is this one.
func holds(source object, path, value string) bool {
	if found, is := source[path]; is && same(found, value) {
		return true
	}
	for at, letter := range path {
		if letter != '.' {
			continue
		}
		if inner, is := source[path[:at]].(object); is && holds(inner, strings.TrimPrefix(path[at:], "."), value) {
			return true
		}
	}
	return false
}

// within tells whether any value of an object is this one, however deep: so is a flat_object asked.
func within(found any, value string) bool {
	inner, is := found.(object)
	if !is {
		return same(found, value)
	}
	for _, one := range inner {
		if within(one, value) {
			return true
		}
	}
	return false
}

// same tells whether a value, or one of a list, is this one. Numbers are compared as such.
func same(found any, value string) bool {
	switch found := found.(type) {
	case []any:
		return slices.ContainsFunc(found, func(one any) bool { return same(one, value) })
	case json.Number:
		number, err := found.Float64()
		if wanted, isNumber := strconv.ParseFloat(value, 64); err == nil && isNumber == nil {
			return number == wanted
		}
	}
	return fmt.Sprint(found) == value
}
