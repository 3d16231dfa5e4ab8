// Package label is the line at the end of an alarm's description by which those who make alarms tell those
// who speak of them what the alarm is about. Every event of an alarm carries the description, and
// none its tags unless the alarm is set to: so what is not in there takes a call to find out.
//
//	More than 5 % of the calls fail. caretaker: service=checkout; severity=critical; resource=function/checkout
package label

import (
	"net/url"
	"strings"
)

// Labels are what an alarm says of itself. What is not said is empty.
type Labels struct {
	// Service is what the alarm belongs to, in the owner's words; one incident is about one service.
	Service string
	// Severity is Critical, Warning, or empty.
	Severity string
	// Resource is what the alarm watches, kind and name: function/checkout.
	Resource string
	// Runbook says what to do: a URL, or where to read it.
	Runbook string
	// Dashboard is the name of a dashboard in CloudWatch that shows it.
	Dashboard string
}

// The severities.
const (
	Critical = "critical"
	Warning  = "warning"
)

// mark begins the line.
const mark = "caretaker:"

// String is the line, which ends with the runbook; empty where there is nothing to say.
func (l Labels) String() string {
	var pairs []string
	for _, one := range []struct{ key, value string }{
		{"service", l.Service}, {"severity", l.Severity}, {"resource", l.Resource}, {"dashboard", l.Dashboard}, {"runbook", l.Runbook},
	} {
		if one.value != "" {
			pairs = append(pairs, one.key+"="+escape(one.value))
		}
	}
	if len(pairs) == 0 {
		return ""
	}
	return mark + " " + strings.Join(pairs, "; ")
}

// escapes is made once: making it takes longer than all the rest of a plan.
var escapes = strings.NewReplacer("%", "%25", ";", "%3B", "\n", "%0A", "\r", "%0D")

// escape keeps a value from ending early; all that is common in names and URLs stays readable.
func escape(value string) string { return escapes.Replace(value) }

// Parse takes the line off a description, wherever it stands. Without one it answers the description
// as it is, and the runbook of a description that ends in "Runbook: docs/runbook.md#janitor-errors".
// A key that it does not know is passed over: a newer version may write more.
func Parse(description string) (labels Labels, rest string) {
	before, line, found := cutLast(description, mark)
	if !found {
		if before, runbook, is := cutLast(description, "Runbook: "); is && !strings.ContainsAny(runbook, " \n") {
			return Labels{Runbook: runbook}, strings.TrimSpace(before)
		}
		return Labels{}, description
	}
	line, after, _ := strings.Cut(line, "\n")
	for pair := range strings.SplitSeq(line, ";") {
		key, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
		if unescaped, err := url.PathUnescape(value); err == nil {
			value = unescaped
		}
		switch key {
		case "service":
			labels.Service = value
		case "severity":
			labels.Severity = severity(value)
		case "resource":
			labels.Resource = value
		case "runbook":
			labels.Runbook = value
		case "dashboard":
			labels.Dashboard = value
		}
	}
	return labels, strings.TrimSpace(strings.TrimSpace(before) + "\n" + after)
}

func severity(text string) string {
	if text == Critical || text == Warning {
		return text
	}
	return ""
}

func cutLast(text, separator string) (before, after string, found bool) {
	at := strings.LastIndex(text, separator)
	if at < 0 {
		return text, "", false
	}
	return text[:at], text[at+len(separator):], true
}
