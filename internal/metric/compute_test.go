package metric

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"caretaker/internal/want"
)

var gap = math.NaN()

// over computes an expression over metrics by their ids.
func over(text string, count int, metrics map[string]Series, more ...Query) (Series, error) {
	queries := append([]Query{{ID: "judged", Expression: text, Judged: true}}, more...)
	data := Data{}
	for id, series := range metrics {
		metric := Metric{Name: id}
		data[metric.Key()] = series
		queries = append(queries, Query{ID: id, Metric: &metric})
	}
	alarm, err := New("alarm", Rule{Comparison: "GreaterThanThreshold", Datapoints: 1, Periods: 1}, time.Minute, queries)
	if err != nil {
		return nil, err
	}
	return alarm.Values(Frame{time.Date(2026, 11, 29, 23, 58, 0, 0, time.UTC), time.Minute, count}, data)
}

// Examples of AWS's page where there is one:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
func TestValues_areWhatAWSComputes(t *testing.T) {
	metrics := map[string]Series{
		"metric1": {30, 20, 0, 0}, "metric2": {20, gap, 20, gap},
		"consumed": {600, gap, 3000, 2400}, "provisioned": {gap, 50, gap, 80}, "none": {gap, gap, gap, gap},
		"zero": {0, 0, 0, 0}, "line": {1, gap, gap, 7},
	}
	for expression, wanted := range map[string]Series{
		"(metric1 < metric2)":                 {0, 0, 1, 0},
		"metric1 >= 30":                       {1, 0, 0, 0},
		"(metric1 > 15 AND metric2 > 15)":     {1, 0, 0, 0},
		"metric1 > 15 || metric2 > 15":        {1, 1, 1, 0},
		"metric1 == 20":                       {0, 1, 0, 0},
		"metric1 != 20 && metric1 <= 30":      {1, 0, 1, 1},
		"metric1 + metric2":                   {50, 20, 20, 0},
		"metric1 - metric2":                   {10, 20, -20, 0},
		"5 * metric2":                         {100, gap, 100, gap},
		"metric1 / metric2":                   {1.5, gap, 0, gap},
		"metric1 / zero":                      {gap, gap, gap, gap},
		"-metric1":                            {-30, -20, 0, 0},
		"2 + 3 * 2 ^ 2 * metric1":             {362, 242, 2, 2},
		"metric1 / 10 / 2":                    {1.5, 1, 0, 0},
		"metric1 - 10 - 5":                    {15, 5, -15, -15},
		"1.5e1 + metric1 * .5":                {30, 25, 15, 15},
		"consumed / 60":                       {10, gap, 50, 40},
		"FILL(metric2, 0)":                    {20, 0, 20, 0},
		"FILL(none, 3)":                       {3, 3, 3, 3},
		"FILL(metric2, REPEAT)":               {20, 20, 20, 20},
		"FILL(provisioned, REPEAT)":           {gap, 50, 50, 80},
		"FILL(line, LINEAR)":                  {1, 3, 5, 7},
		"FILL(provisioned, metric1)":          {30, 50, 0, 80},
		"FILL(metric2, MAX(metric1))":         {20, 30, 20, 30},
		"100*FILL(none,0)/FILL(metric2,1)":    {0, 0, 0, 0},
		"IF(metric1 > 15, metric2)":           {20, 0, gap, gap},
		"IF(metric1 > 15, 10, 2)":             {10, 10, 2, 2},
		"IF(metric2 > 15, 1, 0)":              {1, gap, 1, gap},
		"IF(1, metric2, metric1)":             {20, gap, 20, gap},
		"IF(0, metric2)":                      {gap, gap, gap, gap},
		"SUM([metric1, metric2])":             {50, 20, 20, 0},
		"AVG([metric1, metric2])":             {25, 10, 10, 0},
		"MAX([metric2, provisioned])":         {20, 50, 20, 80},
		"MIN([metric2, provisioned])":         {20, 50, 20, 80},
		"STDDEV([metric1, zero])":             {15, 10, 0, 0},
		"DATAPOINT_COUNT([metric2, metric1])": {2, 1, 2, 1},
		"SUM(metric1) + zero":                 {50, 50, 50, 50},
		"metric2 - AVG(metric2)":              {0, gap, 0, gap},
		"MAX(none) + metric1":                 {gap, gap, gap, gap},
		"DATAPOINT_COUNT(metric2) + zero":     {2, 2, 2, 2},
		"DIFF(metric1)":                       {gap, -10, -20, 0},
		"DIFF(metric2)":                       {gap, gap, 0, gap},
		"RATE(metric1) * 60":                  {gap, -10, -20, 0},
		"DIFF_TIME(metric2)":                  {gap, gap, 120, gap},
		"RUNNING_SUM(metric2)":                {20, gap, 40, gap},
		"ABS(-metric1)":                       {30, 20, 0, 0},
		"CEIL(metric1/7) - FLOOR(metric1/7)":  {1, 1, 0, 0},
		"LOG10(metric1 * 0 + 100)":            {2, 2, 2, 2},
		"metric1 / PERIOD(metric1)":           {0.5, 1.0 / 3, 0, 0},
		"TIME_SERIES(5)":                      {5, 5, 5, 5},
		"MINUTE(none)":                        {58, 59, 0, 1},
		"HOUR(none)":                          {23, 23, 0, 0},
		"DAY(none)":                           {7, 7, 1, 1}, // Sunday, then Monday
		"DATE(none) + MONTH(none)":            {40, 40, 41, 41},
		"IF(DAY(metric1) < 6, metric1)":       {gap, gap, 0, 0},
		`SUM(METRICS("metric"))`:              {50, 20, 20, 0},
		"zero + METRIC_COUNT(METRICS())":      {7, 7, 7, 7},
		"SUM(100/[metric1])":                  {100.0 / 30, 5, gap, gap},
		"AVG([metric1,metric2]/metric1)":      {(1 + 20.0/30) / 2, 0.5, gap, gap},
		"MAX(FILL(METRICS(\"metric\"), 25))":  {30, 25, 20, 25},
	} {
		got, err := over(expression, 4, metrics)
		want.NoError(t, expression, err)
		want.Equal(t, expression, got, wanted, cmpopts.EquateNaNs(), cmpopts.EquateApprox(0, 1e-9))
	}
}

