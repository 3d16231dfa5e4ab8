// Package groups decides which log groups are shipped. It calls nobody: a group as it is read goes
// in, and a decision with its reason comes out, for every group.
package groups

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"caretaker/internal/tag"
)

// FilterName is what the subscription filters of a stage are called.
func FilterName(stage string) string { return "caretaker-" + stage }

// Target is where subscription filters point.
type Target struct {
	// Destination is the ARN of the shipper's function, or of the stream in front of it.
	Destination string
	// Role is the ARN of the role by which CloudWatch Logs writes to the stream. Empty for a function,
	// and where nobody knows it: it is not compared then.
	Role string
}

// Group is a log group.
type Group struct {
	Name string
	// ARN is without the :* that AWS writes behind some.
	ARN string
	// Class is STANDARD, INFREQUENT_ACCESS, DELIVERY, or one that AWS made since. Empty is STANDARD.
	Class string
	// Created is when it was made.
	Created time.Time
	// RetentionDays is how long it keeps its lines. 0 is for ever.
	RetentionDays int
	Tags          map[string]string
	// Filters are its subscription filters, whoever's. They are read where Read is true.
	Filters []Filter
	Read    bool
	// Unread says why they could not be read; empty where nobody tried.
	Unread string
}

// Filter is a subscription filter.
type Filter struct{ Name, Pattern, Destination, Role string }

// Outcome is what is decided for a group, and after the run what became of it.
type Outcome string

// The outcomes. A plan knows the first six.
const (
	Subscribed  Outcome = "subscribed"
	ToSubscribe Outcome = "to subscribe"
	ToChange    Outcome = "to change"
	ToRemove    Outcome = "to unsubscribe"
	LeftAlone   Outcome = "left alone"
	NotRead     Outcome = "not looked at"
	// Made, Changed and Removed were done in this run.
	Made    Outcome = "subscribed now"
	Changed Outcome = "changed"
	Removed Outcome = "unsubscribed"
	// Full is a group that AWS gave no further filter.
	Full Outcome = "full"
	// Gone is a group that somebody deleted meanwhile.
	Gone   Outcome = "gone"
	Failed Outcome = "failed"
)

// Reason says why; Decision.Detail has the rest.
type Reason string

// The reasons.
const (
	HasFilter       Reason = "its filter stands"
	NoFilter        Reason = "has no filter of this stage"
	Moved           Reason = "its filter points elsewhere"
	OtherPattern    Reason = "its filter lets only a part through"
	IsOwn           Reason = "own: it would be written for ever"
	ExcludedName    Reason = "excluded by name"
	ExcludedTag     Reason = "excluded by tag"
	TaggedOff       Reason = "tagged caretaker:logs=off"
	TagUnreadable   Reason = "unreadable caretaker tag"
	NotIncluded     Reason = "not included"
	NoSubscriptions Reason = "its class has no subscriptions"
	OutOfTime       Reason = "no time for it in this run"
	CouldNotRead    Reason = "its filters could not be read"
	// LimitReached is the reason of a group that is full.
	LimitReached Reason = "AWS allows no further filter"
	CallFailed   Reason = "the call failed"
	NoLonger     Reason = "the group is gone"
)

// Decision is what happens to one group, and why.
type Decision struct {
	Group   string  `json:"group"`
	Outcome Outcome `json:"outcome"`
	Reason  Reason  `json:"reason"`
	Detail  string  `json:"detail,omitempty"`
	// Retention is how many days of retention are to be set, or, where RetentionSet is true, were set.
	// 0 sets none.
	Retention    int  `json:"retention,omitempty"`
	RetentionSet bool `json:"retentionSet,omitempty"`
}

// Changes tells whether the decision asks for anything that is not done yet.
func (d Decision) Changes() bool {
	return d.Outcome == ToSubscribe || d.Outcome == ToChange || d.Outcome == ToRemove || d.Retention > 0 && !d.RetentionSet
}

