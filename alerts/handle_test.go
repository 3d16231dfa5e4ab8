package alerts

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"

	"caretaker/internal/emulator"
	"caretaker/internal/want"
)

func TestHandle_watchesEverythingThatRuns(t *testing.T) {
	w := newWorld(t)
	w.fleet()
	w.other("checkout is slow")
	w.other("caretaker-prod-alerts-errors")
	w.other(Prefix("prod-eu") + "function/gone/errors")
	report := w.runs()
	made := w.there()
	want.Equal(t, "what is watched", under(made, Prefix("prod")), strings.Fields(`
		account/account/concurrency
		delivery-stream/audit/freshness delivery-stream/audit/throttles
		function/reader/dropped function/reader/duration function/reader/errors function/reader/failing function/reader/iterator-age
		function/reader/throttles function/reader/timeouts
		http-api/carts/id-of-carts/$default/errors http-api/carts/id-of-carts/$default/failing
		index/orders/by-date/throttles
		queue/letters/dead-letters queue/mail/age
		rest-api/orders/prod/errors rest-api/orders/prod/failing
		rule/default/nightly/failed rule/default/nightly/lost rule/shop/placed/failed rule/shop/placed/lost
		schedule-group/default/dropped schedule-group/default/lost schedule-group/default/throttles
		schedule-group/nightly/dropped schedule-group/nightly/lost schedule-group/nightly/throttles
		state-machine/refund/failed state-machine/refund/throttles
		stream/clicks/iterator-age stream/clicks/read-throttles stream/clicks/write-throttles
		table/orders/throttles
		topic/news/failed topic/news/lost`))
	want.Equal(t, "alarms that are created", report.Outcomes[Created], 35)
	want.Equal(t, "all alarms", len(made), 38)
	want.Equal(t, "the threshold of the age", aws.ToFloat64(made[Prefix("prod")+"queue/mail/age"].Threshold), 3600)
	want.Equal(t, "whom it tells", made[Prefix("prod")+"queue/mail/age"].AlarmActions, []string{w.arn("sns", "caretaker-prod-alerts")})
	want.Equal(t, "the tags", w.tagsOf(Prefix("prod")+"function/reader/failing"), map[string]string{"caretaker:stage": "prod", "caretaker:service": "shop", "caretaker:severity": "critical"})

	again := w.runs()
	want.Equal(t, "what a second run writes", w.writes(), []string{})
	want.Equal(t, "what a second run finds as it should be", again.Outcomes[Kept], 35)
	want.Equal(t, "what it costs", again.DollarsBefore, report.DollarsAfter)
}

func TestHandle_writesNothingInADryRun(t *testing.T) {
	w := newWorld(t)
	w.function("checkout")
	w.cfg.DryRun = Default().DryRun
	report := w.runs()
	want.Equal(t, "what it writes", w.writes(), []string{})
	want.Equal(t, "what it would create", report.Outcomes[ToCreate], 10)
	w.cfg.DryRun = false
	report, err := w.reconciler().Handle(t.Context(), Event{DryRun: true})
	w.must("the dry run of a person", err)
	want.Equal(t, "whether it says so", report.DryRun, true)
	want.Equal(t, "alarms", len(w.there()), 0)
}

func TestHandle_writesOnlyWhatDiffersAndLeavesActionsOff(t *testing.T) {
	w := newWorld(t)
	w.function("checkout")
	w.runs()
	name := Prefix("prod") + "function/checkout/errors"
	_, err := w.alarms.DisableAlarmActions(t.Context(), &cloudwatch.DisableAlarmActionsInput{AlarmNames: []string{name}})
	w.must("switching the actions off", err)
	w.runs()
	want.Equal(t, "what it writes when actions are off", w.writes(), []string{})

	tag := lambdasvc.NewFromConfig(w.config)
	_, err = tag.TagResource(t.Context(), &lambdasvc.TagResourceInput{Resource: aws.String(w.arn("lambda", "function:checkout")), Tags: map[string]string{"caretaker:alarm.errors": "2%"}})
	w.must("tagging the function", err)
	w.runs()
	want.Equal(t, "what another threshold writes", w.writes(), []string{"PutMetricAlarm"})
	changed := w.there()[name]
	want.Equal(t, "the threshold", aws.ToFloat64(changed.Threshold), 2)
	want.Equal(t, "whether its actions are on", aws.ToBool(changed.ActionsEnabled), false)

	_, err = tag.TagResource(t.Context(), &lambdasvc.TagResourceInput{Resource: aws.String(w.arn("lambda", "function:checkout")), Tags: map[string]string{"caretaker:service": "shop"}})
	w.must("tagging the function", err)
	w.runs()
	want.Equal(t, "writes for another service", len(w.writes()), 12)
	want.Equal(t, "its tags", w.tagsOf(name)["caretaker:service"], "shop")
	w.runs()
	want.Equal(t, "what a run after it writes", w.writes(), []string{})
}

