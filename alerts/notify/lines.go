package notify

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"
)

// LogLine is a line of a function's log that tells of an error.
type LogLine struct {
	Function string    `json:"function"`
	At       time.Time `json:"at"`
	// Request is the id of the invocation; empty where the line does not tell it.
	Request string `json:"request,omitempty"`
	Text    string `json:"text"`
}

// String is the line for people.
func (l LogLine) String() string {
	request := ""
	if l.Request != "" {
		request = ", request " + l.Request
	}
	return l.At.UTC().Format(time.TimeOnly) + " " + l.Function + request + ": " + l.Text
}

// What is read of a log, and kept of a line.
const (
	// functionLogs begins the names of the log groups that Lambda makes. A function with a group of its own choice
	// shows no lines.
	functionLogs = "/aws/lambda/"
	// mostFunctions of an incident are looked at.
	mostFunctions = 3
	mostLine      = 300 // characters
	// linesBefore is how far before an alarm's change its errors may be: its periods, and Lambda's delay.
	linesBefore = 15 * time.Minute
	// errorLines are the words by which a line tells of an error. The pattern takes a line with any of them.
	errorLines = `?ERROR ?Error ?error ?Exception ?Traceback ?panic ?"Task timed out" ?FATAL ?"Process exited"`
)

// requestForms find the id of an invocation: in the platform's lines and in JSON, and between tabs as Node's
// console writes it.
var requestForms = []*regexp.Regexp{
	regexp.MustCompile(`(?i)"?(?:aws_?)?request_?id"?\s*[:=]?\s*"?([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})`),
	regexp.MustCompile(`\t([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})\t`),
}

// secrets are forms of what nobody may read in a chat: values of keys that are named so, keys of AWS, tokens and
// passwords in addresses.
var secrets = []*regexp.Regexp{
	regexp.MustCompile(`(?i)((?:pass(?:word|wd)?|secret|token|api[-_]?key|access[-_]?key|authorization|cookie|credential)[a-z0-9_-]*["']?\s*[:=]\s*["']?(?:(?:bearer|basic)\s+)?)([^\s"',;&}]+)`),
	regexp.MustCompile(`(?i)(\b(?:bearer|basic)\s+)([a-z0-9._~+/=-]{8,})`),
	regexp.MustCompile(`()\b((?:AKIA|ASIA)[0-9A-Z]{16})\b`),
	regexp.MustCompile(`()\b(xox[a-z]-[A-Za-z0-9-]+)`),
	regexp.MustCompile(`()\b(eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*)`),
	regexp.MustCompile(`(://[^\s:/@]*:)([^\s@/]+)(?:@)`),
	regexp.MustCompile(`(hooks\.slack(?:-gov)?\.com/)([^\s"']+)`),
}

// readLine is a line as people may read it: one line, shortened, without what looks like a secret.
func readLine(function string, at time.Time, text string) LogLine {
	line := LogLine{Function: function, At: at}
	for _, form := range requestForms {
		if match := form.FindStringSubmatch(text); match != nil {
			line.Request = match[1]
			break
		}
	}
	for _, secret := range secrets {
		text = secret.ReplaceAllStringFunc(text, func(found string) string {
			parts := secret.FindStringSubmatch(found)
			return parts[1] + "***" + strings.TrimPrefix(found, parts[1]+parts[2])
		})
	}
	line.Text = shorten(strings.Join(strings.Fields(text), " "), mostLine)
	return line
}

// newest are the last lines, oldest first.
func newest(lines []LogLine, most int) []LogLine {
	slices.SortStableFunc(lines, func(a, b LogLine) int {
		return cmp.Or(a.At.Compare(b.At), strings.Compare(a.Function, b.Function))
	})
	return lines[max(0, len(lines)-most):]
}

// failing are the functions of an incident that are in this account and Region, with when each went on: the worst
// first, three at most.
func (i Incident) failing(place Place) map[string]time.Time {
	found := map[string]time.Time{}
	for _, member := range i.alarmsOn() {
		name, is := strings.CutPrefix(member.Resource, "function/")
		if _, known := found[name]; is && !known && len(found) < mostFunctions && member.Account == place.Account && member.Region == place.Region {
			found[name] = member.Since
		}
	}
	return found
}
