package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"golang.org/x/sync/errgroup"

	"caretaker/internal/emulator"
	limitraiser "caretaker/limit-raiser"
)

// raiserWorld is an emulated Region with the limit-raiser's ledger and queue. No table of it
// is managed by Application Auto Scaling.
type raiserWorld struct {
	emulator *emulator.Emulator
	tables   *dynamodb.Client
	queue    *sqs.Client
	options  limitraiser.Options
}

// Each table begins with so many write units; a raise without metrics is by half of them.
const (
	unitsBefore = 10
	unitsAfter  = 15
)

func startRaiserWorld(ctx context.Context) (*raiserWorld, error) {
	e, err := emulator.Start(ctx, emulator.Options{})
	if err != nil {
		return nil, err
	}
	w := &raiserWorld{emulator: e, tables: dynamodb.NewFromConfig(e.AWS()), queue: sqs.NewFromConfig(e.AWS())}
	if err := w.deploy(ctx); err != nil {
		w.stop()
		return nil, err
	}
	return w, nil
}

func (w *raiserWorld) stop() { w.emulator.Stop() }

// deploy makes what the raiser's stack would.
func (w *raiserWorld) deploy(ctx context.Context) error {
	text := dynamodbtypes.ScalarAttributeTypeS
	const ledger = "caretaker-bench-limit-raiser"
	_, err := w.tables.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName: aws.String(ledger), BillingMode: dynamodbtypes.BillingModePayPerRequest,
		AttributeDefinitions: []dynamodbtypes.AttributeDefinition{
			{AttributeName: aws.String(limitraiser.LedgerKey), AttributeType: text}, {AttributeName: aws.String(limitraiser.LedgerSort), AttributeType: text},
		},
		KeySchema: []dynamodbtypes.KeySchemaElement{
			{AttributeName: aws.String(limitraiser.LedgerKey), KeyType: dynamodbtypes.KeyTypeHash},
			{AttributeName: aws.String(limitraiser.LedgerSort), KeyType: dynamodbtypes.KeyTypeRange},
		},
	})
	if err != nil {
		return fmt.Errorf("creating the ledger: %w", err)
	}
	queue, err := w.queue.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String(ledger)})
	if err != nil {
		return fmt.Errorf("creating the queue: %w", err)
	}
	w.options = limitraiser.Options{
		Home:  limitraiser.Home{Partition: "aws", Account: w.emulator.Account(), Region: w.emulator.Region()},
		Table: ledger, Queue: aws.ToString(queue.QueueUrl),
	}
	return nil
}

// seed creates tables and gives the configuration that lets their write units be raised.
func (w *raiserWorld) seed(ctx context.Context, prefix string, count int) (limitraiser.Config, []string, error) {
	cfg := limitraiser.Default()
	cfg.Enabled, cfg.DryRun, cfg.Limits.AddedCostAMonth = true, false, 1e6
	names := make([]string, count)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(8)
	for index := range names {
		name := fmt.Sprintf("%s-%04d", prefix, index)
		names[index] = name
		cfg.Tables = append(cfg.Tables, limitraiser.Table{Name: name, Write: limitraiser.Capacity{Max: 1000}})
		group.Go(func() error {
			_, err := w.tables.CreateTable(ctx, &dynamodb.CreateTableInput{
				TableName:             &name,
				AttributeDefinitions:  []dynamodbtypes.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: dynamodbtypes.ScalarAttributeTypeS}},
				KeySchema:             []dynamodbtypes.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: dynamodbtypes.KeyTypeHash}},
				ProvisionedThroughput: &dynamodbtypes.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(unitsBefore), WriteCapacityUnits: aws.Int64(unitsBefore)},
			})
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return cfg, nil, fmt.Errorf("creating tables: %w", err)
	}
	return cfg, names, nil
}

// raiser is a run's own, as each process of the function has one.
func (w *raiserWorld) raiser(cfg limitraiser.Config, options limitraiser.Options) *limitraiser.Raiser {
	return limitraiser.New(cfg, limitraiser.Connect(w.emulator.AWS()), options)
}

// writeUnits are a table's.
func (w *raiserWorld) writeUnits(ctx context.Context, name string) (int64, error) {
	output, err := w.tables.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &name})
	if err != nil {
		return 0, err
	}
	if output.Table == nil || output.Table.ProvisionedThroughput == nil {
		return 0, errors.New("describing " + name + ": the answer holds no units")
	}
	return aws.ToInt64(output.Table.ProvisionedThroughput.WriteCapacityUnits), nil
}

// change is an alarm's for a table that is short of write units.
type change struct {
	table string
	at    time.Time
}

func (c change) alarm() string { return c.table + "-writes" }

func (w *raiserWorld) arn(c change) string {
	return fmt.Sprintf("arn:aws:cloudwatch:%s:%s:alarm:%s", w.options.Home.Region, w.options.Home.Account, c.alarm())
}

// cloudwatchTime is how CloudWatch writes a time.
const cloudwatchTime = "2006-01-02T15:04:05.000-0700"

type object = map[string]any

// throughSNS is the change as SNS brings it.
func (w *raiserWorld) throughSNS(c change) []byte {
	message := encoded(object{
		"AlarmName": c.alarm(), "AlarmArn": w.arn(c), "AWSAccountId": w.options.Home.Account, "Region": "US East (N. Virginia)",
		"NewStateValue": "ALARM", "OldStateValue": "OK", "NewStateReason": "Threshold Crossed", "StateChangeTime": c.at.Format(cloudwatchTime),
		"Trigger": object{
			"MetricName": "ConsumedWriteCapacityUnits", "Namespace": "AWS/DynamoDB", "StatisticType": "Statistic", "Statistic": "SUM",
			"Dimensions": []object{{"name": "TableName", "value": c.table}}, "Period": 60, "EvaluationPeriods": 2,
			"ComparisonOperator": "GreaterThanThreshold", "Threshold": 480.0,
		},
	})
	topic := fmt.Sprintf("arn:aws:sns:%s:%s:alarms", w.options.Home.Region, w.options.Home.Account)
	return encoded(object{"Records": []object{{"EventSource": "aws:sns", "Sns": object{"TopicArn": topic, "Message": string(message)}}}})
}

// straight is the same change as CloudWatch brings it by itself.
func (w *raiserWorld) straight(c change) []byte {
	return encoded(object{
		"source": "aws.cloudwatch", "alarmArn": w.arn(c), "accountId": w.options.Home.Account, "region": w.options.Home.Region,
		"time": c.at.Format(cloudwatchTime),
		"alarmData": object{
			"alarmName": c.alarm(),
			"state":     object{"value": "ALARM", "reason": "Threshold Crossed", "timestamp": c.at.Format(cloudwatchTime)},
			"configuration": object{"metrics": []object{{
				"id": "m1", "returnData": true,
				"metricStat": object{"stat": "Sum", "period": 60, "metric": object{
					"namespace": "AWS/DynamoDB", "name": "ConsumedWriteCapacityUnits", "dimensions": object{"TableName": c.table},
				}},
			}}},
		},
	})
}

func encoded(value object) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // plain values, all of them
	}
	return text
}
