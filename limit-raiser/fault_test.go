package limitraiser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	autoscalingtypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"golang.org/x/sync/errgroup"

	"caretaker/internal/alarm"
	"caretaker/internal/emulator"
	"caretaker/internal/want"
)

// scene is a table of 5 reads and 50 writes whose writes are throttled. There are no metrics, so
// that a raise goes by 50%, to 75.
type scene struct {
	*world
	table, alarm string
	metric       alarm.Metric
	cfg          Config
}

func throttledWrites(t *testing.T) *scene {
	t.Helper()
	w := newWorld(t)
	s := &scene{world: w, table: w.table(twoUnits{5, 50}, twoUnits{})}
	s.metric, s.cfg = writeThrottles(s.table), earnest(s.table)
	s.alarm = w.alarm("ALARM", s.metric)
	w.emulator.ForgetCalls()
	return s
}

func (s *scene) handle(event json.RawMessage) (Report, error) {
	return s.raiser(s.cfg).Handle(s.Context(), event)
}

// full puts a minute in which the table's writes used all units that it has, so that a raise is by
// 50% again.
func (s *scene) full() {
	s.Helper()
	units, _ := s.has(s.table)
	s.measure("AWS/DynamoDB", "ConsumedWriteCapacityUnits", float64(units.write)*60, 1, map[string]string{"TableName": s.table})
}

func (s *scene) theEvent() json.RawMessage { return s.event(s.alarm, s.metric, s.now()) }

// wantWrites fails the test unless the table has so many write units after so many calls.
func (s *scene) wantWrites(writes int64, calls int) {
	s.Helper()
	if units, _ := s.has(s.table); units != (twoUnits{5, writes}) {
		s.Errorf("the table has %v, want %d writes", units, writes)
	}
	if got := s.calls("UpdateTable"); got != calls {
		s.Errorf("%d calls of UpdateTable, want %d", got, calls)
	}
}

func (s *scene) fault(fault emulator.Fault) { s.emulator.Inject(fault) }

func TestHandle_triesAgainThroughTheQueueWhileTheTableIsUpdating(t *testing.T) {
	s := throttledWrites(t)
	s.fault(emulator.Fault{Operation: "UpdateTable", Times: 2, Status: 400, Code: "ResourceInUseException", Message: "being updated"})
	event := s.theEvent()
	for step := range 2 {
		report, err := s.handle(event)
		ran(report, err).wants(t, counts{Waiting: 1, "looks sent": 1}, "step ", step)
		s.pass(time.Minute)
		event = s.look()
	}
	report, err := s.handle(event)
	ran(report, err).wants(t, counts{Raised: 1})
	s.wantWrites(75, 3)
	if spent, err := s.raiser(s.cfg).ledger.spent(t.Context(), s.now()); err != nil || spent > 25*0.00065*730+1e-9 {
		t.Errorf("$%v are counted, want $11.86 at most, as what was refused costs nothing; error: %v", spent, err)
	}
}

func TestHandle_readsBackACutOffAnswerBeforeAnythingIsRepeated(t *testing.T) {
	s := throttledWrites(t)
	s.fault(emulator.Fault{Operation: "UpdateTable", Times: 1, Truncate: true})
	report, err := s.handle(s.theEvent())
	ran(report, err).wants(t, counts{Raised: 1})
	s.wantWrites(75, 1)
}

