package warmer

import (
	"fmt"
	"testing"
	"time"

	"caretaker/internal/setting"
	"caretaker/internal/want"
)

const fiveMinutes = 5 * time.Minute

// rested is the plan for a function that was last pinged so long ago.
func rested(ago time.Duration, longest time.Duration, change func(*trace, *Facts)) Plan {
	return planned(monday, func(cfg *Config, facts *Facts) {
		cfg.LongestInterval = setting.Duration(longest)
		last := trace{Code: "abc", At: monday.Add(-ago).Unix(), Wanted: 20, Calm: 9}
		facts.Every, facts.Readings[checkoutLive] = fiveMinutes, fit("checkout")
		facts.Code[Code{"checkout", "abc"}] = Instrumented
		if change != nil {
			change(&last, facts)
		}
		facts.Traces = map[Ref]trace{checkoutLive: last}
	}, Function{Name: "checkout", Qualifier: "live", Warm: map[string]int{"always": 2, "office": 20}})
}

func TestRest_leavesATargetOutOnlyWhileNothingSpeaksAgainstIt(t *testing.T) {
	const rests, pinged = "checkout:live not: none of it was cold: it rests until its next round", "checkout:live 20 by office"
	quarter := 15 * time.Minute
	for name, c := range map[string]struct {
		ago, longest time.Duration
		change       func(*trace, *Facts)
		want         string
	}{
		"five minutes ago":               {fiveMinutes, quarter, nil, rests},
		"ten minutes ago":                {10 * time.Minute, quarter, nil, rests},
		"a run that comes a little soon": {quarter - time.Minute, quarter, nil, pinged},
		"a quarter of an hour ago":       {quarter, quarter, nil, pinged},
		"long ago":                       {24 * time.Hour, quarter, nil, pinged},
		"the key is off":                 {fiveMinutes, 0, nil, pinged},
		"it was cold":                    {fiveMinutes, quarter, func(last *trace, _ *Facts) { last.Calm = 0 }, pinged},
		"after one calm round":           {fiveMinutes, quarter, func(last *trace, _ *Facts) { last.Calm = 1 }, rests},
		"after one, ten minutes ago":     {10 * time.Minute, quarter, func(last *trace, _ *Facts) { last.Calm = 1 }, pinged},
		"fewer were wanted":              {fiveMinutes, quarter, func(last *trace, _ *Facts) { last.Wanted = 2 }, pinged},
		"other code":                     {fiveMinutes, quarter, func(last *trace, _ *Facts) { last.Code = "before" }, pinged},
		"it met a 429":                   {fiveMinutes, quarter, func(last *trace, _ *Facts) { last.Throttled = true }, pinged},
		"code that was never asked":      {fiveMinutes, quarter, func(_ *trace, f *Facts) { f.Code = nil }, pinged},
		"a clock that was set back":      {-time.Hour, quarter, nil, rests},
	} {
		t.Run(name, func(t *testing.T) { want.Equal(t, "the plan", one(t, rested(c.ago, c.longest, c.change)), c.want) })
	}
	want.Says(t, "until when", rested(fiveMinutes, quarter, nil).Skips[0].Detail, "11:10 UTC")
}

func TestRest_growsByARunUpToTheLongest(t *testing.T) {
	for _, c := range []struct {
		every, longest time.Duration
		calm           int
		want           time.Duration
	}{
		{fiveMinutes, 15 * time.Minute, 0, fiveMinutes},
		{fiveMinutes, 15 * time.Minute, 1, 10 * time.Minute},
		{fiveMinutes, 15 * time.Minute, 2, 15 * time.Minute},
		{fiveMinutes, 15 * time.Minute, 1 << 40, 15 * time.Minute},
		{fiveMinutes, 12 * time.Minute, 2, 12 * time.Minute},
		{time.Hour, 15 * time.Minute, 3, time.Hour},
		{0, 15 * time.Minute, 3, 15 * time.Minute},
	} {
		cfg := Default()
		cfg.LongestInterval = setting.Duration(c.longest)
		want.Equal(t, fmt.Sprintf("every %s up to %s, after %d calm rounds", c.every, c.longest, c.calm), interval(cfg, c.every, c.calm), c.want)
	}
}

// What stays of a run fits into an item, however many targets there are, and what is old goes.
func TestLasting_fitsIntoAnItem(t *testing.T) {
	traces := map[string]trace{"old": {At: monday.Add(-8 * 24 * time.Hour).Unix()}}
	for number := range 10_000 {
		traces[fmt.Sprintf("a-function-with-a-name-%d:live", number)] = trace{Code: "0123456789abcdef0123", At: monday.Unix() - int64(number), Wanted: 20, HoldMs: 150, Calm: 3}
	}
	text, err := remembered(traces, monday)
	want.NoError(t, "writing them", err)
	if len(text) > mostTraces || len(text) < mostTraces/2 {
		t.Errorf("they have %d characters, want up to %d, and not much less", len(text), mostTraces)
	}
	left, err := leftIn(values{"traces": str(text)})
	want.NoError(t, "reading them", err)
	_, old := left.traces["old"]
	_, newest := left.traces["a-function-with-a-name-0:live"]
	want.Equal(t, "the old one and the newest are there", []bool{old, newest}, []bool{false, true})
}

// Traces that cannot be read are learned anew; what was provisioned is never taken for nothing.
func TestLasting_thatCannotBeRead(t *testing.T) {
	left, err := leftIn(values{"traces": str("{"), "looked": str("[]")})
	want.NoError(t, "reading broken traces", err)
	want.Equal(t, "traces", len(left.traces)+len(left.looked), 0)
	if _, err := leftIn(values{"provisioned": str("{")}); err == nil {
		t.Error("broken records of what was provisioned are no error")
	}
}
