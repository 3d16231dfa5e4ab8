package limitraiser

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp/cmpopts"

	"caretaker/internal/alarm"
	"caretaker/internal/emulator"
	"caretaker/internal/want"
)

func TestEpisode_takesStepsUntilTheAlarmIsOK(t *testing.T) {
	s := throttledWrites(t)
	event := s.theEvent()
	for step, writes := range []int64{75, 113, 170} {
		s.full()
		report, err := s.handle(event)
		ran(report, err).decides(t, Decision{Outcome: Raised}, "step ", step)
		want.Equal(t, "the step", report.Answers[0].Step, step)
		s.wantWrites(writes, step+1)
		want.Equal(t, "the delay of the look", s.hasty.delays[step], 5*time.Minute)
		look := s.look()
		s.pass(5 * time.Minute)
		event = look
	}
	s.full()
	again, err := s.handle(event)
	ran(again, err).decides(t, Decision{Outcome: Raised})
	duplicate, err := s.handle(event)
	ran(duplicate, err).wants(t, counts{"duplicates": 1}, "the same look again")
	s.setState(s.alarm, "OK")
	s.pass(5 * time.Minute)
	report, err := s.handle(s.look())
	ran(report, err).wants(t, counts{"alarms that ended": 1, "answers": 0, "looks sent": 0})
}

// A composite alarm may have a hundred children, and each is asked about with each look.
func TestEpisode_endsByAReadWhereNothingIsOpen(t *testing.T) {
	s := throttledWrites(t)
	report, err := s.handle(s.theEvent())
	ran(report, err).decides(t, Decision{Outcome: Raised})
	look := s.look()
	s.setState(s.alarm, "OK")
	s.pass(5 * time.Minute)
	s.emulator.ForgetCalls()
	ran(s.handle(look)).wants(t, counts{"alarms that ended": 1})
	s.wantCalls("GetItem", 1)
	s.wantCalls("UpdateItem", 0)
}

func TestEpisode_raisesAsFarAsTheMonthsMoneyGoes(t *testing.T) {
	s := throttledWrites(t)
	s.cfg.Limits.AddedCostAMonth = 10 // 25 units more, by 50%, are $11.86
	report, err := s.handle(s.theEvent())
	ran(report, err).decides(t, Decision{Outcome: Raised, Reason: CutToCost, To: 71})
	s.wantWrites(71, 1)
	s.wantTold(1, "from 50 to 71, cut to what addedCostAMonth leaves", "75 were wanted")
	entry := s.wantTrail(1)[0]
	want.Equal(t, "the reason in the audit trail", entry.Reason, CutToCost)
	want.Equal(t, "the audit trail's to", entry.To, 71)
	if entry.CostAMonth > 10 {
		t.Errorf("the audit trail says $%v a month, want $10 at most", entry.CostAMonth)
	}
	s.pass(6 * time.Minute)
	s.full()
	report, err = s.handle(s.look())
	ran(report, err).decides(t, Decision{Outcome: Refused, Reason: OverCost})
	ran(report, err).wants(t, counts{"looks sent": 1})
}