// How much would fit, AWS does not say; a table's own limit it refuses as a wrong value.
func TestHandle_raisesAsFarAsAWSsLimitsGo(t *testing.T) {
	const limit, value = "LimitExceededException", "ValidationException"
	for name, c := range map[string]struct {
		code     string
		refusals int
		want     Decision
	}{
		"half":                    {limit, 1, Decision{Outcome: Raised, Reason: CutToLimits, To: 62}},
		"an inch":                 {limit, 4, Decision{Outcome: Raised, Reason: CutToLimits, To: 51}},
		"nothing":                 {limit, 5, Decision{Outcome: Refused, Reason: AWSRefused, To: 75}},
		"half, of a table's":      {value, 1, Decision{Outcome: Raised, Reason: CutToLimits, To: 62}},
		"an inch, of a table's":   {value, 4, Decision{Outcome: Raised, Reason: CutToLimits, To: 51}},
		"nothing, whatever it is": {value, 5, Decision{Outcome: Failed, Reason: NotTaken, To: 75}},
	} {
		t.Run(name, func(t *testing.T) {
			s := throttledWrites(t)
			s.fault(emulator.Fault{Operation: "UpdateTable", Times: c.refusals, Status: 400, Code: c.code, Message: "no more than 40,000 units"})
			report, err := s.handle(s.theEvent())
			got := decision(t, report, err)
			c.want.Detail = "no more than 40,000 units"
			wantDecision(t, got, c.want)
			if got.Outcome == Raised {
				want.Says(t, "the decision", got.Detail, "75 were wanted")
			}
			more, calls := int64(0), c.refusals
			if got.Outcome == Raised {
				more, calls = int64(got.To)-50, calls+1
			}
			s.wantWrites(50+more, calls)
			spent, err := s.raiser(s.cfg).ledger.spent(t.Context(), s.now())
			if wanted := float64(more) * 0.00065 * 730; err != nil || math.Abs(spent-wanted) > 1e-9 {
				t.Errorf("$%v are counted, want $%v; error: %v", spent, wanted, err)
			}
			ran(report, err).wants(t, counts{"looks sent": 1, "messages to people": 1})
		})
	}
}

// The answer was cut off, and what AWS says right after is from before the call.
func TestHandle_losesNoRaiseThatAWSDoesNotShowYet(t *testing.T) {
	s := throttledWrites(t)
	s.fault(emulator.Fault{Operation: "UpdateTable", Times: 1, Truncate: true})
	s.clients.DynamoDB = &latecomer{dynamodbAPI: s.clients.DynamoDB}
	event := s.theEvent()
	report, err := s.handle(event)
	ran(report, err).fails(t, counts{Waiting: 1, Raised: 0})
	report, err = s.handle(event)
	ran(report, err).wants(t, counts{Raised: 1, "messages to people": 1})
	s.wantWrites(75, 1)
	if spent, err := s.raiser(s.cfg).ledger.spent(t.Context(), s.now()); err != nil || spent < 25*0.00065*730-1e-9 {
		t.Errorf("$%v are counted, want $11.86 at least, as it was raised; error: %v", spent, err)
	}
}

// latecomer describes a table once more as it was before it was updated.
type latecomer struct {
	dynamodbAPI
	before  *dynamodb.DescribeTableOutput
	updated bool
}

func (l *latecomer) DescribeTable(ctx context.Context, input *dynamodb.DescribeTableInput, options ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error) {
	if l.updated {
		l.updated = false
		return l.before, nil
	}
	output, err := l.dynamodbAPI.DescribeTable(ctx, input, options...)
	l.before = output
	return output, err
}

func (l *latecomer) UpdateTable(ctx context.Context, input *dynamodb.UpdateTableInput, options ...func(*dynamodb.Options)) (*dynamodb.UpdateTableOutput, error) {
	l.updated = true
	return l.dynamodbAPI.UpdateTable(ctx, input, options...)
}

func TestHandle_raisesOnceAfterACallThatNeverArrived(t *testing.T) {
	s := throttledWrites(t)
	s.fault(emulator.Fault{Operation: "UpdateTable", Times: 1, Drop: true})
	event := s.theEvent()
	ran(s.handle(event)).fails(t, nil)
	s.wantWrites(50, 1)
	report, err := s.handle(event)
	ran(report, err).wants(t, counts{Raised: 1})
	s.wantWrites(75, 2)
}

