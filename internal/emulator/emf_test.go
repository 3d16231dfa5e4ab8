package emulator_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	metrictypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"caretaker/internal/emf"
)

func TestPublishEMF_makesMetricsOfLinesOnce(t *testing.T) {
	empty(t, shared)
	cfg, ctx := shared.AWS(), t.Context()
	logs, group := cloudwatchlogs.NewFromConfig(cfg), "/aws/lambda/emf"
	if err := shared.PublishEMF(ctx, group); err != nil {
		t.Errorf("a group that is not there: %v", err)
	}
	if _, err := logs.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &group}); err != nil {
		t.Fatal(err)
	}
	if _, err := logs.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &group, LogStreamName: aws.String("s")}); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	write := func(value float64) {
		t.Helper()
		var line lineWriter
		if err := emf.Write(&line, now, map[string]string{"stage": "test"}, []emf.Metric{{Name: "VersionsDeleted", Value: value, Unit: emf.Count}}); err != nil {
			t.Fatal(err)
		}
		_, err := logs.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: &group, LogStreamName: aws.String("s"), LogEvents: []logtypes.InputLogEvent{
			{Message: aws.String("START RequestId: 1"), Timestamp: aws.Int64(now.UnixMilli())},
			{Message: aws.String(string(line)), Timestamp: aws.Int64(now.UnixMilli())},
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	write(3)
	for range 2 {
		if err := shared.PublishEMF(ctx, group); err != nil {
			t.Fatal(err)
		}
	}
	write(4)
	if err := shared.PublishEMF(ctx, group); err != nil {
		t.Fatal(err)
	}
	out, err := cloudwatch.NewFromConfig(cfg).GetMetricStatistics(ctx, &cloudwatch.GetMetricStatisticsInput{
		Namespace: aws.String(emf.Namespace), MetricName: aws.String("VersionsDeleted"), Period: aws.Int32(3600),
		StartTime: aws.Time(now.Add(-time.Hour)), EndTime: aws.Time(now.Add(time.Hour)), Statistics: []metrictypes.Statistic{metrictypes.StatisticSum},
		Dimensions: []metrictypes.Dimension{{Name: aws.String("stage"), Value: aws.String("test")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	var sum float64
	for _, point := range out.Datapoints {
		sum += aws.ToFloat64(point.Sum)
	}
	if sum != 7 {
		t.Errorf("the sum is %v, want 7", sum)
	}
}

// lineWriter is what was written to it.
type lineWriter []byte

func (l *lineWriter) Write(text []byte) (int, error) {
	*l = append(*l, text...)
	return len(text), nil
}