func TestHandle_deletesAHundredACallAndComposedAlarmsFirst(t *testing.T) {
	w := newWorld(t)
	w.functions(30)
	w.cfg.MostGone = 100
	w.runs()
	w.composite(Prefix("prod")+"service/shop", Prefix("prod")+"function/fn-000/errors")
	for number := range 30 {
		w.deleteFunction(fmt.Sprintf("fn-%03d", number))
	}
	report := w.runs()
	want.Equal(t, "the calls", w.writes(), []string{"DeleteAlarms", "DeleteAlarms", "DeleteAlarms"})
	want.Equal(t, "deleted", report.Outcomes[Deleted], 181)
	want.Equal(t, "what is left", under(w.there(), Prefix("prod")), []string{
		"account/account/concurrency", "schedule-group/default/dropped", "schedule-group/default/lost", "schedule-group/default/throttles",
	})
}

// Somebody's own alarm over one of ours has the whole call refused.
func TestHandle_deletesTheRestWhereSomebodyNeedsOne(t *testing.T) {
	w := newWorld(t)
	w.function("checkout")
	w.function("refund")
	w.runs()
	w.composite("my own", Prefix("prod")+"function/checkout/errors")
	w.deleteFunction("checkout")
	report, err := w.run()
	want.Says(t, "the error", fmt.Sprint(err), "to delete caretaker/prod/function/checkout/errors", "composite alarm")
	want.Equal(t, "deleted", report.Outcomes[Deleted], 5)
	want.Equal(t, "failed", report.Outcomes[Failed], 1)
}

// answers is a fault that AWS answers some calls of an operation with. 0 times is all of them.
func answers(operation, code string, times int) emulator.Fault {
	return emulator.Fault{Operation: operation, Status: http.StatusBadRequest, Code: code, Message: "the test says so", Times: times}
}

func TestHandle_bearsWhatPasses(t *testing.T) {
	for name, fault := range map[string]emulator.Fault{
		"a list that is throttled":                    answers("ListFunctions", "TooManyRequestsException", 3),
		"tags that are throttled":                     answers("GetResources", "ThrottledException", 3),
		"alarms that are throttled":                   answers("DescribeAlarms", "Throttling", 3),
		"a write that is throttled":                   answers("PutMetricAlarm", "Throttling", 3),
		"a write at the same moment as another":       answers("PutMetricAlarm", "ValidationError", 2),
		"a fault of AWS":                              {Operation: "PutMetricAlarm", Status: http.StatusInternalServerError, Code: "InternalServiceFault", Times: 2},
		"a connection that breaks":                    {Operation: "PutMetricAlarm", Drop: true, Times: 2},
		"an answer that is cut off after it was done": {Operation: "PutMetricAlarm", Truncate: true, Times: 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.function("checkout")
			w.emulator.Inject(fault)
			w.runs()
			want.Equal(t, "alarms", len(w.there()), 10)
			w.runs()
			want.Equal(t, "what a second run writes", w.writes(), []string{})
		})
	}
}

// A list that could not be read is not a list of nothing: no alarm goes, what can be made is made, and the
// run fails loud.
func TestHandle_deletesNothingWhereAListFails(t *testing.T) {
	for operation, action := range map[string]string{
		"ListFunctions": "lambda:ListFunctions", "ListEventSourceMappings": "lambda:ListEventSourceMappings", "GetAccountSettings": "lambda:GetAccountSettings",
		"ListTables": "dynamodb:ListTables", "DescribeTable": "dynamodb:DescribeTable", "ListStreams": "kinesis:ListStreams", "ListQueues": "sqs:ListQueues",
		"GetQueueAttributes": "sqs:GetQueueAttributes", "ListTopics": "sns:ListTopics", "ListStateMachines": "states:ListStateMachines",
		"ListEventBuses": "events:ListEventBuses", "ListRules": "events:ListRules",
		"GetRestApis": "REST APIs (apigateway:GET)", "GetApis": "HTTP APIs (apigateway:GET)", "GetStages": "stages of the ", "ListDeliveryStreams": "firehose:ListDeliveryStreams",
		"DescribeDeliveryStream": "firehose:DescribeDeliveryStream", "ListScheduleGroups": "scheduler:ListScheduleGroups",
	} {
		t.Run(operation, func(t *testing.T) {
			w := newWorld(t)
			w.fleet()
			w.function("gone")
			w.runs()
			before := len(w.there())
			w.deleteFunction("gone")
			w.function("new")
			w.emulator.Inject(answers(operation, "AccessDeniedException", 0))
			report, err := w.run()
			want.Says(t, "the error", fmt.Sprint(err), action, "AccessDeniedException")
			want.Says(t, "what holds deletions back", report.Held, action)
			made := 6
			if operation == "ListFunctions" {
				made = 0
			}
			want.Equal(t, "alarms", len(w.there()), before+made)
			w.emulator.ClearFaults()
			want.Equal(t, "deleted by the next run", w.runs().Outcomes[Deleted], 6)
		})
	}
}

