package limitraiser

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"caretaker/internal/alarm"
	"caretaker/internal/emulator"
)

func TestEpisode_takesStepsUntilTheAlarmIsOK(t *testing.T) {
	s := throttledWrites(t)
	event := s.theEvent()
	for step, want := range []int64{75, 113, 170} {
		s.full()
		report, err := s.handle(event)
		if got := decision(t, report, err); got.Outcome != Raised || report.Answers[0].Step != step {
			t.Fatalf("step %d: %+v", step, report)
		}
		s.wantWrites(want, step+1)
		if got := s.hasty.delays[step]; got != 5*time.Minute {
			t.Errorf("the look comes after %v", got)
		}
		look := s.look()
		s.pass(5 * time.Minute)
		event = look
	}
	s.full()
	again, err := s.handle(event)
	if got := decision(t, again, err); got.Outcome != Raised {
		t.Errorf("%+v", again)
	}
	duplicate, err := s.handle(event)
	if err != nil || duplicate.Duplicates != 1 {
		t.Errorf("the same look again: %+v, %v", duplicate, err)
	}
	s.setState(s.alarm, "OK")
	s.pass(5 * time.Minute)
	report, err := s.handle(s.look())
	if err != nil || report.Ended != 1 || len(report.Answers) != 0 || report.LooksSent != 0 {
		t.Errorf("%+v, %v", report, err)
	}
}

// A composite alarm may have a hundred children, and each is asked about with each look.
func TestEpisode_endsByAReadWhereNothingIsOpen(t *testing.T) {
	s := throttledWrites(t)
	report, err := s.handle(s.theEvent())
	if got := decision(t, report, err); got.Outcome != Raised {
		t.Fatalf("%+v", got)
	}
	look := s.look()
	s.setState(s.alarm, "OK")
	s.pass(5 * time.Minute)
	s.emulator.ForgetCalls()
	if report, err := s.handle(look); err != nil || report.Ended != 1 {
		t.Errorf("%+v, %v", report, err)
	}
	if reads, writes := s.calls("GetItem"), s.calls("UpdateItem"); reads != 1 || writes != 0 {
		t.Errorf("%d reads and %d writes of the ledger", reads, writes)
	}
}

func TestEpisode_raisesAsFarAsTheMonthsMoneyGoes(t *testing.T) {
	s := throttledWrites(t)
	s.cfg.Limits.AddedCostAMonth = 10 // 25 units more, by 50%, are $11.86
	report, err := s.handle(s.theEvent())
	if got := decision(t, report, err); got.Outcome != Raised || got.Reason != CutToCost || got.To != 71 {
		t.Errorf("%+v", got)
	}
	s.wantWrites(71, 1)
	told := s.received(s.inbox)
	if len(told) != 1 || !strings.Contains(told[0], "from 50 to 71, cut to what addedCostAMonth leaves") || !strings.Contains(told[0], "75 were wanted") {
		t.Errorf("people were told %s", told)
	}
	entries, err := History(t.Context(), s.tables, s.options.Table, 10)
	if err != nil || len(entries) != 1 || entries[0].Reason != CutToCost || entries[0].To != 71 || entries[0].CostAMonth > 10 {
		t.Errorf("%+v, %v", entries, err)
	}
	s.pass(6 * time.Minute)
	s.full()
	report, err = s.handle(s.look())
	if got := decision(t, report, err); got.Outcome != Refused || got.Reason != OverCost || report.LooksSent != 1 {
		t.Errorf("%+v", report)
	}
}

// The raise of another resource comes in between the plan and the deed.
func TestEpisode_takesWhatAnotherRaiseLeavesOfTheMonthsMoney(t *testing.T) {
	s := throttledWrites(t)
	spends := newLedger(s.clients.Ledger, s.options.Table, s.now)
	s.clients.Ledger = &overtaken{ledgerAPI: s.clients.Ledger, then: func() {
		if free, err := spends.spend(t.Context(), s.now(), 490, 500); err != nil || !free {
			t.Errorf("the other cannot spend: %v, %v", free, err)
		}
	}}
	report, err := s.handle(s.theEvent())
	if got := decision(t, report, err); got.Outcome != Raised || got.Reason != CutToCost || got.To != 71 {
		t.Errorf("%+v", got)
	}
	if spent, err := spends.spent(t.Context(), s.now()); err != nil || spent > 500 || spent < 499 {
		t.Errorf("$%v are spent of $500, %v", spent, err)
	}
}

