package simulation

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp/cmpopts"

	"caretaker/internal/emulator"
	"caretaker/internal/setting"
	"caretaker/internal/want"
	limitraiser "caretaker/limit-raiser"
)

// product is the limit-raiser itself under a simulated load: what it decides, reads, writes down and
// raises is real. CloudWatch and the queue are fakes, since the emulator evaluates no metric math, and
// dates a change of an alarm by its own clock.
type product struct {
	*testing.T
	policy  Policy
	kind    kind
	begins  time.Time
	minute  int
	seen    []measured
	busy    bool
	raiser  *limitraiser.Raiser
	tables  *dynamodb.Client
	streams *kinesis.Client
	// alarms are as deployed; a look is what the function sent itself, by the minute it is due in.
	alarms   []*alarm
	looks    map[int][]string
	raises   []Raise
	refusals []Refusal
}

func (p *product) now() time.Time { return p.begins.Add(time.Duration(p.minute+1) * time.Minute) }

func (p *product) decide(minute int, seen []measured, capacity float64, busy bool) float64 {
	p.minute, p.seen, p.busy = minute, seen, busy
	for _, a := range p.alarms {
		was := a.on
		if a.on = onFor(seen, limitraiser.CallsOfMinutes, limitraiser.CallsInMinutes, a.over); a.on && !was {
			a.changed = minute
			p.handle(p.event(a))
		}
	}
	due := p.looks[minute]
	delete(p.looks, minute)
	for _, body := range due {
		p.handle([]byte(body))
	}
	return p.capacity()
}

func (p *product) handle(event json.RawMessage) {
	p.Helper()
	report, err := p.raiser.Handle(p.Context(), event)
	want.NoError(p, fmt.Sprintf("the run of minute %d", p.minute), err)
	for _, answer := range report.Answers {
		for _, d := range answer.Decisions {
			switch {
			case !d.Short:
			case d.Outcome == limitraiser.Raised:
				p.raises, p.busy = append(p.raises, Raise{Decided: p.minute, From: d.From, To: d.To}), true
			case d.Outcome == limitraiser.Refused || d.Outcome == limitraiser.AtMaximum:
				p.refusals = append(p.refusals, Refusal{Minute: p.minute, Reason: d.Reason})
			}
		}
	}
}

func (p *product) changed(a *alarm) time.Time {
	return p.begins.Add(time.Duration(a.changed+1) * time.Minute)
}

// event is what CloudWatch calls the function with.
func (p *product) event(a *alarm) json.RawMessage {
	namespace, metric, dimension := "AWS/DynamoDB", "WriteThrottleEvents", "TableName"
	switch {
	case p.policy.Units == Shards:
		namespace, metric, dimension = "AWS/Kinesis", "WriteProvisionedThroughputExceeded", "StreamName"
	case a.name == "share":
		metric = "ConsumedWriteCapacityUnits"
	}
	at := p.changed(a).Format("2006-01-02T15:04:05.000-0700")
	raw, err := json.Marshal(map[string]any{
		"source": "aws.cloudwatch", "alarmArn": "arn:aws:cloudwatch:us-east-1:000000000000:alarm:" + a.name, "accountId": "000000000000", "region": "us-east-1", "time": at,
		"alarmData": map[string]any{
			"alarmName": a.name, "state": map[string]any{"value": "ALARM", "timestamp": at},
			"configuration": map[string]any{"metrics": []any{map[string]any{"id": "m", "returnData": true, "metricStat": map[string]any{
				"period": 60, "stat": "Sum", "metric": map[string]any{"namespace": namespace, "name": metric, "dimensions": map[string]string{dimension: p.kind.resource.Name}},
			}}}},
		},
	})
	want.NoError(p, "writing the alarm's event", err)
	return raw
}

type fakeCloudWatch struct {
	*cloudwatch.Client
	product *product
}

func (f fakeCloudWatch) DescribeAlarms(_ context.Context, input *cloudwatch.DescribeAlarmsInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.DescribeAlarmsOutput, error) {
	output := &cloudwatch.DescribeAlarmsOutput{}
	for _, a := range f.product.alarms {
		if a.name == input.AlarmNames[0] {
			state := map[bool]cloudwatchtypes.StateValue{true: "ALARM", false: "OK"}[a.on]
			output.MetricAlarms = append(output.MetricAlarms, cloudwatchtypes.MetricAlarm{
				AlarmName: &a.name, StateValue: state, StateTransitionedTimestamp: aws.Time(f.product.changed(a)),
				ComparisonOperator: cloudwatchtypes.ComparisonOperatorGreaterThanThreshold, Threshold: aws.Float64(0),
			})
		}
	}
	return output, nil
}