func TestHandle_raisesThroughAMomentOfThrottling(t *testing.T) {
	for _, operation := range []string{"UpdateTable", "DescribeTable", "GetMetricData", "UpdateItem"} {
		t.Run(operation, func(t *testing.T) {
			s := throttledWrites(t)
			s.fault(emulator.Fault{Operation: operation, Times: 1, Status: 400, Code: "ThrottlingException", Message: "slow down"})
			report, err := s.handle(s.theEvent())
			ran(report, err).wants(t, counts{Raised: 1})
			if units, _ := s.has(s.table); units.write != 75 {
				t.Errorf("the table has %d writes, want 75", units.write)
			}
		})
	}
}

func TestHandle_givesAnEventBackThatThrottlingOrAnOutageOutlasts(t *testing.T) {
	for name, fault := range map[string]emulator.Fault{
		"throttled raises": {Operation: "UpdateTable", Status: 400, Code: "ThrottlingException"},
		"throttled reads":  {Operation: "DescribeTable", Status: 400, Code: "ThrottlingException"},
		"no metrics":       {Operation: "GetMetricData", Status: 500, Code: "InternalServiceFault"},
		"errors 500":       {Operation: "UpdateTable", Status: 500, Code: "InternalServerError"},
	} {
		t.Run(strings.ReplaceAll(name, " ", "-"), func(t *testing.T) {
			s := throttledWrites(t)
			s.fault(fault)
			event := s.theEvent()
			report, err := s.handle(inQueue(event))
			want.NoError(t, "the run", err)
			want.Equal(t, "the events that come again", report.BatchItemFailures, []BatchItemFailure{{"message-0"}})
			if _, err := s.handle(event); err == nil {
				t.Error("straight from an alarm: no error, so that Lambda would not bring it again")
			}
			s.emulator.ClearFaults()
			report, err = s.handle(inQueue(event))
			ran(report, err).wants(t, counts{Raised: 1, "events that come again": 0}, "after it")
			if units, _ := s.has(s.table); units.write != 75 {
				t.Errorf("the table has %d writes, want 75", units.write)
			}
		})
	}
}

func TestHandle_countsAndTellsARefusalAndDoesNotRepeatIt(t *testing.T) {
	s := throttledWrites(t)
	s.fault(emulator.Fault{Operation: "UpdateTable", Status: 400, Code: "AccessDeniedException", Message: "not you"})
	event := s.theEvent()
	report, err := s.handle(event)
	ran(report, err).wants(t, counts{Failed: 1, "messages to people": 1})
	again, err := s.handle(event)
	ran(again, err).wants(t, counts{"duplicates": 1})
	s.wantWrites(50, 1)
}

func TestHandle_endsBeforeItsDeadlineAndLosesNothing(t *testing.T) {
	s := throttledWrites(t)
	s.fault(emulator.Fault{Operation: "DescribeTable", Times: 1, Delay: 10 * time.Second})
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	event := s.theEvent()
	if _, err := s.raiser(s.cfg).Handle(ctx, event); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the run ended with the error %v, want that its deadline is over", err)
	}
	report, err := s.handle(event)
	ran(report, err).wants(t, counts{Raised: 1})
	s.wantWrites(75, 1)
}

func TestHandle_raisesOnceWhenCopiesComeAtTheSameTime(t *testing.T) {
	s := throttledWrites(t)
	event := s.theEvent()
	var raised, duplicates atomic.Int64
	var group errgroup.Group
	for range 16 {
		group.Go(func() error {
			for {
				report, err := s.handle(event)
				if errors.Is(err, errInProgress) {
					continue // it comes again
				}
				raised.Add(int64(report.Outcomes[Raised]))
				duplicates.Add(int64(report.Duplicates))
				return err
			}
		})
	}
	s.must(group.Wait())
	s.wantWrites(75, 1)
	want.Equal(t, "raises", raised.Load(), 1)
	want.Equal(t, "duplicates", duplicates.Load(), 15)
}

// mortal is an HTTP client of a process that dies at a call: it, and all after it, bring no
// answer, though the first may arrive.
type mortal struct {
	aws.HTTPClient
	left    *atomic.Int64
	arrives bool
	made    *[]string
}

