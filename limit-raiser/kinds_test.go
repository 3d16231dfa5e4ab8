package limitraiser

import (
	"context"
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	autoscalingtypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	quotastypes "github.com/aws/aws-sdk-go-v2/service/servicequotas/types"

	"caretaker/internal/alarm"
	"caretaker/internal/emulator"
	"caretaker/internal/emulator/suite"
	"caretaker/internal/want"
)

// decision is the only one of a report.
func decision(t testing.TB, report Report, err error) Decision {
	t.Helper()
	if err != nil || len(report.Answers) != 1 {
		t.Fatalf("answers: %d, want 1 without an error; the run:\n%s", len(report.Answers), ran(report, err))
	}
	for _, decision := range report.Answers[0].Decisions {
		if decision.Short {
			return decision
		}
	}
	t.Fatalf("nothing is short; the run:\n%s", ran(report, err))
	return Decision{}
}

func TestTables_raisesTheMaximumOfAutoScalingAndNotTheTable(t *testing.T) {
	s := throttledWrites(t)
	targets, ok := s.clients.AutoScaling.(*applicationautoscaling.Client)
	if !ok {
		t.Fatal("not the SDK's client")
	}
	register := &applicationautoscaling.RegisterScalableTargetInput{
		ServiceNamespace: autoscalingtypes.ServiceNamespaceDynamodb, ResourceId: aws.String("table/" + s.table),
		ScalableDimension: autoscalingtypes.ScalableDimensionDynamoDBTableWriteCapacityUnits, MinCapacity: aws.Int32(5), MaxCapacity: aws.Int32(50),
	}
	_, err := targets.RegisterScalableTarget(t.Context(), register)
	s.must(err)

	report, err := s.handle(s.theEvent())
	ran(report, err).decides(t, Decision{Outcome: Raised, Means: AutoScaled, To: 75})
	s.wantWrites(50, 0)
	output, err := targets.DescribeScalableTargets(t.Context(), &applicationautoscaling.DescribeScalableTargetsInput{
		ServiceNamespace: autoscalingtypes.ServiceNamespaceDynamodb, ResourceIds: []string{"table/" + s.table},
	})
	s.must(err)
	if want.Equal(t, "scalable targets", len(output.ScalableTargets), 1) {
		want.Equal(t, "the target's maximum", aws.ToInt32(output.ScalableTargets[0].MaxCapacity), 75)
		want.Equal(t, "the target's minimum", aws.ToInt32(output.ScalableTargets[0].MinCapacity), 5)
	}

	// It provides 50 of 75 now, and the raiser has no metrics: there is room.
	s.pass(time.Hour)
	report, err = s.handle(s.theEvent())
	ran(report, err).decides(t, Decision{Outcome: Met})

	register.SuspendedState = &autoscalingtypes.SuspendedState{DynamicScalingOutSuspended: aws.Bool(true)}
	_, err = targets.RegisterScalableTarget(t.Context(), register)
	s.must(err)
	s.pass(time.Hour)
	report, err = s.handle(s.theEvent())
	ran(report, err).decides(t, Decision{Outcome: Refused, Detail: "suspended"})
}

func TestTables_raisesAnOnDemandMaximumOnlyWhereOneIsSet(t *testing.T) {
	for name, c := range map[string]struct {
		most *dynamodbtypes.OnDemandThroughput
		want Decision
	}{
		"set":   {&dynamodbtypes.OnDemandThroughput{MaxWriteRequestUnits: aws.Int64(100)}, Decision{Outcome: Raised, Means: OnDemandMaximum, To: 150}},
		"unset": {nil, Decision{Outcome: Refused, Means: NoMeans}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			table := w.name + "-table"
			_, err := w.tables.CreateTable(t.Context(), &dynamodb.CreateTableInput{
				TableName: &table, BillingMode: dynamodbtypes.BillingModePayPerRequest, OnDemandThroughput: c.most,
				AttributeDefinitions: []dynamodbtypes.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: "S"}},
				KeySchema:            []dynamodbtypes.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: "HASH"}},
			})
			w.must(err)
			metric := writeThrottles(table)
			report, err := w.raiser(earnest(table)).Handle(t.Context(), w.event(w.alarm("ALARM", metric), metric, w.now()))
			got := decision(t, report, err)
			wantDecision(t, got, c.want)
			want.Equal(t, "to", got.To, c.want.To)
			want.Equal(t, "the cost of a month", got.CostAMonth, 0)
			described, err := w.tables.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: &table})
			w.must(err)
			if most := described.Table.OnDemandThroughput; c.most != nil && most == nil {
				t.Error("the table has no on-demand maximum any more")
			} else if c.most != nil {
				want.Equal(t, "the table's maximum of writes", aws.ToInt64(most.MaxWriteRequestUnits), 150)
			}
		})
	}
}

