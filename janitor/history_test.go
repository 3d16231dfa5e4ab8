package janitor

import (
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"

	"caretaker/internal/emulator/lambdasim"
	"caretaker/internal/want"
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
			want.Equal(t, "somebody can tell", known, test.want > 0 || full)
			if math.Abs(got-test.want) > 0.001 {
				t.Errorf("days to the limit: %g, want %g", got, test.want)
			}
		})
	}
}

// measured is what CloudWatch keeps of each metric: values by how long before today they were
// written, less than zero for afterwards.
type measured map[string]map[time.Duration]float64

// keep takes in what a run wrote down.
func (m measured) keep(at time.Time, report Report) {
	for _, metric := range report.Metrics() {
		name := metric.Name
		if kind := metric.Dimensions["Kind"]; kind != "" {
			name += " " + kind
		}
		if m[name] == nil {
			m[name] = map[time.Duration]float64{}
		}
		m[name][today.Sub(at)] = metric.Value
	}
}

// answers GetMetricData as CloudWatch does: by the minute for what is under 15 days old.
func (m measured) answers(t *testing.T, j *Janitor) answer {
	t.Helper()
	return func(_ int, request string) (int, string) {
		_, body, _ := strings.Cut(request, "\n")
		asked, err := cbor.Decode([]byte(body))
		if err != nil {
			return http.StatusBadRequest, err.Error()
		}
		input := asked.(cbor.Map)
		start, end := instant(input["StartTime"]), instant(input["EndTime"])
		results := cbor.List{}
		for _, one := range input["MetricDataQueries"].(cbor.List) {
			query := one.(cbor.Map)
			stat := query["MetricStat"].(cbor.Map)
			period := time.Duration(stat["Period"].(cbor.Uint)) * time.Second
			kept := 15 * day
			if period == time.Hour {
				kept = 455 * day
			}
			points := map[time.Time]float64{}
			for ago, value := range m[metricName(stat["Metric"].(cbor.Map))] {
				if at := today.Add(-ago); !at.Before(start) && at.Before(end) && j.now().Sub(at) <= kept {
					points[at.Truncate(period)] = max(value, points[at.Truncate(period)])
				}
			}
			times, values := cbor.List{}, cbor.List{}
			instants := slices.SortedFunc(maps.Keys(points), time.Time.Compare)
			if len(instants) > 2 {
				slices.Reverse(instants[1:]) // neither the latest nor the oldest comes last
			}
			for _, at := range instants {
				times = append(times, &cbor.Tag{ID: 1, Value: cbor.Float64(at.Unix())})
				values = append(values, cbor.Float64(points[at]))
			}
			results = append(results, cbor.Map{"Id": query["Id"], "StatusCode": cbor.String("Complete"), "Timestamps": times, "Values": values})
		}
		return http.StatusOK, string(cbor.Encode(cbor.Map{"MetricDataResults": results}))
	}
}

func instant(value cbor.Value) time.Time {
	seconds, _ := cbor.AsFloat64(value.(*cbor.Tag).Value)
	return time.Unix(int64(seconds), 0).UTC()
}

// metricName is a metric's name with its kind, if it has one.
func metricName(metric cbor.Map) string {
	name := string(metric["MetricName"].(cbor.String))
	for _, one := range metric["Dimensions"].(cbor.List) {
		if dimension := one.(cbor.Map); dimension["Name"] == cbor.String("Kind") {
			name += " " + string(dimension["Value"].(cbor.String))
		}
	}
	return name
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
	wanted := History{
		Functions: 7, After: 400, Growth: 30, Since: today.Add(-3 * day),
		References: map[Kind]int{Pipe: 2, Alias: 6}, FunctionsRead: map[Kind]int{Pipe: 0, Alias: 3},
	}
	want.Equal(t, "the history", got, wanted)
}

