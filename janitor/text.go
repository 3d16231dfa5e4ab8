package janitor

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// inside finds full ARNs in any text. Behind one with a number may come a full stop.
var inside = regexp.MustCompile(`arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_.-]+(?::(?:\$LATEST(?:\.PUBLISHED)?|[A-Za-z0-9_-]+))?`)

// colons undoes how an ARN is written in a URL.
var colons = strings.NewReplacer("%3A", ":", "%3a", ":")

// arnsInText are the full ARNs of functions in a text.
func arnsInText(text string) []target {
	if !strings.Contains(text, "lambda") {
		return nil
	}
	var found []target
	// What is found may be kept, and would keep the rest of a page in memory.
	text = colons.Replace(strings.Clone(text))
	for _, arn := range inside.FindAllString(text, -1) {
		if called, ok := parseTarget(arn); ok {
			found = append(found, called)
		}
	}
	return found
}

// arnsIn are the full ARNs of functions anywhere in the texts of a JSON document.
func arnsIn(document any) []target {
	var found []target
	texts(document, func(text string) { found = append(found, arnsInText(text)...) })
	return found
}

// arnsAnywhere are the full ARNs of functions in any field of what AWS answered: something may be
// started with such an ARN in its input, and call that version in the end.
func arnsAnywhere(answered any) ([]target, error) {
	text, err := json.Marshal(answered)
	if err != nil {
		return nil, fmt.Errorf("encoding the answer: %w", err)
	}
	var document any
	if err := json.Unmarshal(text, &document); err != nil {
		return nil, fmt.Errorf("decoding the answer: %w", err)
	}
	return arnsIn(document), nil
}

// anywhere adds the functions whose full ARN stands in any field of what AWS answered.
func (f *Findings) anywhere(in scope, kind Kind, by string, answered any) error {
	static, err := arnsAnywhere(answered)
	f.named(in, kind, by, calls{static: static})
	return err
}

// texts visits every text of a JSON document, as it reads once its escapes are undone.
func texts(document any, visit func(string)) {
	switch value := document.(type) {
	case string:
		visit(value)
	case map[string]any:
		for _, inner := range value {
			texts(inner, visit)
		}
	case []any:
		for _, inner := range value {
			texts(inner, visit)
		}
	}
}