// overtaken does something once, after the month's cost was read.
type overtaken struct {
	ledgerAPI
	then func()
}

func (o *overtaken) GetItem(ctx context.Context, input *dynamodb.GetItemInput, options ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	output, err := o.ledgerAPI.GetItem(ctx, input, options...)
	if then := o.then; then != nil && strings.HasPrefix(text(input.Key[LedgerKey]), "cost#") {
		o.then = nil
		then()
	}
	return output, err
}

func TestEpisode_endsWhereTheAlarmBeganAnother(t *testing.T) {
	s := throttledWrites(t)
	// The alarm, as CloudWatch describes it, changed after the event that is answered here.
	report, err := s.handle(s.event(s.alarm, s.metric, s.now().Add(-2*time.Minute)))
	if err != nil || report.Outcomes[Raised] != 1 {
		t.Fatalf("%+v, %v", report, err)
	}
	report, err = s.handle(s.look())
	if err != nil || report.Ended != 1 || len(report.Answers) != 0 {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestEpisode_endsAfterAMonthAndSaysSo(t *testing.T) {
	s := throttledWrites(t)
	s.cfg.Tables[0].Write.Max = 50
	event := s.theEvent()
	for _, wait := range []time.Duration{0, 29 * 24 * time.Hour} {
		s.pass(wait)
		if report, err := s.handle(event); err != nil || report.LooksSent != 1 || report.EventsRefused != 0 {
			t.Fatalf("%v later: %+v, %v", wait, report, err)
		}
		event = s.look()
	}
	s.pass(24 * time.Hour)
	report, err := s.handle(event)
	if err != nil || report.LooksSent != 0 || len(report.Refusals) != 1 || !strings.Contains(report.Refusals[0].Why, "for a month") {
		t.Errorf("%+v, %v", report, err)
	}
}

// The alarm itself is in ALARM for as long as any contributor is.
func TestEpisode_ofAContributorEndsWithIt(t *testing.T) {
	s := throttledWrites(t)
	since := s.now()
	s.emulator.SetContributors(s.alarm, map[string]time.Time{"another": since, "ours": since})
	var event map[string]any
	s.must(json.Unmarshal(s.theEvent(), &event))
	data, _ := event["alarmData"].(map[string]any)
	data["alarmContributor"] = map[string]any{"id": "ours", "attributes": map[string]string{"TableName": s.table}}
	raw, err := json.Marshal(event)
	s.must(err)
	report, err := s.handle(raw)
	if got := decision(t, report, err); got.Outcome != Raised || s.calls("DescribeAlarmContributors") != 0 {
		t.Fatalf("%+v", got)
	}
	s.pass(5 * time.Minute)
	s.full()
	report, err = s.handle(s.look()) // it is on the second page
	if got := decision(t, report, err); got.Outcome != Raised || s.calls("DescribeAlarmContributors") != 2 {
		t.Fatalf("%+v", got)
	}
	look := s.look()
	s.pass(5 * time.Minute)
	for name, contributors := range map[string]map[string]time.Time{
		"OK": {"another": since}, "in ALARM anew": {"ours": since.Add(8 * time.Minute)}, "without an alarm": nil,
	} {
		s.emulator.SetContributors(s.alarm, contributors)
		report, err = s.handle(look)
		if err != nil || report.Ended != 1 || len(report.Answers) != 0 {
			t.Errorf("%s: %+v, %v", name, report, err)
		}
	}
	s.fault(emulator.Fault{Operation: "DescribeAlarmContributors", Status: 404, Code: "ResourceNotFoundException"})
	if report, err = s.handle(look); err != nil || report.Ended != 1 {
		t.Errorf("deleted: %+v, %v", report, err)
	}
	s.wantWrites(113, 2)
}

// As from the dead letters, days later.
func TestEpisode_isReadAnewWhereItsEventComesLate(t *testing.T) {
	s := throttledWrites(t)
	event := s.theEvent()
	s.setState(s.alarm, "OK")
	s.pass(72 * time.Hour)
	report, err := s.handle(inQueue(event))
	if err != nil || report.Ended != 1 || len(report.Answers) != 0 || len(report.BatchItemFailures) != 0 {
		t.Errorf("over: %+v, %v", report, err)
	}
	s.setState(s.alarm, "ALARM")
	report, err = s.handle(s.event(s.alarm, s.metric, s.now().Add(-73*time.Hour)))
	if err != nil || report.Ended != 1 || len(report.Answers) != 0 {
		t.Errorf("in ALARM anew, which is another event: %+v, %v", report, err)
	}
	s.wantWrites(50, 0)
	report, err = s.handle(event)
	if got := decision(t, report, err); got.Outcome != Raised {
		t.Errorf("still in ALARM: %+v", got)
	}
}

func TestEpisode_tellsOfTheMaximumOnce(t *testing.T) {
	s := throttledWrites(t)
	s.cfg.Tables[0].Write.Max = 50
	event := s.theEvent()
	for step := range 3 {
		report, err := s.handle(event)
		if got := decision(t, report, err); got.Outcome != AtMaximum {
			t.Fatalf("step %d: %+v", step, got)
		}
		event = s.look()
		s.pass(5 * time.Minute)
	}
	s.wantWrites(50, 0)
	if told := s.received(s.inbox); len(told) != 1 || !strings.Contains(told[0], "is at its maximum of 50 and still short") {
		t.Errorf("people were told %q", told)
	}
	// Another episode is another message.
	s.pass(time.Hour)
	if _, err := s.handle(s.theEvent()); err != nil {
		t.Error(err)
	}
	if told := s.received(s.inbox); len(told) != 1 {
		t.Errorf("in the next episode people were told %q", told)
	}
}

func TestEpisode_tellsOnceOfAnAlarmThatStaysOnThoughNothingIsShort(t *testing.T) {
	s := throttledWrites(t)
	of := map[string]string{"TableName": s.table}
	event := s.theEvent()
	for step := range 6 {
		s.measure("AWS/DynamoDB", "ConsumedWriteCapacityUnits", 10*60, 1, of)
		s.measure("AWS/DynamoDB", "WriteThrottleEvents", 60*60, 1, of)
		report, err := s.handle(event)
		if got := decision(t, report, err); got.Outcome != Met || (step == 3) != (report.MessagesSent == 1) {
			t.Errorf("step %d: %+v", step, report)
		}
		event = s.look()
		s.pass(5 * time.Minute)
	}
	if told := s.received(s.inbox); len(told) != 1 || !strings.Contains(told[0], "met: the alarm stays on all the same") || !strings.Contains(told[0], "hot key") {
		t.Errorf("people were told %q", told)
	}
	if history, err := History(t.Context(), s.tables, s.options.Table, 10); err != nil || len(history) != 1 || history[0].Outcome != Met {
		t.Errorf("the audit trail is %+v, %v", history, err)
	}
}

// What a raise has yet to calm, or waits for a minute at a time, is not news.
func TestEpisode_isPatientWithAnAlarmAfterARaiseAndWhileItWaits(t *testing.T) {
	s := throttledWrites(t)
	of := map[string]string{"TableName": s.table}
	event := s.theEvent()
	next := func(load float64, outcome Outcome, messages int, pass time.Duration) {
		t.Helper()
		s.measure("AWS/DynamoDB", "ConsumedWriteCapacityUnits", load*60, 1, of)
		report, err := s.handle(event)
		if got := decision(t, report, err); got.Outcome != outcome || report.MessagesSent != messages {
			t.Errorf("%+v", report)
		}
		s.pass(pass)
		event = s.look()
	}
	s.fault(emulator.Fault{Operation: "UpdateTable", Times: 6, Status: 400, Code: "ResourceInUseException", Message: "being updated"})
	for range 6 {
		next(100, Waiting, 0, time.Minute)
	}
	next(100, Raised, 1, 5*time.Minute)
	next(10, Met, 0, 5*time.Minute)
	next(10, Met, 0, 5*time.Minute)
	next(10, Met, 1, 5*time.Minute)
	next(10, Met, 0, 5*time.Minute)
}

func TestEpisode_waitsForAnotherRunAndThenFindsTheNeedMet(t *testing.T) {
	s := throttledWrites(t)
	of := map[string]string{"TableName": s.table}
	s.measure("AWS/DynamoDB", "ConsumedWriteCapacityUnits", 200*60, 1, of) // in a burst
	s.cfg.Limits.Cooldown = 0
	raiser := s.raiser(s.cfg)
	other, _, free, err := raiser.ledger.take(t.Context(), "table/"+s.table, s.now().Add(time.Minute))
	if err != nil || !free {
		t.Fatal(err)
	}
	report, err := s.handle(s.theEvent())
	if got := decision(t, report, err); got.Outcome != Waiting || got.Reason != InFlight {
		t.Fatalf("%+v", got)
	}
	if s.hasty.delays[0] != time.Minute {
		t.Errorf("it waits %v", s.hasty.delays[0])
	}
	waiting := s.look()
	s.must(raiser.ledger.settle(t.Context(), other, record{}))
	s.pass(time.Second)
	report, err = s.handle(s.theEvent()) // the raise that the first alarm waits for
	if got := decision(t, report, err); got.Outcome != Raised || got.To != 250 {
		t.Fatalf("%+v", got)
	}
	report, err = s.handle(waiting)
	if got := decision(t, report, err); got.Outcome != Met {
		t.Errorf("%+v", got)
	}
	s.wantWrites(250, 1)
}

// Whoever holds the resource tells of it.
func TestEpisode_saysNothingOfAnAlarmThatStaysOnWhileAnotherRunIsAtWork(t *testing.T) {
	s := throttledWrites(t)
	if _, _, free, err := s.raiser(s.cfg).ledger.take(t.Context(), "table/"+s.table, s.now().Add(24*time.Hour)); err != nil || !free {
		t.Fatal(err)
	}
	event := s.theEvent()
	for step := range 6 {
		report, err := s.handle(event)
		if got := decision(t, report, err); got.Reason != InFlight || report.MessagesSent != 0 {
			t.Errorf("step %d: %+v", step, report)
		}
		event = s.look()
		s.pass(5 * time.Minute)
	}
}

// CloudWatch has no metrics of a table without requests, and its alarm may stay on: at once after
// the load, and when even the memory of CloudWatch's answer is older than what is read.
func TestEpisode_leavesAloneWhatIsIdle(t *testing.T) {
	s := throttledWrites(t)
	of := map[string]string{"TableName": s.table}
	s.measure("AWS/DynamoDB", "ConsumedWriteCapacityUnits", 50*60, 1, of)
	s.measure("AWS/DynamoDB", "WriteThrottleEvents", 30*60, 1, of)
	report, err := s.handle(s.theEvent())
	if got := decision(t, report, err); got.Outcome != Raised || got.To != 75 {
		t.Fatalf("%+v", got)
	}
	for _, wait := range []time.Duration{6 * time.Minute, time.Hour, 3 * time.Hour, 72 * time.Hour} {
		s.pass(wait)
		report, err = s.handle(s.look())
		if got := decision(t, report, err); got.Outcome != Met || !strings.Contains(got.Detail, "no load") {
			t.Errorf("%v later: %+v", wait, got)
		}
	}
	s.wantWrites(75, 1)
	if calls := s.calls("GetMetricData"); calls != 5 {
		t.Errorf("%d calls of GetMetricData for 5 answers", calls)
	}
}

func TestHandle_countsAndIgnoresWhatIsNotForIt(t *testing.T) {
	s := throttledWrites(t)
	us, home := "us-east-1", s.emulator.Account()
	for name, c := range map[string]struct {
		event   json.RawMessage
		ignored bool
	}{
		"malformed":                {json.RawMessage(`{"hello": "world"}`), false},
		"no JSON":                  {json.RawMessage(`nonsense`), false},
		"another account":          {s.eventOf("111122223333", us, s.alarm, "ALARM", s.metric, s.now()), false},
		"another Region":           {s.eventOf(home, "eu-west-1", s.alarm, "ALARM", s.metric, s.now()), false},
		"OK":                       {s.eventOf(home, us, s.alarm, "OK", s.metric, s.now()), true},
		"insufficient data":        {s.eventOf(home, us, s.alarm, "INSUFFICIENT_DATA", s.metric, s.now()), true},
		"nothing that is raised":   {s.event(s.alarm, alarm.Metric{Namespace: "AWS/EC2", Name: "CPUUtilization"}, s.now()), false},
		"a hot key":                {s.event(s.alarm, alarm.Metric{Namespace: "AWS/DynamoDB", Name: "WriteKeyRangeThroughputThrottleEvents", Dimensions: s.metric.Dimensions}, s.now()), false},
		"errors of the table":      {s.event(s.alarm, alarm.Metric{Namespace: "AWS/DynamoDB", Name: "SystemErrors", Dimensions: s.metric.Dimensions}, s.now()), false},
		"a queue's bad message":    {inQueue(json.RawMessage(`{"hello": "world"}`)), false},
		"an alarm without a name":  {s.eventOf(home, us, "", "ALARM", s.metric, s.now()), false},
		"an alarm from the future": {s.eventOf(home, us, s.alarm, "ALARM", s.metric, time.Time{}), false},
	} {
		t.Run(name, func(t *testing.T) {
			report, err := s.handle(c.event)
			if err != nil || len(report.BatchItemFailures) != 0 {
				t.Errorf("it is to come again: %+v, %v", report, err)
			}
			if c.ignored != (report.Ignored == 1) || c.ignored == (report.EventsRefused == 1) {
				t.Errorf("%+v", report)
			}
		})
	}
	if calls := s.emulator.Calls(); len(calls) != 0 {
		t.Errorf("there were calls: %+v", calls)
	}
}

func TestHandle_takesItsHomeFromTheFunctionsARN(t *testing.T) {
	s := throttledWrites(t)
	s.options.Home = Home{}
	event := s.theEvent()
	for arn, raised := range map[string]int{
		"": 0, "nonsense": 0,
		"arn:aws:lambda:us-east-1:111122223333:function:limit-raiser": 0,
		"arn:aws:lambda:us-east-1:000000000000:function:limit-raiser": 1,
	} {
		ctx := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{InvokedFunctionArn: arn})
		report, err := s.raiser(s.cfg).Handle(ctx, event)
		if err != nil || report.Outcomes[Raised] != raised {
			t.Errorf("as %q: %+v, %v", arn, report, err)
		}
	}
}

func TestHandle_raisesNothingInADryRunAndSaysSoOnce(t *testing.T) {
	s := throttledWrites(t)
	s.cfg.DryRun = true
	report, err := s.handle(s.theEvent())
	if got := decision(t, report, err); got.Outcome != WouldRaise || got.From != 50 || got.To != 75 {
		t.Errorf("%+v", got)
	}
	s.pass(5 * time.Minute)
	again, err := s.handle(s.look())
	if got := decision(t, again, err); got.Outcome != WouldRaise || again.MessagesSent != 0 {
		t.Errorf("%+v", again)
	}
	s.wantWrites(50, 0)
	if told := s.received(s.inbox); len(told) != 1 || !strings.Contains(told[0], "would raise write from 50 to 75") {
		t.Errorf("people were told %q", told)
	}
	if spent, err := s.raiser(s.cfg).ledger.spent(t.Context(), s.now()); err != nil || spent != 0 {
		t.Errorf("$%v are spent, %v", spent, err)
	}
	// The dry run ends while the alarm is still on: its next look raises.
	s.cfg.DryRun = false
	s.pass(5 * time.Minute)
	report, err = s.handle(s.look())
	if got := decision(t, report, err); got.Outcome != Raised {
		t.Errorf("%+v", got)
	}
}

func TestHandle_leavesAloneWhatTheFileDoesNotList(t *testing.T) {
	s := throttledWrites(t)
	report, err := s.raiser(earnest("another")).Handle(t.Context(), s.theEvent())
	if got := decision(t, report, err); got.Outcome != Refused || got.Reason != NotListed || report.LooksSent != 0 {
		t.Errorf("%+v", report)
	}
	if s.calls("DescribeTable") != 0 {
		t.Error("it was read, for which the role has no permission")
	}
	s.wantWrites(50, 0)
}

// composite makes a composite alarm in ALARM over others, and its event.
func (s *scene) composite(children ...string) json.RawMessage {
	s.Helper()
	name, rule := s.name+"-composite", `ALARM("`+strings.Join(children, `") OR ALARM("`)+`")`
	_, err := s.alarms.PutCompositeAlarm(s.Context(), &cloudwatch.PutCompositeAlarmInput{AlarmName: &name, AlarmRule: &rule})
	s.must(err)
	s.setState(name, "ALARM")
	raw, err := json.Marshal(map[string]any{
		"AlarmName": name, "AlarmArn": "arn:aws:cloudwatch:us-east-1:" + s.emulator.Account() + ":alarm:" + name,
		"AWSAccountId": s.emulator.Account(), "NewStateValue": "ALARM", "AlarmRule": rule,
		"StateChangeTime": s.now().Format("2006-01-02T15:04:05.000-0700"), "Region": "US East (N. Virginia)",
	})
	s.must(err)
	return raw
}

func TestHandle_looksUpTheChildrenOfACompositeAlarm(t *testing.T) {
	s := throttledWrites(t)
	calm := s.world.alarm("OK", alarm.Metric{Namespace: "AWS/DynamoDB", Name: "ReadThrottleEvents", Dimensions: s.metric.Dimensions})
	report, err := s.handle(inQueue(s.composite(s.alarm, calm)))
	if err != nil || report.Outcomes[Raised] != 1 {
		t.Fatalf("%+v, %v", report, err)
	}
	s.wantWrites(75, 1)
	s.pass(5 * time.Minute)
	s.full()
	report, err = s.handle(s.look())
	if err != nil || report.Outcomes[Raised] != 1 {
		t.Errorf("the next step: %+v, %v", report, err)
	}
}

// A composite alarm that is in ALARM already says nothing when another of its children is too.
func TestEpisode_ofACompositeAlarmAnswersTheChildrenThatComeLater(t *testing.T) {
	for name, first := range map[string]alarm.Metric{
		"after a table":                    {Namespace: "AWS/DynamoDB", Name: "ReadThrottleEvents"},
		"after one that is not listed":     {Namespace: "AWS/DynamoDB", Name: "ReadThrottleEvents", Dimensions: map[string]string{"TableName": "unlisted"}},
		"after what nothing can be raised": {Namespace: "AWS/EC2", Name: "CPUUtilization", Dimensions: map[string]string{"InstanceId": "i-1"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := throttledWrites(t)
			if first.Dimensions == nil {
				other := s.name + "-other"
				_, err := s.tables.CreateTable(t.Context(), &dynamodb.CreateTableInput{
					TableName: &other, BillingMode: dynamodbtypes.BillingModeProvisioned, ProvisionedThroughput: twoUnits{5, 5}.throughput(),
					AttributeDefinitions: []dynamodbtypes.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: "S"}},
					KeySchema:            []dynamodbtypes.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: "HASH"}},
				})
				s.must(err)
				s.cfg.Tables = append(s.cfg.Tables, Table{Name: other, Read: Capacity{4000}})
				first.Dimensions = map[string]string{"TableName": other}
			}
			s.setState(s.alarm, "OK")
			if _, err := s.handle(s.composite(s.world.alarm("ALARM", first), s.alarm)); err != nil {
				t.Fatal(err)
			}
			for _, state := range []string{"OK", "ALARM"} {
				s.setState(s.alarm, state)
				event := s.look()
				s.pass(5 * time.Minute)
				if report, err := s.handle(event); err != nil || report.Duplicates != 0 || report.EventsRefused != 0 {
					t.Fatalf("%+v, %v", report, err)
				}
			}
			if units, _ := s.has(s.table); units.write != 75 {
				t.Errorf("the second child's table has %v", units)
			}
			s.pass(5 * time.Minute)
			for _, look := range s.received(s.options.Queue) { // of both
				if report, err := s.handle(inQueue(json.RawMessage(look))); err != nil || report.Duplicates != 0 || report.LooksSent != 1 {
					t.Errorf("%+v, %v", report, err)
				}
			}
		})
	}
}

