package metric

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"caretaker/internal/want"
)

// points reads datapoints as AWS writes them: 0 is within the threshold of 1, X breaches it, - is missing.
func points(text string) Series {
	var series Series
	for _, sign := range strings.Fields(text) {
		series = append(series, map[string]float64{"0": 0, "X": 1, "-": math.NaN()}[sign])
	}
	return series
}

const keeps State = "the state that it had"

// AWS's own tables and sentences:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
func TestJudge_isWhatAWSsTablesSay(t *testing.T) {
	for _, line := range []struct {
		datapoints                             int
		values                                 string
		missing, ignored, breaching, notBreach State
	}{
		{3, "0 - X - X", OK, OK, OK, OK},
		{3, "0 - - - -", OK, OK, OK, OK},
		{3, "- - - - -", NoData, keeps, On, OK},
		{3, "0 X X - X", On, On, On, On},
		{3, "- - X - -", On, keeps, On, OK},

		{2, "0 - X - X", On, On, On, On},
		{2, "0 0 X 0 X", On, On, On, On},
		{2, "0 - X - -", OK, OK, On, OK},
		{2, "- - - - 0", OK, OK, On, OK},
		{2, "- - - X -", On, keeps, On, OK},

		// Of these AWS says that a premature alarm is avoided; an older edition of the page has their states.
		{3, "- - - - X", NoData, keeps, On, OK},
		{3, "- - - X -", NoData, keeps, On, OK},
		{2, "- - - - X", NoData, keeps, On, OK},
		{3, "X - - - -", On, keeps, On, OK},
		// One that breaches is enough for 1 of 3, however missing data counts.
		{1, "- - - - X", On, On, On, On},
	} {
		for treatment, wanted := range map[string]State{"": line.missing, AsMissing: line.missing, AsIgnored: line.ignored, AsBreaches: line.breaching, AsNotBreaches: line.notBreach} {
			for _, before := range []State{OK, On, NoData} {
				rule := Rule{"GreaterThanOrEqualToThreshold", 1, line.datapoints, 3, treatment, 0}
				state := wanted
				if wanted == keeps {
					state = before
				}
				what := strings.Join([]string{line.values, "in", string(before), "with missing data as", treatment}, " ")
				want.Equal(t, what, rule.Judge(points(line.values), nil, before), state)
			}
		}
	}
}

func TestJudge_comparesAsTheOperatorSays(t *testing.T) {
	for operator, wanted := range map[string][3]State{
		"GreaterThanOrEqualToThreshold": {OK, On, On},
		"GreaterThanThreshold":          {OK, OK, On},
		"LessThanThreshold":             {On, OK, OK},
		"LessThanOrEqualToThreshold":    {On, On, OK},
	} {
		for at, value := range []float64{4, 5, 6} {
			rule := Rule{Comparison: operator, Threshold: 5, Datapoints: 1, Periods: 1}
			want.Equal(t, operator, rule.Judge(Series{value}, nil, NoData), wanted[at])
		}
	}
}

func TestCheck_refusesByName(t *testing.T) {
	for _, bad := range []struct {
		rule Rule
		says string
	}{
		{Rule{Comparison: "LessThanLowerOrGreaterThanUpperThreshold", Datapoints: 1, Periods: 1}, "LessThanLowerOrGreaterThanUpperThreshold compares with an anomaly band"},
		{Rule{Comparison: "GreaterThanUpperThreshold", Datapoints: 1, Periods: 1}, "anomaly band"},
		{Rule{Comparison: "About", Datapoints: 1, Periods: 1}, `"About" is not known`},
		{Rule{Comparison: "GreaterThanThreshold", Datapoints: 3, Periods: 2}, "3 of 2 datapoints"},
		{Rule{Comparison: "GreaterThanThreshold", Datapoints: 0, Periods: 2}, "0 of 2 datapoints"},
		{Rule{Comparison: "GreaterThanThreshold", Datapoints: 1, Periods: 1, Missing: "zero"}, `"zero" is no way`},
	} {
		err := bad.rule.Check()
		if err == nil {
			t.Errorf("%+v passes", bad.rule)
			continue
		}
		want.Says(t, "the reason", err.Error(), bad.says)
	}
}

