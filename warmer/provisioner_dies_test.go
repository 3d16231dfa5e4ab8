package warmer_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"caretaker/internal/emulator"
	"caretaker/internal/want"
	"caretaker/warmer"
)

// The answer of a change gets lost. The call is not made a second time, and the next run finds out: what was taken away is
// gone, and of what is there nobody knows whether the warmer put it, which the runs say as long as it should not be there.
func TestProvisioned_findsOutWhatBecameOfALostAnswer(t *testing.T) {
	lost := func(t *testing.T, s *shop, operation string, fault emulator.Fault) {
		t.Helper()
		fault.Operation, fault.Times = operation, 1
		shared.For(t).Inject(fault)
		shared.For(t).ForgetCalls()
		s.later(t)
		if _, err := s.warmer(t).Handle(t.Context(), warmer.Event{}); err == nil {
			t.Error("a run whose change is unknown does not fail")
		}
		puts, deletes := counted(t, 0)
		want.Equal(t, "calls that may have changed something", puts+deletes, 1)
	}
	for name, fault := range map[string]emulator.Fault{"carried out": {Truncate: true}, "not carried out": {Drop: true}} {
		t.Run("a deletion that was "+name, func(t *testing.T) {
			s := newShop(t, "lost-deletion-"+strings.ReplaceAll(name, " ", "-"))
			s.run(t)
			s.asks(0)
			lost(t, s, "DeleteProvisionedConcurrencyConfig", fault)
			s.run(t)
			want.Equal(t, "what is there after the next run", there(t), 0)
		})
	}
	t.Run("a put that was not carried out", func(t *testing.T) {
		s := newShop(t, "lost-put-not")
		lost(t, s, "PutProvisionedConcurrencyConfig", emulator.Fault{Drop: true})
		want.Equal(t, "the next run", []any{s.run(t).Act, there(t)}, []any{warmer.Put, 5})
	})
	t.Run("a put that was carried out", func(t *testing.T) {
		s := newShop(t, "lost-put")
		lost(t, s, "PutProvisionedConcurrencyConfig", emulator.Fault{Truncate: true})
		want.Equal(t, "the next run", []any{s.run(t).Act, there(t)}, []any{warmer.Doubtful, 5})
		s.asks(0)
		s.later(t)
		_, err := s.warmer(t).Handle(t.Context(), warmer.Event{})
		if err == nil {
			t.Fatal("nobody is told of what should not be there")
		}
		want.Says(t, "the failure", err.Error(), "checkout:live", "5 are provisioned", "caretaker warmer release")
		want.Equal(t, "what is there", there(t), 5)
	})
}

// A run that is held up past its claim finds another one in its place, and changes nothing.
func TestProvisioned_aRunThatLostItsClaimChangesNothing(t *testing.T) {
	s := newShop(t, "taken-over")
	shared.For(t).ForgetCalls()
	writes := 0
	shared.For(t).Inject(emulator.Fault{Service: "dynamodb", Operation: "UpdateItem", After: func(emulator.Call) {
		if writes++; writes == 2 { // the claim, after the one that lets it
			s.takeOver(t)
		}
	}})
	s.later(t)
	if _, err := s.warmer(t).Handle(t.Context(), warmer.Event{}); err == nil {
		t.Error("the run does not fail")
	} else {
		want.Says(t, "the failure", err.Error(), "another run has the claim by now")
	}
	puts, deletes := counted(t, 0)
	want.Equal(t, "calls that changed something", []int{puts, deletes}, []int{0, 0})
}

// A run may die at any of its calls, and a person may set as many at that moment. Afterwards what a person set is there;
// and what nobody set is as the file asks, or each run says that it is not.
func TestProvisioned_aRunThatDiesLosesNothingOfAPersons(t *testing.T) {
	for _, act := range []string{"set", "taken away"} {
		// It dies before the intent is written down, before the change is made, and before it is written down what came of it.
		for _, calls := range []int{7, 12, 13} {
			for _, person := range []int{0, 5} {
				t.Run(fmt.Sprintf("%s, dead after %d calls, a person sets %d", act, calls, person), func(t *testing.T) {
					s := newShop(t, fmt.Sprintf("provisioned-dies-%s-%d-%d", strings.ReplaceAll(act, " ", "-"), calls, person))
					if act == "taken away" {
						s.run(t)
						s.asks(0)
					}
					s.die(t, calls)
					if person > 0 {
						byHand(t, person)
					}
					s.later(t)
					_, _ = s.warmer(t).Handle(t.Context(), warmer.Event{})
					s.asks(0)
					for range 2 {
						s.later(t)
						_, err := s.warmer(t).Handle(t.Context(), warmer.Event{})
						if count := there(t); count != person && (err == nil || !strings.Contains(err.Error(), "caretaker warmer release")) {
							t.Errorf("%d are there when no window is on, want %d or somebody to be told (%v)", count, person, err)
						}
					}
				})
			}
		}
	}
}

// die has a run end after so many calls, as a process that is killed.
func (s *shop) die(t *testing.T, calls int) {
	t.Helper()
	made, killed := 0, make(chan struct{})
	shared.For(t).Inject(emulator.Fault{Match: func(emulator.Call) bool {
		select {
		case <-killed:
			return true
		default:
		}
		if made++; made > calls {
			close(killed)
			return true
		}
		return false
	}, Drop: true})
	s.later(t)
	settings := shared.For(t).AWS()
	settings.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	settings.HTTPClient = &http.Client{Timeout: 5 * time.Second}
	w, err := warmer.New(s.cfg, warmer.Connect(settings, 10), warmer.Options{Table: s.table})
	want.NoError(t, "making a warmer", err)
	_, _ = w.Handle(t.Context(), warmer.Event{})
	shared.For(t).ClearFaults()
}