// Decide decides about one group.
func Decide(group Group, stage string, target Target, cfg Config) Decision {
	decision := Decision{Group: group.Name}
	reason, detail := chosen(group, cfg)
	if reason == "" && cfg.RetentionDays > 0 && group.RetentionDays == 0 && group.Class != delivery {
		decision.Retention = cfg.RetentionDays
	}
	if reason == "" && !Subscribes(group.Class) {
		reason, detail = NoSubscriptions, group.Class
	}
	ours := slices.IndexFunc(group.Filters, func(f Filter) bool { return f.Name == FilterName(stage) })
	switch {
	case reason != "" && ours >= 0:
		decision.Outcome = ToRemove
	case reason != "":
		decision.Outcome = LeftAlone
	case !group.Read:
		decision.Outcome, reason, detail = NotRead, unread(group), group.Unread
	case ours < 0:
		decision.Outcome, reason, detail = ToSubscribe, NoFilter, others(len(group.Filters))
	default:
		decision.Outcome, reason, detail = compared(group.Filters[ours], target)
	}
	decision.Reason, decision.Detail = reason, detail
	return decision
}

// Leave decides about one group where the stage ships nothing any more: its filter goes, and nothing
// else.
func Leave(group Group, stage string) Decision {
	decision := Decision{Group: group.Name, Outcome: LeftAlone, Reason: NoFilter}
	for _, filter := range group.Filters {
		if filter.Name == FilterName(stage) {
			decision.Outcome, decision.Reason, decision.Detail = ToRemove, HasFilter, filter.Destination
		}
	}
	if !group.Read {
		decision.Outcome, decision.Reason, decision.Detail = NotRead, unread(group), group.Unread
	}
	return decision
}

// unread is why a group's filters are not known.
func unread(group Group) Reason {
	if group.Unread != "" {
		return CouldNotRead
	}
	return OutOfTime
}

// delivery is the class whose retention nobody may set.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch_Logs_Log_Classes.html
const delivery = "DELIVERY"

// Subscribes tells whether groups of a class can have subscription filters.
func Subscribes(class string) bool { return class == "" || class == "STANDARD" }

// chosen says why a group is not shipped; the empty reason says that it is.
func chosen(group Group, cfg Config) (reason Reason, detail string) {
	if Own(group.Name) {
		return IsOwn, ""
	}
	if wrong := tag.Misspelt(group.Tags); wrong != "" {
		return TagUnreadable, fmt.Sprintf("no part of Caretaker knows %s", wrong)
	}
	if text, tagged := group.Tags[tag.Logs]; tagged && text != "on" {
		if text != "off" {
			return TagUnreadable, fmt.Sprintf("%s=%q is neither on nor off", tag.Logs, text)
		}
		return TaggedOff, ""
	}
	if pattern, excluded := matches(cfg.Exclude.Names, group.Name); excluded {
		return ExcludedName, pattern
	}
	for _, key := range slices.Sorted(maps.Keys(cfg.Exclude.Tags)) {
		value := cfg.Exclude.Tags[key]
		if has, tagged := group.Tags[key]; tagged && (value == "*" || value == has) {
			return ExcludedTag, key
		}
	}
	if _, included := matches(cfg.Include.Names, group.Name); len(cfg.Include.Names) > 0 && !included {
		return NotIncluded, "by name"
	}
	for key, value := range cfg.Include.Tags {
		if has, tagged := group.Tags[key]; !tagged || value != "*" && value != has {
			return NotIncluded, "by tag"
		}
	}
	return "", ""
}

// compared is what becomes of a filter of ours.
func compared(filter Filter, target Target) (Outcome, Reason, string) {
	switch {
	case filter.Destination != target.Destination:
		return ToChange, Moved, filter.Destination
	case target.Role != "" && filter.Role != target.Role:
		return ToChange, Moved, "by another role"
	case filter.Pattern != "":
		return ToChange, OtherPattern, filter.Pattern
	}
	return Subscribed, HasFilter, ""
}

// others says how many filters of others a group has: AWS allows two or five.
func others(count int) string {
	switch {
	case count == 0:
		return ""
	case count == 1:
		return "beside 1 filter of others"
	}
	return fmt.Sprintf("beside %d filters of others: AWS may refuse one more", count)
}

// Sorted are decisions in the order of the groups' names.
func Sorted(decisions map[string]Decision) []Decision {
	sorted := slices.AppendSeq(make([]Decision, 0, len(decisions)), maps.Values(decisions))
	slices.SortFunc(sorted, func(a, b Decision) int { return cmp.Compare(a.Group, b.Group) })
	return sorted
}
