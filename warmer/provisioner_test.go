package warmer_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	scalingtypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	"golang.org/x/sync/errgroup"

	"caretaker/internal/emulator"
	"caretaker/internal/want"
	"caretaker/test/warmer/instrumented"
	"caretaker/warmer"
)

// shop is an account with checkout:live, for which the file asks for 5.
type shop struct {
	cfg   warmer.Config
	table string
}

func newShop(t *testing.T, table string) *shop {
	t.Helper()
	want.NoError(t, "emptying the emulator", shared.For(t).Reset(t.Context()))
	makeLedger(t, table)
	program, err := instrumented.Go("../" + instrumented.Binary)
	want.NoError(t, "packing the program", err)
	want.NoError(t, "making checkout", instrumented.Create(t.Context(), shared.For(t).AWS(), instrumented.Function{Name: "checkout", Program: program, Alias: "live"}))
	s := &shop{cfg: warmer.Default(), table: table}
	s.cfg.DryRun = false
	s.cfg.Windows = map[string]warmer.Window{"now": {From: "00:00", To: "24:00"}}
	s.cfg.Functions = []warmer.Function{{Name: "checkout", Qualifier: "live", Provisioned: map[string]int{"now": 5}}}
	return s
}

// later lets the time pass after which another run may begin, a claim that a dead run left included. The clock stays the
// real one, as AWS's times do.
func (s *shop) later(t *testing.T) { s.change(t, "REMOVE #a", "until", nil) }

// takeOver has somebody else own the claim.
func (s *shop) takeOver(t *testing.T) {
	s.change(t, "SET #a = :a", "owner", map[string]dynamodbtypes.AttributeValue{":a": &dynamodbtypes.AttributeValueMemberS{Value: "somebody else"}})
}

// change changes an attribute of the item of the claim.
func (s *shop) change(t *testing.T, expression, attribute string, values map[string]dynamodbtypes.AttributeValue) {
	t.Helper()
	_, err := dynamodb.NewFromConfig(shared.For(t).AWS()).UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
		TableName: &s.table, UpdateExpression: &expression, ExpressionAttributeNames: map[string]string{"#a": attribute}, ExpressionAttributeValues: values,
		Key: map[string]dynamodbtypes.AttributeValue{warmer.LedgerKey: &dynamodbtypes.AttributeValueMemberS{Value: "run"}, warmer.LedgerSort: &dynamodbtypes.AttributeValueMemberS{Value: "-"}},
	})
	want.NoError(t, "changing the claim", err)
}

// asks changes how many the file asks for; 0 is a window that is over.
func (s *shop) asks(count int) {
	s.cfg.Functions[0].Provisioned = map[string]int{"now": count}
}

// warmer is a new process.
func (s *shop) warmer(t *testing.T) *warmer.Warmer {
	t.Helper()
	w, err := warmer.New(s.cfg, warmer.Connect(shared.For(t).AWS(), 10), warmer.Options{Table: s.table})
	want.NoError(t, "making a warmer", err)
	return w
}

// run is a run of a new process, some minutes after the last, and what it says of checkout:live.
func (s *shop) run(t *testing.T) warmer.ProvisionedAlias {
	t.Helper()
	s.later(t)
	report := good(t, s.warmer(t))
	if len(report.Provisioned) != 1 {
		t.Fatalf("the report has %d aliases, want 1: %+v", len(report.Provisioned), report)
	}
	return report.Provisioned[0]
}

// there is how many are provisioned on checkout:live.
func there(t *testing.T) int {
	t.Helper()
	output, err := lambdasvc.NewFromConfig(shared.For(t).AWS()).ListProvisionedConcurrencyConfigs(context.WithoutCancel(t.Context()), &lambdasvc.ListProvisionedConcurrencyConfigsInput{FunctionName: aws.String("checkout")})
	want.NoError(t, "listing provisioned concurrency", err)
	for _, one := range output.ProvisionedConcurrencyConfigs {
		if strings.HasSuffix(aws.ToString(one.FunctionArn), ":live") {
			return int(aws.ToInt32(one.RequestedProvisionedConcurrentExecutions))
		}
	}
	return 0
}

// byHand is a person who provisions so many on checkout:live, at another second than anybody before.
func byHand(t *testing.T, count int) {
	t.Helper()
	time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(1050 * time.Millisecond)))
	_, err := lambdasvc.NewFromConfig(shared.For(t).AWS()).PutProvisionedConcurrencyConfig(context.WithoutCancel(t.Context()), &lambdasvc.PutProvisionedConcurrencyConfigInput{
		FunctionName: aws.String("checkout"), Qualifier: aws.String("live"), ProvisionedConcurrentExecutions: aws.Int32(int32(count)),
	})
	want.NoError(t, "provisioning by hand", err)
}

