package opensearch

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// mostTerm is the longest term that Lucene takes, in bytes.
const mostTerm = 32766

// parsing is the kind of most refusals.
const parsing = "mapper_parsing_exception"

// property is one of a mapping's properties as it is written.
type property struct {
	Type        string              `json:"type"`
	IgnoreAbove int                 `json:"ignore_above"`
	DocValues   *bool               `json:"doc_values"`
	Index       *bool               `json:"index"`
	Properties  map[string]property `json:"properties"`
}

// field is how one path is mapped.
type field struct {
	kind string
	// most is ignore_above: a longer text is stored and not indexed. 0 is no such limit.
	most int
	// indexed says that it has terms at all.
	indexed bool
}

var kinds = map[string]bool{
	"keyword": true, "text": true, "match_only_text": true, "long": true, "integer": true, "short": true, "double": true, "float": true,
	"boolean": true, "date": true, "ip": true, "flat_object": true, "object": true, "constant_keyword": true,
}

func flatten(into map[string]field, path string, properties map[string]property) error {
	for name, p := range properties {
		at := name
		if path != "" {
			at = path + "." + name
		}
		if p.Properties != nil {
			if err := flatten(into, at, p.Properties); err != nil {
				return err
			}
			continue
		}
		if !kinds[p.Type] {
			return fmt.Errorf("no handler for type [%s] declared on field [%s]", p.Type, name)
		}
		into[at] = field{kind: p.Type, most: p.IgnoreAbove, indexed: p.Index == nil || *p.Index || p.DocValues == nil || *p.DocValues}
	}
	return nil
}

// check says why the node would refuse a document; an empty kind says that it would not.
func (x *index) check(doc []byte) (kind, reason string) {
	if !utf8.Valid(doc) {
		return parsing, "failed to parse: Invalid UTF-8"
	}
	decoder := json.NewDecoder(bytes.NewReader(doc))
	decoder.UseNumber()
	value, err := decode(decoder)
	if err != nil {
		return parsing, "failed to parse: " + err.Error()
	}
	source, is := value.(object)
	if !is || decoder.More() {
		return parsing, "failed to parse"
	}
	if x.stream {
		switch times := source["@timestamp"].(type) {
		case nil:
			return parsing, "failed to parse: data stream timestamp field [@timestamp] is missing"
		case []any:
			if len(times) != 1 {
				return parsing, "failed to parse: data stream timestamp field [@timestamp] encountered multiple values"
			}
		}
		if x.fields["@timestamp"].kind == "" {
			if why := fits(field{kind: "date"}, "@timestamp", source["@timestamp"]); why != "" {
				return parsing, why
			}
		}
	}
	return x.checkFields("", source)
}

func (x *index) checkFields(path string, source object) (kind, reason string) {
	for name, value := range source {
		at := name
		if path != "" {
			at = path + "." + name
		}
		mapped, known := x.fields[at]
		inner, is := value.(object)
		switch {
		case known:
			if why := fits(mapped, at, value); why != "" {
				if strings.HasPrefix(why, "Document contains") {
					return "illegal_argument_exception", why
				}
				return parsing, why
			}
		case is:
			if kind, reason := x.checkFields(at, inner); kind != "" {
				return kind, reason
			}
		}
	}
	return "", ""
}

// fits says why a value does not fit a field; empty where it does.
func fits(f field, path string, value any) string {
	failed := fmt.Sprintf("failed to parse field [%s] of type [%s]", path, f.kind)
	if f.kind == "flat_object" {
		inner, is := value.(object)
		switch {
		case value != nil && !is:
			return failed
		case longest(path, inner) > mostTerm:
			return immense(path)
		}
		return ""
	}
	if list, is := value.([]any); is {
		for _, one := range list {
			if why := fits(f, path, one); why != "" {
				return why
			}
		}
		return ""
	}
	if value == nil {
		return ""
	}
	_, nested := value.(object)
	text := fmt.Sprint(value)
	number, notNumber := strconv.ParseFloat(text, 64)
	switch f.kind {
	case "object":
		return ""
	case "keyword":
		switch {
		case nested:
			return failed
		case len(text) > mostTerm && f.indexed && (f.most == 0 || len([]rune(text)) <= f.most):
			return immense(path)
		}
		return ""
	case "long", "integer", "short":
		if notNumber == nil && number >= -1<<63 && number < 1<<63 {
			return ""
		}
	case "double", "float":
		if notNumber == nil {
			return ""
		}
	case "boolean":
		if text == "true" || text == "false" || text == "" {
			return ""
		}
	case "date":
		if isDate(text, notNumber == nil) {
			return ""
		}
	default:
		if !nested {
			return ""
		}
	}
	return failed
}

// immense is the refusal of a term that Lucene does not take.
func immense(path string) string {
	return fmt.Sprintf(`Document contains at least one immense term in field="%s" (whose UTF8 encoding is longer than the max length 32766)`, path)
}

func isDate(text string, number bool) bool {
	if number {
		return true
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02"} {
		if _, err := time.Parse(layout, text); err == nil {
			return true
		}
	}
	return false
}

// longest is the longest text below a flat_object with the path before it, in bytes.
func longest(path string, value any) int {
	most := 0
	switch value := value.(type) {
	case object:
		for name, inner := range value {
			most = max(most, longest(path+"."+name, inner))
		}
	case []any:
		for _, inner := range value {
			most = max(most, longest(path, inner))
		}
	case nil:
	default:
		most = len(path) + 1 + len(fmt.Sprint(value))
	}
	return most
}

// decode reads a value as the node does: a key that comes twice is an error.
func decode(decoder *json.Decoder) (any, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		made := object{}
		for decoder.More() {
			key, err := decoder.Token()
			if err != nil {
				return nil, err
			}
			name := fmt.Sprint(key)
			if _, twice := made[name]; twice {
				return nil, fmt.Errorf("duplicate field '%s'", name)
			}
			if made[name], err = decode(decoder); err != nil {
				return nil, err
			}
		}
		_, err = decoder.Token()
		return made, err
	case json.Delim('['):
		made := []any{}
		for decoder.More() {
			value, err := decode(decoder)
			if err != nil {
				return nil, err
			}
			made = append(made, value)
		}
		_, err = decoder.Token()
		return made, err
	}
	return token, nil
}