func TestTables_raisesByTagUpToTheCeiling(t *testing.T) {
	for tag, to := range map[string]float64{"max:60": 60, "max:4000": 65, "max:": 50, "4000": 50, "max:-1": 50, "": 50} {
		t.Run(tag, func(t *testing.T) {
			w := newWorld(t)
			var tags []dynamodbtypes.Tag
			if tag != "" {
				tags = append(tags, dynamodbtypes.Tag{Key: aws.String(RaiseTag), Value: &tag})
			}
			table := w.table(twoUnits{5, 50}, twoUnits{}, tags...)
			cfg := earnest("another", func(c *Config) { c.ByTag, c.Ceiling = true, 65 })
			metric := writeThrottles(table)
			report, err := w.raiser(cfg).Handle(t.Context(), w.event(w.alarm("ALARM", metric), metric, w.now()))
			got := decision(t, report, err)
			wantDecision(t, got, Decision{To: to})
			want.Equal(t, "it is raised", got.Outcome == Raised, to > 50)
		})
	}
}

func TestPlaces(t *testing.T) {
	const rare, usual = dynamodbtypes.TableClassStandardInfrequentAccess, dynamodbtypes.TableClassStandard
	class := func(class dynamodbtypes.TableClass) *dynamodbtypes.TableClassSummary {
		return &dynamodbtypes.TableClassSummary{TableClass: class}
	}
	own := &dynamodbtypes.ProvisionedThroughputOverride{ReadCapacityUnits: aws.Int64(5)}
	replica := func(region string) dynamodbtypes.ReplicaDescription {
		return dynamodbtypes.ReplicaDescription{RegionName: &region}
	}
	overridden := replica("eu-west-1")
	overridden.ProvisionedThroughputOverride, overridden.ReplicaTableClassSummary = own, class(usual)
	overridden.GlobalSecondaryIndexes = []dynamodbtypes.ReplicaGlobalSecondaryIndexDescription{{IndexName: aws.String("own"), ProvisionedThroughputOverride: own}}
	table := func(class *dynamodbtypes.TableClassSummary, replicas ...dynamodbtypes.ReplicaDescription) dynamodbtypes.TableDescription {
		return dynamodbtypes.TableDescription{TableArn: aws.String("arn:aws:dynamodb:us-east-1:111122223333:table/orders"), TableClassSummary: class, Replicas: replicas}
	}
	for name, c := range map[string]struct {
		table dynamodbtypes.TableDescription
		part  Part
		want  []Place
	}{
		"one of no class":                        {table(nil), Part{"", Write}, []Place{{}}},
		"one of the standard class":              {table(class(usual)), Part{"", Write}, []Place{{}}},
		"one that is seldom used":                {table(class(rare)), Part{"", Write}, []Place{{"", true}}},
		"a class that is not known, the dearer":  {table(class("NEW")), Part{"", Read}, []Place{{"", true}}},
		"a global table, which may list itself":  {table(nil, replica("us-east-1"), replica("eu-west-1")), Part{"", Write}, []Place{{}, {"eu-west-1", false}}},
		"replicas are of its class":              {table(class(rare), replica("eu-west-1")), Part{"", Write}, []Place{{"", true}, {"eu-west-1", true}}},
		"or of their own":                        {table(class(rare), overridden), Part{"", Write}, []Place{{"", true}, {"eu-west-1", false}}},
		"reads go along":                         {table(nil, replica("eu-west-1")), Part{"", Read}, []Place{{}, {"eu-west-1", false}}},
		"but where a replica has its own":        {table(nil, overridden), Part{"", Read}, []Place{{}}},
		"those of an index go along":             {table(nil, overridden), Part{"other", Read}, []Place{{}, {"eu-west-1", false}}},
		"but where the replica's index has some": {table(nil, overridden), Part{"own", Read}, []Place{{}}},
	} {
		t.Run(name, func(t *testing.T) {
			want.Equal(t, "the places that are paid for", places(&c.table, c.part), c.want)
		})
	}
}

