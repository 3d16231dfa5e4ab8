package notify

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"caretaker/alerts/label"
	"caretaker/internal/alarm"
	"caretaker/internal/tag"
)

// Change is one state change of an alarm, with what people are told of it. It is also what is remembered
// of an alarm that is on, so that a message can be written anew as others join and heal.
type Change struct {
	// Alarm names the alarm or its contributor: account, Region, name and contributor.
	Alarm string `json:"alarm"`
	// ARN is empty in old events.
	ARN     string `json:"arn,omitempty"`
	Account string `json:"account"`
	Region  string `json:"region"`
	Name    string `json:"name"`
	// Contributor are the attributes of a contributor, in words.
	Contributor string `json:"contributor,omitempty"`
	State       string `json:"state"`
	OldState    string `json:"oldState,omitempty"`
	// At is when the state changed.
	At time.Time `json:"at"`
	// Service is what the incident is grouped by, Resource what the alarm watches: function/checkout.
	Service  string `json:"service"`
	Resource string `json:"resource,omitempty"`
	// Severity is critical, warning, or empty where the alarm does not say it.
	Severity string `json:"severity,omitempty"`
	// Compared says in words what was compared with what: "error rate 20 > 5".
	Compared string `json:"compared,omitempty"`
	Reason   string `json:"reason,omitempty"`
	// Description is the owner's, Runbook where to read what to do, Dashboard the name of one.
	Description string `json:"description,omitempty"`
	Runbook     string `json:"runbook,omitempty"`
	Dashboard   string `json:"dashboard,omitempty"`
}

// The states of an alarm.
const (
	stateAlarm  = "ALARM"
	stateOK     = "OK"
	stateNoData = "INSUFFICIENT_DATA"
)

// What is kept of texts that others write, in characters: a thousand alarms that are on have to fit
// into one item of DynamoDB, compressed.
const (
	mostReason      = 240
	mostDescription = 300
	mostCompared    = 160
)

// change reads an alarm's change. tags are those of the resource that it watches; nil where they are not
// known. It is false for one that nobody is to hear of: while it is muted, or its composite suppresses it,
// an alarm's actions do not run either, and only EventBridge tells of it.
func change(a alarm.Alarm, tags map[string]string, now time.Time) (Change, bool) {
	muted := a.Mute.Rule != "" && (a.Mute.Until.IsZero() || now.Before(a.Mute.Until))
	if a.State == stateAlarm && (muted || a.SuppressedBy != "") {
		return Change{}, false
	}
	labels, description := label.Parse(a.Description)
	c := Change{
		Alarm: keyOf(a), ARN: a.ARN, Account: a.Account, Region: a.Region, Name: a.Name,
		Contributor: attributes(a.Attributes), State: a.State, OldState: a.OldState, At: a.ChangedAt,
		Resource: cmp.Or(labels.Resource, resourceOf(a)), Severity: cmp.Or(labels.Severity, severityOf(a.Tags), severityOf(tags)),
		Compared: shorten(compared(a), mostCompared), Reason: shorten(a.Reason, mostReason), Description: shorten(description, mostDescription),
		Runbook: labels.Runbook, Dashboard: labels.Dashboard,
	}
	c.Service = cmp.Or(labels.Service, a.Tags[tag.Service], tags[tag.Service], a.Tags[stackTag], tags[stackTag], c.Resource, a.Name)
	return c, true
}

// keyOf names an alarm, or its contributor, whatever its state.
func keyOf(a alarm.Alarm) string {
	return strings.Join([]string{a.Account, a.Region, a.Name, a.Contributor}, "/")
}

// stackTag is what CloudFormation puts on all that a stack has made:
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html
const stackTag = "aws:cloudformation:stack-name"

func severityOf(tags map[string]string) string {
	if word := tags[tag.Severity]; word == label.Critical || word == label.Warning {
		return word
	}
	return ""
}

// attributes are those of a contributor, in the order of their names.
func attributes(all map[string]string) string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		pairs = append(pairs, name+" "+all[name])
	}
	return strings.Join(pairs, ", ")
}

// shorten cuts a text between characters, and says so.
func shorten(text string, most int) string {
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return strings.TrimSpace(string(runes[:most-1])) + "…"
}
