package iam

import (
	"slices"
	"strings"
)

// reads are how the actions begin that only read.
var reads = []string{"Describe", "FilterLogEvents", "Get", "List", "Lookup", "Query"}

// Reading is what of some statements only reads. A Deny goes with what it is an exception from.
func Reading(statements []Statement) []Statement {
	var reading []Statement
	for _, s := range statements {
		s.Actions = slices.DeleteFunc(slices.Clone(s.Actions), func(action string) bool {
			_, verb, _ := strings.Cut(action, ":")
			return verb != "GET" && !slices.ContainsFunc(reads, func(prefix string) bool { return strings.HasPrefix(verb, prefix) })
		})
		if s.Effect != "Deny" && len(s.Actions) > 0 {
			reading = append(reading, s)
		}
	}
	return reading
}