func (m mortal) Do(request *http.Request) (*http.Response, error) {
	left := m.left.Add(-1)
	if left > 0 || left == 0 && m.arrives {
		*m.made = append(*m.made, awsmiddleware.GetOperationName(request.Context()))
		response, err := m.HTTPClient.Do(request)
		if left > 0 || err != nil {
			return response, err
		}
		_ = response.Body.Close()
	}
	return nil, errors.New("killed")
}

func TestHandle_raisesOnceWhereverItIsKilled(t *testing.T) {
	for _, arrives := range []bool{false, true} {
		alive := false
		for call := int64(1); !alive && !t.Failed(); call++ {
			t.Run(fmt.Sprintf("%t-%d", arrives, call), func(t *testing.T) { alive = killedAt(t, call, arrives) })
		}
	}
}

// killedAt kills a run at one of its calls, brings the event again, and tells whether the run
// lived to its end before that call.
func killedAt(t *testing.T, call int64, arrives bool) (alive bool) {
	s := throttledWrites(t)
	var left atomic.Int64
	var made []string
	left.Store(call)
	config := s.config.Copy()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	config.HTTPClient = mortal{&http.Client{Transport: transport}, &left, arrives, &made}
	config.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	dying := Connect(config)
	dying.AutoScaling, dying.Quotas = s.clients.AutoScaling, s.clients.Quotas
	event := s.theEvent()
	if _, err := New(s.cfg, dying, s.options).Handle(t.Context(), event); left.Load() > 0 {
		if err != nil {
			t.Errorf("a run that nobody killed ended with the error %v, want none", err)
		}
		return true
	}
	s.pass(unlimited + time.Minute) // what it held has expired
	ran(s.handle(event)).wants(t, nil, "after ", made)
	units, _ := s.has(s.table)
	want.Equal(t, fmt.Sprintf("after %v: the table's writes", made), units.write, 75)
	want.Equal(t, fmt.Sprintf("after %v: raises", made), s.done("UpdateTable"), 1)
	entry := s.wantTrail(1)[0]
	want.Equal(t, fmt.Sprintf("after %v: the outcome in the audit trail", made), entry.Outcome, Raised)
	want.Equal(t, fmt.Sprintf("after %v: the audit trail's to", made), entry.To, 75)
	if len(s.received(s.inbox)) == 0 {
		t.Errorf("after %v: nobody was told", made)
	}
	return false
}

// A panic is a death: what stands in the ledger is left to whoever comes next.
func TestHandle_leavesAllAsBegunWhereItPanics(t *testing.T) {
	for name, breaks := range map[string]func(*Clients){
		"after the raise": func(c *Clients) { c.DynamoDB = panicky{dynamodbAPI: c.DynamoDB} },
		"at the look":     func(c *Clients) { c.SQS = panickyQueue{} },
	} {
		t.Run(name, func(t *testing.T) {
			s := throttledWrites(t)
			s.cfg.Limits.Cooldown = 0
			event, clients := s.theEvent(), s.clients
			breaks(&clients)
			func() {
				defer func() {
					if recover() == nil {
						t.Error("the run lived")
					}
				}()
				_, _ = New(s.cfg, clients, s.options).Handle(t.Context(), event)
			}()
			s.pass(unlimited + time.Minute)
			ran(s.handle(event)).wants(t, counts{Raised: 1, "looks sent": 1, "messages to people": 1})
			s.wantWrites(75, 1)
		})
	}
}

// panicky updates a table, and does not live to say so.
type panicky struct{ dynamodbAPI }

func (p panicky) UpdateTable(ctx context.Context, input *dynamodb.UpdateTableInput, options ...func(*dynamodb.Options)) (*dynamodb.UpdateTableOutput, error) {
	_, _ = p.dynamodbAPI.UpdateTable(ctx, input, options...)
	panic("killed")
}

type panickyQueue struct{}

func (panickyQueue) SendMessage(context.Context, *sqs.SendMessageInput, ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	panic("killed")
}

