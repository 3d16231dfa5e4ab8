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

// The answer of a raise was lost, and what was made is found when its event comes again.
func TestHandle_countsARaiseThatIsFoundLater(t *testing.T) {
	for reason, limits := range map[Reason]func(*Limits){
		InCooldown:     func(l *Limits) { l.Cooldown = setting.Duration(time.Hour) },
		RaisesOfTheDay: func(l *Limits) { l.Cooldown, l.RaisesADay = 0, 1 },
	} {
		t.Run(string(reason), func(t *testing.T) {
			s := throttledWrites(t)
			s.clock = s.clock.Truncate(setting.Day).Add(12 * time.Hour) // far from midnight
			limits(&s.cfg.Limits)
			s.fault(emulator.Fault{Operation: "UpdateTable", Times: 1, Truncate: true})
			s.clients.DynamoDB = &latecomer{dynamodbAPI: s.clients.DynamoDB}
			event := s.theEvent()
			ran(s.handle(event)).fails(t, counts{Waiting: 1}, "as the answer is lost")
			ran(s.handle(event)).wants(t, counts{Raised: 1}, "as the event comes again")
			s.pass(2 * time.Minute)
			report, err := s.handle(s.theEvent())
			ran(report, err).decides(t, Decision{Outcome: Refused, Reason: reason}, "a second raise")
			s.wantWrites(75, 1)
		})
	}
}

// A run died after its raise. Its event has come again, and whoever has it now must not find it completed
// by another run that comes upon the raise first: its message would be gone with what it has to do.
func TestHandle_completesNoEventOfARunThatLives(t *testing.T) {
	s := throttledWrites(t)
	s.cfg.Limits.Cooldown = 0
	dead := s.theEvent()
	s.emulator.Inject(emulator.Fault{Operation: "UpdateTable", Times: 1, After: func(emulator.Call) {
		s.emulator.Inject(emulator.Fault{Drop: true, Match: func(call emulator.Call) bool { return call.Service == "dynamodb" || call.Service == "sns" }})
	}})
	if _, err := s.handle(dead); err == nil {
		t.Fatal("the run lived")
	}
	s.emulator.ClearFaults()
	s.pass(unlimited + time.Minute)
	event := episode{Alarm: *Decode(dead)[0].Alarm}.event(Resource{KindTable, s.table})
	ledger := s.raiser(s.cfg).ledger
	if _, standing, err := ledger.claim(t.Context(), event, s.now().Add(time.Minute)); err != nil || standing != claimed {
		t.Fatalf("the claim of the event is %v, want %v; error: %v", standing, claimed, err)
	}
	if report, err := s.handle(s.theEvent()); err != nil || report.Outcomes[Raised] == 0 {
		t.Fatalf("nothing is raised, or there is an error; the run:\n%s", ran(report, err))
	}
	if _, standing, err := ledger.claim(t.Context(), event, s.now().Add(time.Minute)); err != nil || standing != inProgress {
		t.Errorf("the claim of the event is %v, want %v; error: %v", standing, inProgress, err)
	}
}

// A run died before its raise. Its event is not answered by another run that finds nothing of it.
func TestHandle_completesNoEventOfARaiseThatWasNotMade(t *testing.T) {
	s := throttledWrites(t)
	s.cfg.Limits.Cooldown = 0
	dead := s.theEvent()
	s.emulator.Inject(emulator.Fault{Operation: "UpdateTable", Times: 1, Drop: true, Before: func(emulator.Call) {
		s.emulator.Inject(emulator.Fault{Drop: true, Match: func(call emulator.Call) bool { return call.Service == "dynamodb" || call.Service == "sns" }})
	}})
	if _, err := s.handle(dead); err == nil {
		t.Fatal("the run lived")
	}
	s.emulator.ClearFaults()
	s.wantWrites(50, 1)
	s.pass(unlimited + time.Minute)
	ran(s.handle(s.theEvent())).wants(t, counts{Raised: 1})
	s.wantWrites(75, 2)
	ran(s.handle(dead)).wants(t, counts{"duplicates": 0, "answers": 1}, "the first again")
}

func TestHandle_givesBackTheCostOfWhatItCouldNotWriteDown(t *testing.T) {
	s := throttledWrites(t)
	ledger := &forgetful{ledgerAPI: s.clients.Ledger}
	s.clients.Ledger = ledger
	ran(s.handle(s.theEvent())).fails(t, counts{Raised: 0})
	if ledger.refused == 0 {
		t.Fatal("the ledger was not asked to note a raise")
	}
	s.wantWrites(50, 0)
	spent, err := newLedger(ledger.ledgerAPI, s.options.Table, s.now).spent(t.Context(), s.now())
	if err != nil || spent != 0 {
		t.Errorf("$%v are counted, want none; error: %v", spent, err)
	}
}

// forgetful is a ledger that takes no note of a raise that begins.
type forgetful struct {
	ledgerAPI
	refused int
}

func (f *forgetful) UpdateItem(ctx context.Context, input *dynamodb.UpdateItemInput, options ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	if state := input.ExpressionAttributeValues[":state"]; state != nil && strings.Contains(text(state), `"intent":{`) {
		f.refused++
		return nil, errors.New("the ledger is full")
	}
	return f.ledgerAPI.UpdateItem(ctx, input, options...)
}

// An error 500 leaves open whether a raise was made: what there is is read before it is sent again.
func TestHandle_sendsNoRaiseTwiceInARow(t *testing.T) {
	kinesisThrottles := func(stream string) alarm.Metric {
		return alarm.Metric{Namespace: "AWS/Kinesis", Name: "WriteProvisionedThroughputExceeded", Dimensions: map[string]string{"StreamName": stream}}
	}
	for operation, scene := range map[string]func(*testing.T) (*world, Config, json.RawMessage){
		"UpdateShardCount": func(t *testing.T) (*world, Config, json.RawMessage) {
			w := newWorld(t)
			metric := kinesisThrottles(w.stream(2))
			cfg := earnest("none", func(c *Config) { c.Streams = []Stream{{w.name + "-stream", 20}} })
			return w, cfg, w.event(w.alarm("ALARM", metric), metric, w.now())
		},
		"PutFunctionConcurrency": func(t *testing.T) (*world, Config, json.RawMessage) {
			w := newWorld(t)
			function := w.function(10)
			metric := throttles(function)
			cfg := earnest("none", func(c *Config) { c.Functions = []Function{{function, 100}} })
			return w, cfg, w.event(w.alarm("ALARM", metric), metric, w.now())
		},
		"RequestServiceQuotaIncrease": func(t *testing.T) (*world, Config, json.RawMessage) {
			w, cfg, event := quotaScene(t)
			return w, cfg, event()
		},
		"RegisterScalableTarget": func(t *testing.T) (*world, Config, json.RawMessage) {
			w := newWorld(t)
			event := w.listsOfTable()
			return w, w.everyList(), event
		},
		"UpdateTable": func(t *testing.T) (*world, Config, json.RawMessage) {
			s := throttledWrites(t)
			return s.world, s.cfg, s.theEvent()
		},
	} {
		t.Run(operation, func(t *testing.T) {
			w, cfg, event := scene(t)
			w.emulator.ForgetCalls()
			w.emulator.Inject(emulator.Fault{Operation: operation, Times: 1, Status: 500, Code: "InternalServerError"})
			ran(w.raiser(cfg).Handle(t.Context(), event)).fails(t, nil)
			w.wantCalls(operation, 1)
			ran(w.raiser(cfg).Handle(t.Context(), event)).wants(t, counts{Raised: 1}, "once it comes again")
			w.wantCalls(operation, 2)
		})
	}
}