// Nor does it when one of them comes back.
func TestEpisode_ofACompositeAlarmGoesOnWhileItsChildIsOK(t *testing.T) {
	s := throttledWrites(t)
	other := s.world.alarm("ALARM", alarm.Metric{Namespace: "AWS/EC2", Name: "CPUUtilization", Dimensions: map[string]string{"InstanceId": "i-1"}})
	event := s.composite(s.alarm, other)
	for step, c := range []struct {
		state  string
		writes int64
	}{{"ALARM", 75}, {"OK", 75}, {"OK", 75}, {"ALARM", 113}} {
		s.setState(s.alarm, c.state)
		s.full()
		report, err := s.handle(event)
		if err != nil || report.LooksSent != 1 || report.EventsRefused != 0 {
			t.Fatalf("step %d: %+v, %v", step, report, err)
		}
		if units, _ := s.has(s.table); units.write != c.writes {
			t.Errorf("step %d: the table has %v, want %d writes", step, units, c.writes)
		}
		look := s.look()
		if again, err := s.handle(event); err != nil || again.Duplicates != 1 || again.LooksSent != 0 {
			t.Errorf("step %d again: %+v, %v", step, again, err)
		}
		s.pass(5 * time.Minute)
		event = look
	}
	s.setState(s.name+"-composite", "OK")
	report, err := s.handle(event)
	if err != nil || report.Ended != 1 || report.LooksSent != 0 {
		t.Errorf("over: %+v, %v", report, err)
	}
}