// The limit on costs counts what is paid: in two Regions, at the prices of the table's class.
func TestTables_costWhatTheirClassAndReplicasDo(t *testing.T) {
	s := throttledWrites(t)
	_, err := s.tables.UpdateTable(t.Context(), &dynamodb.UpdateTableInput{
		TableName: &s.table, TableClass: dynamodbtypes.TableClassStandardInfrequentAccess,
		StreamSpecification: &dynamodbtypes.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: dynamodbtypes.StreamViewTypeNewAndOldImages},
	})
	s.must(err)
	_, err = s.tables.UpdateTable(t.Context(), &dynamodb.UpdateTableInput{TableName: &s.table, ReplicaUpdates: []dynamodbtypes.ReplicationGroupUpdate{
		{Create: &dynamodbtypes.CreateReplicationGroupMemberAction{RegionName: aws.String("eu-west-1")}},
	}})
	s.must(err)
	report, err := s.handle(s.theEvent())
	cost := 25 * (0.00081 + 0.00091875) * 730
	got := decision(t, report, err)
	wantDecision(t, got, Decision{Outcome: Raised, Detail: "paid for in 2 Regions"})
	if math.Abs(got.CostAMonth-cost) > 1e-9 {
		t.Errorf("it costs $%v a month, want $%v", got.CostAMonth, cost)
	}
}

// The emulator backfills an index at once.
func TestBusyTable(t *testing.T) {
	index := func(status dynamodbtypes.IndexStatus, backfilling *bool) dynamodbtypes.TableDescription {
		return dynamodbtypes.TableDescription{TableStatus: "ACTIVE", GlobalSecondaryIndexes: []dynamodbtypes.GlobalSecondaryIndexDescription{
			{IndexName: aws.String("by-customer"), IndexStatus: status, Backfilling: backfilling},
		}}
	}
	for name, c := range map[string]struct {
		table dynamodbtypes.TableDescription
		busy  bool
	}{
		"all active":                        {index("ACTIVE", nil), false},
		"the table is updating":             {dynamodbtypes.TableDescription{TableStatus: "UPDATING"}, true},
		"an index is updating":              {index("UPDATING", nil), true},
		"a new index is being set up":       {index("CREATING", aws.Bool(false)), true},
		"a new index is backfilled, slowly": {index("CREATING", aws.Bool(true)), false},
	} {
		if got := busyTable(&c.table); (got != "") != c.busy {
			t.Errorf("%s: the table is busy as %q, want busy: %t", name, got, c.busy)
		}
	}
}

func (w *world) stream(shards int32) string {
	w.Helper()
	client, name := kinesis.NewFromConfig(w.config), w.name+"-stream"
	_, err := client.CreateStream(w.Context(), &kinesis.CreateStreamInput{StreamName: &name, ShardCount: &shards})
	w.must(err)
	w.must(kinesis.NewStreamExistsWaiter(client, func(o *kinesis.StreamExistsWaiterOptions) { o.MinDelay = 10 * time.Millisecond }).
		Wait(w.Context(), &kinesis.DescribeStreamInput{StreamName: &name}, time.Minute))
	return name
}

func TestStreams_areDoubledOnTheWayToTheGoal(t *testing.T) {
	w := newWorld(t)
	stream := w.stream(2)
	of := map[string]string{"StreamName": stream}
	metric := alarm.Metric{Namespace: "AWS/Kinesis", Name: "WriteProvisionedThroughputExceeded", Dimensions: of}
	alarm := w.alarm("ALARM", metric)
	cfg := earnest("none", func(c *Config) {
		c.Streams = []Stream{{stream, 20}}
		c.Limits.Cooldown = 0
	})
	// Nine shards' worth of bytes, which a reader takes out at once, and some that are refused.
	w.measure("AWS/Kinesis", "IncomingRecords", 2000*60, 1, of)
	w.measure("AWS/Kinesis", "GetRecords.Bytes", 9*60*shardBytesOut, 1, of)
	w.measure("AWS/Kinesis", "WriteProvisionedThroughputExceeded", 2*60, 1, of)
	event := w.event(alarm, metric, w.now())
	for step, wanted := range []float64{4, 8, 12} {
		report, err := w.raiser(cfg).Handle(t.Context(), event)
		ran(report, err).decides(t, Decision{Outcome: Raised, To: wanted}, "step ", step)
		client := kinesis.NewFromConfig(w.config)
		summary, err := client.DescribeStreamSummary(t.Context(), &kinesis.DescribeStreamSummaryInput{StreamName: &stream})
		w.must(err)
		if shards := aws.ToInt32(summary.StreamDescriptionSummary.OpenShardCount); float64(shards) != wanted {
			t.Fatalf("step %d: the stream has %d shards, want %v", step, shards, wanted)
		}
		event = w.look()
	}
	report, err := w.raiser(cfg).Handle(t.Context(), event)
	ran(report, err).decides(t, Decision{Outcome: Met}, "at the goal")
}

