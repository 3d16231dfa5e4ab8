package console

import "testing"

func TestWorse_isTheErrorBeforeTheBeltBeforeTheRest(t *testing.T) {
	for _, test := range []struct{ a, b, want Code }{
		{Done, Done, Done}, {Done, WorkLeft, WorkLeft}, {BeltClosed, WorkLeft, BeltClosed}, {Failed, BeltClosed, Failed}, {WorkLeft, Failed, Failed},
	} {
		if got := Worse(test.a, test.b); got != test.want {
			t.Errorf("of %d and %d the worse is %d", test.a, test.b, got)
		}
	}
}
