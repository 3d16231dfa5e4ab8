package main

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"caretaker/internal/want"
)

func TestTogether_tellsInOrderAndKeepsWhatIsShort(t *testing.T) {
	var out, notes bytes.Buffer
	r := &results{out: &out, notes: &notes, part: "warmer"}
	second := make(chan struct{})
	err := together(t.Context(), r,
		warmStep{"first", func(_ context.Context, r *results) error {
			<-second
			r.note("first note")
			r.report(figure{"first", 1, "of N", "=", 1})
			return nil
		}},
		warmStep{"second", func(_ context.Context, r *results) error {
			defer close(second)
			r.note("second note")
			r.report(figure{"second", 2, "of N", "=", 1})
			return errors.New("no such thing")
		}})
	if err == nil || err.Error() != "second: no such thing" {
		t.Errorf("the error is %v", err)
	}
	want.Equal(t, "the figures", out.String(), "warmer first 1 of N goal = 1 ok\nwarmer second 2 of N goal = 1 short\n")
	want.Equal(t, "the notes", notes.String(), "first note\nsecond note\n")
	want.Equal(t, "what is short", r.short, []string{"warmer second"})
}

// A day with the warmer is held against the same day without.
func TestDays_areTheSameEachTime(t *testing.T) {
	for _, d := range days {
		var before []time.Time
		for range 2 {
			random := rand.New(rand.NewPCG(6, 0))
			var arrivals []time.Time
			for minute := midnight; minute.Before(midnight.Add(24 * time.Hour)); minute = minute.Add(time.Minute) {
				for _, at := range d.arrivals(random, minute) {
					if at.Before(minute) || !at.Before(minute.Add(time.Minute)) {
						t.Fatalf("%s: an event of the minute from %s arrives at %s", d.name, minute, at)
					}
					arrivals = append(arrivals, at)
				}
			}
			if len(arrivals) < 500 {
				t.Errorf("%s: %d events", d.name, len(arrivals))
			}
			if before != nil {
				want.Equal(t, "the events of "+d.name, arrivals, before)
			}
			before = arrivals
		}
	}
}