// The raise of another resource comes in between the plan and the deed.
func TestEpisode_takesWhatAnotherRaiseLeavesOfTheMonthsMoney(t *testing.T) {
	s := throttledWrites(t)
	spends := newLedger(s.clients.Ledger, s.options.Table, s.now)
	s.clients.Ledger = &overtaken{ledgerAPI: s.clients.Ledger, then: func() {
		if free, err := spends.spend(t.Context(), s.now(), 490, 500); err != nil || !free {
			t.Errorf("the other may spend: %v, %v, want true without an error", free, err)
		}
	}}
	report, err := s.handle(s.theEvent())
	ran(report, err).decides(t, Decision{Outcome: Raised, Reason: CutToCost, To: 71})
	if spent, err := spends.spent(t.Context(), s.now()); err != nil || spent > 500 || spent < 499 {
		t.Errorf("$%v are spent, want $499 to $500; error: %v", spent, err)
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
	ran(report, err).wants(t, counts{Raised: 1})
	report, err = s.handle(s.look())
	ran(report, err).wants(t, counts{"alarms that ended": 1, "answers": 0})
}

func TestEpisode_endsAfterAMonthAndSaysSo(t *testing.T) {
	s := throttledWrites(t)
	s.cfg.Tables[0].Write.Max = 50
	event := s.theEvent()
	for _, wait := range []time.Duration{0, 29 * 24 * time.Hour} {
		s.pass(wait)
		ran(s.handle(event)).wants(t, counts{"looks sent": 1, "events refused": 0}, wait, " later")
		event = s.look()
	}
	s.pass(24 * time.Hour)
	report, err := s.handle(event)
	ran(report, err).wants(t, counts{"looks sent": 0, "reasons for refusals": 1})
	want.Says(t, "the refusal", ran(report, err).whyRefused(t), "for a month")
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
	ran(report, err).decides(t, Decision{Outcome: Raised})
	s.wantCalls("DescribeAlarmContributors", 0)
	s.pass(5 * time.Minute)
	s.full()
	report, err = s.handle(s.look()) // it is on the second page
	ran(report, err).decides(t, Decision{Outcome: Raised})
	s.wantCalls("DescribeAlarmContributors", 2)
	look := s.look()
	s.pass(5 * time.Minute)
	for name, contributors := range map[string]map[string]time.Time{
		"OK": {"another": since}, "in ALARM anew": {"ours": since.Add(8 * time.Minute)}, "without an alarm": nil,
	} {
		s.emulator.SetContributors(s.alarm, contributors)
		report, err = s.handle(look)
		ran(report, err).wants(t, counts{"alarms that ended": 1, "answers": 0}, name)
	}
	s.fault(emulator.Fault{Operation: "DescribeAlarmContributors", Status: 404, Code: "ResourceNotFoundException"})
	ran(s.handle(look)).wants(t, counts{"alarms that ended": 1}, "deleted")
	s.wantWrites(113, 2)
}

// As from the dead letters, days later.
func TestEpisode_isReadAnewWhereItsEventComesLate(t *testing.T) {
	s := throttledWrites(t)
	event := s.theEvent()
	s.setState(s.alarm, "OK")
	s.pass(72 * time.Hour)
	report, err := s.handle(inQueue(event))
	ran(report, err).wants(t, counts{"alarms that ended": 1, "answers": 0, "events that come again": 0}, "over")
	s.setState(s.alarm, "ALARM")
	report, err = s.handle(s.event(s.alarm, s.metric, s.now().Add(-73*time.Hour)))
	ran(report, err).wants(t, counts{"alarms that ended": 1, "answers": 0}, "in ALARM anew, which is another event")
	s.wantWrites(50, 0)
	report, err = s.handle(event)
	ran(report, err).decides(t, Decision{Outcome: Raised}, "still in ALARM")
}

func TestEpisode_tellsOfTheMaximumOnce(t *testing.T) {
	s := throttledWrites(t)
	s.cfg.Tables[0].Write.Max = 50
	event := s.theEvent()
	for step := range 3 {
		report, err := s.handle(event)
		ran(report, err).decides(t, Decision{Outcome: AtMaximum}, "step ", step)
		event = s.look()
		s.pass(5 * time.Minute)
	}
	s.wantWrites(50, 0)
	s.wantTold(1, "is at its maximum of 50 and still short")
	// Another episode is another message.
	s.pass(time.Hour)
	ran(s.handle(s.theEvent())).wants(t, nil, "the next episode")
	s.wantTold(1)
}

func TestEpisode_tellsOnceOfAnAlarmThatStaysOnThoughNothingIsShort(t *testing.T) {
	s := throttledWrites(t)
	of := map[string]string{"TableName": s.table}
	event := s.theEvent()
	for step := range 6 {
		s.measure("AWS/DynamoDB", "ConsumedWriteCapacityUnits", 10*60, 1, of)
		s.measure("AWS/DynamoDB", "WriteThrottleEvents", 60*60, 1, of)
		report, err := s.handle(event)
		ran(report, err).decides(t, Decision{Outcome: Met}, "step ", step)
		want.Equal(t, fmt.Sprintf("step %d sends one message to people", step), report.MessagesSent == 1, step == 3)
		event = s.look()
		s.pass(5 * time.Minute)
	}
	s.wantTold(1, "met: the alarm stays on all the same", "hot key")
	want.Equal(t, "the outcome in the audit trail", s.wantTrail(1)[0].Outcome, Met)
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
		ran(report, err).decides(t, Decision{Outcome: outcome})
		ran(report, err).wants(t, counts{"messages to people": messages})
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
		t.Fatalf("the resource is free: %v, %v, want true without an error", free, err)
	}
	report, err := s.handle(s.theEvent())
	ran(report, err).decides(t, Decision{Outcome: Waiting, Reason: InFlight})
	want.Equal(t, "the delay of the look", s.hasty.delays[0], time.Minute)
	waiting := s.look()
	s.must(raiser.ledger.settle(t.Context(), other, record{}))
	s.pass(time.Second)
	report, err = s.handle(s.theEvent()) // the raise that the first alarm waits for
	ran(report, err).decides(t, Decision{Outcome: Raised, To: 250})
	report, err = s.handle(waiting)
	ran(report, err).decides(t, Decision{Outcome: Met})
	s.wantWrites(250, 1)
}

