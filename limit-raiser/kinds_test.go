package limitraiser

import (
	"context"
	"encoding/json"
	"math"
	"strings"
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
	"github.com/google/go-cmp/cmp"

	"caretaker/internal/alarm"
	"caretaker/internal/emulator"
)

// decision is the only one of a report.
func decision(t *testing.T, report Report, err error) Decision {
	t.Helper()
	if err != nil || len(report.Answers) != 1 {
		t.Fatalf("%+v, %v", report, err)
	}
	for _, decision := range report.Answers[0].Decisions {
		if decision.Short {
			return decision
		}
	}
	t.Fatalf("nothing is short: %+v", report)
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
	if got := decision(t, report, err); got.Outcome != Raised || got.Means != AutoScaled || got.To != 75 {
		t.Errorf("%+v", got)
	}
	s.wantWrites(50, 0)
	output, err := targets.DescribeScalableTargets(t.Context(), &applicationautoscaling.DescribeScalableTargetsInput{
		ServiceNamespace: autoscalingtypes.ServiceNamespaceDynamodb, ResourceIds: []string{"table/" + s.table},
	})
	s.must(err)
	if len(output.ScalableTargets) != 1 || aws.ToInt32(output.ScalableTargets[0].MaxCapacity) != 75 || aws.ToInt32(output.ScalableTargets[0].MinCapacity) != 5 {
		t.Errorf("the target is %+v", output.ScalableTargets)
	}

	// It provides 50 of 75 now, and the raiser has no metrics: there is room.
	s.pass(time.Hour)
	report, err = s.handle(s.theEvent())
	if got := decision(t, report, err); got.Outcome != Met {
		t.Errorf("%+v", got)
	}

	register.SuspendedState = &autoscalingtypes.SuspendedState{DynamicScalingOutSuspended: aws.Bool(true)}
	_, err = targets.RegisterScalableTarget(t.Context(), register)
	s.must(err)
	s.pass(time.Hour)
	report, err = s.handle(s.theEvent())
	if got := decision(t, report, err); got.Outcome != Refused || !strings.Contains(got.Detail, "suspended") {
		t.Errorf("%+v", got)
	}
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
			if got.Outcome != c.want.Outcome || got.Means != c.want.Means || got.To != c.want.To || got.CostAMonth != 0 {
				t.Errorf("%+v", got)
			}
			described, err := w.tables.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: &table})
			w.must(err)
			if most := described.Table.OnDemandThroughput; c.most != nil && (most == nil || aws.ToInt64(most.MaxWriteRequestUnits) != 150) {
				t.Errorf("the maximum is %+v", most)
			}
		})
	}
}