func TestHandle_decidesNothingWithoutTagsOrAlarms(t *testing.T) {
	for operation, action := range map[string]string{"GetResources": "tag:GetResources", "DescribeAlarms": "cloudwatch:DescribeAlarms"} {
		t.Run(operation, func(t *testing.T) {
			w := newWorld(t)
			w.function("checkout", "caretaker:alarms", "off")
			w.emulator.Inject(answers(operation, "AccessDeniedException", 0))
			report, err := w.run()
			want.Says(t, "the error", fmt.Sprint(err), "taking inventory", action, "AccessDeniedException")
			want.Equal(t, "what it writes", w.writes(), []string{})
			want.Equal(t, "metrics", len(report.Metrics()), 0)
		})
	}
}

func TestHandle_oneAlarmThatFailsDoesNotStopTheRest(t *testing.T) {
	w := newWorld(t)
	w.function("checkout")
	w.emulator.Inject(answers("PutMetricAlarm", "LimitExceeded", 1))
	report, err := w.run()
	want.Says(t, "the error", fmt.Sprint(err), "to create caretaker/prod/", "cloudwatch:PutMetricAlarm", "LimitExceeded")
	want.Equal(t, "what became of them", []int{report.Outcomes[Created], report.Outcomes[Failed]}, []int{9, 1})
	want.Equal(t, "created by the next run", w.runs().Outcomes[Created], 1)
}

// What a run has no time for, the next one does; nothing is written twice.
func TestHandle_stopsAtItsDeadlineAndGoesOn(t *testing.T) {
	w := newWorld(t)
	w.functions(3)
	ctx, stop := context.WithCancel(t.Context())
	puts := 0
	w.emulator.Inject(emulator.Fault{Operation: "PutMetricAlarm", After: func(emulator.Call) {
		if puts++; puts == 5 {
			stop()
		}
	}})
	first, err := w.reconciler().Handle(ctx, Event{})
	w.must("the run that ends early", err)
	w.emulator.ClearFaults()
	if left := first.Outcomes[NotYet]; left < 16 || left > 18 {
		t.Errorf("%d alarms are left to the next run, want 17: %v", left, first.Outcomes)
	}
	w.runs()
	want.Equal(t, "alarms", len(w.there()), 22)
	if again := len(w.writes()); again > 18 {
		t.Errorf("the next run makes %d writes, want those that are left", again)
	}
}

// Where the rate leaves no time for a write before the deadline, none is tried.
func TestHandle_doesNotWaitForATurnAfterTheDeadline(t *testing.T) {
	w := newWorld(t)
	w.functions(2)
	w.cfg.Quotas.Enabled = false // reading them keeps to a rate too
	slow, err := New(w.cfg, ConnectPaced(w.config, 1.0/3600), Options{Stage: "prod", Topic: w.arn("sns", "caretaker-prod-alerts")})
	w.must("making it", err)
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	report, err := slow.Handle(ctx, Event{})
	w.must("the run", err)
	want.Equal(t, "what became of them", []int{report.Outcomes[Created], report.Outcomes[NotYet]}, []int{1, 15})
}

func TestLeave_takesTheStagesAlarmsAndNoOthers(t *testing.T) {
	w := newWorld(t)
	w.function("checkout")
	w.other("checkout is slow")
	w.other(Prefix("prod-eu") + "function/checkout/errors")
	w.runs()
	r := w.reconciler()
	plan, err := r.Leave(t.Context())
	w.must("looking", err)
	want.Equal(t, "cents", []int{plan.CentsBefore, plan.CentsAfter}, []int{130, 0})
	_, failures := r.Apply(t.Context(), plan)
	want.Equal(t, "failures", len(failures), 0)
	want.Equal(t, "what is left", under(w.there(), ""), []string{Prefix("prod-eu") + "function/checkout/errors", "checkout is slow"})
}

func TestNew_refusesWhatIsNoTopic(t *testing.T) {
	_, err := New(Default(), Clients{}, Options{Stage: "prod"})
	want.Says(t, "the error", fmt.Sprint(err), `the topic of the stack is ""`)
}
