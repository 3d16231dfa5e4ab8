package alerts

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"caretaker/internal/emulator"
	"caretaker/internal/want"
)

// At its own pace, with AWS's limit: no write is throttled.
func TestHandle_staysBelowWhatAWSAllows(t *testing.T) {
	w := newWorld(t)
	w.function("checkout")
	w.emulator.LimitRates(emulator.RateLimits{Alarms: 3})
	defer w.emulator.LimitRates(emulator.RateLimits{})
	r, err := New(w.cfg, Connect(w.config), Options{Stage: "prod", Topic: w.arn("sns", "caretaker-prod-alerts")})
	w.must("making it", err)
	w.emulator.ForgetCalls()
	begun := time.Now()
	report, err := r.Handle(t.Context(), Event{})
	w.must("the run", err)
	want.Equal(t, "alarms", report.Outcomes[Created], 10)
	want.Equal(t, "writes, each once", len(w.writes()), 10)
	if took := time.Since(begun); took < 9*time.Second*10/25 {
		t.Errorf("ten writes took %s, want 0.4 s between two", took)
	}
	for _, call := range w.emulator.Calls() {
		if call.ErrorCode != "" {
			t.Errorf("%s answered %s", call.Operation, call.ErrorCode)
		}
	}
}

// Two runs at once meet: AWS refuses one of two writes at the same moment. In the end everything stands once.
func TestHandle_twoRunsAtOnceAreHarmless(t *testing.T) {
	w := newWorld(t)
	w.functions(5)
	var both sync.WaitGroup
	failures := make([]error, 2)
	for at := range failures {
		r := w.reconciler()
		both.Go(func() { _, failures[at] = r.Handle(t.Context(), Event{}) })
	}
	both.Wait()
	for _, err := range failures {
		if err != nil && !strings.Contains(err.Error(), "A separate request to update this alarm is in progress") {
			t.Errorf("a run fails by something else than the other one: %v", err)
		}
	}
	w.runs()
	want.Equal(t, "alarms", len(w.there()), 34)
	w.runs()
	want.Equal(t, "what a run after it writes", w.writes(), []string{})
}

// A list has a call a page, whatever the fleet: no function is asked by itself.
func TestHandle_makesNoCallAFunction(t *testing.T) {
	calls := map[int]int{}
	for _, functions := range []int{1, 30} {
		w := newWorld(t)
		w.functions(functions)
		w.runs()
		w.runs()
		calls[functions] = len(w.emulator.Calls())
	}
	// 30 functions have 184 alarms, which is three pages where one function has one; the emulator has pages of 50 at most.
	if more := calls[30] - calls[1]; more > 3 {
		t.Errorf("a run makes %d calls for 1 function and %d for 30, want only the pages of alarms more", calls[1], calls[30])
	}
}

func TestHandle_leavesMuteRulesAlone(t *testing.T) {
	w := newWorld(t)
	w.function("checkout")
	w.runs()
	name := Prefix("prod") + "function/checkout/errors"
	_, err := w.alarms.PutAlarmMuteRule(t.Context(), &cloudwatch.PutAlarmMuteRuleInput{
		Name: aws.String("deployment"), MuteTargets: &cloudwatchtypes.MuteTargets{AlarmNames: []string{name}},
		Rule: &cloudwatchtypes.Rule{Schedule: &cloudwatchtypes.Schedule{Expression: aws.String("cron(0 2 * * *)"), Duration: aws.String("PT1H")}},
	})
	w.must("putting a mute rule", err)
	w.cfg.Thresholds = map[string]string{"function.errors": "2%"}
	w.runs()
	want.Equal(t, "what another threshold writes", w.writes(), []string{"PutMetricAlarm"})
	read, err := w.alarms.GetAlarmMuteRule(t.Context(), &cloudwatch.GetAlarmMuteRuleInput{AlarmMuteRuleName: aws.String("deployment")})
	w.must("reading the mute rule", err)
	want.Equal(t, "what it mutes", read.MuteTargets.AlarmNames, []string{name})
	for _, call := range w.emulator.Calls() {
		if call.Operation == "PutAlarmMuteRule" || call.Operation == "DeleteAlarmMuteRule" {
			t.Errorf("a run calls %s", call.Operation)
		}
	}
}