// The goal of an episode that ended holds no door open for the next.
func TestStreams_goOnToTheGoalOfTheirEpisodeOnly(t *testing.T) {
	w := newWorld(t)
	stream := w.stream(2)
	of := map[string]string{"StreamName": stream}
	metric := alarm.Metric{Namespace: "AWS/Kinesis", Name: "WriteProvisionedThroughputExceeded", Dimensions: of}
	alarm := w.alarm("ALARM", metric)
	cfg := earnest("none", func(c *Config) { c.Streams = []Stream{{stream, 20}} })
	w.measure("AWS/Kinesis", "IncomingRecords", 9000*60, 1, of)
	report, err := w.raiser(cfg).Handle(t.Context(), w.event(alarm, metric, w.now()))
	ran(report, err).decides(t, Decision{Outcome: Raised, To: 4})
	w.pass(2 * time.Minute)
	report, err = w.raiser(cfg).Handle(t.Context(), w.event(alarm, metric, w.now()))
	ran(report, err).decides(t, Decision{Outcome: Refused, Reason: InCooldown}, "in another episode")
	report, err = w.raiser(cfg).Handle(t.Context(), inQueue(json.RawMessage(w.received(w.options.Queue)[0])))
	ran(report, err).decides(t, Decision{Outcome: Raised, To: 8}, "in the same one")
}

func TestStreams_onDemandAreLeftAlone(t *testing.T) {
	w := newWorld(t)
	stream := w.name + "-stream"
	_, err := kinesis.NewFromConfig(w.config).CreateStream(t.Context(), &kinesis.CreateStreamInput{
		StreamName: &stream, StreamModeDetails: &kinesistypes.StreamModeDetails{StreamMode: kinesistypes.StreamModeOnDemand},
	})
	w.must(err)
	metric := alarm.Metric{Namespace: "AWS/Kinesis", Name: "WriteProvisionedThroughputExceeded", Dimensions: map[string]string{"StreamName": stream}}
	w.emulator.ForgetCalls()
	report, err := w.raiser(earnest("none", func(c *Config) { c.Streams = []Stream{{stream, 20}} })).
		Handle(t.Context(), w.event(w.alarm("ALARM", metric), metric, w.now()))
	ran(report, err).decides(t, Decision{Outcome: Refused, Reason: NothingToRaise})
	ran(report, err).wants(t, counts{"looks sent": 0})
	w.wantCalls("UpdateShardCount", 0)
}

// function makes a function with so much reserved concurrency; 0 reserves none.
func (w *world) function(reserved int32) string {
	w.Helper()
	client, name := lambdasvc.NewFromConfig(w.config), w.name[max(0, len(w.name)-60):]
	suite.Function(w, client, name)
	if reserved > 0 {
		_, err := client.PutFunctionConcurrency(w.Context(), &lambdasvc.PutFunctionConcurrencyInput{FunctionName: &name, ReservedConcurrentExecutions: &reserved})
		w.must(err)
	}
	return name
}

func throttles(function string) alarm.Metric {
	return alarm.Metric{Namespace: "AWS/Lambda", Name: "Throttles", Dimensions: map[string]string{"FunctionName": function}}
}

func TestFunctions_raiseReservedConcurrencyOnlyWhereSomeIsSet(t *testing.T) {
	for reserved, wanted := range map[int32]Decision{
		10: {Outcome: Raised, Means: Reserved, To: 15},
		0:  {Outcome: Refused, Means: NoMeans},
	} {
		t.Run(string(wanted.Outcome), func(t *testing.T) {
			w := newWorld(t)
			function := w.function(reserved)
			metric := throttles(function)
			cfg := earnest("none", func(c *Config) { c.Functions = []Function{{function, 100}} })
			report, err := w.raiser(cfg).Handle(t.Context(), w.event(w.alarm("ALARM", metric), metric, w.now()))
			got := decision(t, report, err)
			wantDecision(t, got, wanted)
			want.Equal(t, "to", got.To, wanted.To)
			now, err := lambdasvc.NewFromConfig(w.config).GetFunctionConcurrency(t.Context(), &lambdasvc.GetFunctionConcurrencyInput{FunctionName: &function})
			w.must(err)
			want.Equal(t, "the concurrency that is reserved", float64(aws.ToInt32(now.ReservedConcurrentExecutions)), wanted.To)
		})
	}
}

