package alerts

import (
	"fmt"
	"math"
	"testing"
	"time"

	"caretaker/internal/metric"
	"caretaker/internal/want"
)

// The alarms of the catalogue are judged here over datapoints, by the same evaluator as backtests.

// gap is a period without a datapoint.
var gap = math.NaN()

// judged plays one alarm of a resource over the series of its metrics, by their names, and answers its states from
// the first period with a value in the series on.
func judged(t *testing.T, r Resource, key string, series map[string][]float64) []metric.State {
	t.Helper()
	wanted := about(t, Make(factsOf(r), Default()), r.Title()+"/"+key).wanted
	rule := metric.Rule{Comparison: wanted.Comparison, Threshold: wanted.Threshold, Datapoints: wanted.Datapoints, Periods: wanted.Periods, Missing: wanted.Missing}
	period := time.Duration(wanted.Metrics[0].Seconds) * time.Second
	before := rule.Range() // nothing happened before
	frame := metric.Frame{Start: time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC), Period: period}
	for _, values := range series {
		frame.Count = max(frame.Count, before+len(values))
	}
	var queries []metric.Query
	data := metric.Data{}
	for at, one := range wanted.Metrics {
		read := metric.Metric{Namespace: one.Namespace, Name: one.Name, Statistic: one.Statistic}
		for _, dimension := range one.Dimensions {
			read.Dimensions = append(read.Dimensions, metric.Dimension(dimension))
		}
		if one.Namespace == "AWS/DynamoDB" { // whatever the alarm says: a gap leaves it as it is
			rule.Missing = metric.AsIgnored
		}
		queries = append(queries, metric.Query{ID: metricID(at), Metric: &read, Judged: wanted.Expression == ""})
		data[read.Key()] = append(metric.None(before), series[one.Name]...)
		if series[one.Name] == nil {
			data[read.Key()] = metric.None(frame.Count)
		}
	}
	if wanted.Expression != "" {
		queries = append(queries, metric.Query{ID: "value", Expression: wanted.Expression, Judged: true})
	}
	alarm, err := metric.New(wanted.Name, rule, period, queries)
	want.NoError(t, "reading the alarm "+wanted.Name, err)
	played, err := alarm.Play(frame, data)
	want.NoError(t, "playing it", err)
	return played.States[before:]
}

func rang(states []metric.State) bool {
	for _, state := range states {
		if state == metric.On {
			return true
		}
	}
	return false
}

// A function that runs once an hour and fails is told of, and wakes nobody; 1 of 5 calls does not either.
func TestJudged_sharesOfCallsThatFail(t *testing.T) {
	for _, test := range []struct {
		failed, calls   float64
		errors, failing bool
	}{
		{0, 100, false, false},
		{1, 1, true, false},
		{1, 5, true, false},
		{3, 10, true, false},
		{4, 10, true, true},
		{11, 100, true, true},
		{1, 21, false, false},
		{1, 20, true, false},
		{4, 100, false, false},
		{9, 100, true, false},
		{40, 1000, false, false},
	} {
		t.Run(fmt.Sprintf("%v of %v", test.failed, test.calls), func(t *testing.T) {
			series := map[string][]float64{"Errors": {test.failed, gap, gap, gap}, "Invocations": {test.calls, gap, gap, gap}}
			want.Equal(t, "whether the warning rings", rang(judged(t, function("f"), "errors", series)), test.errors)
			want.Equal(t, "whether the critical one rings", rang(judged(t, function("f"), "failing", series)), test.failing)
		})
	}
}

// With every call throttled there are no invocations, and a share of them would have no value.
func TestJudged_callsThatAreAllThrottled(t *testing.T) {
	states := judged(t, function("f"), "throttles", map[string][]float64{"Throttles": {5, 5, 5}, "Invocations": {gap, gap, gap}})
	want.Equal(t, "whether it rings", rang(states), true)
	states = judged(t, function("f"), "throttles", map[string][]float64{"Throttles": {5, gap, gap, gap, gap}})
	want.Equal(t, "whether one minute of throttles rings", rang(states), false)
	states = judged(t, function("f"), "errors", map[string][]float64{"Errors": {3, gap}, "Invocations": {gap, gap}})
	want.Equal(t, "whether errors without their calls ring", rang(states), true)
	states = judged(t, function("f"), "errors", map[string][]float64{"Errors": {gap, gap}, "Invocations": {gap, gap}})
	want.Equal(t, "whether silence is an error", rang(states), false)
}

// An error is dated at the start of its call and arrives when that ends: it must still be in the window then.
func TestJudged_errorsThatArriveAtTheTimeout(t *testing.T) {
	slow := function("slow")
	slow.Timeout = 15 * time.Minute
	// Dated three periods before the last, the one in which it arrives.
	states := judged(t, slow, "failing", map[string][]float64{"Errors": {9, gap, gap, gap}, "Invocations": {9, gap, gap, gap}})
	want.Equal(t, "the state when the calls are over", states[3], metric.On)
}

