package limitraiser

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"caretaker/internal/alarm"
	"caretaker/internal/emulator"
	"caretaker/internal/emulator/suite"
)

// One emulator serves all tests, which use names of their own.
var shared suite.Emulator

func TestMain(m *testing.M) { os.Exit(shared.Run(m)) }

// world is a Region with a ledger, a queue and a topic of its own, behind the real SDK clients.
type world struct {
	*testing.T
	emulator *emulator.Emulator
	config   aws.Config
	clients  Clients
	tables   *dynamodb.Client
	alarms   *cloudwatch.Client
	queue    *sqs.Client
	options  Options
	hasty    *hasty
	name     string
	// inbox is the queue that the topic feeds: what people get.
	inbox string

	mutex sync.Mutex
	clock time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	e := shared.For(t)
	w := &world{T: t, emulator: e, name: unusual.ReplaceAllString(t.Name(), "-"), clock: time.Now().UTC().Truncate(time.Millisecond)}
	w.name = w.name[max(0, len(w.name)-60):]
	w.config = suite.Hasty(e.AWS())
	w.clients = Connect(w.config)
	w.hasty = &hasty{sqsAPI: w.clients.SQS}
	w.clients.SQS = w.hasty
	w.tables, w.alarms, w.queue = dynamodb.NewFromConfig(w.config), cloudwatch.NewFromConfig(w.config), sqs.NewFromConfig(w.config)
	w.options = Options{
		Home: Home{"aws", e.Account(), "us-east-1"}, Table: w.ledgerTable(), Queue: w.newQueue("looks"), Topic: w.newTopic(), Now: w.now,
	}
	return w
}

// unusual are the characters that not every name in AWS may have.
var unusual = regexp.MustCompile(`[^A-Za-z0-9-]`)

// hasty sends delayed messages without their delay, which it keeps: no test waits for minutes.
type hasty struct {
	sqsAPI
	mutex  sync.Mutex
	delays []time.Duration
}

func (h *hasty) SendMessage(ctx context.Context, input *sqs.SendMessageInput, options ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	now := *input
	now.DelaySeconds = 0
	output, err := h.sqsAPI.SendMessage(ctx, &now, options...)
	if err == nil {
		h.mutex.Lock()
		defer h.mutex.Unlock()
		h.delays = append(h.delays, time.Duration(input.DelaySeconds)*time.Second)
	}
	return output, err
}

func (w *world) now() time.Time {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.clock
}

func (w *world) pass(d time.Duration) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.clock = w.clock.Add(d)
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) ledgerTable() string {
	w.Helper()
	name := w.name + "-ledger"
	attribute := func(name string) dynamodbtypes.AttributeDefinition {
		return dynamodbtypes.AttributeDefinition{AttributeName: &name, AttributeType: dynamodbtypes.ScalarAttributeTypeS}
	}
	_, err := w.tables.CreateTable(w.Context(), &dynamodb.CreateTableInput{
		TableName: &name, BillingMode: dynamodbtypes.BillingModePayPerRequest,
		AttributeDefinitions: []dynamodbtypes.AttributeDefinition{attribute(LedgerKey), attribute(LedgerSort)},
		KeySchema: []dynamodbtypes.KeySchemaElement{
			{AttributeName: aws.String(LedgerKey), KeyType: dynamodbtypes.KeyTypeHash},
			{AttributeName: aws.String(LedgerSort), KeyType: dynamodbtypes.KeyTypeRange},
		},
	})
	w.must(err)
	return name
}

func (w *world) newQueue(suffix string) string {
	w.Helper()
	output, err := w.queue.CreateQueue(w.Context(), &sqs.CreateQueueInput{QueueName: aws.String(w.name[:min(len(w.name), 60)] + "-" + suffix)})
	w.must(err)
	return aws.ToString(output.QueueUrl)
}

func (w *world) newTopic() string {
	w.Helper()
	topics := sns.NewFromConfig(w.config)
	topic, err := topics.CreateTopic(w.Context(), &sns.CreateTopicInput{Name: aws.String(w.name)})
	w.must(err)
	w.inbox = w.newQueue("inbox")
	arn := "arn:aws:sqs:us-east-1:" + w.emulator.Account() + ":" + w.inbox[strings.LastIndex(w.inbox, "/")+1:]
	_, err = topics.Subscribe(w.Context(), &sns.SubscribeInput{TopicArn: topic.TopicArn, Protocol: aws.String("sqs"), Endpoint: &arn})
	w.must(err)
	return aws.ToString(topic.TopicArn)
}