func (f fakeCloudWatch) GetMetricData(_ context.Context, input *cloudwatch.GetMetricDataInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricDataOutput, error) {
	values := map[string]func(measured) float64{
		"ConsumedWriteCapacityUnits":         func(m measured) float64 { return m.Consumed },
		"WriteThrottleEvents":                func(m measured) float64 { return m.Throttled },
		"IncomingRecords":                    func(m measured) float64 { return 1000 * m.Consumed },
		"WriteProvisionedThroughputExceeded": func(m measured) float64 { return 1000 * m.Throttled },
	}
	output := &cloudwatch.GetMetricDataOutput{}
	for _, query := range input.MetricDataQueries {
		result := cloudwatchtypes.MetricDataResult{Id: query.Id, StatusCode: cloudwatchtypes.StatusCodeComplete}
		value := values[aws.ToString(query.MetricStat.Metric.MetricName)]
		for i, m := range f.product.seen {
			if at := f.product.begins.Add(time.Duration(i) * time.Minute); value != nil && !at.Before(*input.StartTime) && value(m) > 0 {
				result.Timestamps, result.Values = append(result.Timestamps, at), append(result.Values, value(m))
			}
		}
		output.MetricDataResults = append(output.MetricDataResults, result)
	}
	return output, nil
}

type fakeQueue struct{ product *product }

func (f fakeQueue) SendMessage(_ context.Context, input *sqs.SendMessageInput, _ ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	due := f.product.minute + int(input.DelaySeconds)/60
	f.product.looks[due] = append(f.product.looks[due], *input.MessageBody)
	return &sqs.SendMessageOutput{}, nil
}

// The emulator changes tables and streams at once; the simulation's take a minute.
type slowTables struct {
	*dynamodb.Client
	product *product
}

func (s slowTables) DescribeTable(ctx context.Context, input *dynamodb.DescribeTableInput, options ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error) {
	output, err := s.Client.DescribeTable(ctx, input, options...)
	if err == nil && s.product.busy {
		output.Table.TableStatus = dynamodbtypes.TableStatusUpdating
	}
	return output, err
}

type slowStreams struct {
	*kinesis.Client
	product *product
}

func (s slowStreams) DescribeStreamSummary(ctx context.Context, input *kinesis.DescribeStreamSummaryInput, options ...func(*kinesis.Options)) (*kinesis.DescribeStreamSummaryOutput, error) {
	output, err := s.Client.DescribeStreamSummary(ctx, input, options...)
	if err == nil && s.product.busy {
		output.StreamDescriptionSummary.StreamStatus = kinesistypes.StreamStatusUpdating
	}
	return output, err
}

func (p *product) capacity() float64 {
	p.Helper()
	if p.policy.Units == Shards {
		output, err := p.streams.DescribeStreamSummary(p.Context(), &kinesis.DescribeStreamSummaryInput{StreamName: &p.kind.resource.Name})
		want.NoError(p, "reading the stream", err)
		return float64(aws.ToInt32(output.StreamDescriptionSummary.OpenShardCount))
	}
	output, err := p.tables.DescribeTable(p.Context(), &dynamodb.DescribeTableInput{TableName: &p.kind.resource.Name})
	want.NoError(p, "reading the table", err)
	return float64(aws.ToInt64(output.Table.ProvisionedThroughput.WriteCapacityUnits))
}

// newProduct makes a table or a stream of the policy's capacity, and the limit-raiser that looks after it.
func newProduct(t *testing.T, e *emulator.Emulator, name string, policy Policy, begins time.Time) *product {
	t.Helper()
	cfg := e.AWS()
	p := &product{
		T: t, policy: policy, kind: kinds[policy.Units], begins: begins, looks: map[int][]string{},
		tables: dynamodb.NewFromConfig(cfg), streams: kinesis.NewFromConfig(cfg), alarms: newRaiser(policy, begins).alarms,
	}
	p.kind.resource.Name = name
	text := func(name string) dynamodbtypes.AttributeDefinition {
		return dynamodbtypes.AttributeDefinition{AttributeName: &name, AttributeType: dynamodbtypes.ScalarAttributeTypeS}
	}
	hash := func(name string, kind dynamodbtypes.KeyType) dynamodbtypes.KeySchemaElement {
		return dynamodbtypes.KeySchemaElement{AttributeName: &name, KeyType: kind}
	}
	_, err := p.tables.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: aws.String(name + "-ledger"), BillingMode: dynamodbtypes.BillingModePayPerRequest,
		AttributeDefinitions: []dynamodbtypes.AttributeDefinition{text(limitraiser.LedgerKey), text(limitraiser.LedgerSort)},
		KeySchema:            []dynamodbtypes.KeySchemaElement{hash(limitraiser.LedgerKey, "HASH"), hash(limitraiser.LedgerSort, "RANGE")},
	})
	if err == nil && policy.Units == Shards {
		_, err = p.streams.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: &name, ShardCount: aws.Int32(int32(policy.Present))})
	} else if err == nil {
		_, err = p.tables.CreateTable(t.Context(), &dynamodb.CreateTableInput{
			TableName: &name, AttributeDefinitions: []dynamodbtypes.AttributeDefinition{text("id")}, KeySchema: []dynamodbtypes.KeySchemaElement{hash("id", "HASH")},
			ProvisionedThroughput: &dynamodbtypes.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(5), WriteCapacityUnits: aws.Int64(int64(policy.Present))},
		})
	}
	want.NoError(t, "making the ledger and what is raised", err)
	clients := limitraiser.Connect(cfg)
	clients.CloudWatch, clients.SQS = fakeCloudWatch{cloudwatch.NewFromConfig(cfg), p}, fakeQueue{p}
	clients.DynamoDB, clients.Kinesis = slowTables{p.tables, p}, slowStreams{p.streams, p}
	policy.Config.DryRun = false
	policy.Config.Tables = []limitraiser.Table{{Name: name, Write: limitraiser.Capacity{Max: int64(policy.Maximum)}}}
	policy.Config.Streams = []limitraiser.Stream{{Name: name, MaxShards: int64(policy.Maximum)}}
	p.raiser = limitraiser.New(policy.Config, clients, limitraiser.Options{
		Home: limitraiser.Home{Partition: "aws", Account: "000000000000", Region: "us-east-1"}, Table: name + "-ledger", Queue: "queue", Now: p.now,
	})
	return p
}

