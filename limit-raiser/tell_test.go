package limitraiser

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"caretaker/internal/alarm"
	"caretaker/internal/emulator"
	"caretaker/internal/setting"
)

// brokenTopic refuses all messages to people.
var brokenTopic = emulator.Fault{Operation: "Publish", Status: 403, Code: "KMSAccessDenied", Message: "not this key"}

// need puts a minute of a load that wants 275 writes.
func (s *scene) need() {
	s.Helper()
	of := map[string]string{"TableName": s.table}
	s.measure("AWS/DynamoDB", "ConsumedWriteCapacityUnits", 275*60, 2, of) // in a burst
	s.measure("AWS/DynamoDB", "ConsumedWriteCapacityUnits", 75*60, 1, of)
	s.measure("AWS/DynamoDB", "WriteThrottleEvents", 600*60, 1, of)
}

// trail is the audit trail, newest first.
func (s *scene) trail() []Entry {
	s.Helper()
	entries, err := History(s.Context(), s.tables, s.options.Table, 100)
	s.must(err)
	return entries
}

// The raise is made and looked at again, once; what could not be said of it is said by the look.
func TestHandle_tellsLaterWhatItCouldNotTell(t *testing.T) {
	for _, fault := range []emulator.Fault{brokenTopic, {Operation: "PutItem", Status: 400, Code: "AccessDeniedException"}, {Operation: "Publish", Drop: true}} {
		t.Run(fault.Operation+fault.Code, func(t *testing.T) {
			s := throttledWrites(t)
			s.cfg.Limits.Cooldown = setting.Duration(time.Hour)
			s.fault(fault)
			event := s.theEvent()
			report, err := s.handle(event)
			if err == nil || report.Outcomes[Raised] != 1 || report.LooksSent != 1 {
				t.Errorf("the run does not say that it could not tell: %+v, %v", report, err)
			}
			if again, err := s.handle(event); err != nil || again.Duplicates != 1 || again.LooksSent != 0 {
				t.Errorf("the event again: %+v, %v", again, err)
			}
			s.emulator.ClearFaults()
			s.pass(5 * time.Minute)
			s.full()
			report, err = s.handle(s.look())
			if got := decision(t, report, err); got.Outcome != Refused || got.Reason != InCooldown || report.MessagesSent != 2 {
				t.Errorf("%+v, %v", report, err)
			}
			s.wantWrites(75, 1)
			if told := s.received(s.inbox); len(told) != 2 || !strings.Contains(told[0]+told[1], "raised write from 50 to 75") {
				t.Errorf("people were told %q", told)
			}
			if trail := s.trail(); len(trail) != 2 || trail[1].Outcome != Raised || !trail[1].At.Equal(s.now().Add(-5*time.Minute)) {
				t.Errorf("the audit trail is %+v", trail)
			}
		})
	}
}

func TestHandle_raisesThoughNobodyCanBeTold(t *testing.T) {
	s := throttledWrites(t)
	s.cfg.Limits.Cooldown = 0
	s.fault(brokenTopic)
	if _, err := s.handle(s.theEvent()); err == nil {
		t.Error("the run does not say that it could not tell")
	}
	s.wantWrites(75, 1)
	s.pass(time.Hour)
	s.need()
	report, err := s.handle(s.theEvent()) // another change of the alarm
	if err == nil || report.Outcomes[Raised] != 1 {
		t.Errorf("%+v, %v", report, err)
	}
	s.wantWrites(344, 2)
	s.emulator.ClearFaults()
	s.pass(5 * time.Minute)
	s.need()
	if report, err := s.handle(s.theEvent()); err != nil || report.MessagesSent != 2 {
		t.Errorf("%+v, %v", report, err)
	}
}

// Of an outage one telling a run finds out, or the time for the raises behind it is gone.
func TestHandle_triesOnceARunToTellDuringAnOutage(t *testing.T) {
	s := throttledWrites(t)
	s.cfg.Limits.Cooldown = 0
	s.fault(emulator.Fault{Operation: "Publish", Drop: true})
	first := s.theEvent()
	s.pass(time.Second)
	report, err := s.handle(inQueue(first, s.theEvent()))
	if err == nil || report.Outcomes[Raised] != 2 || len(report.Errors) != 2 || len(report.BatchItemFailures) != 0 {
		t.Errorf("%+v, %v", report, err)
	}
	if calls := s.calls("Publish"); calls != 5 { // as often as the SDK tries
		t.Errorf("%d calls of Publish", calls)
	}
	s.emulator.ClearFaults()
	s.setState(s.alarm, "OK")
	for _, body := range s.received(s.options.Queue) {
		if _, err := s.handle(inQueue(json.RawMessage(body))); err != nil {
			t.Error(err)
		}
	}
	if told := s.received(s.inbox); len(told) != 2 {
		t.Errorf("people were told %q", told)
	}
}

