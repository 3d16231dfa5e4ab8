package trust

import (
	"os"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"caretaker/alerts"
	"caretaker/internal/emulator"
	"caretaker/internal/emulator/suite"
	"caretaker/internal/metric"
	"caretaker/internal/want"
)

// One emulator serves all tests, each of which has an account of its own.
var shared suite.Emulator

func TestMain(m *testing.M) { os.Exit(shared.Run(m)) }

// world is an account, behind the real SDK clients.
type world struct {
	*testing.T
	emulator *emulator.Emulator
	account  string
	config   aws.Config
	alarms   *cloudwatch.Client
	cfg      alerts.Config
	now      time.Time
	said     []Price
}

func newWorld(t *testing.T) *world {
	t.Helper()
	e := shared.For(t)
	w := &world{T: t, emulator: e, account: shared.Account(), cfg: alerts.Default(), now: time.Now().UTC().Truncate(time.Hour)}
	w.config = e.AWSIn(w.account, region)
	w.alarms = cloudwatch.NewFromConfig(w.config)
	e.ForgetCalls()
	return w
}

// auditor is one that need not wait between two calls.
func (w *world) auditor() *Auditor {
	w.Helper()
	reconciler, err := alerts.New(w.cfg, alerts.Connect(w.config), alerts.Options{Stage: "prod", Topic: w.topic("caretaker-prod-alerts")})
	want.NoError(w.T, "making the reconciler", err)
	return New(w.cfg, connect(w.config, 1e12), reconciler, Options{Stage: "prod", Account: w.account, Region: region, Now: w.now, Say: func(p Price) { w.said = append(w.said, p) }})
}

func (w *world) topic(name string) string {
	return "arn:aws:sns:" + region + ":" + w.account + ":" + name
}

func (w *world) function(name string, seconds int32) {
	w.Helper()
	suite.Function(w, lambdasvc.NewFromConfig(w.config), name, func(input *lambdasvc.CreateFunctionInput) { input.Timeout = &seconds })
}

// subscribe makes a topic and somebody who hears it.
func (w *world) subscribe(name string) {
	w.Helper()
	topics := sns.NewFromConfig(w.config)
	made, err := topics.CreateTopic(w.Context(), &sns.CreateTopicInput{Name: &name})
	want.NoError(w.T, "making a topic", err)
	_, err = topics.Subscribe(w.Context(), &sns.SubscribeInput{TopicArn: made.TopicArn, Protocol: aws.String("sqs"), Endpoint: aws.String("arn:aws:sqs:" + region + ":" + w.account + ":ears")})
	want.NoError(w.T, "subscribing", err)
}

// alarm puts one of somebody's on a metric.
func (w *world) alarm(name string, one metric.Metric, threshold float64) {
	w.Helper()
	input := &cloudwatch.PutMetricAlarmInput{
		AlarmName: &name, Namespace: &one.Namespace, MetricName: &one.Name, Statistic: cloudwatchtypes.Statistic(one.Statistic), Period: aws.Int32(60),
		EvaluationPeriods: aws.Int32(1), Threshold: &threshold, ComparisonOperator: cloudwatchtypes.ComparisonOperatorGreaterThanThreshold,
		TreatMissingData: aws.String("notBreaching"), AlarmActions: []string{w.topic("oncall")},
	}
	for _, by := range one.Dimensions {
		input.Dimensions = append(input.Dimensions, cloudwatchtypes.Dimension{Name: aws.String(by.Name), Value: aws.String(by.Value)})
	}
	_, err := w.alarms.PutMetricAlarm(w.Context(), input)
	want.NoError(w.T, "putting "+name, err)
}

// put puts datapoints of a metric, each so long ago.
func (w *world) put(one metric.Metric, values map[time.Duration]float64) {
	w.Helper()
	var data []cloudwatchtypes.MetricDatum
	for ago, value := range values {
		datum := cloudwatchtypes.MetricDatum{MetricName: &one.Name, Value: aws.Float64(value), Timestamp: aws.Time(w.now.Add(-ago))}
		for _, by := range one.Dimensions {
			datum.Dimensions = append(datum.Dimensions, cloudwatchtypes.Dimension{Name: aws.String(by.Name), Value: aws.String(by.Value)})
		}
		data = append(data, datum)
	}
	_, err := w.alarms.PutMetricData(w.Context(), &cloudwatch.PutMetricDataInput{Namespace: &one.Namespace, MetricData: data})
	want.NoError(w.T, "putting datapoints", err)
}

// calls counts how often an operation was called.
func (w *world) calls(operation string) int {
	count := 0
	for _, call := range w.emulator.Calls() {
		if call.Operation == operation {
			count++
		}
	}
	return count
}

// outcomes are by alarm, with " planned" behind those that are.
func (w *world) backtest(choice Choice) map[string]Outcome {
	w.Helper()
	found, failures, err := w.auditor().Backtest(w.Context(), choice)
	want.NoError(w.T, "the backtest", err)
	want.Equal(w.T, "failures", len(failures), 0)
	outcomes := map[string]Outcome{}
	for _, one := range found {
		name := one.Alarm
		if one.Planned {
			name += " planned"
		}
		outcomes[name] = one
	}
	return outcomes
}