// Whoever holds the resource tells of it.
func TestEpisode_saysNothingOfAnAlarmThatStaysOnWhileAnotherRunIsAtWork(t *testing.T) {
	s := throttledWrites(t)
	if _, _, free, err := s.raiser(s.cfg).ledger.take(t.Context(), "table/"+s.table, s.now().Add(24*time.Hour)); err != nil || !free {
		t.Fatalf("the resource is free: %v, %v, want true without an error", free, err)
	}
	event := s.theEvent()
	for step := range 6 {
		report, err := s.handle(event)
		ran(report, err).decides(t, Decision{Reason: InFlight}, "step ", step)
		ran(report, err).wants(t, counts{"messages to people": 0}, "step ", step)
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
	ran(report, err).decides(t, Decision{Outcome: Raised, To: 75})
	for _, wait := range []time.Duration{6 * time.Minute, time.Hour, 3 * time.Hour, 72 * time.Hour} {
		s.pass(wait)
		report, err = s.handle(s.look())
		ran(report, err).decides(t, Decision{Outcome: Met, Detail: "no load"}, wait, " later")
	}
	s.wantWrites(75, 1)
	s.wantCalls("GetMetricData", 5) // one for each answer
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
			ran(report, err).wants(t, counts{"events that come again": 0})
			want.Equal(t, "it is ignored", report.Ignored == 1, c.ignored)
			want.Equal(t, "it is refused", report.EventsRefused == 1, !c.ignored)
		})
	}
	for _, call := range s.emulator.Calls() {
		t.Errorf("it called %s:%s, want no call", call.Service, call.Operation)
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
		ran(report, err).wants(t, counts{Raised: raised}, "as ", arn)
	}
}