// AWS: fewer than 1000 samples for p99.
func TestJudge_leavesPercentilesOfFewSamplesAlone(t *testing.T) {
	want.Equal(t, "samples for p99", math.Round(Fewest("p99")), 1000)
	want.Equal(t, "samples for p50", Fewest("p50"), 20)
	want.Equal(t, "samples for p10", Fewest("p10"), 100)
	for _, statistic := range []string{"Average", "p100", "p0", "tm90", "pxy"} {
		want.Equal(t, "samples for "+statistic, Fewest(statistic), 0)
	}
	rule := Rule{Comparison: "GreaterThanThreshold", Threshold: 5, Datapoints: 1, Periods: 2, Samples: 20}
	want.Equal(t, "with 19 samples", rule.Judge(Series{9, 9}, Series{9, 10}, OK), OK)
	want.Equal(t, "with 20 samples", rule.Judge(Series{9, 9}, Series{10, 10}, OK), On)
	want.Equal(t, "with 19 in the periods that count", rule.Judge(Series{9, 9, 9}, Series{100, 9, 10}, OK), OK)
	want.Equal(t, "with none", rule.Judge(None(2), None(2), On), On)
}

// Where no datapoint is missing, nothing but M of N counts: neither what was before, nor how missing data does.
func TestJudge_ofWholeDataIsMOfN(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rule := Rule{Comparison: "GreaterThanThreshold", Threshold: 0.5}
		rule.Periods = rapid.IntRange(1, 8).Draw(t, "N")
		rule.Datapoints = rapid.IntRange(1, rule.Periods).Draw(t, "M")
		rule.Missing = rapid.SampledFrom([]string{"", AsMissing, AsBreaches, AsNotBreaches, AsIgnored}).Draw(t, "missing")
		values := Series(rapid.SliceOfN(rapid.SampledFrom([]float64{0, 1}), rule.Range(), rule.Range()+3).Draw(t, "values"))
		breaching := 0
		for _, value := range values[len(values)-rule.Periods:] {
			breaching += int(value)
		}
		for _, before := range []State{OK, On, NoData} {
			if got := rule.Judge(values, nil, before); got != stateOf(breaching >= rule.Datapoints) {
				t.Fatalf("%v comes to %s, with %d of %d breaching where %d do", values, got, breaching, rule.Periods, rule.Datapoints)
			}
		}
	})
}

// A value that rises never ends an alarm on large values, and breaching data never starts less than missing data
// that does not breach.
func TestJudge_isOrdered(t *testing.T) {
	rank := map[State]int{OK: 0, NoData: 0, On: 1}
	rapid.Check(t, func(t *rapid.T) {
		rule := Rule{Comparison: "GreaterThanThreshold", Threshold: 0.5}
		rule.Periods = rapid.IntRange(1, 6).Draw(t, "N")
		rule.Datapoints = rapid.IntRange(1, rule.Periods).Draw(t, "M")
		values := Series(rapid.SliceOfN(rapid.SampledFrom([]float64{0, 1, math.NaN()}), rule.Range(), rule.Range()).Draw(t, "values"))
		under := func(missing string) int {
			rule.Missing = missing
			return rank[rule.Judge(values, nil, OK)]
		}
		if under(AsNotBreaches) > under(AsMissing) || under(AsMissing) > under(AsBreaches) || under(AsNotBreaches) > under(AsIgnored) || under(AsIgnored) > under(AsMissing) {
			t.Fatalf("%v: not breaching %d, ignored %d, missing %d, breaching %d", values, under(AsNotBreaches), under(AsIgnored), under(AsMissing), under(AsBreaches))
		}
		raised := append(Series{}, values...)
		for slot, value := range raised {
			if value == 0 {
				raised[slot] = float64(rapid.IntRange(0, 1).Draw(t, "raised"))
			}
		}
		for _, missing := range []string{AsMissing, AsNotBreaches, AsBreaches} {
			rule.Missing = missing
			if rank[rule.Judge(raised, nil, OK)] < rank[rule.Judge(values, nil, OK)] {
				t.Fatalf("%v is on, and %v is not, with missing data as %s", values, raised, missing)
			}
		}
	})
}
