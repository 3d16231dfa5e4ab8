package janitor

import (
	"maps"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"
	"github.com/google/go-cmp/cmp"

	"caretaker/internal/emulator/lambdasim"
)

func TestDaysToLimit_dividesWhatIsFreeByTheMeanGrowth(t *testing.T) {
	const gb = 1 << 30
	for _, test := range []struct {
		name    string
		history History
		before  int64
		after   int64
		want    float64 // 0 when nobody can tell
	}{
		{"a first run", History{}, 40 * gb, 40 * gb, 0},
		{"ten days, growing 1 GB a day", History{Since: today.Add(-10 * day), After: 40 * gb, Growth: 9 * gb}, 41 * gb, 40 * gb, 60},
		{"what was freed does not count as growth", History{Since: today.Add(-10 * day), After: 40 * gb, Growth: 9 * gb}, 41 * gb, 20 * gb, 80},
		{"two days", History{Since: today.Add(-2 * day), After: 40 * gb}, 42 * gb, 40 * gb, 60},
		{"under two days", History{Since: today.Add(-2*day + time.Minute), After: 40 * gb}, 42 * gb, 40 * gb, 0},
		{"no growth", History{Since: today.Add(-10 * day), After: 40 * gb}, 40 * gb, 40 * gb, 0},
		{"shrinking", History{Since: today.Add(-10 * day), After: 40 * gb, Growth: gb}, 38 * gb, 38 * gb, 0},
		{"full", History{Since: today.Add(-10 * day), After: 90 * gb, Growth: 9 * gb}, 100 * gb, 100 * gb, 0},
		{"over the limit", History{Since: today.Add(-10 * day), After: 90 * gb, Growth: 9 * gb}, 110 * gb, 110 * gb, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			limit := int64(100 * gb)
			got, known := daysToLimit(Storage{test.after, limit}, test.history, Storage{test.before, limit}, today)
			full := test.after >= limit
			if known != (test.want > 0 || full) || math.Abs(got-test.want) > 0.001 {
				t.Errorf("%g days, known %v", got, known)
			}
		})
	}
}

// measured is what CloudWatch keeps of one metric: values by how long ago they were written.
type measured map[string]map[time.Duration]float64

// answers GetMetricData for the janitor's queries, in the order in which it makes them.
func (m measured) answers(t *testing.T, j *Janitor) answer {
	t.Helper()
	results := cbor.List{}
	for _, query := range j.historyQueries() {
		name := *query.MetricStat.Metric.MetricName
		for _, dimension := range query.MetricStat.Metric.Dimensions {
			if *dimension.Name == "Kind" {
				name += " " + *dimension.Value
			}
		}
		times, values := cbor.List{}, cbor.List{}
		ages := slices.Sorted(maps.Keys(m[name]))
		if len(ages) > 2 {
			slices.Reverse(ages[1:]) // neither the latest nor the oldest comes last
		}
		for _, ago := range ages {
			times = append(times, &cbor.Tag{ID: 1, Value: cbor.Float64(today.Add(-ago).Unix())})
			values = append(values, cbor.Float64(m[name][ago]))
		}
		results = append(results, cbor.Map{
			"Id": cbor.String(*query.Id), "StatusCode": cbor.String("Complete"), "Timestamps": times, "Values": values,
		})
	}
	return always(string(cbor.Encode(cbor.Map{"MetricDataResults": results})))
}