// AWS's refusal is played: the emulator knows no floor.
func TestFunctions_learnTheFloorFromTheRefusal(t *testing.T) {
	w := newWorld(t)
	function := w.function(10)
	w.emulator.Inject(emulator.Fault{
		Operation: "PutFunctionConcurrency", Function: function, Times: 1, Status: 400, Code: "InvalidParameterValueException",
		Message: "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [100000].",
	})
	metric := throttles(function)
	cfg := earnest("none", func(c *Config) { c.Functions = []Function{{function, 100}} })
	report, err := w.raiser(cfg).Handle(t.Context(), w.event(w.alarm("ALARM", metric), metric, w.now()))
	ran(report, err).decides(t, Decision{Outcome: Refused, Reason: FloorReached, Detail: "100000"})
}

// The usual floor leaves nothing of 90, and the account's own is 10. AWS's answers are played, as
// is the account.
func TestFunctions_askAWSWhereTheUsualFloorLeavesNothing(t *testing.T) {
	for name, c := range map[string]struct {
		refusals int
		want     Decision
	}{
		"it agrees":            {0, Decision{Outcome: Raised, Reason: IsShort, To: 15}},
		"it tells a low floor": {1, Decision{Outcome: Raised, Reason: IsShort, To: 15}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			function := w.function(10)
			w.clients.Lambda = smallAccount{w.clients.Lambda}
			if c.refusals > 0 {
				w.emulator.Inject(emulator.Fault{
					Operation: "PutFunctionConcurrency", Function: function, Times: c.refusals, Status: 400, Code: "InvalidParameterValueException",
					Message: "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [10].",
				})
			}
			metric := throttles(function)
			cfg := earnest("none", func(c *Config) { c.Functions = []Function{{function, 100}} })
			report, err := w.raiser(cfg).Handle(t.Context(), w.event(w.alarm("ALARM", metric), metric, w.now()))
			ran(report, err).decides(t, c.want)
		})
	}
}

// smallAccount has 100 concurrent runs; the emulator's has 1,000.
type smallAccount struct{ lambdaAPI }

func (a smallAccount) GetAccountSettings(context.Context, *lambdasvc.GetAccountSettingsInput, ...func(*lambdasvc.Options)) (*lambdasvc.GetAccountSettingsOutput, error) {
	return &lambdasvc.GetAccountSettingsOutput{AccountLimit: &lambdatypes.AccountLimit{UnreservedConcurrentExecutions: aws.Int32(90)}}, nil
}

// vpcs is the quota of VPCs in a Region: 5 by default.
const vpcs = "L-F678F1CE"

// quotaScene is an alarm on the usage of a quota that may go from 5 to 7. All tests share the one
// quota, of which nobody has asked for more when a scene begins.
func quotaScene(t *testing.T, changes ...func(*emulator.Quota)) (w *world, cfg Config, event func() json.RawMessage) {
	t.Helper()
	w = newWorld(t)
	quota := emulator.Quota{Service: "vpc", Code: vpcs, Metric: "ResourceCount", Dimensions: map[string]string{
		"Service": "VPC", "Type": "Resource", "Resource": "VPCs-" + w.name, "Class": "None",
	}}
	for _, change := range changes {
		change(&quota)
	}
	w.emulator.SetQuota(quota)
	w.emulator.ForgetCalls()
	metric := alarm.Metric{Namespace: "AWS/Usage", Name: "ResourceCount", Dimensions: quota.Dimensions}
	cfg = earnest("none", func(c *Config) { c.Quotas = []Quota{{Service: "vpc", Code: vpcs, Max: 7}} })
	alarm := w.alarm("ALARM", metric)
	return w, cfg, func() json.RawMessage { return w.event(alarm, metric, w.now()) }
}

