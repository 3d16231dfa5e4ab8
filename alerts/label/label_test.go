package label

import (
	"testing"

	"pgregory.net/rapid"

	"caretaker/internal/want"
)

func TestParse_readsWhatStringWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching("([!-~é]( ?[!-~é])*)?")
		given := Labels{
			Service: text.Draw(t, "service"), Resource: text.Draw(t, "resource"), Runbook: text.Draw(t, "runbook"), Dashboard: text.Draw(t, "dashboard"),
			Severity: rapid.SampledFrom([]string{"", Critical, Warning}).Draw(t, "severity"),
		}
		if got, rest := Parse("What to do. " + given.String()); got != given && !containsMark(given) {
			t.Errorf("%+v was written as %s and read as %+v, with %q beside it", given, given, got, rest)
		}
	})
}

func containsMark(l Labels) bool {
	labels, _ := Parse(l.Service + l.Resource + l.Runbook + l.Dashboard)
	return labels != Labels{}
}

func TestParse_leavesTheOwnersWords(t *testing.T) {
	for description, expected := range map[string]struct {
		labels Labels
		rest   string
	}{
		"":                 {},
		"The owner's own.": {rest: "The owner's own."},
		"It fails. caretaker: service=checkout; severity=critical; resource=function/checkout; later=x": {
			Labels{Service: "checkout", Severity: Critical, Resource: "function/checkout"}, "It fails.",
		},
		"It fails.\ncaretaker: runbook=https://example.com/a%3Bb\nCall me.": {Labels{Runbook: "https://example.com/a;b"}, "It fails.\nCall me."},
		"caretaker: severity=page": {},
		"A run ended in an error. Runbook: docs/runbook.md#janitor-errors": {Labels{Runbook: "docs/runbook.md#janitor-errors"}, "A run ended in an error."},
		"Runbook: ask the team on the second floor":                        {rest: "Runbook: ask the team on the second floor"},
	} {
		labels, rest := Parse(description)
		want.Equal(t, description, labels, expected.labels)
		want.Equal(t, "what else "+description+" says", rest, expected.rest)
	}
}
