package trust

import (
	"testing"
	"time"

	"caretaker/alerts"
	"caretaker/internal/metric"
	"caretaker/internal/want"
)

// judged is an alarm on one metric.
func judged(one metric.Metric, comparison string, threshold float64) Alarm {
	alarm := other("mine", one)
	computed, err := metric.New("mine", metric.Rule{Comparison: comparison, Threshold: threshold, Datapoints: 1, Periods: 1}, time.Minute, []metric.Query{{ID: "m", Metric: &one, Judged: true}})
	if err != nil {
		panic(err)
	}
	alarm.Computed = computed
	return alarm
}

const atLeast, over, under = "GreaterThanOrEqualToThreshold", "GreaterThanThreshold", "LessThanThreshold"

// evidence is a Region with one of each thing, in which these metrics have datapoints and all others have none.
func evidence(has []metric.Metric, looked ...Alarm) Evidence {
	e := Evidence{
		Facts: facts(function("checkout"), alerts.Resource{Kind: alerts.Queue, Name: "mail"}, alerts.Resource{Kind: alerts.Table, Name: "orders"},
			alerts.Resource{Kind: alerts.RestAPI, Name: "orders/prod"}, alerts.Resource{Kind: alerts.HTTPAPI, Name: "carts/a1b2/$default"}, alerts.Resource{Kind: alerts.Schedules, Name: "default"},
			alerts.Resource{Kind: alerts.Topic, Name: "oncall", ARN: topicARN("oncall")}, alerts.Resource{Kind: alerts.Topic, Name: "deaf", ARN: topicARN("deaf")},
			alerts.Resource{Kind: alerts.Account, Name: "account", Concurrency: 1000}),
		Stage: "prod", Account: account, Region: region, Datapoints: map[string]float64{}, Subscribed: map[string]int{topicARN("oncall"): 1},
	}
	for _, alarm := range looked {
		for _, one := range alarm.Metrics {
			if one.Account == "" {
				e.Datapoints[samples(one).Key()] += 0
				e.Datapoints[samples(withoutUnit(one)).Key()] += 0
			}
		}
	}
	for _, one := range has {
		e.Datapoints[samples(one).Key()] = 100
	}
	return e
}