func TestTables_raisesByTagUpToTheCeiling(t *testing.T) {
	for tag, want := range map[string]float64{"max:60": 60, "max:4000": 65, "max:": 50, "4000": 50, "max:-1": 50, "": 50} {
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
			if got := decision(t, report, err); got.To != want || (want > 50) != (got.Outcome == Raised) {
				t.Errorf("%+v", got)
			}
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
			if diff := cmp.Diff(c.want, places(&c.table, c.part)); diff != "" {
				t.Error(diff)
			}
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
	want := 25 * (0.00065 + 0.000735) * 1.25 * 730
	if got := decision(t, report, err); got.Outcome != Raised || math.Abs(got.CostAMonth-want) > 1e-9 || !strings.Contains(got.Detail, "paid for in 2 Regions") {
		t.Errorf("%+v, want $%.2f", got, want)
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
			t.Errorf("%s: %q", name, got)
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
	for step, want := range []float64{4, 8, 12} {
		report, err := w.raiser(cfg).Handle(t.Context(), event)
		got := decision(t, report, err)
		if got.Outcome != Raised || got.To != want {
			t.Fatalf("step %d: %+v, want %v shards", step, got, want)
		}
		client := kinesis.NewFromConfig(w.config)
		summary, err := client.DescribeStreamSummary(t.Context(), &kinesis.DescribeStreamSummaryInput{StreamName: &stream})
		w.must(err)
		if shards := aws.ToInt32(summary.StreamDescriptionSummary.OpenShardCount); float64(shards) != want {
			t.Fatalf("step %d: the stream has %d shards", step, shards)
		}
		event = w.look()
	}
	report, err := w.raiser(cfg).Handle(t.Context(), event)
	if got := decision(t, report, err); got.Outcome != Met {
		t.Errorf("at the goal: %+v", got)
	}
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
	if got := decision(t, report, err); got.Outcome != Raised || got.To != 4 {
		t.Fatalf("%+v", got)
	}
	w.pass(2 * time.Minute)
	report, err = w.raiser(cfg).Handle(t.Context(), w.event(alarm, metric, w.now()))
	if got := decision(t, report, err); got.Outcome != Refused || got.Reason != InCooldown {
		t.Errorf("in another episode: %+v", got)
	}
	report, err = w.raiser(cfg).Handle(t.Context(), inQueue(json.RawMessage(w.received(w.options.Queue)[0])))
	if got := decision(t, report, err); got.Outcome != Raised || got.To != 8 {
		t.Errorf("in the same one: %+v", got)
	}
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
	if got := decision(t, report, err); got.Outcome != Refused || got.Reason != NothingToRaise || w.calls("UpdateShardCount") != 0 || report.LooksSent != 0 {
		t.Errorf("%+v, %+v", got, report)
	}
}

// function makes a function with so much reserved concurrency; 0 reserves none.
func (w *world) function(reserved int32) string {
	w.Helper()
	client, name := lambdasvc.NewFromConfig(w.config), w.name[max(0, len(w.name)-60):]
	_, err := client.CreateFunction(w.Context(), &lambdasvc.CreateFunctionInput{
		FunctionName: &name, Role: aws.String("arn:aws:iam::000000000000:role/none"), Runtime: lambdatypes.RuntimeProvidedal2023,
		Handler: aws.String("bootstrap"), Code: &lambdatypes.FunctionCode{ZipFile: emptyZip},
	})
	w.must(err)
	if reserved > 0 {
		_, err = client.PutFunctionConcurrency(w.Context(), &lambdasvc.PutFunctionConcurrencyInput{FunctionName: &name, ReservedConcurrentExecutions: &reserved})
		w.must(err)
	}
	return name
}

// emptyZip is a zip file with nothing in it.
var emptyZip = append([]byte("PK\x05\x06"), make([]byte, 18)...)

func throttles(function string) alarm.Metric {
	return alarm.Metric{Namespace: "AWS/Lambda", Name: "Throttles", Dimensions: map[string]string{"FunctionName": function}}
}

func TestFunctions_raiseReservedConcurrencyOnlyWhereSomeIsSet(t *testing.T) {
	for reserved, want := range map[int32]Decision{
		10: {Outcome: Raised, Means: Reserved, To: 15},
		0:  {Outcome: Refused, Means: NoMeans},
	} {
		t.Run(string(want.Outcome), func(t *testing.T) {
			w := newWorld(t)
			function := w.function(reserved)
			metric := throttles(function)
			cfg := earnest("none", func(c *Config) { c.Functions = []Function{{function, 100}} })
			report, err := w.raiser(cfg).Handle(t.Context(), w.event(w.alarm("ALARM", metric), metric, w.now()))
			if got := decision(t, report, err); got.Outcome != want.Outcome || got.Means != want.Means || got.To != want.To {
				t.Errorf("%+v", got)
			}
			now, err := lambdasvc.NewFromConfig(w.config).GetFunctionConcurrency(t.Context(), &lambdasvc.GetFunctionConcurrencyInput{FunctionName: &function})
			w.must(err)
			if float64(aws.ToInt32(now.ReservedConcurrentExecutions)) != want.To {
				t.Errorf("%d is reserved", aws.ToInt32(now.ReservedConcurrentExecutions))
			}
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
	if got := decision(t, report, err); got.Outcome != Refused || got.Reason != FloorReached || !strings.Contains(got.Detail, "100000") {
		t.Errorf("%+v", got)
	}
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
			if got := decision(t, report, err); got.Outcome != c.want.Outcome || got.Reason != c.want.Reason || got.To != c.want.To {
				t.Errorf("%+v", got)
			}
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
	if got := decision(t, report, err); got.Outcome != Raised || got.Means != Requested || got.From != 5 || got.To != 7 {
		t.Errorf("%+v", got)
	}
	requests := w.emulator.QuotaRequests("vpc", vpcs)
	if len(requests) != 1 || requests[0].Value != 7 || requests[0].SupportCase {
		t.Errorf("asked for %+v", requests)
	}
	for _, status := range []string{"PENDING", "CASE_OPENED"} {
		w.emulator.AnswerQuotaRequest("vpc", vpcs, emulator.QuotaAnswer{Status: status, At: w.now()})
		w.pass(time.Hour)
		report, err = w.raiser(cfg).Handle(t.Context(), event())
		if got := decision(t, report, err); got.Outcome != Refused || got.Reason != AlreadyAsked || w.calls("RequestServiceQuotaIncrease") != 1 {
			t.Errorf("a second request beside one that is %s: %+v", status, got)
		}
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
		if got := decision(t, report, err); got.Outcome != Raised || got.From != step.from || got.To != step.to {
			t.Errorf("before AWS says %s: %+v", step.answer, got)
		}
		w.emulator.AnswerQuotaRequest("vpc", vpcs, emulator.QuotaAnswer{Status: step.answer, At: w.now()})
		w.pass(25 * time.Hour)
	}
}

// A support case is closed whether or not AWS granted what it asked for.
func TestQuotas_goOnFromWhatASupportCaseGranted(t *testing.T) {
	w, cfg, event := quotaScene(t)
	cfg.Quotas[0].Max, cfg.Limits.Cooldown = 100, 0
	for _, want := range []float64{8, 12, 18} {
		report, err := w.raiser(cfg).Handle(t.Context(), event())
		if got := decision(t, report, err); got.Outcome != Raised || got.To != want {
			t.Errorf("up to %g: %+v", want, got)
		}
		w.emulator.AnswerQuotaRequest("vpc", vpcs, emulator.QuotaAnswer{Status: "CASE_CLOSED", At: w.now(), Granted: true})
		w.pass(time.Minute)
	}
}

// The day begins with AWS's answer, which may take days.
func TestQuotas_areNotAskedForAgainWhenAWSAnswersLate(t *testing.T) {
	w, cfg, event := quotaScene(t)
	if report, err := w.raiser(cfg).Handle(t.Context(), event()); decision(t, report, err).Outcome != Raised {
		t.Fatalf("%+v, %v", report, err)
	}
	w.pass(72 * time.Hour)
	w.emulator.AnswerQuotaRequest("vpc", vpcs, emulator.QuotaAnswer{Status: "DENIED", At: w.now()})
	for _, step := range []struct {
		after time.Duration
		want  Outcome
	}{{23 * time.Hour, Refused}, {2 * time.Hour, Raised}} {
		w.pass(step.after)
		report, err := w.raiser(cfg).Handle(t.Context(), event())
		if got := decision(t, report, err); got.Outcome != step.want {
			t.Errorf("%s later: %+v", step.after, got)
		}
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
				if step > 0 && (got.Outcome != Refused || got.Reason != NotApproved || got.To != 5 || !strings.Contains(got.Detail, "for 7")) {
					t.Errorf("step %d: %+v", step, got)
				}
				w.emulator.AnswerQuotaRequest("vpc", vpcs, emulator.QuotaAnswer{Status: status, At: w.now()})
				w.pass(6 * time.Minute)
				e = w.look()
			}
			if asked := w.calls("RequestServiceQuotaIncrease"); asked != 1 {
				t.Errorf("AWS was asked %d times for what it did not approve", asked)
			}
			if told := w.received(w.inbox); len(told) != 2 {
				t.Errorf("people were told %d times, want of the request and of the answer: %s", len(told), told)
			}
		})
	}
}

func TestQuotas_knownByTheirDefaultOnlyAreAskedForToo(t *testing.T) {
	w, cfg, event := quotaScene(t, func(q *emulator.Quota) { q.DefaultOnly = true })
	report, err := w.raiser(cfg).Handle(t.Context(), event())
	if got := decision(t, report, err); got.Outcome != Raised || got.From != 5 || got.To != 7 || w.done("GetAWSDefaultServiceQuota") == 0 {
		t.Errorf("%+v", got)
	}
}

func TestQuotas_roundUp(t *testing.T) {
	w, cfg, event := quotaScene(t)
	cfg.Sizing.Percent = 1
	report, err := w.raiser(cfg).Handle(t.Context(), event())
	if got := decision(t, report, err); got.To != 6 || w.emulator.QuotaRequests("vpc", vpcs)[0].Value != 6 {
		t.Errorf("1 %% of 5: %+v", got)
	}
}

// A count of what there is comes every few minutes only.
func TestQuotas_goByTheirLastCount(t *testing.T) {
	w, cfg, event := quotaScene(t)
	w.measure("AWS/Usage", "ResourceCount", 4, 20, map[string]string{
		"Service": "VPC", "Type": "Resource", "Resource": "VPCs-" + w.name, "Class": "None",
	})
	report, err := w.raiser(cfg).Handle(t.Context(), event())
	if got := decision(t, report, err); got.Outcome != Met || !strings.Contains(got.Detail, "the demand of 4") {
		t.Errorf("%+v", got)
	}
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
	if got := decision(t, report, err); got.Outcome != Raised || got.Means != Requested || got.From != 1000 || got.To != 1500 {
		t.Errorf("%+v", got)
	}
	if requests := w.emulator.QuotaRequests("lambda", "L-B99A9384"); len(requests) != 1 || requests[0].Value != 1500 {
		t.Errorf("asked for %+v", requests)
	}
	if r := w.raiser(cfg); !r.raisable(metric) || r.raisable(alarm.Metric{Namespace: "AWS/Lambda", Name: "Errors"}) {
		t.Error("a child of a composite alarm is not waited for, or one about nothing is")
	}
}

// As of a composite alarm over both.
func TestQuotas_areShortBesideTables(t *testing.T) {
	w, cfg, _ := quotaScene(t)
	usage := alarm.Metric{Namespace: "AWS/Usage", Name: "ResourceCount", Dimensions: map[string]string{
		"Service": "VPC", "Type": "Resource", "Resource": "VPCs-" + w.name, "Class": "None",
	}}
	said, err := w.raiser(cfg).says(t.Context(), alarm.Alarm{Metrics: []alarm.Metric{usage, writeThrottles("orders")}}, true)
	if short := said.short; err != nil || len(short) != 2 || short[0].Resource != (Resource{KindTable, "orders"}) || short[1].Resource.Kind != KindQuota {
		t.Errorf("short are %+v, %v", short, err)
	}
	w.emulator.ForgetCalls()
	said, err = w.raiser(cfg).says(t.Context(), alarm.Alarm{Metrics: []alarm.Metric{writeThrottles("orders"), {Expression: "m1 / 2"}}}, true)
	if err != nil || len(said.short) != 1 || len(w.emulator.Calls()) != 0 {
		t.Errorf("short are %+v, %v; nothing is left that a quota could count", said.short, err)
	}
}

func TestQuotas_openACaseOnlyWhereTheFileSaysSo(t *testing.T) {
	w, cfg, event := quotaScene(t)
	cfg.Quotas[0].SupportCase = true
	report, err := w.raiser(cfg).Handle(t.Context(), event())
	if got := decision(t, report, err); got.Outcome != Raised || !w.emulator.QuotaRequests("vpc", vpcs)[0].SupportCase {
		t.Errorf("%+v", got)
	}
}

func TestQuotas_reportWhatARequestCannotRaise(t *testing.T) {
	w, cfg, event := quotaScene(t, func(q *emulator.Quota) { q.Fixed = true })
	report, err := w.raiser(cfg).Handle(t.Context(), event())
	if got := decision(t, report, err); got.Outcome != Refused || got.Reason != NothingToRaise || w.calls("RequestServiceQuotaIncrease") != 0 || report.LooksSent != 0 {
		t.Errorf("%+v", got)
	}
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
			if got := decision(t, report, err); got.Outcome != c.outcome || got.Reason != c.reason {
				t.Errorf("%+v", got)
			}
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
	if err == nil || report.Outcomes[Raised] != 1 || w.done("RequestServiceQuotaIncrease") != 1 {
		t.Errorf("%+v, %v", report, err)
	}
	report, err = w.raiser(cfg).Handle(t.Context(), raw)
	if err != nil || report.Duplicates != 1 || w.done("RequestServiceQuotaIncrease") != 1 {
		t.Errorf("the event again: %+v, %v", report, err)
	}
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
			t.Errorf("%s: known is %v", name, known)
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