func TestHandle_takesOverFromARunThatDied(t *testing.T) {
	s := throttledWrites(t)
	s.cfg.Limits.Cooldown = 0
	dead := s.theEvent()
	// The run dies after its raise: nothing that it would write down afterwards arrives.
	s.emulator.Inject(emulator.Fault{Operation: "UpdateTable", Times: 1, After: func(emulator.Call) {
		s.emulator.Inject(emulator.Fault{Drop: true, Match: func(call emulator.Call) bool { return call.Service == "dynamodb" || call.Service == "sns" }})
	}})
	if _, err := s.handle(dead); err == nil {
		t.Fatal("the run lived")
	}
	s.emulator.ClearFaults()
	s.pass(unlimited + time.Minute)
	report, err := s.handle(s.theEvent()) // another alarm, before the first comes again
	ran(report, err).wants(t, counts{Raised: 2, "messages to people": 2, "looks sent": 2})
	s.wantWrites(113, 2)
	report, err = s.handle(dead)
	ran(report, err).wants(t, counts{"duplicates": 1}, "the first again")
	spent, err := s.raiser(s.cfg).ledger.spent(t.Context(), s.now())
	if wanted := 63 * 0.00065 * 730; err != nil || spent < wanted-1e-6 || spent > wanted+1e-6 {
		t.Errorf("$%v are spent, want $%v; error: %v", spent, wanted, err)
	}
}

func TestHandle_takesATableThatItMayNotReadForOneWithoutTheTag(t *testing.T) {
	s := throttledWrites(t)
	s.fault(emulator.Fault{Operation: "DescribeTable", Status: 400, Code: "AccessDeniedException"})
	cfg := earnest("another", func(c *Config) { c.ByTag, c.Ceiling = true, 100 })
	report, err := s.raiser(cfg).Handle(t.Context(), s.theEvent())
	ran(report, err).decides(t, Decision{Reason: NotListed})
	if _, err := s.handle(s.event(s.alarmCalled("listed", "ALARM", s.metric), s.metric, s.now())); err == nil {
		t.Error("the file lists it: leaving it alone because it cannot be read has to be said")
	}
}

// The look after a raise cannot be sent. The event then comes again for that, and must not raise
// again, even without a cooldown, and even where the value was set back meanwhile.
func TestHandle_raisesOnceWhenTheLookCannotBeSent(t *testing.T) {
	for name, setBack := range map[string]bool{"raised": false, "set-back": true} {
		t.Run(name, func(t *testing.T) {
			s := throttledWrites(t)
			s.cfg.Limits.Cooldown = 0
			s.fault(emulator.Fault{Operation: "SendMessage", Status: 403, Code: "AccessDenied", Message: "not authorized to perform it"})
			event := s.theEvent()
			for range 2 {
				if _, err := s.handle(event); err == nil {
					t.Error("the run does not say that the message failed")
				}
			}
			s.wantWrites(75, 1)
			s.emulator.ClearFaults()
			if setBack {
				_, err := s.tables.UpdateTable(t.Context(), &dynamodb.UpdateTableInput{TableName: &s.table, ProvisionedThroughput: twoUnits{5, 50}.throughput()})
				s.must(err)
				s.emulator.ForgetCalls()
			}
			report, err := s.handle(event)
			ran(report, err).wants(t, counts{Raised: 1, "looks sent": 1, "messages to people": 1})
			units, _ := s.has(s.table)
			want.Equal(t, "the table is where it was set back to", units.write == 50, setBack)
			if setBack {
				s.wantCalls("UpdateTable", 0)
			}
			ran(s.handle(event)).wants(t, counts{"duplicates": 1}, "the event again")
		})
	}
}

// The raise is made and told, and the event cannot be completed.
func TestHandle_raisesOnceWhenTheEventCannotBeCompleted(t *testing.T) {
	s := throttledWrites(t)
	s.cfg.Limits.Cooldown = 0
	s.fault(emulator.Fault{Operation: "Publish", Times: 1, After: func(emulator.Call) {
		s.fault(emulator.Fault{Operation: "UpdateItem", Times: 1, Status: 400, Code: "AccessDeniedException"})
	}})
	event := s.theEvent()
	if _, err := s.handle(event); err == nil {
		t.Error("the run does not say that it failed")
	}
	s.pass(unlimited + time.Minute)
	ran(s.handle(event)).wants(t, counts{Raised: 1})
	s.wantWrites(75, 1)
}