func TestQuotas_areAskedForOnceAndUpToTheCap(t *testing.T) {
	w, cfg, event := quotaScene(t)
	report, err := w.raiser(cfg).Handle(t.Context(), event())
	ran(report, err).decides(t, Decision{Outcome: Raised, Means: Requested, From: 5, To: 7})
	want.Equal(t, "a support case is opened", w.wantRequest("vpc", vpcs, 7).SupportCase, false)
	for _, status := range []string{"PENDING", "CASE_OPENED"} {
		w.emulator.AnswerQuotaRequest("vpc", vpcs, emulator.QuotaAnswer{Status: status, At: w.now()})
		w.pass(time.Hour)
		report, err = w.raiser(cfg).Handle(t.Context(), event())
		ran(report, err).decides(t, Decision{Outcome: Refused, Reason: AlreadyAsked}, "a second request beside one that is ", status)
		w.wantCalls("RequestServiceQuotaIncrease", 1)
	}
}

// What AWS denied a day ago stands in nobody's way; what it granted is where the next step begins.
func TestQuotas_areAskedForAgainOnceAWSHasAnswered(t *testing.T) {
	w, cfg, event := quotaScene(t)
	cfg.Quotas[0].Max = 100
	for _, step := range []struct {
		answer   string
		from, to float64
	}{{"DENIED", 5, 8}, {"NOT_APPROVED", 5, 8}, {"APPROVED", 5, 8}, {"CASE_CLOSED", 8, 12}} {
		report, err := w.raiser(cfg).Handle(t.Context(), event())
		ran(report, err).decides(t, Decision{Outcome: Raised, From: step.from, To: step.to}, "before AWS says ", step.answer)
		w.emulator.AnswerQuotaRequest("vpc", vpcs, emulator.QuotaAnswer{Status: step.answer, At: w.now()})
		w.pass(25 * time.Hour)
	}
}

// A support case is closed whether or not AWS granted what it asked for.
func TestQuotas_goOnFromWhatASupportCaseGranted(t *testing.T) {
	w, cfg, event := quotaScene(t)
	cfg.Quotas[0].Max, cfg.Limits.Cooldown = 100, 0
	for _, wanted := range []float64{8, 12, 18} {
		report, err := w.raiser(cfg).Handle(t.Context(), event())
		ran(report, err).decides(t, Decision{Outcome: Raised, To: wanted})
		w.emulator.AnswerQuotaRequest("vpc", vpcs, emulator.QuotaAnswer{Status: "CASE_CLOSED", At: w.now(), Granted: true})
		w.pass(time.Minute)
	}
}

// The day begins with AWS's answer, which may take days.
func TestQuotas_areNotAskedForAgainWhenAWSAnswersLate(t *testing.T) {
	w, cfg, event := quotaScene(t)
	ran(w.raiser(cfg).Handle(t.Context(), event())).decides(t, Decision{Outcome: Raised})
	w.pass(72 * time.Hour)
	w.emulator.AnswerQuotaRequest("vpc", vpcs, emulator.QuotaAnswer{Status: "DENIED", At: w.now()})
	for _, step := range []struct {
		after time.Duration
		want  Outcome
	}{{23 * time.Hour, Refused}, {2 * time.Hour, Raised}} {
		w.pass(step.after)
		report, err := w.raiser(cfg).Handle(t.Context(), event())
		ran(report, err).decides(t, Decision{Outcome: step.want}, step.after, " later")
	}
}

// Without a support case most requests end that way.
func TestQuotas_areNotAskedForAgainWhenAWSDidNotApprove(t *testing.T) {
	for _, status := range []string{"NOT_APPROVED", "DENIED", "CASE_CLOSED"} {
		t.Run(status, func(t *testing.T) {
			w, cfg, event := quotaScene(t)
			e := event()
			for step := range 4 {
				report, err := w.raiser(cfg).Handle(t.Context(), e)
				got := decision(t, report, err)
				if step > 0 {
					wantDecision(t, got, Decision{Outcome: Refused, Reason: NotApproved, To: 5, Detail: "for 7"}, "step ", step)
				}
				w.emulator.AnswerQuotaRequest("vpc", vpcs, emulator.QuotaAnswer{Status: status, At: w.now()})
				w.pass(6 * time.Minute)
				e = w.look()
			}
			w.wantCalls("RequestServiceQuotaIncrease", 1)
			w.wantTold(2)
		})
	}
}