func TestHandle_raisesNothingInADryRunAndSaysSoOnce(t *testing.T) {
	s := throttledWrites(t)
	s.cfg.DryRun = true
	report, err := s.handle(s.theEvent())
	ran(report, err).decides(t, Decision{Outcome: WouldRaise, From: 50, To: 75})
	s.pass(5 * time.Minute)
	again, err := s.handle(s.look())
	ran(again, err).decides(t, Decision{Outcome: WouldRaise})
	ran(again, err).wants(t, counts{"messages to people": 0})
	s.wantWrites(50, 0)
	s.wantTold(1, "would raise write from 50 to 75")
	if spent, err := s.raiser(s.cfg).ledger.spent(t.Context(), s.now()); err != nil || spent != 0 {
		t.Errorf("$%v are spent, want none; error: %v", spent, err)
	}
	// The dry run ends while the alarm is still on: its next look raises.
	s.cfg.DryRun = false
	s.pass(5 * time.Minute)
	report, err = s.handle(s.look())
	ran(report, err).decides(t, Decision{Outcome: Raised})
}

func TestHandle_leavesAloneWhatTheFileDoesNotList(t *testing.T) {
	s := throttledWrites(t)
	report, err := s.raiser(earnest("another")).Handle(t.Context(), s.theEvent())
	ran(report, err).decides(t, Decision{Outcome: Refused, Reason: NotListed})
	ran(report, err).wants(t, counts{"looks sent": 0})
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
	ran(report, err).wants(t, counts{Raised: 1})
	s.wantWrites(75, 1)
	s.pass(5 * time.Minute)
	s.full()
	report, err = s.handle(s.look())
	ran(report, err).wants(t, counts{Raised: 1}, "the next step")
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
			ran(s.handle(s.composite(s.world.alarm("ALARM", first), s.alarm))).wants(t, nil)
			for _, state := range []string{"OK", "ALARM"} {
				s.setState(s.alarm, state)
				event := s.look()
				s.pass(5 * time.Minute)
				ran(s.handle(event)).wants(t, counts{"duplicates": 0, "events refused": 0})
			}
			if units, _ := s.has(s.table); units.write != 75 {
				t.Errorf("the second child's table has %d writes, want 75", units.write)
			}
			s.pass(5 * time.Minute)
			for _, look := range s.received(s.options.Queue) { // of both
				ran(s.handle(inQueue(json.RawMessage(look)))).wants(t, counts{"duplicates": 0, "looks sent": 1})
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
		ran(report, err).wants(t, counts{"looks sent": 1, "events refused": 0}, "step ", step)
		if units, _ := s.has(s.table); units.write != c.writes {
			t.Errorf("step %d: the table has %v, want %d writes", step, units, c.writes)
		}
		look := s.look()
		ran(s.handle(event)).wants(t, counts{"duplicates": 1, "looks sent": 0}, "step ", step, " again")
		s.pass(5 * time.Minute)
		event = look
	}
	s.setState(s.name+"-composite", "OK")
	report, err := s.handle(event)
	ran(report, err).wants(t, counts{"alarms that ended": 1, "looks sent": 0}, "over")
}