// The answer of a raise was lost, and the table is being changed when another raise is due that
// could be made all the same.
func TestHandle_makesNoRaiseBesideOneThatIsUnclear(t *testing.T) {
	s := throttledWrites(t)
	s.cfg.Limits.Cooldown = 0
	targets := applicationautoscaling.NewFromConfig(s.config)
	_, err := targets.RegisterScalableTarget(t.Context(), &applicationautoscaling.RegisterScalableTargetInput{
		ServiceNamespace: autoscalingtypes.ServiceNamespaceDynamodb, ResourceId: aws.String("table/" + s.table),
		ScalableDimension: autoscalingtypes.ScalableDimensionDynamoDBTableReadCapacityUnits, MinCapacity: aws.Int32(5), MaxCapacity: aws.Int32(5),
	})
	s.must(err)
	r, resource := s.raiser(s.cfg), Resource{KindTable, s.table}
	begun := &intent{Event: "another", At: s.now().Add(-10 * time.Minute), Decisions: []Decision{
		{Part: Part{Dimension: Write}, Means: Provisioned, Outcome: Waiting, Reason: Unclear, From: 50, To: 75, CostAMonth: 12},
	}}
	facts, err := r.inventory(t.Context(), Shortage{resource, []Part{{Dimension: Read}, {Dimension: Write}}})
	s.must(err)
	facts.Busy = "the table is UPDATING"
	v := visit{episode: episode{Alarm: alarm.Alarm{Name: "a", ChangedAt: s.now()}}, Shortage: Shortage{Resource: resource}}
	h := hold{visit: v, known: record{Intent: begun}}
	left := h.comesTo(facts)
	if !left.open || left.own {
		t.Fatalf("what became of it is open: %t, and of this event: %t; want true and false", left.open, left.own)
	}
	h.held, _, _, err = r.ledger.take(t.Context(), resource.Key(), s.now().Add(time.Minute))
	s.must(err)
	h.known, err = r.settle(t.Context(), h, left, facts, &Report{})
	s.must(err)
	plan := Decide(facts, h.known.Memory, s.cfg, "us-east-1", s.now())
	if due := len(plan.with(ToRaise)); due != 1 {
		t.Fatalf("raises that are due: %d, want 1", due)
	}
	done, err := r.carryOut(t.Context(), h, facts, plan)
	want.NoError(t, "carrying out the plan", err)
	if done.known.Intent != begun {
		t.Error("what was begun is forgotten")
	}
	want.Equal(t, "decisions that wait", len(done.plan.with(Waiting)), 2)
	s.wantCalls("RegisterScalableTarget", 1)
}

// leaveIntent leaves the intent of a run that died before its call arrived: 25 units, paid for.
func (s *scene) leaveIntent() {
	s.Helper()
	s.fault(emulator.Fault{Operation: "UpdateTable", Times: 1, Drop: true, Before: func(emulator.Call) { s.fault(emulator.Fault{Drop: true}) }})
	if _, err := s.handle(s.theEvent()); err == nil {
		s.Fatal("the run lived")
	}
	s.emulator.ClearFaults()
	s.pass(unlimited + time.Minute)
}

func (s *scene) wantSpent(units float64) {
	s.Helper()
	spent, err := s.raiser(s.cfg).ledger.spent(s.Context(), s.now())
	if wanted := units * 0.00065 * 730; err != nil || math.Abs(spent-wanted) > 1e-6 {
		s.Errorf("$%v are spent, want $%v; error: %v", spent, wanted, err)
	}
}

func TestHandle_takesOffWhatADeadRunDidNotSpend(t *testing.T) {
	s := throttledWrites(t)
	s.cfg.Limits.Cooldown = 0
	s.leaveIntent()
	s.wantSpent(25)
	ran(s.handle(s.theEvent())).wants(t, counts{Raised: 1})
	s.wantWrites(75, 2)
	s.wantSpent(25)
}