// A queue brings what failed again after six minutes, ten times in all.
func TestHandle_multipliesNoMessagesWhileNobodyCanBeTold(t *testing.T) {
	s := throttledWrites(t)
	s.cfg.Limits.Cooldown = 0
	s.fault(brokenTopic)
	made, received, queue := 0, 0, []json.RawMessage{s.theEvent()}
	for range 10 {
		var next []json.RawMessage
		for _, body := range queue {
			report, err := s.handle(inQueue(body))
			if received++; err != nil || len(report.BatchItemFailures) > 0 {
				next = append(next, body)
			}
			made += report.Outcomes[Raised]
		}
		for _, body := range s.received(s.options.Queue) {
			next = append(next, json.RawMessage(body))
		}
		queue = next
		s.pass(6 * time.Minute)
	}
	if len(queue) > 2 || received > 20 {
		t.Errorf("an hour after an alarm there are %d messages in the queue, after %d runs", len(queue), received)
	}
	s.emulator.ClearFaults()
	s.setState(s.alarm, "OK")
	for _, body := range queue {
		if _, err := s.handle(inQueue(body)); err != nil {
			t.Error(err)
		}
	}
	raised := 0
	for _, body := range s.received(s.inbox) {
		if strings.Contains(body, "raised write") {
			raised++
		}
	}
	if raised != made || made == 0 || s.done("UpdateTable") != made {
		t.Errorf("%d raises, %d reported, people were told of %d", s.done("UpdateTable"), made, raised)
	}
}

func TestHandle_countsARaiseOnce(t *testing.T) {
	for _, operation := range []string{"Publish", "SendMessage"} {
		t.Run(operation, func(t *testing.T) {
			s := throttledWrites(t)
			s.fault(emulator.Fault{Operation: operation, Times: 3, Status: 403, Code: "AccessDenied"})
			made, cost, event := 0, 0.0, s.theEvent()
			for range 5 {
				report, _ := s.handle(event)
				made += report.Outcomes[Raised]
				cost += report.CostAMonth
			}
			if want := 25 * 0.00065 * 730; made != 1 || cost < want-1e-6 || cost > want+1e-6 {
				t.Errorf("one raise of $%v is counted as %d of $%v", want, made, cost)
			}
		})
	}
}

// What is told of without a look behind it comes again itself.
func TestHandle_bringsARefusalThatNobodyCouldBeToldOfAgain(t *testing.T) {
	s := throttledWrites(t)
	s.cfg.Tables[0].Write.Max = 0
	s.fault(brokenTopic)
	event := s.theEvent()
	for range 2 {
		if report, err := s.handle(inQueue(event)); err != nil || len(report.BatchItemFailures) != 1 || report.LooksSent != 0 {
			t.Errorf("%+v, %v", report, err)
		}
	}
	s.emulator.ClearFaults()
	if report, err := s.handle(inQueue(event)); err != nil || len(report.BatchItemFailures) != 0 || report.MessagesSent != 1 {
		t.Errorf("%+v, %v", report, err)
	}
	if told := s.received(s.inbox); len(told) != 1 || !strings.Contains(told[0], string(NoMaximum)) {
		t.Errorf("people were told %q", told)
	}
}

// What people were told in the episode cannot be read: they would be told twice, or never.
func TestHandle_bringsAgainWhatItCannotTellWhetherItWasTold(t *testing.T) {
	s := throttledWrites(t)
	s.cfg.Tables[0].Write.Max = 50
	event, clients := s.theEvent(), s.clients
	clients.Ledger = absentMinded{clients.Ledger}
	report, err := New(s.cfg, clients, s.options).Handle(t.Context(), event)
	if err == nil || report.LooksSent != 0 || report.MessagesSent != 0 {
		t.Errorf("%+v, %v", report, err)
	}
	report, err = s.handle(event)
	if err != nil || report.Outcomes[AtMaximum] != 1 || report.LooksSent != 1 || report.MessagesSent != 1 {
		t.Errorf("%+v, %v", report, err)
	}
}

// absentMinded is a ledger that cannot say what people were told.
type absentMinded struct{ ledgerAPI }

func (a absentMinded) GetItem(ctx context.Context, input *dynamodb.GetItemInput, options ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	if strings.HasPrefix(text(input.Key[LedgerKey]), "episode#") {
		return nil, errors.New("it is forgotten")
	}
	return a.ledgerAPI.GetItem(ctx, input, options...)
}

func TestNotices_sayOnceOfEachPart(t *testing.T) {
	table := Facts{Resource: Resource{KindTable, "orders"}}
	of := func(dimensions ...Dimension) Plan {
		plan := Plan{Resource: table.Resource}
		for _, dimension := range dimensions {
			plan.Decisions = append(plan.Decisions, Decision{Part: Part{Dimension: dimension}, Outcome: AtMaximum, Reason: MaximumReached})
		}
		return plan
	}
	first := notices(episode{}, table, of(Write), nil)
	if len(first) != 1 || len(first[0].Decisions) != 1 {
		t.Fatalf("%+v", first)
	}
	second := notices(episode{}, table, of(Read, Write), first[0].once())
	if len(second) != 1 || len(second[0].Decisions) != 1 || second[0].Decisions[0].Part.Dimension != Read {
		t.Errorf("of the part that came to its maximum later people are told %+v", second)
	}
	if third := notices(episode{}, table, of(Read, Write), append(first[0].once(), second[0].once()...)); len(third) != 0 {
		t.Errorf("people are told again: %+v", third)
	}
}