func TestLint_findsEachProblemAndNothingElse(t *testing.T) {
	errors := of("AWS/Lambda", "Errors", "Sum", "FunctionName", "checkout")
	duration := of("AWS/Lambda", "Duration", "Maximum", "FunctionName", "checkout")
	inSeconds := duration
	inSeconds.Unit = "Seconds"
	custom := of("Shop", "Orders", "Sum", "Of", "eu")
	abroad := custom
	abroad.Account = "999999999999"
	with := func(alarm Alarm, change func(*Alarm)) Alarm { change(&alarm); return alarm }
	plain := judged(errors, atLeast, 5)
	all := func(metrics ...metric.Metric) []metric.Metric { return metrics }
	for name, one := range map[string]struct {
		alarm   Alarm
		has     []metric.Metric
		problem Problem
		says    string
	}{
		"nothing":                          {plain, all(errors), "", ""},
		"a resource that is gone":          {judged(of("AWS/Lambda", "Errors", "Sum", "FunctionName", "old"), atLeast, 5), nil, ResourceGone, "there is no function old"},
		"a queue that is gone":             {judged(of("AWS/SQS", "ApproximateAgeOfOldestMessage", "Maximum", "QueueName", "old"), atLeast, 5), nil, ResourceGone, "there is no queue old"},
		"a REST API's stage that is gone":  {judged(of("AWS/ApiGateway", "5XXError", "Sum", "ApiName", "orders", "Stage", "test"), atLeast, 5), nil, ResourceGone, "there is no rest-api orders/test"},
		"one that rests":                   {judged(of("AWS/ApiGateway", "5XXError", "Sum", "ApiName", "orders", "Stage", "prod"), atLeast, 5), nil, Silent, "whenever the resource is in use"},
		"an HTTP API that is gone":         {judged(of("AWS/ApiGateway", "5xx", "Sum", "ApiId", "gone", "Stage", "$default"), atLeast, 5), nil, ResourceGone, "there is no http-api gone/$default"},
		"an HTTP API that rests":           {judged(of("AWS/ApiGateway", "5xx", "Sum", "ApiId", "a1b2", "Stage", "$default"), atLeast, 5), nil, Silent, "whenever the resource is in use"},
		"a WebSocket API that rests":       {judged(of("AWS/ApiGateway", "MessageCount", "Sum", "ApiId", "c3d4", "Stage", "prod"), atLeast, 5), nil, Silent, "whenever the resource is in use"},
		"a REST API's name of an HTTP API": {judged(of("AWS/ApiGateway", "5XXError", "Sum", "ApiId", "a1b2", "Stage", "$default"), atLeast, 5), nil, NoSuchSet, "not by ApiId+Stage"},
		"a schedule instead of its group":  {judged(of("AWS/Scheduler", "InvocationDroppedCount", "Sum", "ScheduleName", "nightly"), atLeast, 1), nil, NoSuchSet, "by ScheduleGroup, or by no dimension"},
		"a group that is gone":             {judged(of("AWS/Scheduler", "InvocationDroppedCount", "Sum", "ScheduleGroup", "old"), atLeast, 1), nil, ResourceGone, "there is no schedule-group old"},
		"a delivery stream that is gone":   {judged(of("AWS/Firehose", "DeliveryToS3.DataFreshness", "Maximum", "DeliveryStreamName", "old"), atLeast, 900), nil, ResourceGone, "there is no delivery-stream old"},
		"a resource that was":              {judged(of("AWS/Lambda", "Errors", "Sum", "FunctionName", "old"), atLeast, 5), all(of("AWS/Lambda", "Errors", "Sum", "FunctionName", "old")), "", ""},
		"an unknown metric":                {judged(of("AWS/Lambda", "Failures", "Sum", "FunctionName", "checkout"), atLeast, 5), nil, NoSuchMetric, "AWS publishes no Failures in AWS/Lambda"},
		"an unknown metric that is":        {judged(of("AWS/Lambda", "NewOne", "Sum", "FunctionName", "checkout"), atLeast, 5), all(of("AWS/Lambda", "NewOne", "Sum", "FunctionName", "checkout")), "", ""},
		"dimensions too few":               {judged(of("AWS/DynamoDB", "SystemErrors", "Sum", "TableName", "orders"), atLeast, 5), nil, NoSuchSet, "by Operation+TableName, not by TableName"},
		"dimensions too many":              {judged(of("AWS/DynamoDB", "UserErrors", "Sum", "TableName", "orders"), atLeast, 5), nil, NoSuchSet, "by no dimension, not by TableName"},
		"another's metric is dead":         {judged(custom, atLeast, 5), nil, Silent, "Sum of Shop Orders by Of=eu has none"},
		"another's metric lives":           {judged(custom, atLeast, 5), all(custom), "", ""},
		"another account's":                {judged(abroad, atLeast, 5), nil, "", ""},
		"a function that rests":            {plain, nil, Silent, "though it is there whenever the resource is in use"},
		"what comes with trouble":          {judged(of("AWS/Lambda", "AsyncEventsDropped", "Sum", "FunctionName", "checkout"), atLeast, 1), nil, "", ""},
		"a unit it has not":                {judged(inSeconds, atLeast, 5), all(duration), WrongUnit, "none in Seconds"},
		"two, one of which lives":          {other("mine", errors, custom), all(errors), "", ""},
		"two that are dead":                {other("mine", errors, custom), nil, Silent, "none of its 2 metrics"},
		"two, one misnamed":                {other("mine", errors, of("AWS/Lambda", "Calls", "Sum", "FunctionName", "checkout")), all(errors), NoSuchMetric, "no Calls"},
		"an evaluation that fails":         {with(plain, func(a *Alarm) { a.Evaluation, a.Reason = "EVALUATION_ERROR", "no such rule" }), all(errors), NotJudged, "EVALUATION_ERROR: no such rule"},
		"partial data":                     {with(plain, func(a *Alarm) { a.Evaluation = "PARTIAL_DATA" }), all(errors), NotJudged, "PARTIAL_DATA: CloudWatch says no more"},
		"no action":                        {with(plain, func(a *Alarm) { a.Actions = nil }), all(errors), NoAction, "no action for ALARM"},
		"actions that are off":             {with(plain, func(a *Alarm) { a.ActionsOff = true }), all(errors), ActionsOff, "switched its actions off"},
		"a topic that is gone":             {with(plain, func(a *Alarm) { a.OKActions = []string{topicARN("old")} }), all(errors), ActionGone, "there is no topic old"},
		"a topic nobody hears":             {with(plain, func(a *Alarm) { a.Actions = []string{topicARN("deaf")} }), all(errors), NoSubscriber, "the topic deaf has no subscription"},
		"a topic of another Region":        {with(plain, func(a *Alarm) { a.Actions = []string{"arn:aws:sns:us-east-1:111122223333:oncall"} }), all(errors), ActionGone, "no topic of another Region"},
		"another account's topic":          {with(plain, func(a *Alarm) { a.Actions = []string{"arn:aws:sns:eu-west-1:999999999999:oncall"} }), all(errors), "", ""},
		"a function that is gone":          {with(plain, func(a *Alarm) { a.Actions = []string{"arn:aws:lambda:eu-west-1:111122223333:function:old:live"} }), all(errors), ActionGone, "there is no function old"},
		"a function that is there":         {with(plain, func(a *Alarm) { a.Actions = []string{"arn:aws:lambda:eu-west-1:111122223333:function:checkout:live"} }), all(errors), "", ""},
		"an action of EC2":                 {with(plain, func(a *Alarm) { a.Actions = []string{"arn:aws:automate:eu-west-1:ec2:reboot"} }), all(errors), "", ""},
		"no ARN at all":                    {with(plain, func(a *Alarm) { a.Actions = []string{"oncall"} }), all(errors), ActionGone, "is no ARN"},
		"a period of 10 seconds":           {with(plain, func(a *Alarm) { a.Period = 10 * time.Second }), all(errors), TooFine, "its period is 10s, and AWS/Lambda has a datapoint a minute"},
		"10 seconds of one's own":          {with(judged(custom, atLeast, 5), func(a *Alarm) { a.Period = 10 * time.Second }), all(custom), "", ""},
		"over the timeout":                 {judged(duration, over, 10_000), all(duration), Unreachable, "10000 at most: that is the function's timeout"},
		"at the timeout":                   {judged(duration, atLeast, 10_000), all(duration), "", ""},
		"more than one in an error":        {judged(of("AWS/Lambda", "Errors", "Maximum", "FunctionName", "checkout"), atLeast, 5), all(of("AWS/Lambda", "Errors", "Maximum", "FunctionName", "checkout")), Unreachable, "each invocation counts 0 or 1"},
		"percent of a share of 1":          {judged(of("AWS/ApiGateway", "5XXError", "Average", "ApiName", "orders", "Stage", "prod"), atLeast, 5), all(of("AWS/ApiGateway", "5XXError", "Average", "ApiName", "orders", "Stage", "prod")), Unreachable, "a share of 1 and no percentage"},
		"under nothing":                    {judged(errors, under, 0), all(errors), Unreachable, "0 at least"},
		"at or over nothing":               {judged(errors, atLeast, 0), all(errors), AlwaysOn, "there whenever there is a datapoint"},
		"at or under all there is":         {judged(duration, "LessThanOrEqualToThreshold", 10_000), all(duration), AlwaysOn, "there whenever there is a datapoint"},
		"over the concurrency":             {judged(of("AWS/Lambda", "ConcurrentExecutions", "Maximum"), over, 1000), all(of("AWS/Lambda", "ConcurrentExecutions", "Maximum")), Unreachable, "the account's concurrency"},
		"older than SQS keeps":             {judged(of("AWS/SQS", "ApproximateAgeOfOldestMessage", "Maximum", "QueueName", "mail"), over, 14*24*3600), all(of("AWS/SQS", "ApproximateAgeOfOldestMessage", "Maximum", "QueueName", "mail")), Unreachable, "14 days at most"},
		"under nothing, one's own":         {judged(custom, under, 0), all(custom), "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			found := Lint([]Alarm{one.alarm}, evidence(one.has, one.alarm))
			if one.problem == "" {
				want.Equal(t, "the findings", found, nil)
				return
			}
			if len(found) != 1 {
				t.Fatalf("%d findings, want 1: %+v", len(found), found)
			}
			want.Equal(t, "the problem", found[0].Problem, one.problem)
			want.Says(t, "the reason", found[0].Reason, one.says)
			if found[0].Do == "" || found[0].Alarm != "mine" || found[0].Ours {
				t.Errorf("%+v: want what to do, at another's alarm", found[0])
			}
		})
	}
}

