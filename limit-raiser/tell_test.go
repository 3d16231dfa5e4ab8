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
	"caretaker/internal/want"
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

// The raise is made and looked at again, once; what could not be said of it is said by the look.
func TestHandle_tellsLaterWhatItCouldNotTell(t *testing.T) {
	for _, fault := range []emulator.Fault{brokenTopic, {Operation: "PutItem", Status: 400, Code: "AccessDeniedException"}, {Operation: "Publish", Drop: true}} {
		t.Run(fault.Operation+fault.Code, func(t *testing.T) {
			s := throttledWrites(t)
			s.cfg.Limits.Cooldown = setting.Duration(time.Hour)
			s.fault(fault)
			event := s.theEvent()
			report, err := s.handle(event)
			ran(report, err).fails(t, counts{Raised: 1, "looks sent": 1}, "as nobody can be told")
			ran(s.handle(event)).wants(t, counts{"duplicates": 1, "looks sent": 0}, "the event again")
			s.emulator.ClearFaults()
			s.pass(5 * time.Minute)
			s.full()
			report, err = s.handle(s.look())
			ran(report, err).decides(t, Decision{Outcome: Refused, Reason: InCooldown})
			ran(report, err).wants(t, counts{"messages to people": 2})
			s.wantWrites(75, 1)
			s.wantTold(2, "raised write from 50 to 75")
			raise := s.wantTrail(2)[1]
			want.Equal(t, "the outcome in the audit trail", raise.Outcome, Raised)
			want.Equal(t, "when it was raised, as the audit trail says", raise.At.Format(time.RFC3339Nano), s.now().Add(-5*time.Minute).Format(time.RFC3339Nano))
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
	ran(report, err).fails(t, counts{Raised: 1})
	s.wantWrites(344, 2)
	s.emulator.ClearFaults()
	s.pass(5 * time.Minute)
	s.need()
	ran(s.handle(s.theEvent())).wants(t, counts{"messages to people": 2})
}

// Of an outage one telling a run finds out, or the time for the raises behind it is gone.
func TestHandle_triesOnceARunToTellDuringAnOutage(t *testing.T) {
	s := throttledWrites(t)
	s.cfg.Limits.Cooldown = 0
	s.fault(emulator.Fault{Operation: "Publish", Drop: true})
	first := s.theEvent()
	s.pass(time.Second)
	report, err := s.handle(inQueue(first, s.theEvent()))
	ran(report, err).fails(t, counts{Raised: 2, "errors": 2, "events that come again": 0})
	s.wantCalls("Publish", 5) // as often as the SDK tries
	s.emulator.ClearFaults()
	s.setState(s.alarm, "OK")
	for _, body := range s.received(s.options.Queue) {
		ran(s.handle(inQueue(json.RawMessage(body)))).wants(t, nil)
	}
	s.wantTold(2)
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
		t.Errorf("an hour after an alarm there are %d messages in the queue, after %d runs; want 2 and 20 at most", len(queue), received)
	}
	s.emulator.ClearFaults()
	s.setState(s.alarm, "OK")
	for _, body := range queue {
		ran(s.handle(inQueue(body))).wants(t, nil)
	}
	raised := 0
	for _, body := range s.received(s.inbox) {
		if strings.Contains(body, "raised write") {
			raised++
		}
	}
	if made == 0 {
		t.Error("nothing is raised")
	}
	want.Equal(t, "raises that people are told of", raised, made)
	want.Equal(t, "raises that AWS carried out", s.done("UpdateTable"), made)
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
			want.Equal(t, "raises that are counted", made, 1)
			if wanted := 25 * 0.00065 * 730; cost < wanted-1e-6 || cost > wanted+1e-6 {
				t.Errorf("the raise is counted as $%v, want $%v", cost, wanted)
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
		ran(s.handle(inQueue(event))).wants(t, counts{"events that come again": 1, "looks sent": 0})
	}
	s.emulator.ClearFaults()
	ran(s.handle(inQueue(event))).wants(t, counts{"events that come again": 0, "messages to people": 1})
	s.wantTold(1, string(NoMaximum))
}

// What people were told in the episode cannot be read: they would be told twice, or never.
func TestHandle_bringsAgainWhatItCannotTellWhetherItWasTold(t *testing.T) {
	s := throttledWrites(t)
	s.cfg.Tables[0].Write.Max = 50
	event, clients := s.theEvent(), s.clients
	clients.Ledger = absentMinded{clients.Ledger}
	report, err := New(s.cfg, clients, s.options).Handle(t.Context(), event)
	ran(report, err).fails(t, counts{"looks sent": 0, "messages to people": 0})
	report, err = s.handle(event)
	ran(report, err).wants(t, counts{AtMaximum: 1, "looks sent": 1, "messages to people": 1})
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
		t.Fatalf("people are told %d times at first, want once of one decision", len(first))
	}
	second := notices(episode{}, table, of(Read, Write), first[0].dedupKeys())
	if len(second) != 1 || len(second[0].Decisions) != 1 {
		t.Fatalf("of the part that came to its maximum later people are told %d times, want once of one decision", len(second))
	}
	want.Equal(t, "the part that people are told of later", second[0].Decisions[0].Part.Dimension, Read)
	third := notices(episode{}, table, of(Read, Write), append(first[0].dedupKeys(), second[0].dedupKeys()...))
	want.Equal(t, "messages once both are told", len(third), 0)
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
	ran(s.handle(look)).wants(t, counts{"events that come again": 1, "looks sent": 0}, "the look that cannot tell")
	s.emulator.ClearFaults()
	for again := range []int{1, 0} {
		report, err := s.handle(look)
		ran(report, err).wants(t, counts{"alarms that ended": 1, "messages to people": 1 - again, "events that come again": 0})
	}
	want.Equal(t, "the outcome in the audit trail", s.wantTrail(1)[0].Outcome, Raised)
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
	ran(report, err).decides(t, Decision{Outcome: Waiting, Reason: Unclear})
	s.emulator.ClearFaults()
	s.setState(s.alarm, "OK")
	s.pass(time.Minute)
	report, err = s.handle(s.look())
	ran(report, err).wants(t, counts{"alarms that ended": 1, Raised: 1, "messages to people": 1})
	want.Equal(t, "the audit trail's to", s.wantTrail(1)[0].To, 75)
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
			ran(report, err).wants(t, counts{"alarms that ended": 1, Raised: 1, "messages to people": 1})
			want.Equal(t, "the audit trail's to", s.wantTrail(1)[0].To, 75)
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
	unsent, err := s.raiser(s.cfg).tell(t.Context(), Resource{KindTable, s.table}, list, &Report{})
	if err == nil {
		t.Fatal("what is given up is no error")
	}
	want.Says(t, "the error", err.Error(), "people will not be told this", "raised write from 0 to 1")
	if len(unsent) == 0 || weight(unsent) > mostUnsent {
		t.Fatalf("%d messages of %d bytes are kept, want some, of %d bytes at most", len(unsent), weight(unsent), mostUnsent)
	}
	want.Equal(t, "the step of the last that is kept", unsent[len(unsent)-1].Episode.Step, 119)
}