// counted are how often the warmer put and deleted; calls by hand are as many as said.
func counted(t *testing.T, byHand int) (puts, deletes int) {
	for _, call := range shared.For(t).Calls() {
		puts += b2i(call.Operation == "PutProvisionedConcurrencyConfig")
		deletes += b2i(call.Operation == "DeleteProvisionedConcurrencyConfig")
	}
	return puts - byHand, deletes
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestProvisioned_isSetChangedAndTakenAway(t *testing.T) {
	s := newShop(t, "set-changed-taken")
	shared.For(t).ForgetCalls()
	first := s.run(t)
	want.Equal(t, "the act and what is there", []any{first.Act, there(t)}, []any{warmer.Put, 5})
	want.Equal(t, "right after the call it takes no calls yet", first.State.Available, 0)
	again := s.run(t)
	want.Equal(t, "the next run", []any{again.Act, again.Own, again.State.Available}, []any{warmer.Stay, true, 5})
	s.asks(8)
	want.Equal(t, "a higher number", []any{s.run(t).Act, there(t)}, []any{warmer.Put, 8})
	s.asks(0)
	want.Equal(t, "the end of the window", []any{s.run(t).Act, there(t)}, []any{warmer.Withdraw, 0})
	want.Equal(t, "after it", s.run(t).Act, warmer.Idle)
	puts, deletes := counted(t, 0)
	want.Equal(t, "calls that changed something", []int{puts, deletes}, []int{2, 1})
}

// A dry run and the brake change nothing, and say what they would do.
func TestProvisioned_aDryRunSaysWhatItWouldDo(t *testing.T) {
	s := newShop(t, "dry")
	s.cfg.DryRun = true
	said := s.run(t)
	want.Equal(t, "the act and what is there", []any{said.Act, there(t)}, []any{warmer.Put, 0})
	s.cfg.DryRun = false
	s.run(t)
	s.cfg.DryRun = true
	s.asks(0)
	want.Equal(t, "with some of its own", []any{s.run(t).Act, there(t)}, []any{warmer.Withdraw, 5})
}

func TestProvisioned_leavesWhatAPersonSet(t *testing.T) {
	s := newShop(t, "a-persons")
	byHand(t, 5)
	want.Equal(t, "before the first run", []any{s.run(t).Act, there(t)}, []any{warmer.Leave, 5})
	s.asks(0)
	want.Equal(t, "at the end of the window", []any{s.run(t).Act, there(t)}, []any{warmer.Leave, 5})

	s = newShop(t, "a-persons-later")
	s.run(t)
	byHand(t, 7)
	want.Equal(t, "changed by a person", []any{s.run(t).Act, there(t)}, []any{warmer.Leave, 7})
	byHand(t, 5) // as many as the warmer had set
	s.asks(0)
	want.Equal(t, "and back to what the warmer had set", []any{s.run(t).Act, there(t)}, []any{warmer.Leave, 5})
}

func TestProvisioned_leavesWhatAutoScalingLooksAfter(t *testing.T) {
	s := newShop(t, "scaled")
	_, err := applicationautoscaling.NewFromConfig(shared.For(t).AWS()).RegisterScalableTarget(t.Context(), &applicationautoscaling.RegisterScalableTargetInput{
		ServiceNamespace: scalingtypes.ServiceNamespaceLambda, ResourceId: aws.String("function:checkout:live"), MinCapacity: aws.Int32(1), MaxCapacity: aws.Int32(10),
		ScalableDimension: scalingtypes.ScalableDimensionLambdaFunctionProvisionedConcurrency,
	})
	want.NoError(t, "registering a target", err)
	said := s.run(t)
	want.Equal(t, "the act and what is there", []any{said.Act, there(t)}, []any{warmer.Leave, 0})
	want.Says(t, "why", said.Why, "Application Auto Scaling")
}

// Just before a change everything is looked at once more. What came in between is left.
func TestProvisioned_looksOnceMoreBeforeEachChange(t *testing.T) {
	between := func(t *testing.T, s *shop, count int, act warmer.Act) warmer.ProvisionedAlias {
		t.Helper()
		var once sync.Once
		// The intent is the third write: after that which lets the run begin, and the claim.
		writes := 0
		shared.For(t).Inject(emulator.Fault{Service: "dynamodb", Operation: "UpdateItem", After: func(emulator.Call) {
			if writes++; writes == 3 {
				once.Do(func() { byHand(t, count) })
			}
		}})
		said := s.run(t)
		shared.For(t).ClearFaults()
		want.Equal(t, "the act", said.Act, act)
		return said
	}
	t.Run("before it is set", func(t *testing.T) {
		s := newShop(t, "before-set")
		between(t, s, 3, warmer.Leave)
		want.Equal(t, "what is there", there(t), 3)
		s.asks(0)
		s.run(t)
		want.Equal(t, "what is there after the window", there(t), 3)
	})
	t.Run("before it is taken away", func(t *testing.T) {
		s := newShop(t, "before-taken")
		s.run(t)
		s.asks(0)
		between(t, s, 5, warmer.Leave)
		want.Equal(t, "what is there", there(t), 5)
		s.run(t)
		want.Equal(t, "what is there after the next run", there(t), 5)
	})
}

// What AWS refuses falls short and fails no run; what the role may not fails it. Neither is taken for done.
func TestProvisioned_saysWhatAWSRefuses(t *testing.T) {
	s := newShop(t, "refused")
	shared.For(t).Inject(emulator.Fault{Operation: "PutProvisionedConcurrencyConfig", Status: 400, Code: "InvalidParameterValueException", Message: "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [100].", Times: 1})
	said := s.run(t)
	want.Equal(t, "short", said.Short, 5)
	want.Says(t, "why", said.Why, "AWS refused it", "below its minimum value of [100]")
	want.Equal(t, "what is there", there(t), 0)
	shared.For(t).Inject(emulator.Fault{Operation: "PutProvisionedConcurrencyConfig", Status: 403, Code: "AccessDeniedException", Message: "no", Times: 1})
	s.later(t)
	report, err := s.warmer(t).Handle(t.Context(), warmer.Event{})
	if err == nil {
		t.Fatal("a run that may not does not fail")
	}
	want.Says(t, "the failure", err.Error(), "provisioning 5 of checkout:live")
	want.Equal(t, "the totals", []int{report.ProvisionedWanted, report.ProvisionedReady, report.ProvisionedShort}, []int{5, 0, 5})
	want.Equal(t, "once it is allowed", []any{s.run(t).Act, there(t)}, []any{warmer.Put, 5})
}

// Six runs at once put once, and take away once.
func TestProvisioned_ofRunsAtOnceOneChanges(t *testing.T) {
	s := newShop(t, "provisioned-at-once")
	shared.For(t).ForgetCalls()
	atOnce := func() {
		t.Helper()
		s.later(t)
		var group errgroup.Group
		for range 6 {
			w := s.warmer(t)
			group.Go(func() error {
				_, err := w.Handle(t.Context(), warmer.Event{})
				return err
			})
		}
		want.NoError(t, "six runs", group.Wait())
	}
	atOnce()
	want.Equal(t, "what is there", there(t), 5)
	s.asks(0)
	atOnce()
	want.Equal(t, "what is there after the window", there(t), 0)
	puts, deletes := counted(t, 0)
	want.Equal(t, "calls that changed something", []int{puts, deletes}, []int{1, 1})
}

// What the warmer set on an alias that the file names no more fails each run, and says what to do.
func TestProvisioned_thatTheFileForgotFailsTheRun(t *testing.T) {
	s := newShop(t, "forgotten")
	s.run(t)
	s.cfg.Functions[0] = warmer.Function{Name: "checkout", Qualifier: "live", Warm: map[string]int{"now": 1}}
	s.later(t)
	report, err := s.warmer(t).Handle(t.Context(), warmer.Event{})
	if err == nil {
		t.Fatal("the run does not fail")
	}
	want.Says(t, "the failure", err.Error(), "checkout:live", "the warmer set 5", "caretaker warmer release")
	want.Equal(t, "what is there", there(t), 5)
	want.Equal(t, "the acts", slices.Collect(func(yield func(warmer.Act) bool) {
		for _, one := range report.Provisioned {
			if !yield(one.Act) {
				return
			}
		}
	}), []warmer.Act{warmer.Forgotten})
}

// What is provisioned by another alias serves the version whatever that is called by: it is warm, and AWS takes no second one.
func TestProvisioned_byAnotherAliasOfTheVersionIsSeen(t *testing.T) {
	s := newShop(t, "another-alias")
	s.cfg.Functions[0].Warm = map[string]int{"now": 2}
	client, name := lambdasvc.NewFromConfig(shared.For(t).AWS()), aws.String("checkout")
	_, err := client.CreateAlias(t.Context(), &lambdasvc.CreateAliasInput{FunctionName: name, Name: aws.String("blue"), FunctionVersion: aws.String("1")})
	want.NoError(t, "making another alias", err)
	_, err = client.PutProvisionedConcurrencyConfig(t.Context(), &lambdasvc.PutProvisionedConcurrencyConfigInput{FunctionName: name, Qualifier: aws.String("blue"), ProvisionedConcurrentExecutions: aws.Int32(2)})
	want.NoError(t, "provisioning it", err)
	s.later(t)
	report := good(t, s.warmer(t))
	want.Equal(t, "why it is not pinged", skippedOf(t, report, "checkout"), warmer.Skip{Ref: warmer.Ref{Name: "checkout", Qualifier: "live"}, Reason: warmer.HasProvisioned, Detail: "2 by blue"})
	want.Equal(t, "the act", report.Provisioned[0].Act, warmer.Leave)
	want.Says(t, "why", report.Provisioned[0].Why, "its version has 2 by blue already")
}
