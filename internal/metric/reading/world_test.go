package reading

import (
	"os"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"caretaker/internal/emulator/suite"
	"caretaker/internal/metric"
	"caretaker/internal/want"
)

var shared suite.Emulator

func TestMain(m *testing.M) { os.Exit(shared.Run(m)) }

// in are the settings for an account.
func in(t *testing.T, account string) aws.Config {
	t.Helper()
	started := shared.For(t)
	started.ForgetCalls()
	return started.AWSIn(account, "eu-west-1")
}

// calls counts what was asked of CloudWatch.
func calls(t *testing.T) int {
	t.Helper()
	count := 0
	for _, call := range shared.For(t).Calls() {
		if call.Operation == "GetMetricData" {
			count++
		}
	}
	return count
}

// put puts a datapoint a minute, the last of which is of the minute before now.
func put(t *testing.T, settings aws.Config, one metric.Metric, now time.Time, values ...float64) {
	t.Helper()
	var data []cloudwatchtypes.MetricDatum
	for at, value := range values {
		if metric.Missing(value) {
			continue
		}
		datum := cloudwatchtypes.MetricDatum{MetricName: &one.Name, Value: &value, Timestamp: aws.Time(now.Add(time.Duration(at-len(values)) * time.Minute))}
		for _, by := range one.Dimensions {
			datum.Dimensions = append(datum.Dimensions, cloudwatchtypes.Dimension{Name: aws.String(by.Name), Value: aws.String(by.Value)})
		}
		data = append(data, datum)
	}
	_, err := cloudwatch.NewFromConfig(settings).PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{Namespace: &one.Namespace, MetricData: data})
	want.NoError(t, "putting datapoints", err)
}