func TestQuotas_knownByTheirDefaultOnlyAreAskedForToo(t *testing.T) {
	w, cfg, event := quotaScene(t, func(q *emulator.Quota) { q.DefaultOnly = true })
	report, err := w.raiser(cfg).Handle(t.Context(), event())
	ran(report, err).decides(t, Decision{Outcome: Raised, From: 5, To: 7})
	if w.done("GetAWSDefaultServiceQuota") == 0 {
		t.Error("AWS was not asked for the default")
	}
}

func TestQuotas_roundUp(t *testing.T) {
	w, cfg, event := quotaScene(t)
	cfg.Sizing.Percent = 1
	report, err := w.raiser(cfg).Handle(t.Context(), event())
	ran(report, err).decides(t, Decision{To: 6}, "1 % of 5")
	want.Equal(t, "AWS was asked for", w.emulator.QuotaRequests("vpc", vpcs)[0].Value, 6)
}

// A count of what there is comes every few minutes only.
func TestQuotas_goByTheirLastCount(t *testing.T) {
	w, cfg, event := quotaScene(t)
	w.measure("AWS/Usage", "ResourceCount", 4, 20, map[string]string{
		"Service": "VPC", "Type": "Resource", "Resource": "VPCs-" + w.name, "Class": "None",
	})
	report, err := w.raiser(cfg).Handle(t.Context(), event())
	ran(report, err).decides(t, Decision{Outcome: Met, Detail: "the demand of 4"})
}

// AWS counts the concurrency of an account in a metric of Lambda's own, without dimensions.
func TestQuotas_areRaisedByTheMetricThatAWSNames(t *testing.T) {
	w := newWorld(t)
	w.emulator.SetQuota(emulator.Quota{Service: "lambda", Code: "L-B99A9384"})
	metric := alarm.Metric{Namespace: "AWS/Lambda", Name: "ConcurrentExecutions"}
	w.measure("AWS/Lambda", "ConcurrentExecutions", 900, 2, nil)
	cfg := earnest("none", func(c *Config) {
		c.Quotas = []Quota{{Service: "lambda", Code: "L-B99A9384", Max: 5000, Usage: Usage{Namespace: "AWS/Lambda", Metric: "ConcurrentExecutions"}}}
	})
	report, err := w.raiser(cfg).Handle(t.Context(), w.event(w.alarm("ALARM", metric), metric, w.now()))
	ran(report, err).decides(t, Decision{Outcome: Raised, Means: Requested, From: 1000, To: 1500})
	w.wantRequest("lambda", "L-B99A9384", 1500)
	want.Equal(t, "a child on the quota's metric may come to be short", w.raiser(cfg).raisable(metric), true)
	want.Equal(t, "a child on errors may come to be short", w.raiser(cfg).raisable(alarm.Metric{Namespace: "AWS/Lambda", Name: "Errors"}), false)
}

// As of a composite alarm over both.
func TestQuotas_areShortBesideTables(t *testing.T) {
	w, cfg, _ := quotaScene(t)
	usage := alarm.Metric{Namespace: "AWS/Usage", Name: "ResourceCount", Dimensions: map[string]string{
		"Service": "VPC", "Type": "Resource", "Resource": "VPCs-" + w.name, "Class": "None",
	}}
	said, err := w.raiser(cfg).says(t.Context(), alarm.Alarm{Metrics: []alarm.Metric{usage, writeThrottles("orders")}}, true)
	want.NoError(t, "reading what is short", err)
	if want.Equal(t, "resources that are short", len(said.short), 2) {
		want.Equal(t, "the first", said.short[0].Resource, Resource{KindTable, "orders"})
		want.Equal(t, "the kind of the second", said.short[1].Resource.Kind, KindQuota)
	}
	w.emulator.ForgetCalls()
	said, err = w.raiser(cfg).says(t.Context(), alarm.Alarm{Metrics: []alarm.Metric{writeThrottles("orders"), {Expression: "m1 / 2"}}}, true)
	want.NoError(t, "reading what is short where nothing is left that a quota could count", err)
	want.Equal(t, "resources that are short", len(said.short), 1)
	want.Equal(t, "calls", len(w.emulator.Calls()), 0)
}

func TestQuotas_openACaseOnlyWhereTheFileSaysSo(t *testing.T) {
	w, cfg, event := quotaScene(t)
	cfg.Quotas[0].SupportCase = true
	report, err := w.raiser(cfg).Handle(t.Context(), event())
	ran(report, err).decides(t, Decision{Outcome: Raised})
	want.Equal(t, "a support case is opened", w.emulator.QuotaRequests("vpc", vpcs)[0].SupportCase, true)
}

