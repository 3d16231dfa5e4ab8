package iam

import (
	"encoding/json"
	"slices"
	"strings"
)

// Document is the policy of some statements as JSON. Each of the fills fills the placeholders in for one Region;
// what differs between them stands there for each.
func Document(statements []Statement, fills ...*strings.Replacer) []byte {
	type rendered struct {
		Sid, Effect      string
		Action, Resource any
		Condition        map[string]map[string][]string `json:",omitempty"`
	}
	document := struct {
		Version   string
		Statement []rendered
	}{Version: "2012-10-17", Statement: []rendered{}}
	for _, s := range statements {
		one := rendered{Sid: s.Sid, Effect: "Allow", Action: texts(s.Actions), Resource: texts(filled(s.Resources, fills))}
		if s.Effect != "" {
			one.Effect = s.Effect
		}
		for operator, keys := range s.Conditions {
			if one.Condition == nil {
				one.Condition = map[string]map[string][]string{}
			}
			one.Condition[operator] = map[string][]string{}
			for key, values := range keys { // these stay lists
				one.Condition[operator][key] = filled(values, fills)
			}
		}
		document.Statement = append(document.Statement, one)
	}
	text, err := json.Marshal(document)
	if err != nil {
		panic("iam: " + err.Error()) // there are texts in it, and nothing else
	}
	return text
}

// texts is how a policy holds actions and resources: one alone is not a list.
func texts(list []string) any {
	if len(list) == 1 {
		return list[0]
	}
	return list
}

func filled(list []string, fills []*strings.Replacer) []string {
	result := make([]string, 0, len(list))
	for _, text := range list {
		for _, fill := range fills {
			if one := fill.Replace(text); !slices.Contains(result, one) {
				result = append(result, one)
			}
		}
	}
	return result
}