// AWS's table of IF with metrics and numbers.
func TestValues_ofIFAreThoseOfAWSsTables(t *testing.T) {
	metrics := map[string]Series{"metric1": {1, 1, 0, 0, gap}, "metric2": {30, gap, 0, 0, 30}, "metric3": {0, 0, 20, gap, 20}}
	for expression, wanted := range map[string]Series{
		"IF(metric1, metric2, metric3)": {30, 0, 20, gap, gap},
		"IF(metric1, 5, metric3)":       {5, 5, 20, gap, gap},
		"IF(metric1, metric2, 5)":       {30, 0, 5, 5, gap},
	} {
		got, err := over(expression, 5, metrics)
		want.NoError(t, expression, err)
		want.Equal(t, expression, got, wanted, cmpopts.EquateNaNs())
	}
}

func TestValues_ofExpressionsOverExpressions(t *testing.T) {
	metrics := map[string]Series{"m1": {1, 2}}
	got, err := over("e1 * 10", 2, metrics, Query{ID: "e1", Expression: "m1 + 1"})
	want.NoError(t, "computing", err)
	want.Equal(t, "the values", got, Series{20, 30})
	_, err = over("e1", 2, metrics, Query{ID: "e1", Expression: "judged + 1"})
	want.Says(t, "the reason", err.Error(), "needs itself")
}

func TestNew_refusesWhatCannotBeComputedByName(t *testing.T) {
	for expression, says := range map[string]string{
		"ANOMALY_DETECTION_BAND(m1, 2)":       "ANOMALY_DETECTION_BAND is not computed",
		"SEARCH('{AWS/Lambda}', 'Sum')":       "SEARCH is not computed",
		"SERVICE_QUOTA(m1)":                   "SERVICE_QUOTA is not computed",
		"SORT(METRICS(), AVG, DESC)":          "SORT is not computed",
		"m1 +":                                "ends too early",
		"(m1":                                 "a ) is missing",
		"[m1":                                 "a ] is missing",
		"m1 m1":                               `"m1" is not expected`,
		"m1 % 2":                              `'%' is no sign`,
		"FILL(m1)":                            "FILL takes 2 to 2 arguments, not 1",
		"FILL(m1, ZERO)":                      "not ZERO",
		"FILL(5, 0)":                          "FILL takes a metric, not a number",
		"m9":                                  "there is no m9",
		"AVG(m1)":                             "comes to a number",
		"[m1, m1]":                            "comes to 2 series",
		"[m1] + [m1]":                         "no list on both sides",
		`METRICS("m`:                          "has no end",
		"1..2 * m1":                           "1..2",
		"REPEAT":                              `"REPEAT" stands where`,
		strings.Repeat("(", 500) + "m1":       "nested more than",
		"SUM(DB_PERF_INSIGHTS('RDS', m1))":    "DB_PERF_INSIGHTS is not computed",
		"INSIGHT_RULE_METRIC(\"r\", \"Sum\")": "INSIGHT_RULE_METRIC is not computed",
	} {
		_, err := over(expression, 2, map[string]Series{"m1": {1, 2}})
		if err == nil {
			t.Errorf("%s is computed", expression)
			continue
		}
		want.Says(t, "the reason", err.Error(), says)
	}
}

// Whatever is written, reading it ends and breaks nothing.
func TestParse_endsWithAnyText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.SampledFrom([]string{"m1", "1", "(", ")", "[", "]", ",", "+", "-", "*", "/", "^", "<", "AND", "FILL(", "IF(", "AVG(", "REPEAT", "\"", "5e", "#", "METRICS("}), 0, 12).Draw(t, "words")
		_, _ = over(strings.Join(words, " "), 2, map[string]Series{"m1": {1, gap}})
	})
}

// Gaps that are filled leave none, and change nothing else.
func TestValues_filledHaveNoGaps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		series := Series(rapid.SliceOfN(rapid.OneOf(rapid.Float64Range(-9, 9), rapid.Just(gap)), 1, 20).Draw(t, "series"))
		got, err := over("FILL(m1, 4)", len(series), map[string]Series{"m1": series})
		if err != nil {
			t.Fatal(err)
		}
		for slot, value := range got {
			if Missing(series[slot]) && value != 4 || !Missing(series[slot]) && value != series[slot] {
				t.Fatalf("%v is filled to %v", series, got)
			}
		}
	})
}