// units are a table's or an index's read and write units.
type twoUnits struct{ read, write int64 }

func (u twoUnits) throughput() *dynamodbtypes.ProvisionedThroughput {
	return &dynamodbtypes.ProvisionedThroughput{ReadCapacityUnits: &u.read, WriteCapacityUnits: &u.write}
}

// table makes a provisioned table, with an index by-customer unless index is zero.
func (w *world) table(units, index twoUnits, tags ...dynamodbtypes.Tag) string {
	w.Helper()
	name := w.name + "-table"
	input := &dynamodb.CreateTableInput{
		TableName: &name, BillingMode: dynamodbtypes.BillingModeProvisioned, ProvisionedThroughput: units.throughput(), Tags: tags,
		AttributeDefinitions: []dynamodbtypes.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: "S"}},
		KeySchema:            []dynamodbtypes.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: "HASH"}},
	}
	if index != (twoUnits{}) {
		input.AttributeDefinitions = append(input.AttributeDefinitions, dynamodbtypes.AttributeDefinition{AttributeName: aws.String("customer"), AttributeType: "S"})
		input.GlobalSecondaryIndexes = []dynamodbtypes.GlobalSecondaryIndex{{
			IndexName: aws.String("by-customer"), ProvisionedThroughput: index.throughput(), Projection: &dynamodbtypes.Projection{ProjectionType: "ALL"},
			KeySchema: []dynamodbtypes.KeySchemaElement{{AttributeName: aws.String("customer"), KeyType: "HASH"}},
		}}
	}
	_, err := w.tables.CreateTable(w.Context(), input)
	w.must(err)
	return name
}

// has reads a table's units and those of its index.
func (w *world) has(table string) (units, index twoUnits) {
	w.Helper()
	output, err := w.tables.DescribeTable(w.Context(), &dynamodb.DescribeTableInput{TableName: &table})
	w.must(err)
	of := func(given *dynamodbtypes.ProvisionedThroughputDescription) twoUnits {
		return twoUnits{aws.ToInt64(given.ReadCapacityUnits), aws.ToInt64(given.WriteCapacityUnits)}
	}
	units = of(output.Table.ProvisionedThroughput)
	for _, one := range output.Table.GlobalSecondaryIndexes {
		index = of(one.ProvisionedThroughput)
	}
	return units, index
}

// measure puts a minute of a DynamoDB metric, ago minutes before now.
func (w *world) measure(namespace, metric string, value float64, ago int, dimensions map[string]string) {
	w.Helper()
	datum := cloudwatchtypes.MetricDatum{
		MetricName: &metric, Value: &value, Timestamp: aws.Time(w.now().Truncate(time.Minute).Add(-time.Duration(ago) * time.Minute)),
	}
	for name, value := range dimensions {
		datum.Dimensions = append(datum.Dimensions, cloudwatchtypes.Dimension{Name: aws.String(name), Value: aws.String(value)})
	}
	_, err := w.alarms.PutMetricData(w.Context(), &cloudwatch.PutMetricDataInput{Namespace: &namespace, MetricData: []cloudwatchtypes.MetricDatum{datum}})
	w.must(err)
}

// alarm makes an alarm on a metric and moves it to a state.
func (w *world) alarm(state string, metric alarm.Metric, changes ...func(*cloudwatch.PutMetricAlarmInput)) string {
	w.Helper()
	return w.alarmCalled(w.name+"-"+metric.Name, state, metric, changes...)
}

func (w *world) alarmCalled(name, state string, metric alarm.Metric, changes ...func(*cloudwatch.PutMetricAlarmInput)) string {
	w.Helper()
	input := &cloudwatch.PutMetricAlarmInput{
		AlarmName: &name, Namespace: &metric.Namespace, MetricName: &metric.Name, Statistic: cloudwatchtypes.StatisticSum,
		Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1), ComparisonOperator: cloudwatchtypes.ComparisonOperatorGreaterThanThreshold,
	}
	for dimension, value := range metric.Dimensions {
		input.Dimensions = append(input.Dimensions, cloudwatchtypes.Dimension{Name: aws.String(dimension), Value: aws.String(value)})
	}
	for _, change := range changes {
		change(input)
	}
	_, err := w.alarms.PutMetricAlarm(w.Context(), input)
	w.must(err)
	w.setState(name, state)
	return name
}