// Nothing can come of children that are about nothing that is raised.
func TestEpisode_ofACompositeAlarmEndsWhereNothingIsEverShort(t *testing.T) {
	s := throttledWrites(t)
	of := map[string]string{"InstanceId": "i-1"}
	report, err := s.handle(s.composite(
		s.world.alarm("ALARM", alarm.Metric{Namespace: "AWS/EC2", Name: "CPUUtilization", Dimensions: of}),
		s.world.alarm("OK", alarm.Metric{Namespace: "AWS/EC2", Name: "StatusCheckFailed", Dimensions: of}),
	))
	if err != nil || report.EventsRefused != 1 || report.LooksSent != 0 {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestReport_alwaysHasBatchItemFailures(t *testing.T) {
	s := throttledWrites(t)
	report, err := s.handle(inQueue(s.theEvent()))
	s.must(err)
	raw, err := json.Marshal(report)
	s.must(err)
	if !strings.Contains(string(raw), `"batchItemFailures":[]`) {
		t.Errorf("the answer is %s", raw)
	}
}

func TestReport_ofABatchFailsOnlyWhatFailed(t *testing.T) {
	s := throttledWrites(t)
	missing := writeThrottles("missing-table")
	broken := s.event(s.alarmCalled("broken", "ALARM", missing), missing, s.now())
	s.cfg.Tables = append(s.cfg.Tables, Table{Name: "missing-table", Write: Capacity{100}})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	report, err := s.raiser(s.cfg).Handle(ctx, inQueue(broken, json.RawMessage(`{}`), s.theEvent()))
	if err != nil || report.Outcomes[Raised] != 1 || report.EventsRefused != 1 || report.Outcomes[Refused] != 1 {
		t.Errorf("%+v, %v", report, err)
	}
	cancel()
	s.pass(time.Hour)
	report, err = s.raiser(s.cfg).Handle(ctx, inQueue(s.theEvent(), json.RawMessage(`{}`)))
	if diff := cmp.Diff([]BatchItemFailure{{"message-0"}}, report.BatchItemFailures); err != nil || diff != "" {
		t.Errorf("out of time: %v %s", err, diff)
	}
}

func TestMessage_saysWhatAndWhyInTextAndAttributes(t *testing.T) {
	threshold := 1800.0
	e := episode{Alarm: alarm.Alarm{
		Name: "orders-writes", Reason: "Threshold Crossed", Threshold: &threshold,
		Metrics: []alarm.Metric{{Name: "ConsumedWriteCapacityUnits", Stat: "SUM", Period: time.Minute}},
	}}
	facts := Facts{Resource: Resource{KindTable, "orders"}, Tags: map[string]string{stackTag: "shop"}}
	m := newMessage(e, facts, []Decision{{
		Part: Part{Dimension: Write}, Means: Provisioned, Outcome: Raised, Reason: IsShort, Detail: "by 50%", From: 50, To: 250, CostAMonth: 94.9, Short: true,
	}}, Home{"aws", "111122223333", "eu-west-1"})
	want := `Limit-raiser table/orders: raised write from 50 to 250

  write (provisioned): raised from 50 to 250, short: by 50%

Cause: the alarm orders-writes. Threshold Crossed
Added cost: $94.90 a month at list prices, for as long as it stays so.
Where: account 111122223333, Region eu-west-1: https://eu-west-1.console.aws.amazon.com/dynamodbv2/home?region=eu-west-1#table?name=orders
The CloudFormation stack shop owns it: its next deployment sets it back, unless you change it there too.
The alarm's threshold is 30 of the present 250: 12 %. Raise it, or watch the ratio by metric math, which follows by itself.
`
	if diff := cmp.Diff(want, m.text); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]string{
		"outcome": "raised", "reason": "short", "resource": "table/orders", "capacity": "write",
		"cause": "orders-writes", "stack": "shop", "link": consoleLink(facts.Resource, Home{"aws", "", "eu-west-1"}),
	}, m.attributes); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]float64{"from": 50, "to": 250, "costAMonth": 94.9}, m.numbers); diff != "" {
		t.Error(diff)
	}
	if count := len(m.attributes) + len(m.numbers); count > 10 {
		t.Errorf("with %d attributes SNS drops it for a queue with raw delivery", count)
	}
	if subject := (message{headline: "täble\n" + strings.Repeat("x", 200)}).subject(); len(subject) != 100 || strings.ContainsAny(subject, "ä\n") {
		t.Errorf("the subject is %q", subject)
	}
}