func TestQuotas_reportWhatARequestCannotRaise(t *testing.T) {
	w, cfg, event := quotaScene(t, func(q *emulator.Quota) { q.Fixed = true })
	report, err := w.raiser(cfg).Handle(t.Context(), event())
	ran(report, err).decides(t, Decision{Outcome: Refused, Reason: NothingToRaise})
	ran(report, err).wants(t, counts{"looks sent": 0})
	w.wantCalls("RequestServiceQuotaIncrease", 0)
}

func TestQuotas_tellByTheCodeWhatARefusalMeans(t *testing.T) {
	for name, c := range map[string]struct {
		code    string
		outcome Outcome
		reason  Reason
	}{
		"another's request": {"ResourceAlreadyExistsException", Refused, AlreadyAsked},
		"too many requests": {"QuotaExceededException", Refused, AWSRefused},
		"an odd value":      {"IllegalArgumentException", Failed, AWSRefused},
	} {
		t.Run(name, func(t *testing.T) {
			w, cfg, event := quotaScene(t)
			w.emulator.Inject(emulator.Fault{Operation: "RequestServiceQuotaIncrease", Times: 1, Status: 400, Code: c.code, Message: "the test says so"})
			report, err := w.raiser(cfg).Handle(t.Context(), event())
			ran(report, err).decides(t, Decision{Outcome: c.outcome, Reason: c.reason})
		})
	}
}

// The quota comes after another of the file, of which AWS does not answer; that may be meant as well.
func TestQuotas_areAskedForThoughAnotherCannotBeRead(t *testing.T) {
	w, cfg, event := quotaScene(t)
	cfg.Quotas = []Quota{{Service: "vpc", Code: "L-45FE3B85", Max: 100}, cfg.Quotas[0]}
	w.emulator.Inject(emulator.Fault{Operation: "GetServiceQuota", Times: 5, Status: 500, Code: "ServiceException", Message: "the test says so"})
	raw := event()
	report, err := w.raiser(cfg).Handle(t.Context(), raw)
	ran(report, err).fails(t, counts{Raised: 1})
	want.Equal(t, "requests that AWS took", w.done("RequestServiceQuotaIncrease"), 1)
	report, err = w.raiser(cfg).Handle(t.Context(), raw)
	ran(report, err).wants(t, counts{"duplicates": 1}, "the event again")
	want.Equal(t, "requests that AWS took", w.done("RequestServiceQuotaIncrease"), 1)
}

func TestQuotaLoad_reckonsInThePeriodOfTheQuota(t *testing.T) {
	usage := &quotastypes.MetricInfo{MetricNamespace: aws.String("AWS/Usage"), MetricName: aws.String("CallCount")}
	every := func(value int32, unit quotastypes.PeriodUnit) *quotastypes.QuotaPeriod {
		return &quotastypes.QuotaPeriod{PeriodValue: &value, PeriodUnit: unit}
	}
	for name, c := range map[string]struct {
		period *quotastypes.QuotaPeriod
		known  bool
		want   float64
	}{
		"what there is at a time": {nil, true, 600},
		"a second":                {every(1, quotastypes.PeriodUnitSecond), true, 10},
		"five seconds":            {every(5, quotastypes.PeriodUnitSecond), true, 50},
		"100 milliseconds":        {every(100, quotastypes.PeriodUnitMillisecond), true, 1},
		"a minute":                {every(1, quotastypes.PeriodUnitMinute), true, 600},
		"five minutes":            {every(5, quotastypes.PeriodUnitMinute), true, 3000},
		"an hour":                 {every(1, quotastypes.PeriodUnitHour), false, 0},
		"a day":                   {every(1, quotastypes.PeriodUnitDay), false, 0},
	} {
		load, known := quotaLoad(usage, c.period)
		if known != c.known {
			t.Errorf("%s: the load is known: %t, want %t", name, known, c.known)
			continue
		}
		if !known {
			continue
		}
		if demand := EstimateDemand([]Sample{load.sample([]float64{600})}, 3); math.Abs(demand.PerSecond-c.want) > 1e-9 {
			t.Errorf("%s: 600 in a minute are %v of the quota, want %v", name, demand.PerSecond, c.want)
		}
	}
	if _, known := quotaLoad(nil, nil); known {
		t.Error("known without a metric")
	}
}