func (w *world) setState(alarm, state string) {
	w.Helper()
	_, err := w.alarms.SetAlarmState(w.Context(), &cloudwatch.SetAlarmStateInput{
		AlarmName: &alarm, StateValue: cloudwatchtypes.StateValue(state), StateReason: aws.String("the test says so"),
	})
	w.must(err)
}

// writeThrottles is the alarm metric of a table's throttled writes.
func writeThrottles(table string) alarm.Metric {
	return alarm.Metric{Namespace: "AWS/DynamoDB", Name: "WriteThrottleEvents", Dimensions: map[string]string{"TableName": table}}
}

// event is the direct invocation by an alarm that changed to ALARM.
func (w *world) event(name string, metric alarm.Metric, changed time.Time) json.RawMessage {
	return w.eventOf(w.emulator.Account(), "us-east-1", name, "ALARM", metric, changed)
}

func (w *world) eventOf(account, region, name, state string, metric alarm.Metric, changed time.Time) json.RawMessage {
	w.Helper()
	at := changed.UTC().Format("2006-01-02T15:04:05.000-0700")
	raw, err := json.Marshal(map[string]any{
		"source": "aws.cloudwatch", "alarmArn": fmt.Sprintf("arn:aws:cloudwatch:%s:%s:alarm:%s", region, account, name),
		"accountId": account, "time": at, "region": region,
		"alarmData": map[string]any{
			"alarmName": name, "state": map[string]any{"value": state, "reason": "the test says so", "timestamp": at},
			"configuration": map[string]any{"metrics": []any{map[string]any{
				"id": "m1", "returnData": true,
				"metricStat": map[string]any{"period": 60, "stat": "Sum", "metric": map[string]any{
					"namespace": metric.Namespace, "name": metric.Name, "dimensions": metric.Dimensions,
				}},
			}}},
		},
	})
	w.must(err)
	return raw
}

// inQueue wraps bodies into the event of a queue.
func inQueue(bodies ...json.RawMessage) json.RawMessage {
	var records []map[string]any
	for number, body := range bodies {
		records = append(records, map[string]any{
			"messageId": fmt.Sprint("message-", number), "body": string(body), "eventSource": "aws:sqs",
			"eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:queue",
		})
	}
	raw, err := json.Marshal(map[string]any{"Records": records})
	if err != nil {
		panic(err)
	}
	return raw
}

func (w *world) raiser(cfg Config) *Raiser { return New(cfg, w.clients, w.options) }

// earnest raises a table, and its index by-customer, up to 4,000 units.
func earnest(table string, changes ...func(*Config)) Config {
	cfg := Default()
	cfg.Enabled, cfg.DryRun, cfg.Sizing.Headroom = true, false, 25
	cfg.Tables = []Table{{
		Name: table, Read: Capacity{4000}, Write: Capacity{4000},
		Indexes: []Index{{Name: "by-customer", Read: Capacity{4000}, Write: Capacity{4000}}},
	}}
	for _, change := range changes {
		change(&cfg)
	}
	return cfg
}

// calls counts the calls of an operation that reached the emulator since the last look.
func (w *world) calls(operation string) int {
	count := 0
	for _, call := range w.emulator.Calls() {
		if call.Operation == operation {
			count++
		}
	}
	return count
}

// done counts the calls of an operation that AWS carried out.
func (w *world) done(operation string) int {
	count := 0
	for _, call := range w.emulator.Calls() {
		if call.Operation == operation && call.Status == http.StatusOK {
			count++
		}
	}
	return count
}

// received takes what is in a queue.
func (w *world) received(queue string) []string {
	w.Helper()
	var bodies []string
	for {
		output, err := w.queue.ReceiveMessage(w.Context(), &sqs.ReceiveMessageInput{QueueUrl: &queue, MaxNumberOfMessages: 10, VisibilityTimeout: 600})
		w.must(err)
		if len(output.Messages) == 0 {
			return bodies
		}
		for _, message := range output.Messages {
			bodies = append(bodies, aws.ToString(message.Body))
		}
	}
}

// look takes the one message that the raiser sent itself, and brings it as the queue does.
func (w *world) look() json.RawMessage {
	w.Helper()
	bodies := w.received(w.options.Queue)
	if len(bodies) != 1 {
		w.Fatalf("%d looks are in the queue, want 1", len(bodies))
	}
	return inQueue(json.RawMessage(bodies[0]))
}
