// Package tag knows the tags by which owners speak to Caretaker: their keys, all in one place so
// that no part takes another's for a misspelt one of its own.
package tag

import (
	"maps"
	"slices"
	"strings"
)

// prefix is what all keys begin with.
const prefix = "caretaker:"

// The keys. Whoever adds one adds it to keys too.
const (
	// Janitor is on a function: off keeps all its versions.
	Janitor = prefix + "janitor"
	// Keep is on a function: how many of its newest versions stay.
	Keep = prefix + "keep"
	// KeepUntil is on a function: the day up to which all its versions stay.
	KeepUntil = prefix + "keep-until"
	// Raise is on a table: how far it may be raised.
	Raise = prefix + "raise"
	// Stage is on everything that is deployed.
	Stage = prefix + "stage"
)

var keys = []string{Janitor, Keep, KeepUntil, Raise, Stage}

// Misspelt is the first of the tags' keys that is meant for Caretaker, in whatever case, and that
// no part knows; empty when there is none. What an owner meant by it nobody can tell.
func Misspelt(tags map[string]string) string {
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		if strings.HasPrefix(strings.ToLower(key), prefix) && !slices.Contains(keys, key) {
			return key
		}
	}
	return ""
}
