package limitraiser

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"caretaker/internal/emulator"
	"caretaker/internal/want"
)

// outlast brings the looks of an episode for so long and counts what was decided, by reason.
func (s *scene) outlast(during time.Duration) map[Reason]int {
	s.Helper()
	reasons, event, end := map[Reason]int{}, s.theEvent(), s.now().Add(during)
	for s.now().Before(end) {
		report, err := s.handle(event)
		reasons[decision(s.T, report, err).Reason]++
		s.pass(5 * time.Minute)
		event = s.look()
	}
	return reasons
}

// Each asking is five calls: all of it, a half, down to a sixteenth.
func TestEpisode_asksAWSLessAndLessOftenForWhatItRefuses(t *testing.T) {
	s := throttledWrites(t)
	s.fault(emulator.Fault{Operation: "UpdateTable", Status: 400, Code: "LimitExceededException", Message: "Subscriber limit exceeded"})
	reasons := s.outlast(3 * time.Hour)
	if asked := s.calls("UpdateTable"); asked < 5*5 || asked > 5*8 {
		t.Errorf("AWS was asked %d times in three hours, want 25 to 40", asked)
	}
	want.Equal(t, "the decisions by reason", reasons, map[Reason]int{AWSRefused: 36})
	s.wantTold(1)
	s.emulator.ClearFaults()
	s.pass(longestRest)
	s.outlast(time.Minute)
	if units, _ := s.has(s.table); units.write != 75 {
		t.Errorf("once AWS has room the table has %d writes, want 75", units.write)
	}
}

// Nobody needs to know for a month, every five minutes, that too many requests are open.
func TestQuotas_areNotAskedForAgainOnceTooManyRequestsAreOpen(t *testing.T) {
	w, cfg, event := quotaScene(t)
	w.emulator.Inject(emulator.Fault{Operation: "RequestServiceQuotaIncrease", Status: 400, Code: "QuotaExceededException", Message: "You have exceeded your service quota"})
	e := event()
	for step := range 2 * 24 * 2 {
		if step == 25*2 {
			e = event() // a day later, of another episode
		}
		report, err := w.raiser(cfg).Handle(t.Context(), e)
		ran(report, err).decides(t, Decision{Outcome: Refused, Reason: AWSRefused}, "step ", step)
		w.pass(30 * time.Minute)
		e = w.look()
	}
	want.Equal(t, "requests to AWS in two days", w.calls("RequestServiceQuotaIncrease"), 2)
	w.wantTold(2)
}

// What AWS would not take of another value it may take now.
func TestMemory_asksAWSForLessThanItRefused(t *testing.T) {
	refused := Decision{Part: Part{Dimension: Write}, Outcome: Refused, Reason: AWSRefused, From: 50, To: 60}
	memory := Memory{}.After(Plan{Decisions: []Decision{refused}}, "one", noon)
	memory = memory.After(Plan{Decisions: []Decision{refused}}, "one", noon.Add(10*time.Minute))
	heldBack := refused
	heldBack.To = heldBack.From // beside another part that was raised
	memory = memory.After(Plan{Decisions: []Decision{heldBack}}, "one", noon.Add(15*time.Minute))
	for name, c := range map[string]struct {
		now, most float64
		after     time.Duration
		want      Outcome
	}{
		"as much":                    {50, 4000, 11 * time.Minute, Refused},
		"as much, after a rest":      {50, 4000, 20 * time.Minute, ToRaise},
		"less":                       {50, 55, 11 * time.Minute, ToRaise},
		"from where somebody raised": {55, 4000, 11 * time.Minute, ToRaise},
	} {
		got := Decide(shortTable(c.now, c.most), memory, policy(), "us-east-1", noon.Add(c.after)).Decisions[0]
		wantDecision(t, got, Decision{Outcome: c.want}, name)
	}
	memory = memory.After(Plan{Decisions: []Decision{{Part: refused.Part, Outcome: Raised, From: 50, To: 75}}}, "one", noon.Add(time.Hour))
	want.Equal(t, "refusals that are kept after a raise", len(memory.Denials), 0)
}

// rival raises the table to 70 writes just before our call.
type rival struct {
	dynamodbAPI
	raise func()
}

func (r rival) UpdateTable(ctx context.Context, input *dynamodb.UpdateTableInput, options ...func(*dynamodb.Options)) (*dynamodb.UpdateTableOutput, error) {
	r.raise()
	return r.dynamodbAPI.UpdateTable(ctx, input, options...)
}

// Half of what was wanted would be less than there is by then.
func TestHandle_triesNoLessOnceSomebodyElseHasRaised(t *testing.T) {
	for _, code := range []string{"LimitExceededException", "ValidationException"} {
		t.Run(code, func(t *testing.T) {
			s := throttledWrites(t)
			s.clients.DynamoDB = rival{s.clients.DynamoDB, func() {
				_, err := s.tables.UpdateTable(t.Context(), &dynamodb.UpdateTableInput{TableName: &s.table, ProvisionedThroughput: twoUnits{5, 70}.throughput()})
				s.must(err)
				s.fault(emulator.Fault{Operation: "UpdateTable", Times: 1, Status: 400, Code: code})
			}}
			report, err := s.handle(s.theEvent())
			ran(report, err).decides(t, Decision{Outcome: Waiting, Reason: IsBusy})
			s.wantWrites(70, 2)
		})
	}
}
