package main

import (
	"errors"
	"testing"
	"time"

	limitraiser "caretaker/limit-raiser"
)

// Two copies of one event prove nothing if they are two events.
func TestChange_isOneEventInBothShapes(t *testing.T) {
	w := &raiserWorld{options: limitraiser.Options{Home: limitraiser.Home{Partition: "aws", Account: "000000000000", Region: "us-east-1"}}}
	c := change{"orders", time.Date(2026, 2, 26, 10, 15, 2, 123e6, time.UTC)}
	var keys []string
	for _, event := range [][]byte{w.throughSNS(c), w.straight(c)} {
		deliveries := limitraiser.Decode(event)
		if len(deliveries) != 1 || deliveries[0].Alarm == nil {
			t.Fatalf("%s brings %+v", event, deliveries)
		}
		keys = append(keys, deliveries[0].Alarm.Key())
	}
	if keys[0] != keys[1] || keys[0] == "" {
		t.Errorf("the keys are %q and %q", keys[0], keys[1])
	}
}

func TestWaitingLine_bringsWhatFailedAgainAndThenEnds(t *testing.T) {
	line := &waitingLine{events: [][]byte{[]byte("a"), []byte("b")}}
	next := func(want string, wantMore bool) {
		t.Helper()
		if event, more := line.next(t.Context()); string(event) != want || more != wantMore {
			t.Errorf("next is %q, %t; want %q, %t", event, more, want, wantMore)
		}
	}
	next("a", true)
	next("b", true)
	next("", true) // both are being answered
	line.answered([]byte("a"), limitraiser.Report{}, errors.New("a copy is being answered"))
	line.answered([]byte("b"), limitraiser.Report{Duplicates: 1}, nil)
	next("a", true)
	line.answered([]byte("a"), limitraiser.Report{}, nil)
	next("", false)
	if line.deliveries != 3 || line.duplicates != 1 || line.again != 1 {
		t.Errorf("%+v", line)
	}
}