// What could not be read is no evidence that something is gone.
func TestLint_takesNothingForGoneWhoseListFailed(t *testing.T) {
	alarm := judged(of("AWS/Lambda", "Errors", "Sum", "FunctionName", "old"), atLeast, 5)
	alarm.Actions = []string{topicARN("old"), topicARN("deaf"), "arn:aws:lambda:eu-west-1:111122223333:function:old"}
	e := evidence(nil, alarm)
	e.Facts.Unread = map[alerts.Kind]string{alerts.Function: "denied", alerts.Topic: "denied"}
	e.Subscribed = nil
	found := Lint([]Alarm{alarm}, e)
	want.Equal(t, "findings", len(found), 1)
	want.Equal(t, "the problem", found[0].Problem, Silent)
}

func TestLint_leavesTheAlarmsOfACompositeWithoutActions(t *testing.T) {
	child := judged(of("AWS/Lambda", "Errors", "Sum", "FunctionName", "checkout"), atLeast, 5)
	child.Actions = nil
	parent := Alarm{Name: "parent", Composite: true, Rule: `ALARM("mine") OR ALARM("lost")`, Actions: []string{topicARN("oncall")}}
	ours := child
	ours.Name = "caretaker/prod/function/checkout/errors"
	service := Alarm{Name: "caretaker/prod/service/shop/critical", Composite: true, Rule: `ALARM("mine")`} // its state is asked for
	found := Lint([]Alarm{parent, child, ours, service}, evidence(child.Metrics, child))
	want.Equal(t, "the findings", found, []Finding{
		{"caretaker/prod/function/checkout/errors", true, NoAction, "it has no action for ALARM, and no composite alarm is about it", "give it a topic; or delete the alarm"},
		{"parent", false, LostChild, "its rule names lost, which is not there", "take it out of the rule; or delete the alarm"},
	})
}
