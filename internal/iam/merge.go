package iam

import (
	"maps"
	"slices"
)

// Merge leaves out what an earlier statement grants or denies word for word: two scans that
// make the same call each bring its permission, and a role has room for so much only.
func Merge(statements []Statement) []Statement {
	var merged []Statement
	for _, statement := range statements {
		if !slices.ContainsFunc(merged, statement.equals) {
			merged = append(merged, statement)
		}
	}
	return merged
}

// equals is whether two statements say the same under whatever Sid.
func (s Statement) equals(other Statement) bool {
	return s.Effect == other.Effect && slices.Equal(s.Actions, other.Actions) && slices.Equal(s.Resources, other.Resources) &&
		maps.EqualFunc(s.Conditions, other.Conditions, func(a, b map[string][]string) bool { return maps.EqualFunc(a, b, slices.Equal) })
}
