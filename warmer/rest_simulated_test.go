package warmer_test

import (
	"testing"
	"time"

	"caretaker/internal/environments"
	"caretaker/internal/setting"
	"caretaker/internal/want"
	"caretaker/warmer"
)

// Each run is a new process: what rests stands in the table.
func TestRest_isRememberedAndEndsWithTheFirstColdOne(t *testing.T) {
	r, begin := remembering(t, "rests", 4, environments.Function{Name: "checkout"})
	r.cfg.LongestInterval = setting.Duration(15 * time.Minute)
	pings := func(minutes int) (counts []int) {
		for range minutes / 5 {
			r.Elapse(r.Now().Add(5*time.Minute), "checkout", nil)
			counts = append(counts, good(t, begin()).Pings)
		}
		return counts
	}
	// At 5 all are cold; at 10 none, so the next round is at 20, the one after that at 35, and then each 15 minutes.
	want.Equal(t, "pings in an hour and more", pings(65), []int{5, 4, 0, 4, 0, 0, 4, 0, 0, 4, 0, 0, 4})
	r.SetWarm("checkout", 3) // one is gone
	want.Equal(t, "pings once one is gone", pings(30), []int{0, 0, 4, 4, 0, 4})
	report := good(t, begin())
	want.Equal(t, "a second run just now finds it busy", report.Busy, true)
}

// Somebody who starts a run by hand wants pings, and a run that wants more does too.
func TestRest_endsByHandAndWhenMoreAreWanted(t *testing.T) {
	r := newRegion(t, environments.Options{}, 4, environments.Function{Name: "checkout"})
	r.cfg.LongestInterval = setting.Duration(30 * time.Minute)
	w := r.warmer(t)
	for range 2 {
		good(t, w)
		r.Elapse(r.Now().Add(5*time.Minute), "checkout", nil)
	}
	resting := skippedOf(t, good(t, w), "checkout")
	want.Equal(t, "why it is left out", resting.Reason, warmer.Resting)
	byHand, err := warmer.New(r.cfg, warmer.Connect(r.settings, 10), warmer.Options{Now: r.Now, NoRest: true})
	want.NoError(t, "making a warmer", err)
	want.Equal(t, "pings by hand, one alone among them", good(t, byHand).Pings, 5)
}

// What a process learned the next one knows: the hold, that the last ping met a 429, and that warming does not help.
func TestLasting_aNewProcessBeginsWhereTheLastOneEnded(t *testing.T) {
	r, begin := remembering(t, "lasting", 5, environments.Function{Name: "checkout"})
	good(t, begin())
	r.later(t)
	first := of(t, good(t, begin()), "checkout")
	r.later(t)
	second := of(t, good(t, begin()), "checkout")
	if second.HoldMs >= first.HoldMs {
		t.Errorf("a second process holds %d ms after one that held %d ms and saw a spread of %d ms, want less", second.HoldMs, first.HoldMs, first.SpreadMs)
	}
	r.faulty(refusing("", 1000, 429, "TooManyRequestsException"))
	r.later(t)
	want.Equal(t, "pings of the process that meets a 429", good(t, begin()).Pings, 5+1)
	r.later(t)
	want.Equal(t, "pings of the next process", good(t, begin()).Pings, 1)
	r.faulty(refusing("", 0, 0, ""))
	for run := 1; run <= 3; run++ {
		r.SetWarm("checkout", 0)
		r.later(t)
		checkout := of(t, good(t, begin()), "checkout")
		want.Equal(t, "cold", checkout.Cold, 5)
		if run == 3 {
			want.Says(t, "the note of the third process", checkout.Note, "warming does not help here")
		}
	}
}
