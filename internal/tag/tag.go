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
	// Logs is on a log group: off keeps its lines from being shipped.
	Logs = prefix + "logs"
	// Raise is on a table: how far it may be raised.
	Raise = prefix + "raise"
	// Warm is on a function: how many of its environments stay warm.
	Warm = prefix + "warm"
	// Stage is on everything that is deployed.
	Stage = prefix + "stage"
	// Service is on any resource: the service whose incident its alarms are part of.
	Service = prefix + "service"
	// Severity is on any resource, and on an alarm: critical or warning.
	Severity = prefix + "severity"
	// Alarms is on any resource: off has no alarms made for it.
	Alarms = prefix + "alarms"
	// Alarm begins the keys of a family, one for each metric, on any resource: caretaker:alarm.errors is
	// the threshold of its alarm on errors.
	Alarm = prefix + "alarm."
)

var keys = []string{Janitor, Keep, KeepUntil, Logs, Raise, Warm, Stage, Service, Severity, Alarms}

// Misspelt is the first of the tags' keys that is meant for Caretaker, in whatever case, and that
// no part knows; empty when there is none. What an owner meant by it nobody can tell.
func Misspelt(tags map[string]string) string {
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		if strings.HasPrefix(strings.ToLower(key), prefix) && !slices.Contains(keys, key) && !family(key) {
			return key
		}
	}
	return ""
}

// family tells a key of the alarms' family, of which the part that makes alarms knows the members.
func family(key string) bool { return len(key) > len(Alarm) && strings.HasPrefix(key, Alarm) }