func TestSimulate_decidesAsTheProductDoes(t *testing.T) {
	e, err := emulator.Start(t.Context(), emulator.Options{Region: "us-east-1"})
	want.NoError(t, "starting the emulator", err)
	defer e.Stop()
	step := func(from, to, minutes float64) Trace {
		return Trace{Points: []Point{{0, from}, {10 * time.Minute, to}, {time.Duration(minutes) * time.Minute, to}}}
	}
	// Off and on again between an alarm and its look.
	flapping := Trace{Points: drawn(time.Hour, func(minute float64) float64 {
		if slices.Contains([]float64{10, 13, 16, 18}, math.Mod(minute, 20)) {
			return 45
		}
		return 20
	})}
	for name, c := range map[string]struct {
		present float64
		trace   Trace
		change  func(*Policy)
	}{
		"a step":                {50, step(35, 250, 40), nil},
		"a storm":               {10, step(5, 600, 50), nil},
		"clients of boto3":      {10, step(5, 300, 50), func(p *Policy) { p.Clients = Boto3 }},
		"the money of a month":  {50, step(35, 900, 60), func(p *Policy) { p.Config.Limits.AddedCostAMonth = 150 }},
		"the raises of a day":   {10, step(5, 600, 50), func(p *Policy) { p.Config.Limits.RaisesADay = 1 }},
		"the end of a day":      {10, step(5, 600, 50), func(p *Policy) { p.Config.Limits.RaisesADay = 2 }},
		"a cooldown":            {10, step(5, 600, 60), func(p *Policy) { p.Config.Limits.Cooldown = setting.Duration(15 * time.Minute) }},
		"the maximum":           {10, step(5, 600, 40), func(p *Policy) { p.Maximum = 100 }},
		"an early alarm":        {50, step(20, 35, 40), func(p *Policy) { p.Config.AlarmAbove = 60 }},
		"alarms that come off":  {70, Trace{Points: BuiltInTraces()[3].Points[:100]}, nil},
		"alarms that come back": {50, flapping, func(p *Policy) { p.Maximum = 50 }},
		"shards":                {10, step(5, 640, 80), func(p *Policy) { p.Units = Shards }},
		"shards and the money":  {10, step(5, 640, 60), func(p *Policy) { p.Units, p.Config.Limits.AddedCostAMonth = Shards, 500 }},
	} {
		t.Run(name, func(t *testing.T) {
			policy := usual()
			policy.Present, policy.Region, policy.Maximum, policy.Clients = c.present, "us-east-1", 1000, SDK
			if c.change != nil {
				c.change(&policy)
			}
			begins := time.Date(2026, 3, 31, 23, 30, 0, 0, time.UTC) // a day and a month end after half an hour
			c.trace.Begins = begins
			p := newProduct(t, e, strings.ReplaceAll(fmt.Sprintf("%s-%s", t.Name(), policy.Units), "/", "-"), policy, begins)
			play(c.trace.seconds(), policy, p)
			simulated := Simulate(c.trace, policy)
			want.Equal(t, "the simulated raises, as those of the product", simulated.Raises, p.raises, cmpopts.IgnoreFields(Raise{}, "Episode", "Why", "Demand"))
			want.Equal(t, "the simulated refusals, as those of the product", simulated.Refusals, p.refusals, cmpopts.IgnoreFields(Refusal{}, "Detail"))
			t.Logf("%d raises, %d refusals", len(p.raises), len(p.refusals))
		})
	}
}