// Nothing can come of children that are about nothing that is raised.
func TestEpisode_ofACompositeAlarmEndsWhereNothingIsEverShort(t *testing.T) {
	s := throttledWrites(t)
	of := map[string]string{"InstanceId": "i-1"}
	report, err := s.handle(s.composite(
		s.world.alarm("ALARM", alarm.Metric{Namespace: "AWS/EC2", Name: "CPUUtilization", Dimensions: of}),
		s.world.alarm("OK", alarm.Metric{Namespace: "AWS/EC2", Name: "StatusCheckFailed", Dimensions: of}),
	))
	ran(report, err).wants(t, counts{"events refused": 1, "looks sent": 0})
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
	ran(report, err).wants(t, counts{Raised: 1, "events refused": 1, Refused: 1})
	cancel()
	s.pass(time.Hour)
	report, err = s.raiser(s.cfg).Handle(ctx, inQueue(s.theEvent(), json.RawMessage(`{}`)))
	want.NoError(t, "a run that is out of time", err)
	want.Equal(t, "the events that come again of a run that is out of time", report.BatchItemFailures, []BatchItemFailure{{"message-0"}})
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
	text := `Limit-raiser table/orders: raised write from 50 to 250

  write (provisioned): raised from 50 to 250, short: by 50%

Cause: the alarm orders-writes. Threshold Crossed
Added cost: $94.90 a month at list prices, for as long as it stays so.
Where: account 111122223333, Region eu-west-1: https://eu-west-1.console.aws.amazon.com/dynamodbv2/home?region=eu-west-1#table?name=orders
The CloudFormation stack shop owns it: its next deployment sets it back, unless you change it there too.
The alarm's threshold is 30 of the present 250: 12 %. Raise it, or watch the ratio by metric math, which follows by itself.
`
	want.Equal(t, "the message", m.text, text)
	want.Equal(t, "the attributes of the message", m.attributes, map[string]string{
		"outcome": "raised", "reason": "short", "resource": "table/orders", "capacity": "write",
		"cause": "orders-writes", "stack": "shop", "link": consoleLink(facts.Resource, Home{"aws", "", "eu-west-1"}),
	})
	want.Equal(t, "the numbers of the message", m.numbers, map[string]float64{"from": 50, "to": 250, "costAMonth": 94.9})
	if count := len(m.attributes) + len(m.numbers); count > 10 {
		t.Errorf("with %d attributes SNS drops it for a queue with raw delivery", count)
	}
	if subject := (message{headline: "täble\n" + strings.Repeat("x", 200)}).subject(); len(subject) != 100 || strings.ContainsAny(subject, "ä\n") {
		t.Errorf("the subject is %q, of %d bytes, want 100 without letters that are not ASCII and without line ends", subject, len(subject))
	}
}

// Nothing is said to cost nothing where nobody knows its price.
func TestMessage_saysThatAPriceIsNotKnown(t *testing.T) {
	facts := Facts{Resource: Resource{KindStream, "clicks"}, Parts: []Current{{
		Part: Part{Dimension: Shards}, Means: Provisioned, Now: 2, Max: 10, Short: true, Samples: seen(1.9, 0),
	}}}
	plan := Decide(facts, Memory{}, Default(), "mars-north-1", noon)
	raise := plan.Decisions[0]
	want.Equal(t, "the cost a month, at the highest price", raise.CostAMonth, (raise.To-2)*0.03*HoursAMonth, cmpopts.EquateApprox(0, 1e-9))
	m := newMessage(episode{}, facts, plan.Decisions, Home{"aws", "111122223333", "mars-north-1"})
	want.Says(t, "the message", m.text, fmt.Sprintf("Added cost: $%.2f a month", raise.CostAMonth),
		"no list price of shardHour is known for mars-north-1: the highest of any Region is assumed, limits.prices sets another")
}

func TestReport_measuresWhatItCounts(t *testing.T) {
	s := throttledWrites(t)
	report, err := s.handle(inQueue(s.theEvent(), json.RawMessage(`{}`)))
	s.must(err)
	got := map[string]float64{}
	for _, metric := range report.Metrics() {
		got[metric.Name] = metric.Value
	}
	metrics := map[string]float64{
		"AlarmsReceived": 1, "EventsRefused": 1, "Duplicates": 0, "RaisesMade": 1, "RaisesInDryRun": 0, "RaisesRefused": 0, "RaisesFailed": 0,
		"AtMaximum": 0, "Waiting": 0, "LookAgain": 1, "Errors": 0, "AddedCostAMonth": 25 * 0.00065 * 730,
	}
	want.Equal(t, "the metrics", got, metrics, cmpopts.EquateApprox(0, 1e-9))
	if report.OwnSeconds <= 0 || report.OwnSeconds >= report.Seconds {
		t.Errorf("the run took %v s of its own in %v s, want some, and less than all", report.OwnSeconds, report.Seconds)
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
	want.Equal(t, "raises once the child is back", raised, 1)
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
	ran(report, err).wants(t, counts{"events that come again": 1})
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
	want.Equal(t, "the table's writes", units.write, 75)
	s.wantTold(1)
}
