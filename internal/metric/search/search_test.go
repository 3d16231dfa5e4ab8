package search

import (
	"fmt"
	"testing"
	"time"

	"caretaker/internal/metric"
	"caretaker/internal/want"
)

var frame = metric.Frame{Start: time.Unix(0, 0), Period: 5 * time.Minute, Count: 2}

// three are functions, of which a has the most, and what was asked for.
func three(asked *[]Search) Look {
	return func(s Search) ([]Found, error) {
		*asked = append(*asked, s)
		all := []Found{{"a", metric.Series{6, 2}}, {"b", metric.Series{1, 1}}, {"c", metric.Series{0, 7}}}
		if s.Values != nil {
			all = all[:len(s.Values)]
		}
		return all, nil
	}
}

func lines(found []Found) (text []string) {
	for _, one := range found {
		text = append(text, fmt.Sprint(one.Label, one.Series))
	}
	return text
}

func TestEvaluate_computesWhatADashboardLooksFor(t *testing.T) {
	const find, some = `SEARCH('{AWS/Lambda,FunctionName} MetricName="Errors"', 'Sum', 300)`, `SEARCH('{AWS/Lambda,FunctionName} MetricName="Errors" AND (FunctionName="a" OR FunctionName="b")', 'p99', 300)`
	for text, wanted := range map[string][]string{
		find:                                  {"a[6 2]", "b[1 1]", "c[0 7]"},
		some:                                  {"a[6 2]", "b[1 1]"},
		"SORT(" + find + ", SUM, DESC, 2)":    {"a[6 2]", "c[0 7]"},
		"SORT(" + find + ", MAX, DESC, 1)":    {"c[0 7]"},
		"10*SORT(" + some + ", MAX, DESC, 1)": {"a[60 20]"},
		"0.5*" + some:                         {"a[3 1]", "b[0.5 0.5]"},
		"SUM(" + find + ")*2+SUM(" + some + ")*100": {"[714 320]"},
		`SELECT MAX(Errors) FROM SCHEMA("AWS/Lambda", FunctionName) GROUP BY FunctionName ORDER BY MAX() DESC LIMIT 2`: {"c[0 7]", "a[6 2]"},
	} {
		t.Run(text, func(t *testing.T) {
			var asked []Search
			found, err := Evaluate(text, frame, three(&asked))
			want.NoError(t, "computing", err)
			want.Equal(t, "the lines", lines(found), wanted)
			want.Equal(t, "what is looked for", asked[0].Namespace+" "+asked[0].Metric+" "+asked[0].Dimensions[0], "AWS/Lambda Errors FunctionName")
		})
	}
}

func TestEvaluate_findsNothingWhereThereIsNothingToSum(t *testing.T) {
	found, err := Evaluate(`SUM(SEARCH('{A,B} MetricName="C"', 'Sum', 300))*2`, frame, func(Search) ([]Found, error) { return nil, nil })
	want.NoError(t, "computing", err)
	want.Equal(t, "lines", len(found), 0)
}

func TestEvaluate_refusesWhatItCannotRead(t *testing.T) {
	for text, says := range map[string]string{
		`SEARCH('CPUUtilization', 'Average', 300)`:                                              "is not of the form",
		`SEARCH('{A,B} MetricName="C" AND (D="x")', 'Sum', 300)`:                                `which is not B="value"`,
		`SEARCH('{A,B} MetricName="C"', 'Sum', 300)/SEARCH('{A,B} MetricName="D"', 'Sum', 300)`: "2 searches",
		`m1*2`: "0 searches",
		`TOP(SEARCH('{A,B} MetricName="C"', 'Sum', 300))`: "TOP",
	} {
		_, err := Evaluate(text, frame, three(new([]Search)))
		want.Says(t, "the error", fmt.Sprint(err), says)
	}
}
