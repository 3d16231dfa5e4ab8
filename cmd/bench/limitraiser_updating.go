package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"caretaker/internal/emulator"
	limitraiser "caretaker/limit-raiser"
)

const (
	// changing is how many tables are being changed when their alarm comes, busyCalls how many
	// UpdateTable calls each refuses.
	changing  = 40
	busyCalls = 2
	// patience is how long the looks may take, each of which waits for a second.
	patience = time.Minute
)

// lostWhileUpdating sends each table an alarm while it takes no change, and delivers the messages
// that the raiser sends itself, as its queue would.
func lostWhileUpdating(ctx context.Context, r *results, w *raiserWorld) error {
	cfg, tables, err := w.seed(ctx, "busy", changing)
	if err != nil {
		return err
	}
	at := time.Now().UTC().Truncate(time.Millisecond)
	if err := w.alarms(ctx, tables, at); err != nil {
		return err
	}
	w.emulator.Inject(emulator.Fault{
		Service: "dynamodb", Operation: "UpdateTable", Times: changing * busyCalls,
		Status: http.StatusBadRequest, Code: "ResourceInUseException", Message: "Attempt to change a resource which is still in use: Table is being updated",
	})
	defer w.emulator.ClearFaults()
	options := w.options
	// The looks of those that wait come after a second, those after a raise are not waited for.
	options.WaitFor, options.LookAfter = time.Second, 15*time.Minute
	raiser := w.raiser(cfg, options)
	for _, table := range tables {
		report, err := raiser.Handle(ctx, w.throughSNS(change{table, at}))
		if err != nil {
			return err
		}
		if report.Outcomes[limitraiser.Waiting] != 1 || report.LooksSent != 1 {
			return fmt.Errorf("the table that is being changed was not waited for: %+v", report)
		}
	}
	looks, lost := 0, changing
	for begun := time.Now(); lost > 0 && time.Since(begun) < patience; {
		delivered, err := w.deliverLooks(ctx, raiser)
		if err != nil {
			return err
		}
		looks += delivered
		if lost, err = w.notRaised(ctx, tables); err != nil {
			return err
		}
	}
	r.note("lost_while_updating: %d alarms, each for a table that refuses %d calls as one that is UPDATING does; %d looks were delivered through the queue", changing, busyCalls, looks)
	r.report(figure{"lost_while_updating", float64(lost), "events", "=", 0})
	return nil
}

// alarms puts an alarm for each table that is in ALARM: the looks read it.
func (w *raiserWorld) alarms(ctx context.Context, tables []string, at time.Time) error {
	client := cloudwatch.NewFromConfig(w.emulator.AWS())
	for _, table := range tables {
		name := aws.String(change{table, at}.alarm())
		_, err := client.PutMetricAlarm(ctx, &cloudwatch.PutMetricAlarmInput{
			AlarmName: name, Namespace: aws.String("AWS/DynamoDB"), MetricName: aws.String("ConsumedWriteCapacityUnits"),
			Dimensions: []cloudwatchtypes.Dimension{{Name: aws.String("TableName"), Value: aws.String(table)}},
			Statistic:  cloudwatchtypes.StatisticSum, Period: aws.Int32(60), EvaluationPeriods: aws.Int32(2), Threshold: aws.Float64(480),
			ComparisonOperator: cloudwatchtypes.ComparisonOperatorGreaterThanThreshold,
		})
		if err != nil {
			return fmt.Errorf("putting an alarm: %w", err)
		}
		_, err = client.SetAlarmState(ctx, &cloudwatch.SetAlarmStateInput{AlarmName: name, StateValue: cloudwatchtypes.StateValueAlarm, StateReason: aws.String("bench")})
		if err != nil {
			return fmt.Errorf("setting an alarm: %w", err)
		}
	}
	return nil
}

// deliverLooks hands over what is in the queue, as Lambda does: what the answer names comes again.
func (w *raiserWorld) deliverLooks(ctx context.Context, raiser *limitraiser.Raiser) (int, error) {
	received, err := w.queue.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: &w.options.Queue, MaxNumberOfMessages: 10, WaitTimeSeconds: 1, VisibilityTimeout: 1,
	})
	if err != nil || len(received.Messages) == 0 {
		return 0, err
	}
	var records []object
	for _, message := range received.Messages {
		records = append(records, object{"messageId": aws.ToString(message.MessageId), "body": aws.ToString(message.Body), "eventSource": "aws:sqs"})
	}
	report, err := raiser.Handle(ctx, json.RawMessage(encoded(object{"Records": records})))
	if err != nil {
		return 0, err
	}
	again := map[string]bool{}
	for _, failure := range report.BatchItemFailures {
		again[failure.ItemIdentifier] = true
	}
	for _, message := range received.Messages {
		if err := w.forget(ctx, message, again); err != nil {
			return 0, err
		}
	}
	return len(records), nil
}

func (w *raiserWorld) forget(ctx context.Context, message sqstypes.Message, again map[string]bool) error {
	if again[aws.ToString(message.MessageId)] {
		return nil
	}
	_, err := w.queue.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &w.options.Queue, ReceiptHandle: message.ReceiptHandle})
	return err
}

// notRaised counts the tables that have what they had.
func (w *raiserWorld) notRaised(ctx context.Context, tables []string) (int, error) {
	count := 0
	for _, table := range tables {
		units, err := w.writeUnits(ctx, table)
		if err != nil {
			return 0, err
		}
		if units == unitsBefore {
			count++
		}
	}
	return count, nil
}