// An alarm on DynamoDB stays on over a gap: throttles that are over end by the zeros that FILL makes of it.
func TestJudged_throttlesOfATableEnd(t *testing.T) {
	table := Resource{Kind: Table, Name: "orders"}
	burst := []float64{50, 50, 50, 50, 50, gap, gap, gap, gap, gap, gap, gap, gap}
	states := judged(t, table, "throttles", map[string][]float64{"WriteThrottleEvents": burst, "ReadThrottleEvents": nil})
	want.Equal(t, "whether it rings", rang(states), true)
	want.Equal(t, "its state when they are over", states[len(states)-1], metric.OK)
	states = judged(t, table, "throttles", map[string][]float64{"ReadThrottleEvents": {50, gap, gap, gap, gap, gap}})
	want.Equal(t, "whether one minute of them rings", rang(states), false)
}

func TestJudged_theRest(t *testing.T) {
	reader := function("f")
	reader.ReadsStream, reader.HasDeadLetters = true, true
	for name, test := range map[string]struct {
		resource Resource
		key      string
		series   map[string][]float64
		rings    bool
	}{
		"calls at the timeout":                {reader, "timeouts", map[string][]float64{"Duration": {3000}}, true},
		"slow calls, short of it":             {reader, "timeouts", map[string][]float64{"Duration": {2900, 2900, 2900}}, false},
		"the slowest hundredth is slow":       {reader, "duration", map[string][]float64{"Duration": {2500, 2500, 2500}}, true},
		"records are read late":               {reader, "iterator-age", map[string][]float64{"IteratorAge": {61000, 61000, 61000}}, true},
		"asynchronous events are given up":    {reader, "dropped", map[string][]float64{"AsyncEventsDropped": {1}}, true},
		"dead letters do not arrive":          {reader, "dead-letters", map[string][]float64{"DeadLetterErrors": {1}}, true},
		"a message in the dead letters":       {Resource{Kind: Queue, Name: "q", TakesDeadLetters: true}, "dead-letters", map[string][]float64{"ApproximateNumberOfMessagesVisible": {1}}, true},
		"none in them":                        {Resource{Kind: Queue, Name: "q", TakesDeadLetters: true}, "dead-letters", map[string][]float64{"ApproximateNumberOfMessagesVisible": {0}}, false},
		"a state machine that fails":          {Resource{Kind: Machine, Name: "m"}, "failed", map[string][]float64{"ExecutionsTimedOut": {1}}, true},
		"a rule that does not reach a target": {Resource{Kind: Rule, Name: "default/r"}, "failed", map[string][]float64{"FailedInvocations": {2}}, true},
		"an API that fails":                   {Resource{Kind: RestAPI, Name: "orders/prod"}, "failing", map[string][]float64{"5XXError": {4}, "Count": {10}}, true},
		"an API that fails a little":          {Resource{Kind: RestAPI, Name: "orders/prod"}, "failing", map[string][]float64{"5XXError": {3}, "Count": {10}}, false},
		"one request in 20 of an HTTP API":    {Resource{Kind: HTTPAPI, Name: "carts/a1/$default"}, "errors", map[string][]float64{"5xx": {1}, "Count": {20}}, true},
		"nobody asks it anything":             {Resource{Kind: HTTPAPI, Name: "carts/a1/$default"}, "errors", map[string][]float64{"5xx": {gap}, "Count": {gap}}, false},
		"a stream that does not deliver":      {Resource{Kind: Delivery, Name: "audit", Delivers: "Splunk"}, "freshness", map[string][]float64{"DeliveryToSplunk.DataFreshness": {1800}}, true},
		"one that collects for long":          {Resource{Kind: Delivery, Name: "audit", Delivers: "Splunk"}, "freshness", map[string][]float64{"DeliveryToSplunk.DataFreshness": {960, 960, 960}}, false},
		"a schedule that is given up":         {Resource{Kind: Schedules, Name: "nightly"}, "dropped", map[string][]float64{"InvocationDroppedCount": {1}}, true},
		"schedules that are throttled":        {Resource{Kind: Schedules, Name: "nightly"}, "throttles", map[string][]float64{"TargetErrorThrottledCount": {1, gap, 1, gap, 1}, "InvocationThrottleCount": {gap, 1, gap, 1, gap}}, true},
		"concurrency is claimed":              {Resource{Kind: Account, Name: "account", Concurrency: 10}, "concurrency", map[string][]float64{"ClaimedAccountConcurrency": {8, 8, 8, 8, 8, 8, 8, 8, 8, 8}}, true},
		"less of it":                          {Resource{Kind: Account, Name: "account", Concurrency: 10}, "concurrency", map[string][]float64{"ClaimedAccountConcurrency": {7, 7, 7, 7, 7, 7, 7, 7, 7, 7}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			want.Equal(t, "whether it rings", rang(judged(t, test.resource, test.key, test.series)), test.rings)
		})
	}
}