func TestEpisode_endsOnceAllIsTold(t *testing.T) {
	s := throttledWrites(t)
	s.fault(brokenTopic)
	if _, err := s.handle(s.theEvent()); err == nil {
		t.Error("the run does not say that it could not tell")
	}
	s.setState(s.alarm, "OK")
	s.pass(5 * time.Minute)
	look := s.look()
	if report, err := s.handle(look); err != nil || len(report.BatchItemFailures) != 1 || report.LooksSent != 0 {
		t.Errorf("the look is not to come again: %+v, %v", report, err)
	}
	s.emulator.ClearFaults()
	for want := range []int{1, 0} {
		report, err := s.handle(look)
		if err != nil || report.Ended != 1 || report.MessagesSent != 1-want || len(report.BatchItemFailures) != 0 {
			t.Errorf("%+v, %v", report, err)
		}
	}
	if trail := s.trail(); len(trail) != 1 || trail[0].Outcome != Raised {
		t.Errorf("the audit trail is %+v", trail)
	}
}

// A raise whose answer was lost ends the alarm: it is told and counted as any other.
func TestEpisode_endsOnceItsRaisesAreClear(t *testing.T) {
	s := throttledWrites(t)
	busy := emulator.Fault{Operation: "DescribeTable", Times: 1, Status: 500, Code: "InternalServerError"}
	s.fault(emulator.Fault{Operation: "UpdateTable", Times: 1, Truncate: true, Before: func(emulator.Call) {
		busy.Times = 5 // all attempts to read it back
		s.fault(busy)
	}})
	report, err := s.handle(s.theEvent())
	if got := decision(t, report, err); got.Outcome != Waiting || got.Reason != Unclear {
		t.Fatalf("%+v", got)
	}
	s.emulator.ClearFaults()
	s.setState(s.alarm, "OK")
	s.pass(time.Minute)
	report, err = s.handle(s.look())
	if err != nil || report.Ended != 1 || report.Outcomes[Raised] != 1 || report.MessagesSent != 1 {
		t.Errorf("%+v, %v", report, err)
	}
	if trail := s.trail(); len(trail) != 1 || trail[0].To != 75 {
		t.Errorf("the audit trail is %+v", trail)
	}
	s.wantWrites(75, 1)
}

// A run dies after its raise, which ends the alarm before the event comes again.
func TestEpisode_endsOnceTheRaisesOfADeadRunAreClear(t *testing.T) {
	for name, eventOf := range map[string]func(*scene) (json.RawMessage, string){
		"single":    func(s *scene) (json.RawMessage, string) { return s.theEvent(), s.alarm },
		"composite": func(s *scene) (json.RawMessage, string) { return s.composite(s.alarm), s.name + "-composite" },
	} {
		t.Run(name, func(t *testing.T) {
			s := throttledWrites(t)
			event, alarm := eventOf(s)
			s.fault(emulator.Fault{Operation: "UpdateTable", Times: 1, After: func(emulator.Call) { s.fault(emulator.Fault{Drop: true}) }})
			if _, err := s.handle(event); err == nil {
				t.Fatal("the run lived")
			}
			s.emulator.ClearFaults()
			s.setState(s.alarm, "OK")
			s.setState(alarm, "OK")
			s.pass(unlimited + time.Minute)
			report, err := s.handle(event)
			if err != nil || report.Ended != 1 || report.Outcomes[Raised] != 1 || report.MessagesSent != 1 {
				t.Errorf("%+v, %v", report, err)
			}
			if trail := s.trail(); len(trail) != 1 || trail[0].To != 75 {
				t.Errorf("the audit trail is %+v", trail)
			}
		})
	}
}

// Nobody can be told for so long that the record is full.
func TestTell_saysWhatItGivesUp(t *testing.T) {
	s := throttledWrites(t)
	s.fault(brokenTopic)
	var list []notice
	for number := range 120 {
		list = append(list, notice{
			Episode: episode{Alarm: alarm.Alarm{Name: "a", Reason: strings.Repeat("because ", 128)}, Step: number},
			Decisions: []Decision{{
				Part: Part{Dimension: Write}, Outcome: Raised, Detail: strings.Repeat("x", longest), From: float64(number), To: float64(number + 1),
			}},
		})
	}
	list = append(list, list...)
	untold, err := s.raiser(s.cfg).tell(t.Context(), Resource{KindTable, s.table}, list, &Report{})
	if err == nil || !strings.Contains(err.Error(), "people will not be told this") || !strings.Contains(err.Error(), "raised write from 0 to 1") {
		t.Errorf("it is given up silently: %.300v", err)
	}
	if len(untold) == 0 || weight(untold) > mostUntold || untold[len(untold)-1].Episode.Step != 119 {
		t.Errorf("%d messages of %d bytes are kept", len(untold), weight(untold))
	}
}