func TestHistory_remembersTheLastRunAndTheGrowthSinceTheFirst(t *testing.T) {
	w := newWorld(t, lambdasim.Options{})
	j := w.janitor(Default(), Options{Stage: "prod"})
	w.on("CloudWatch.GetMetricData", measured{
		metricStorage:               {day: 400, 2 * day: 300, 3 * day: 200},
		metricGrowth:                {day: 20, 2 * day: 10, 3 * day: 1000}, // the oldest lies before the oldest storage
		metricFunctions:             {day: 7, 3 * day: 9},
		metricReferences + " pipe":  {day: 2, 2 * day: 5},
		metricRead + " pipe":        {day: 0, 2 * day: 0},
		metricReferences + " alias": {2 * day: 6},
		metricRead + " alias":       {2 * day: 3},
	}.answers(t, j))
	got, err := j.history(t.Context(), today)
	if err != nil {
		t.Fatal(err)
	}
	want := History{
		Functions: 7, After: 400, Growth: 30, Since: today.Add(-3 * day),
		References: map[Kind]int{Pipe: 2, Alias: 6}, FunctionsRead: map[Kind]int{Pipe: 0, Alias: 3},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestHistory_isOfThisStageAndOfTwoWeeks(t *testing.T) {
	w := newWorld(t, lambdasim.Options{})
	j := w.janitor(Default(), Options{Stage: "prod"})
	for _, query := range j.historyQueries() {
		stage := ""
		for _, dimension := range query.MetricStat.Metric.Dimensions {
			if *dimension.Name == "Stage" {
				stage = *dimension.Value
			}
		}
		if stage != "prod" || *query.MetricStat.Period != 60 {
			t.Errorf("%s is asked for with the stage %q", *query.Id, stage)
		}
	}
	if count := len(j.historyQueries()); count > 500 {
		t.Errorf("%d queries are more than one call takes", count)
	}
}

func TestHandle_deletesNothingWhenItsOwnHistoryCannotBeRead(t *testing.T) {
	for name, answers := range map[string]answer{
		"refused": denied,
		"broken": func(int, string) (int, string) {
			return http.StatusOK, string(cbor.Encode(cbor.Map{"MetricDataResults": cbor.List{cbor.Map{"Id": cbor.String("q0"), "StatusCode": cbor.String("InternalError")}}}))
		},
		"forbidden": func(int, string) (int, string) {
			return http.StatusOK, string(cbor.Encode(cbor.Map{"MetricDataResults": cbor.List{cbor.Map{"Id": cbor.String("q0"), "StatusCode": cbor.String("Forbidden")}}}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, lambdasim.Options{}, lambda("orders", 8))
			w.on("CloudWatch.GetMetricData", answers)
			_, _, err := w.handle(t.Context(), earnest(), Options{})
			if err == nil || !strings.Contains(err.Error(), "cloudwatch:GetMetricData") || w.VersionCount() != 8 {
				t.Errorf("%d versions are left, the error is %v", w.VersionCount(), err)
			}
		})
	}
}

func TestHandle_stopsAtTheBeltsByWhatTheLastRunMeasured(t *testing.T) {
	for belt, last := range map[string]measured{
		"":             {metricFunctions: {day: 2}, metricReferences + " alias": {day: 2}, metricRead + " alias": {day: 2}},
		FunctionsBelt:  {metricFunctions: {day: 4}},
		ReferencesBelt: {metricFunctions: {day: 2}, metricReferences + " pipe": {day: 1}, metricRead + " pipe": {day: 0}},
	} {
		w := newWorld(t, lambdasim.Options{}, lambda("orders", 8), lambda("cart", 8))
		w.on("CloudWatch.GetMetricData", last.answers(t, w.janitor(Default(), Options{})))
		report, _, err := w.handle(t.Context(), earnest(), Options{Topic: "arn:aws:sns:us-east-1:000000000000:alarms"})
		if report.Belt.Name != belt || (err != nil) != (belt != "") {
			t.Errorf("the belt %q is closed, not %q: %v", report.Belt.Name, belt, err)
		}
		if belt != "" && (w.VersionCount() != 16 || len(w.Deletions()) > 0 || report.Outcomes[Remaining] != 10) {
			t.Errorf("%s: %d versions are left, %v", belt, w.VersionCount(), report.Outcomes)
		}
		if got := w.called("SNS.Publish"); got != 1 {
			t.Errorf("%s: %d summaries were sent", belt, got)
		}
		dry, err := w.janitor(earnest(), Options{}).Handle(t.Context(), Event{DryRun: true})
		if err != nil || dry.Belt.Name != belt {
			t.Errorf("a dry run behind the belt %q: %v", dry.Belt.Name, err)
		}
	}
}
