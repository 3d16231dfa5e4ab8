package limitraiser

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"caretaker/internal/emulator"
	"caretaker/internal/want"
)

// run is what a run of the raiser came to.
type run struct {
	report Report
	err    error
}

func ran(report Report, err error) run { return run{report, err} }

// counts are what a report is to count: decisions by their outcome, and all else by its name in all.
type counts map[Outcome]int

func (r run) all() counts {
	all := counts{
		"alarms that ended": r.report.Ended, "alarms ignored": r.report.Ignored, "duplicates": r.report.Duplicates,
		"events refused": r.report.EventsRefused, "reasons for refusals": len(r.report.Refusals), "answers": len(r.report.Answers),
		"looks sent": r.report.LooksSent, "messages to people": r.report.MessagesSent, "errors": len(r.report.Errors),
		"events that come again": len(r.report.BatchItemFailures),
	}
	for _, outcome := range []Outcome{ToRaise, Raised, WouldRaise, Met, AtMaximum, Refused, Waiting, Failed} {
		all[outcome] = r.report.Outcomes[outcome]
	}
	return all
}

// wants fails the test unless the run ended without an error and counted as many.
func (r run) wants(t testing.TB, wanted counts, about ...any) {
	t.Helper()
	want.NoError(t, prefix(about)+"the run", r.err)
	r.counts(t, wanted, about)
}

// fails fails the test unless the run ended with an error and counted as many.
func (r run) fails(t testing.TB, wanted counts, about ...any) {
	t.Helper()
	if r.err == nil {
		t.Errorf("%sthe run ended without an error, want one: its event is to come again\n%s", prefix(about), r)
	}
	r.counts(t, wanted, about)
}

func (r run) counts(t testing.TB, wanted counts, about []any) {
	t.Helper()
	same, all := true, r.all()
	for _, of := range slices.Sorted(maps.Keys(wanted)) {
		got, known := all[of]
		if !known {
			t.Fatalf("a report does not count %q, but %q", of, slices.Sorted(maps.Keys(all)))
		}
		same = want.Equal(t, prefix(about)+string(of), got, wanted[of]) && same
	}
	if !same {
		t.Logf("the run:\n%s", r)
	}
}

// decides fails the test unless the run decided so about the one part that is short. Only what is set of wanted
// counts; its detail is a part of what has to be said.
func (r run) decides(t testing.TB, wanted Decision, about ...any) {
	t.Helper()
	wantDecision(t, decision(t, r.report, r.err), wanted, about...)
}

// wantDecision fails the test unless a decision is as wanted, in all that is set of wanted.
func wantDecision(t testing.TB, got, wanted Decision, about ...any) {
	t.Helper()
	what, same := prefix(about), true
	if wanted.Outcome != "" {
		same = want.Equal(t, what+"the outcome", got.Outcome, wanted.Outcome)
	}
	if wanted.Reason != "" {
		same = want.Equal(t, what+"the reason", got.Reason, wanted.Reason) && same
	}
	if wanted.Means != "" {
		same = want.Equal(t, what+"the means", got.Means, wanted.Means) && same
	}
	if wanted.From != 0 {
		same = want.Equal(t, what+"from", got.From, wanted.From) && same
	}
	if wanted.To != 0 {
		same = want.Equal(t, what+"to", got.To, wanted.To) && same
	}
	if !want.Says(t, what+"the decision", got.Detail, wanted.Detail) || !same {
		t.Logf("the decision: %s", sentence(got))
	}
}

func prefix(about []any) string {
	if len(about) == 0 {
		return ""
	}
	return fmt.Sprint(about...) + ": "
}

// String is the run in words, a line for each thing.
func (r run) String() string {
	var lines []string
	if r.err != nil {
		lines = append(lines, "  it ended with: "+r.err.Error())
	}
	for _, answer := range r.report.Answers {
		for _, decision := range answer.Decisions {
			lines = append(lines, fmt.Sprintf("  %s: %s", answer.Resource.Key(), sentence(decision)))
		}
	}
	for _, refusal := range r.report.Refusals {
		lines = append(lines, "  refused: "+refusal.Why)
	}
	for _, failure := range r.report.Errors {
		lines = append(lines, "  failed: "+failure)
	}
	if len(lines) == 0 {
		return "  it decided, refused and failed at nothing"
	}
	return strings.Join(lines, "\n")
}

// wantRefusal fails the test unless the run refused one event, and said why.
func (r run) wantRefusal(t testing.TB, why string, about ...any) {
	t.Helper()
	r.wants(t, counts{"events refused": 1}, about...)
	want.Says(t, prefix(about)+"the refusal", r.whyRefused(t), why)
}

// whyRefused is what the run said of the first event that it refused.
func (r run) whyRefused(t testing.TB) string {
	t.Helper()
	if len(r.report.Refusals) == 0 {
		t.Fatalf("no event is refused; the run:\n%s", r)
	}
	return r.report.Refusals[0].Why
}

// wantTold fails the test unless people got so many messages, which say all parts. It returns what they say.
func (w *world) wantTold(messages int, parts ...string) string {
	w.Helper()
	told := w.received(w.inbox)
	all := strings.Join(told, "\n")
	if len(told) != messages {
		w.Errorf("messages to people: %d, want %d%s", len(told), messages, inPlain(told))
	}
	for _, part := range parts {
		if !strings.Contains(all, part) {
			w.Errorf("what people are told does not say %q%s", part, inPlain(told))
		}
	}
	return all
}

// inPlain is what SNS's notifications say, without what SNS says of them.
func inPlain(notifications []string) string {
	text := ""
	for _, one := range notifications {
		var notification struct{ Message string }
		if err := json.Unmarshal([]byte(one), &notification); err != nil {
			notification.Message = one
		}
		text += "\n- " + strings.ReplaceAll(strings.TrimSpace(notification.Message), "\n", "\n  ")
	}
	return text
}

// wantCalls fails the test unless so many calls of an operation reached the emulator.
func (w *world) wantCalls(operation string, calls int) {
	w.Helper()
	want.Equal(w, "calls of "+operation, w.calls(operation), calls)
}

// wantTrail fails the test unless the audit trail holds so many entries, newest first, and returns them.
func (w *world) wantTrail(entries int) []Entry {
	w.Helper()
	trail, err := History(w.Context(), w.tables, w.options.Table, 100)
	want.NoError(w, "reading the audit trail", err)
	if len(trail) != entries {
		for _, entry := range trail {
			w.Logf("%s %s from %v to %v", entry.Part, entry.Outcome, entry.From, entry.To)
		}
		w.Fatalf("entries in the audit trail: %d, want %d", len(trail), entries)
	}
	return trail
}

// wantRequest fails the test unless AWS was asked once to raise a quota, to a value, and returns the request.
func (w *world) wantRequest(service, code string, value float64) emulator.QuotaRequest {
	w.Helper()
	requests := w.emulator.QuotaRequests(service, code)
	if len(requests) != 1 {
		w.Fatalf("requests to raise the quota %s: %d, want 1", code, len(requests))
	}
	want.Equal(w, "what AWS was asked for", requests[0].Value, value)
	return requests[0]
}
