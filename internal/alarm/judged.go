package alarm

import (
	"regexp"
	"slices"
	"strconv"
)

// judgedForm is a value in the reason of a metric alarm, with its time in brackets: 14820.0 (26/02/26 10:13:00).
// No document describes the text; it is as CloudWatch has written it for years.
var judgedForm = regexp.MustCompile(`(-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?) \([0-9]{2}/[0-9]{2}/[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}\)`)

// Judged are the values that the alarm compared, oldest first: those that the event lists, or those of
// its reason, which is all that a message of SNS has. It is empty where neither names any, as of a
// composite alarm and of missing data. They are for people: nothing is decided by them.
func (a Alarm) Judged() []float64 {
	if len(a.Recent.Values) > 0 {
		return a.Recent.Values
	}
	var values []float64
	for _, match := range judgedForm.FindAllStringSubmatch(a.Reason, maxRecent) {
		if value, err := strconv.ParseFloat(match[1], 64); err == nil {
			values = append(values, value)
		}
	}
	slices.Reverse(values) // the reason begins with the newest
	return values
}
