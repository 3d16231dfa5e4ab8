package metric

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"caretaker/internal/want"
)

var midnight = time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC)

// played is an alarm on one metric, played over these values, a minute each.
func played(t testing.TB, rule Rule, values Series) Replay {
	t.Helper()
	metric := Metric{Namespace: "Shop", Name: "Orders", Statistic: "Sum"}
	alarm, err := New("orders", rule, time.Minute, []Query{{ID: "m", Metric: &metric, Judged: true}})
	want.NoError(t, "making the alarm", err)
	replay, err := alarm.Play(Frame{midnight, time.Minute, len(values)}, Data{metric.Key(): values})
	want.NoError(t, "playing it", err)
	return replay
}

func TestPlay_tellsWhenItWasOnAndForHowLong(t *testing.T) {
	rule := Rule{Comparison: "GreaterThanThreshold", Threshold: 5, Datapoints: 2, Periods: 2}
	replay := played(t, rule, Series{0, 0, 0, 9, 9, 9, 0, 0, 9, 0, 9, 9, 0})
	want.Equal(t, "the spells", replay.Spells(), []Spell{
		{midnight.Add(5 * time.Minute), 2 * time.Minute},
		{midnight.Add(12 * time.Minute), time.Minute},
	})
}

// A datapoint that is alone stays the newest for as long as it is in the evaluation range.
func TestPlay_keepsOnOverAGap(t *testing.T) {
	rule := Rule{Comparison: "GreaterThanThreshold", Threshold: 5, Datapoints: 1, Periods: 1, Missing: AsNotBreaches}
	replay := played(t, rule, Series{0, 0, 0, 9, gap, gap, gap, gap})
	want.Equal(t, "the spells", replay.Spells(), []Spell{{midnight.Add(4 * time.Minute), 3 * time.Minute}})
}

// An expression that looks back sees the evaluation range, not all that was read.
func TestPlay_computesWhatLooksBackInEachRange(t *testing.T) {
	metric := Metric{Name: "Capacity"}
	alarm, err := New("capacity", Rule{Comparison: "GreaterThanThreshold", Threshold: 5, Datapoints: 1, Periods: 1, Missing: AsNotBreaches}, time.Minute,
		[]Query{{ID: "m1", Metric: &metric}, {ID: "judged", Expression: "FILL(m1, REPEAT)", Judged: true}})
	want.NoError(t, "making the alarm", err)
	replay, err := alarm.Play(Frame{midnight, time.Minute, 8}, Data{metric.Key(): {9, gap, gap, gap, gap, gap, gap, gap}})
	want.NoError(t, "playing it", err)
	want.Equal(t, "the values", replay.Values, Series{9, 9, 9, gap, gap, gap, gap, gap}, cmpopts.EquateNaNs())
	want.Equal(t, "the spells", replay.Spells(), []Spell{{midnight.Add(3 * time.Minute), time.Minute}})
}

func TestPlay_countsSamplesWhereTheAlarmAsksForThem(t *testing.T) {
	metric := Metric{Namespace: "Shop", Name: "Latency", Statistic: "p90"}
	alarm, err := New("latency", Rule{Comparison: "GreaterThanThreshold", Threshold: 5, Datapoints: 1, Periods: 1, Samples: 100}, time.Minute, []Query{{ID: "m", Metric: &metric, Judged: true}})
	want.NoError(t, "making the alarm", err)
	samples, counts := alarm.Sampled()
	want.Equal(t, "what is counted", samples.Statistic, "SampleCount")
	want.Equal(t, "whether samples are counted", counts, true)
	replay, err := alarm.Play(Frame{midnight, time.Minute, 5}, Data{metric.Key(): {9, 9, 9, 9, 9}, samples.Key(): {500, 500, 99, 100, 99}})
	want.NoError(t, "playing it", err)
	want.Equal(t, "the states", replay.States, []State{NoData, NoData, NoData, On, On})
}

func TestQuiet_isRoundAndJustBeyondWhatWasMeasured(t *testing.T) {
	above := Rule{Comparison: "GreaterThanOrEqualToThreshold", Threshold: 5, Datapoints: 2, Periods: 3}
	for _, one := range []struct {
		rule   Rule
		values Series
		quiet  float64
		found  bool
	}{
		{above, Series{0, 0, 0, 0, 0, 1}, 5, true},
		{above, Series{0, 0, 0, 0, 0, 900, 12.34, 0}, 13, true}, // 2 of 3: the larger one is alone
		{above, Series{0, 0, 0, 0, 0, 900, 900, 0}, 910, true},
		{above, Series{0, 0, 0, 0, 0, 5, 5, 0}, 5.1, true},
		{Rule{Comparison: "LessThanThreshold", Threshold: 5, Datapoints: 1, Periods: 1}, Series{9, 9, 9, 0.42, 9}, 0.41, true},
		{Rule{Comparison: "LessThanOrEqualToThreshold", Threshold: 5, Datapoints: 1, Periods: 1}, Series{9, 9, 9, 0, 9}, -1, true},
		{Rule{Comparison: "GreaterThanThreshold", Threshold: 5, Datapoints: 1, Periods: 1, Missing: AsBreaches}, Series{gap, gap, gap, gap}, 0, false},
	} {
		quiet, found := played(t, one.rule, one.values).Quiet()
		want.Equal(t, "whether there is one", found, one.found)
		want.Equal(t, "the threshold", quiet, one.quiet)
	}
}

// Whatever was measured, a threshold that is offered keeps quiet.
func TestQuiet_keepsQuiet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rule := Rule{Threshold: rapid.Float64Range(-3, 3).Draw(t, "threshold")}
		rule.Comparison = rapid.SampledFrom([]string{"GreaterThanThreshold", "GreaterThanOrEqualToThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold"}).Draw(t, "comparison")
		rule.Periods = rapid.IntRange(1, 4).Draw(t, "N")
		rule.Datapoints = rapid.IntRange(1, rule.Periods).Draw(t, "M")
		rule.Missing = rapid.SampledFrom([]string{AsMissing, AsIgnored, AsNotBreaches, AsBreaches}).Draw(t, "missing")
		values := Series(rapid.SliceOfN(rapid.OneOf(rapid.Float64Range(-9, 9), rapid.Just(math.NaN())), 1, 40).Draw(t, "values"))
		metric := Metric{Name: "any"}
		alarm, err := New("any", rule, time.Minute, []Query{{ID: "m", Metric: &metric, Judged: true}})
		if err != nil {
			t.Fatal(err)
		}
		data, frame := Data{metric.Key(): values}, Frame{midnight, time.Minute, len(values)}
		replay, err := alarm.Play(frame, data)
		if err != nil {
			t.Fatal(err)
		}
		quiet, found := replay.Quiet()
		if !found {
			if rule.Missing != AsBreaches {
				t.Fatalf("no threshold keeps %v quiet", values)
			}
			return
		}
		alarm.Rule.Threshold = quiet
		after, err := alarm.Play(frame, data)
		if err != nil {
			t.Fatal(err)
		}
		if spells := after.Spells(); len(spells) > 0 {
			t.Fatalf("with %v it is on %d times", quiet, len(spells))
		}
	})
}
