package main

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"caretaker/cmd/caretaker/console"
	"caretaker/internal/want"
)

const trustedAccount = "666677779999"

// What nobody watches, what cannot fire, and what would have fired.
func TestAlerts_coverageLintAndBacktest(t *testing.T) {
	settings, ctx := others.AWSIn(trustedAccount, eventRegion), t.Context()
	environ := append(nowhere(), "AWS_ACCESS_KEY_ID="+trustedAccount, "AWS_REGION="+eventRegion, "AWS_ENDPOINT_URL="+others.Endpoint())
	file := write(t, "caretaker.yaml", alarmingFile)
	queues, alarms := sqs.NewFromConfig(settings), cloudwatch.NewFromConfig(settings)
	made, err := queues.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("mail")})
	want.NoError(t, "making a queue", err)
	t.Cleanup(func() {
		_, _ = queues.DeleteQueue(context.WithoutCancel(t.Context()), &sqs.DeleteQueueInput{QueueUrl: made.QueueUrl})
	})

	caretaker(t, environ, "alerts", "coverage", "--config", file).expect(t, console.WorkLeft,
		"What is watched in eu-west-1", "queue/mail", "not watched", "the reconciler has not made its alarms yet", "1 resource is not watched by anybody")
	caretaker(t, environ, "alerts", "coverage", "--config", file, "--set", "alerts.exclude.names=[account,default,mail]").expect(t, console.Done, "left out", "excluded by name: mail")
	caretaker(t, environ, "alerts", "lint", "--config", file).expect(t, console.Done, "0 at 0 alarms")

	by := []cloudwatchtypes.Dimension{{Name: aws.String("QueueName"), Value: aws.String("mail")}}
	_, err = alarms.PutMetricAlarm(ctx, &cloudwatch.PutMetricAlarmInput{
		AlarmName: aws.String("mine"), Namespace: aws.String("AWS/SQS"), MetricName: aws.String("ApproximateAgeOfOldestMessage"), Dimensions: by, Statistic: "Maximum", Period: aws.Int32(60),
		EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(300), ComparisonOperator: "GreaterThanThreshold", AlarmActions: []string{"arn:aws:sns:eu-west-1:" + trustedAccount + ":gone"},
	})
	want.NoError(t, "putting an alarm", err)
	t.Cleanup(func() {
		_, _ = alarms.DeleteAlarms(context.WithoutCancel(t.Context()), &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{"mine"}})
	})
	var data []cloudwatchtypes.MetricDatum
	for minute := range 5 {
		data = append(data, cloudwatchtypes.MetricDatum{
			MetricName: aws.String("ApproximateAgeOfOldestMessage"), Dimensions: by, Value: aws.Float64(float64(500 + 100*minute)), Timestamp: aws.Time(time.Now().Add(time.Duration(minute-60) * time.Minute)),
		})
	}
	_, err = alarms.PutMetricData(ctx, &cloudwatch.PutMetricDataInput{Namespace: aws.String("AWS/SQS"), MetricData: data})
	want.NoError(t, "putting datapoints", err)

	caretaker(t, environ, "alerts", "coverage", "--config", file).expect(t, console.Done, "watched by others", "mine")
	caretaker(t, environ, "alerts", "lint", "--config", file).expect(t, console.WorkLeft,
		"reading 1 metric of 1 alarm takes 1 call of GetMetricData or more, and costs less than a cent",
		"another's", "an action leads nowhere", "there is no topic gone", "make the topic, or take another", "1 finding")
	caretaker(t, environ, "alerts", "backtest", "--config", file).expect(t, console.Done,
		"caretaker/default/queue/mail/age", "planned", "14 days", "10m", "1 of 1 would have fired, 1 times in all")
	caretaker(t, environ, "alerts", "backtest", "--config", file, "--others", "--alarm", "mine", "--days", "2").expect(t, console.Done, "mine", "there", "2 days", "300", "910")
	caretaker(t, environ, "alerts", "backtest", "--config", file, "--function", "refund").expect(t, console.Misused, "no alarm is called so")
	caretaker(t, environ, "alerts", "backtest", "--config", file, "--days", "64").expect(t, console.Misused, "--days: 64 is not allowed: 1 to 63")
	caretaker(t, environ, "alerts", "backtest", "--config", file, "--alarm", "[").expect(t, console.Misused, "--alarm", "a name with * and ?")

	got := caretaker(t, environ, "alerts", "backtest", "--config", file, "--others", "--json")
	got.expect(t, console.Done)
	var document struct {
		Command string
		Days    int
		Regions []struct {
			Region string
			Alarms []struct {
				Alarm                 string
				Planned               bool
				Fired                 int
				Written, QuietWritten string
			}
		}
	}
	want.NoError(t, "reading the document", json.Unmarshal([]byte(got.out), &document))
	want.Equal(t, "what it is of", []any{document.Command, document.Days, document.Regions[0].Region, len(document.Regions[0].Alarms)}, []any{"alerts backtest", 14, "eu-west-1", 2})
	planned := document.Regions[0].Alarms[0]
	want.Equal(t, "the planned alarm", []any{planned.Alarm, planned.Planned, planned.Fired, planned.Written, planned.QuietWritten}, []any{"caretaker/default/queue/mail/age", true, 1, "10m", "11m50s"})
	for _, command := range []string{"coverage", "lint"} {
		got := caretaker(t, environ, "alerts", command, "--config", file, "--json")
		var document struct{ Command string }
		want.NoError(t, "reading the document", json.Unmarshal([]byte(got.out), &document))
		want.Equal(t, "what it is of", document.Command, "alerts "+command)
	}
}