// What has no tag is in no answer of the tagging API; streams and state machines are.
func TestHandle_readsTagsOfEachKind(t *testing.T) {
	w := newWorld(t)
	w.fleet()
	_, err := kinesis.NewFromConfig(w.config).AddTagsToStream(t.Context(), &kinesis.AddTagsToStreamInput{StreamName: aws.String("clicks"), Tags: map[string]string{"caretaker:alarms": "off"}})
	w.must("tagging the stream", err)
	machines, err := sfn.NewFromConfig(w.config).ListStateMachines(t.Context(), &sfn.ListStateMachinesInput{})
	w.must("listing state machines", err)
	w.tagMachine(machines.StateMachines[0].StateMachineArn)
	w.runs()
	made := w.there()
	want.Equal(t, "alarms of the stream, which is tagged off", under(made, Prefix("prod")+"stream/"), nil)
	want.Equal(t, "whom the state machine's warning tells", made[Prefix("prod")+"state-machine/refund/throttles"].AlarmName != nil, true)
	want.Equal(t, "its severity", w.tagsOf(Prefix("prod") + "state-machine/refund/throttles")["caretaker:severity"], "critical")
	want.Equal(t, "alarms of a queue without tags", under(made, Prefix("prod")+"queue/mail/"), []string{"age"})
}

// An alarm that CloudFormation or a person made meanwhile under the prefix of another stage is none of ours, at
// whatever moment it comes.
func TestHandle_neverAsksForAlarmsOfOthers(t *testing.T) {
	w := newWorld(t)
	w.function("checkout")
	w.other(Prefix("prod-eu") + "function/checkout/errors")
	w.runs()
	report := w.runs()
	want.Equal(t, "what it says of", report.Outcomes[Kept], 10)
	for name := range w.there() {
		if strings.HasPrefix(name, Prefix("prod-eu")) {
			return
		}
	}
	t.Error(fmt.Sprint("the other stage's alarm is gone: ", w.there()))
}

// Where AWS throttles all along, the run ends in an error, and the next one does what this one could not.
func TestHandle_goesOnAfterARunThatWasThrottledAllAlong(t *testing.T) {
	w := newWorld(t)
	w.function("checkout")
	w.emulator.Inject(answers("PutMetricAlarm", "Throttling", 0))
	report, err := w.run()
	want.Says(t, "the error", fmt.Sprint(err), "10 failures", "cloudwatch:PutMetricAlarm", "Throttling")
	want.Equal(t, "what became of them", report.Outcomes[Failed], 10)
	w.emulator.ClearFaults()
	want.Equal(t, "created by the next run", w.runs().Outcomes[Created], 10)
}

// Tags go before the alarm: a run that ends in between leaves the alarm as it was, and the next one does both again.
func TestHandle_doesBothAgainWhereARunEndedBetweenTagsAndAlarm(t *testing.T) {
	w := newWorld(t)
	w.function("checkout")
	w.runs()
	name := Prefix("prod") + "function/checkout/errors"
	_, err := lambdasvc.NewFromConfig(w.config).TagResource(t.Context(), &lambdasvc.TagResourceInput{
		Resource: aws.String(w.arn("lambda", "function:checkout")), Tags: map[string]string{"caretaker:service": "shop"},
	})
	w.must("tagging the function", err)
	w.emulator.Inject(answers("PutMetricAlarm", "AccessDenied", 0))
	_, err = w.run()
	want.Says(t, "the error", fmt.Sprint(err), "AccessDenied")
	w.emulator.ClearFaults()
	w.runs()
	want.Equal(t, "tags that are set once more", slices.Contains(w.writes(), "TagResource"), true)
	want.Equal(t, "the tag", w.tagsOf(name)["caretaker:service"], "shop")
	want.Says(t, "the description", aws.ToString(w.there()[name].AlarmDescription), "service=shop")
}