func TestHistory_looksFurtherBackForTheBeltsAlone(t *testing.T) {
	w := newWorld(t, lambdasim.Options{})
	j := w.janitor(Default(), Options{})
	w.on("CloudWatch.GetMetricData", measured{
		metricStorage:                    {16 * day: 400},
		metricGrowth:                     {16 * day: 20},
		metricFunctions:                  {14*day + time.Minute: 9, 100 * day: 10},
		metricReferences + " pipe":       {day: 2, 16 * day: 5},
		metricRead + " pipe":             {day: 0, 16 * day: 0},
		metricReferences + " event rule": {400 * day: 3, 400*day - 10*time.Minute: 2},
		metricRead + " event rule":       {400 * day: 0},
	}.answers(t, j))
	got, err := j.history(t.Context(), today)
	if err != nil {
		t.Fatal(err)
	}
	// Of several runs within an hour the one that found most counts.
	wanted := History{Functions: 9, References: map[Kind]int{Pipe: 2, Rule: 3}, FunctionsRead: map[Kind]int{Pipe: 0, Rule: 0}}
	want.Equal(t, "the history", got, wanted)
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
		want.Equal(t, "the stage in the query "+*query.Id, stage, "prod")
		want.Equal(t, "the period of the query "+*query.Id, *query.MetricStat.Period, 60)
	}
	if count := len(j.historyQueries()); count > 500 {
		t.Errorf("queries: %d, want at most 500, which one call takes", count)
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
			want.Says(t, "the error", fmt.Sprint(err), "cloudwatch:GetMetricData")
			want.Equal(t, "versions left", w.VersionCount(), 8)
		})
	}
}

// What fills the storage goes on while a run has nothing to do or fails, and no day of it may be missing.
func TestHandle_measuresTheGrowthWhateverItDoes(t *testing.T) {
	const gb = 1 << 30
	for name, test := range map[string]struct {
		cfg   Config
		fails string
	}{
		"it deletes":     {earnest(), ""},
		"storage is low": {earnest(func(c *Config) { c.Pressure.Above = 100 }), ""},
		"it cannot read": {earnest(), "Resource Groups Tagging API.GetResources"},
		"it cannot list": {earnest(), "Lambda.ListFunctions"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, lambdasim.Options{})
			stored := measured{}
			w.on("CloudWatch.GetMetricData", stored.answers(t, w.janitor(test.cfg, Options{})))
			for days := range 8 { // 1 GB a day, of 100
				used := int64(40+days) * gb
				w.on("Lambda.GetAccountSettings", always(fmt.Sprintf(`{"AccountLimit":{"TotalCodeSize":%d},"AccountUsage":{"TotalCodeSize":%d}}`, 100*gb, used)))
				if days > 0 && test.fails != "" {
					w.refuse(test.fails)
				}
				report, _, err := w.handle(t.Context(), test.cfg, Options{})
				if (err != nil) != (days > 0 && test.fails != "") {
					t.Fatalf("the error on day %d: %v, want one: %t", days, err, days > 0 && test.fails != "")
				}
				stored.keep(w.now(), report)
				w.pass(day)
			}
			latest := -7 * day
			want.Equal(t, "the percentage of storage", stored["CodeStoragePercent"][latest], 47)
			want.Equal(t, "the bytes of storage", stored[metricStorage][latest], 47*gb)
			if days := stored["DaysToLimit"][latest]; math.Abs(days-53) > 0.001 {
				t.Errorf("days to the limit: %g, want 53", days)
			}
		})
	}
}

