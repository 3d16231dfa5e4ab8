package simulation

import (
	"testing"

	"caretaker/internal/want"
)

func TestRun_losesNothingAndPutsNothingAmongTheDeadLettersTwice(t *testing.T) {
	var all Outcome
	for seed := range uint64(600) {
		outcome, err := Run(t.Context(), seed, Options{})
		want.NoError(t, "simulating", err)
		if outcome.Lost+outcome.Twice+outcome.Unbalanced > 0 {
			t.Fatalf("seed %d: %+v, want nothing lost, nothing twice and every account balanced", seed, outcome)
		}
		if sum := outcome.Delivered + outcome.DeadLettered + outcome.Filtered + outcome.GivenUp; sum != outcome.Events {
			t.Fatalf("seed %d: %d of %d events are somewhere", seed, sum, outcome.Events)
		}
		all.Delivered += outcome.Delivered
		all.DeadLettered += outcome.DeadLettered
		all.Filtered += outcome.Filtered
		all.GivenUp += outcome.GivenUp
		all.Crashes += outcome.Crashes
		all.Shared += outcome.Shared
	}
	t.Logf("%+v", all)
	if all.Delivered == 0 || all.DeadLettered == 0 || all.Filtered == 0 || all.GivenUp == 0 || all.Crashes == 0 || all.Shared == 0 {
		t.Errorf("something never happens: %+v", all)
	}
}

func TestRun_seesTheLossWhereASourceTakesEveryAnswerForSuccess(t *testing.T) {
	lost := 0
	for seed := range uint64(50) {
		outcome, err := Run(t.Context(), seed, Options{Trust: true})
		want.NoError(t, "simulating", err)
		lost += outcome.Lost
	}
	if lost == 0 {
		t.Error("nothing is lost although failures are ignored: the simulation sees nothing")
	}
}