func TestReport_measuresWhatItCounts(t *testing.T) {
	s := throttledWrites(t)
	report, err := s.handle(inQueue(s.theEvent(), json.RawMessage(`{}`)))
	s.must(err)
	got := map[string]float64{}
	for _, metric := range report.Metrics() {
		got[metric.Name] = metric.Value
	}
	want := map[string]float64{
		"AlarmsReceived": 1, "EventsRefused": 1, "Duplicates": 0, "RaisesMade": 1, "RaisesInDryRun": 0, "RaisesRefused": 0, "RaisesFailed": 0,
		"AtMaximum": 0, "Waiting": 0, "LookAgain": 1, "Errors": 0, "AddedCostAMonth": 25 * 0.00065 * 730,
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateApprox(0, 1e-9)); diff != "" {
		t.Error(diff)
	}
	if report.OwnSeconds <= 0 || report.OwnSeconds >= report.Seconds {
		t.Errorf("%v s of its own in %v s", report.OwnSeconds, report.Seconds)
	}
}

// A raise whose answer was lost is cleared up by the next look, which does not end the looking.
func TestEpisode_ofACompositeAlarmGoesOnAfterALostAnswer(t *testing.T) {
	s := throttledWrites(t)
	s.cfg.Limits.Cooldown = 0
	other := s.world.alarm("ALARM", alarm.Metric{Namespace: "AWS/EC2", Name: "CPUUtilization", Dimensions: map[string]string{"InstanceId": "i-1"}})
	event := s.composite(s.alarm, other)
	s.fault(emulator.Fault{Operation: "UpdateTable", Times: 1, Truncate: true, After: func(emulator.Call) {
		s.fault(emulator.Fault{Operation: "DescribeTable", Times: 1, Status: 400, Code: "AccessDeniedException"})
	}})
	_, err := s.handle(event)
	s.must(err)
	look := s.look()
	s.setState(s.alarm, "OK")
	s.pass(time.Minute)
	_, err = s.handle(look)
	s.must(err)
	s.pass(5 * time.Minute)
	s.setState(s.alarm, "ALARM")
	s.full()
	raised := 0
	for _, body := range s.received(s.options.Queue) {
		report, err := s.handle(inQueue([]byte(body)))
		s.must(err)
		raised += report.Outcomes[Raised]
	}
	if raised != 1 {
		t.Errorf("the child is back: raised %d", raised)
	}
}