func TestHandle_leavesNoGapInTheGrowthWhenItsHistoryCannotBeRead(t *testing.T) {
	w := newWorld(t, lambdasim.Options{}, lambda("orders", 8))
	w.refuse("CloudWatch.GetMetricData")
	report, _, _ := w.handle(t.Context(), earnest(), Options{})
	var names []string
	for _, metric := range report.Metrics() {
		names = append(names, metric.Name)
	}
	want.Equal(t, "the metrics", names, []string{"CodeStoragePercent"})
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
		want.Equal(t, "the closed belt", report.Belt.Name, belt)
		want.Equal(t, fmt.Sprintf("an error with the belt %q closed", belt), err != nil, belt != "")
		if belt != "" {
			want.Equal(t, "versions left behind the belt "+belt, w.VersionCount(), 16)
			want.Equal(t, "deletions behind the belt "+belt, len(w.Deletions()), 0)
			want.Equal(t, "versions remaining behind the belt "+belt, report.Outcomes[Remaining], 10)
		}
		want.Equal(t, fmt.Sprintf("summaries sent with the belt %q closed", belt), w.called("SNS.Publish"), 1)
		dry, err := w.janitor(earnest(), Options{}).Handle(t.Context(), Event{DryRun: true})
		want.NoError(t, fmt.Sprintf("a dry run with the belt %q closed", belt), err)
		want.Equal(t, "the closed belt in a dry run", dry.Belt.Name, belt)
	}
}

// Whatever comes between the run that closed the belt and the next in earnest, other than a dry
// run that somebody asked for, leaves the belt closed.
func TestHandle_keepsABeltClosedUntilSomebodyAsksForADryRun(t *testing.T) {
	const weeks = 21
	dry, idle := earnest(func(c *Config) { c.DryRun = true }), earnest(func(c *Config) { c.Pressure.Above = 100 })
	type runs func(cfg Config, times int)
	for name, between := range map[string]func(*world, runs){
		"nothing":               func(*world, runs) {},
		"no run for weeks":      func(w *world, _ runs) { w.pass(weeks * day) },
		"runs for weeks":        func(_ *world, run runs) { run(earnest(), weeks) },
		"the brake":             func(_ *world, run runs) { run(dry, 1) },
		"dry runs for weeks":    func(_ *world, run runs) { run(dry, weeks) },
		"low storage for weeks": func(_ *world, run runs) { run(idle, weeks) },
		"nothing to delete": func(w *world, run runs) {
			w.on("SFN.ListStateMachines", always(`{"stateMachines":[{"name":"any","stateMachineArn":"arn:aws:states:us-east-1:000000000000:stateMachine:any"}]}`))
			w.on("SFN.DescribeStateMachine", always(`{"definition":"{\"Resource\":\"arn:aws:states:::lambda:invoke\",\"Parameters\":{\"FunctionName.$\":\"$.f\"}}"}`))
			run(earnest(), 1)
			w.on("SFN.ListStateMachines", nil)
		},
		"errors for weeks": func(w *world, run runs) {
			w.refuse("Resource Groups Tagging API.GetResources")
			run(earnest(), weeks)
			w.on("Resource Groups Tagging API.GetResources", nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, lambdasim.Options{}, lambda("orders", 8))
			stored := measured{}
			w.on("CloudWatch.GetMetricData", stored.answers(t, w.janitor(dry, Options{})))
			run := func(cfg Config, event Event) Report {
				report, _ := w.janitor(cfg, Options{}).Handle(t.Context(), event)
				stored.keep(w.now(), report)
				w.pass(day)
				return report
			}
			pipe := fmt.Sprintf(`{"Name":"a","Target":%q}`, here("1"))
			w.on("Pipes.ListPipes", always(`{"Pipes":[`+pipe+`,`+pipe+`]}`))
			run(dry, Event{}) // as it ships: the first run is what the next is compared with
			w.on("Pipes.ListPipes", always(`{"Pipes":[]}`))
			if closed := run(earnest(), Event{}); closed.Belt.Name != ReferencesBelt {
				t.Fatalf("the closed belt: %q, want %q", closed.Belt.Name, ReferencesBelt)
			}
			between(w, func(cfg Config, times int) {
				for range times {
					run(cfg, Event{})
				}
			})
			want.Equal(t, "the belt that is closed again", run(earnest(), Event{}).Belt.Name, ReferencesBelt)
			want.Equal(t, "versions left behind it", w.VersionCount(), 8)
			run(earnest(), Event{DryRun: true})
			want.Equal(t, "the closed belt after a dry run that was asked for", run(earnest(), Event{}).Belt.Name, "")
			want.Equal(t, "versions left after a dry run that was asked for", w.VersionCount(), 3)
		})
	}
}