// The table is being changed when the alarm is over: what became of the raise is not known yet.
func TestEpisode_looksOnceMoreAtWhatIsUnclearAtItsEnd(t *testing.T) {
	s := throttledWrites(t)
	s.leaveIntent()
	s.setState(s.alarm, "OK")
	over, clients := s.event(s.alarm, s.metric, s.now().Add(-time.Hour)), s.clients
	clients.DynamoDB = updating{clients.DynamoDB}
	report, err := New(s.cfg, clients, s.options).Handle(t.Context(), over)
	ran(report, err).wants(t, counts{"alarms that ended": 1, "looks sent": 1, "answers": 0})
	want.Equal(t, "the delay of the look", s.hasty.delays[len(s.hasty.delays)-1], time.Minute)
	s.wantSpent(25)
	report, err = s.handle(s.look())
	ran(report, err).wants(t, counts{"alarms that ended": 1, "looks sent": 0}, "once it can be seen")
	s.wantSpent(0)
}

// updating says of each table that it is being changed.
type updating struct{ dynamodbAPI }

func (u updating) DescribeTable(ctx context.Context, input *dynamodb.DescribeTableInput, options ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error) {
	output, err := u.dynamodbAPI.DescribeTable(ctx, input, options...)
	if err == nil {
		output.Table.TableStatus = dynamodbtypes.TableStatusUpdating
	}
	return output, err
}

// What cannot be written down as settled is found again, and would be taken off again.
func TestHandle_takesNothingOffThatItCannotWriteDown(t *testing.T) {
	s := throttledWrites(t)
	s.leaveIntent()
	s.setState(s.alarm, "OK")
	clients := s.clients
	clients.Ledger = unteachable{clients.Ledger}
	for range 2 {
		if _, err := New(s.cfg, clients, s.options).Handle(t.Context(), s.event(s.alarm, s.metric, s.now().Add(-time.Hour))); err == nil {
			t.Error("the run does not say that it could not write down what it found")
		}
		s.wantSpent(25)
		s.pass(unlimited + time.Minute)
	}
	_, err := s.handle(s.event(s.alarm, s.metric, s.now().Add(-time.Hour)))
	s.must(err)
	s.wantSpent(0)
}

// unteachable is a ledger that takes no news of a resource.
type unteachable struct{ ledgerAPI }

func (f unteachable) UpdateItem(ctx context.Context, input *dynamodb.UpdateItemInput, options ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	if strings.Contains(aws.ToString(input.UpdateExpression), "#state") {
		return nil, errors.New("it is not written down")
	}
	return f.ledgerAPI.UpdateItem(ctx, input, options...)
}

// The first run gives back what it did not spend, and cannot clear its record; the next one finds a raise
// that was not made.
func TestHandle_givesMoneyBackOnce(t *testing.T) {
	s := throttledWrites(t)
	s.cfg.Limits.Cooldown = 0
	l := s.raiser(s.cfg).ledger
	_, err := l.spend(t.Context(), s.now(), 100, 500)
	want.NoError(t, "spending $100", err)
	s.fault(emulator.Fault{Operation: "UpdateTable", Times: 2, Status: 400, Code: "ResourceInUseException", Message: "being updated"})
	s.fault(emulator.Fault{Operation: "SendMessage", Times: 1, After: func(emulator.Call) {
		s.fault(emulator.Fault{Operation: "UpdateItem", Times: 1, Status: 400, Code: "AccessDeniedException"})
	}})
	event := s.theEvent()
	if _, err := s.handle(event); err == nil {
		t.Fatal("the run did not fail")
	}
	s.pass(unlimited + time.Minute)
	ran(s.handle(event)).wants(t, nil)
	if spent, err := l.spent(t.Context(), s.now()); err != nil || math.Abs(spent-100) > 1e-9 {
		t.Errorf("$%v are spent, want $100; error: %v", spent, err)
	}
}
