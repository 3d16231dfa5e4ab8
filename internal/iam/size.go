package iam

import (
	"encoding/json"
	"strings"
)

// MostInRole is how many characters the inline policies of a role may have together, blanks not
// counted: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const MostInRole = 10240

// Size is how many of them a policy of these statements takes, its placeholders filled in.
func Size(statements []Statement, fill *strings.Replacer) int {
	type rendered struct {
		Sid, Effect      string
		Action, Resource any
		Condition        map[string]map[string][]string `json:",omitempty"`
	}
	document := struct {
		Version   string
		Statement []rendered
	}{Version: "2012-10-17"}
	for _, s := range statements {
		one := rendered{Sid: s.Sid, Effect: "Allow", Action: texts(s.Actions, fill), Resource: texts(s.Resources, fill)}
		if s.Effect != "" {
			one.Effect = s.Effect
		}
		for operator, keys := range s.Conditions {
			if one.Condition == nil {
				one.Condition = map[string]map[string][]string{}
			}
			one.Condition[operator] = map[string][]string{}
			for key, values := range keys { // these stay lists
				one.Condition[operator][key] = filled(values, fill)
			}
		}
		document.Statement = append(document.Statement, one)
	}
	text, err := json.Marshal(document)
	if err != nil {
		panic("iam: " + err.Error()) // there are texts in it, and nothing else
	}
	return len(text)
}

// texts is how a policy holds actions and resources: one alone is not a list.
func texts(list []string, fill *strings.Replacer) any {
	if len(list) == 1 {
		return fill.Replace(list[0])
	}
	return filled(list, fill)
}

func filled(list []string, fill *strings.Replacer) []string {
	result := make([]string, 0, len(list))
	for _, text := range list {
		result = append(result, fill.Replace(text))
	}
	return result
}