// A run that could not read back what became of its raise leaves it to its event, by which time the
// child may be OK again.
func TestEpisode_ofACompositeAlarmTellsOfAChildThatIsOKWhenItsEventComesAgain(t *testing.T) {
	s := throttledWrites(t)
	other := s.world.alarm("ALARM", alarm.Metric{Namespace: "AWS/EC2", Name: "CPUUtilization", Dimensions: map[string]string{"InstanceId": "i-1"}})
	event := s.composite(s.alarm, other)
	s.fault(emulator.Fault{Operation: "UpdateTable", Times: 1, Truncate: true})
	s.clients.DynamoDB = &latecomer{dynamodbAPI: s.clients.DynamoDB}
	report, err := s.handle(inQueue(event))
	if err != nil || len(report.BatchItemFailures) != 1 {
		t.Fatalf("%+v, %v", report, err)
	}
	s.setState(s.alarm, "OK")
	s.pass(6 * time.Minute)
	_, err = s.handle(inQueue(event))
	s.must(err)
	s.setState(s.name+"-composite", "OK")
	s.pass(5 * time.Minute)
	for _, body := range s.received(s.options.Queue) {
		_, err := s.handle(inQueue([]byte(body)))
		s.must(err)
	}
	units, _ := s.has(s.table)
	if told := s.received(s.inbox); len(told) != 1 || units.write != 75 {
		t.Errorf("the table has %v, and people were told %v", units, told)
	}
}
