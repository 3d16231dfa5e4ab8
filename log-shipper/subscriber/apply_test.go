package subscriber

import (
	"context"
	"testing"

	"caretaker/internal/emulator"
	"caretaker/internal/want"
	"caretaker/log-shipper/groups"
)

// leaving finds what the stage would lose.
func (w *world) leaving() (*Subscriber, []groups.Decision) {
	w.Helper()
	w.cfg.DryRun, w.options.Leaving = true, true
	s := w.subscriber()
	result, err := s.Run(w.Context(), Event{})
	w.must("looking", err)
	var going []groups.Decision
	for _, decision := range result.Decisions {
		if decision.Outcome == groups.ToRemove {
			going = append(going, decision)
		}
	}
	return s, going
}

func TestApply_takesTheStagesOwnFiltersAwayAndNoOthers(t *testing.T) {
	w := newWorld(t)
	names := append(w.groups(60), w.group("/aws/rds/orders"), w.group("/aws/lambda/off", "caretaker:logs", "off"))
	for _, name := range names {
		w.filter(name, "caretaker-prod", w.options.Target.Destination)
	}
	w.filter(names[0], "security", security)
	w.filter(names[1], "caretaker-dev", w.options.Target.Destination)
	w.emulator.ForgetCalls()
	s, going := w.leaving()
	want.Equal(t, "what looking changes", w.changes(), []string{})
	want.Equal(t, "filters that would go", len(going), 62)
	result := s.Apply(t.Context(), going)
	want.Equal(t, "failures", len(result.Failures), 0)
	want.Equal(t, "groups with the filter", w.subscribed(names), 0)
	want.Equal(t, "the filters of the first", w.filters(names[0]), []string{"security to security"})
	want.Equal(t, "the filters of the second", w.filters(names[1]), []string{"caretaker-dev to caretaker-prod-log-shipper"})
	_, going = w.leaving()
	want.Equal(t, "filters that would go afterwards", len(going), 0)
}

// What somebody took away, or deleted with its group, between the look and the answer is as good as done.
func TestApply_takesAFilterThatIsGoneForTakenAway(t *testing.T) {
	w := newWorld(t)
	names := w.groups(3)
	w.runs()
	s, going := w.leaving()
	w.delete(names[0])
	s.Apply(t.Context(), going[1:2])
	result := s.Apply(t.Context(), going)
	want.Equal(t, "failures", len(result.Failures), 0)
	for _, decision := range result.Decisions {
		want.Equal(t, "what became of "+decision.Group, decision.Outcome, groups.Removed)
	}
}

func TestApply_saysWhatItDidNotComeTo(t *testing.T) {
	w := newWorld(t)
	names := w.groups(30)
	w.runs()
	s, going := w.leaving()
	ctx, cancel := context.WithCancel(t.Context())
	w.emulator.Inject(emulator.Fault{Operation: "DeleteSubscriptionFilter", Times: 1, After: func(emulator.Call) { cancel() }})
	result := s.Apply(ctx, going)
	want.Equal(t, "failures", len(result.Failures), 0)
	left := 0
	for _, decision := range result.Decisions {
		if decision.Outcome == groups.ToRemove {
			left++
		}
	}
	if standing := w.subscribed(names); left < standing || left == 0 {
		t.Errorf("%d filters stand, and the result says that %d are left", standing, left)
	}
}
