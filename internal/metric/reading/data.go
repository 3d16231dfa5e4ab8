package reading

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"caretaker/internal/metric"
	"caretaker/internal/paged"
)

// API is what datapoints are read by.
type API interface {
	GetMetricData(context.Context, *cloudwatch.GetMetricDataInput, ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricDataOutput, error)
}

// What one call takes and one page holds:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
const (
	MostQueries    = 500
	MostDatapoints = 100_800
)

// Data reads metrics over a frame, each once. Each page of datapoints is a call.
func Data(ctx context.Context, api API, frame metric.Frame, metrics []metric.Metric) (metric.Data, error) {
	data := metric.Data{}
	var unread []metric.Metric
	for _, one := range metrics {
		if _, there := data[one.Key()]; !there {
			data[one.Key()] = metric.None(frame.Count)
			unread = append(unread, one)
		}
	}
	for call := range slices.Chunk(unread, inACall(frame)) {
		if err := read(ctx, api, frame, call, data); err != nil {
			return nil, fmt.Errorf("reading metrics (cloudwatch:GetMetricData): %w", err)
		}
	}
	return data, nil
}

// inACall is how many metrics a call asks for: as many as may come on a page, so that a call that has to be made
// again is one page.
func inACall(frame metric.Frame) int {
	return min(MostQueries, max(1, MostDatapoints/max(1, frame.Count)))
}

// Calls is how many calls so many metrics take over a frame, at least.
func Calls(frame metric.Frame, metrics int) int {
	each := inACall(frame)
	return (metrics + each - 1) / each
}

func read(ctx context.Context, api API, frame metric.Frame, metrics []metric.Metric, data metric.Data) error {
	input := &cloudwatch.GetMetricDataInput{StartTime: aws.Time(frame.Start), EndTime: aws.Time(frame.End()), MaxDatapoints: aws.Int32(MostDatapoints)}
	of := map[string]metric.Metric{}
	for at, one := range metrics {
		id := "m" + strconv.Itoa(at)
		of[id] = one
		input.MetricDataQueries = append(input.MetricDataQueries, query(id, one, frame.Period))
	}
	return paged.Every(func(token *string) (*string, error) {
		input.NextToken = token
		page, err := api.GetMetricData(ctx, input)
		if err != nil {
			return nil, err
		}
		for _, result := range page.MetricDataResults {
			one, ours := of[aws.ToString(result.Id)]
			switch {
			case !ours:
				return nil, fmt.Errorf("the answer tells of %q, which nobody asked for", aws.ToString(result.Id))
			case result.StatusCode == cloudwatchtypes.StatusCodeInternalError, result.StatusCode == cloudwatchtypes.StatusCodeForbidden:
				return nil, fmt.Errorf("%s: %s%s", one, result.StatusCode, messages(result.Messages))
			case len(result.Values) != len(result.Timestamps):
				return nil, fmt.Errorf("%s: %d values at %d times", one, len(result.Values), len(result.Timestamps))
			}
			series := data[one.Key()]
			for at, when := range result.Timestamps {
				if slot, inside := frame.Slot(when); inside {
					series[slot] = result.Values[at]
				}
			}
		}
		return page.NextToken, nil
	})
}

func query(id string, one metric.Metric, period time.Duration) cloudwatchtypes.MetricDataQuery {
	asked := cloudwatchtypes.MetricDataQuery{Id: &id, MetricStat: &cloudwatchtypes.MetricStat{
		Metric: &cloudwatchtypes.Metric{Namespace: &one.Namespace, MetricName: &one.Name},
		Period: aws.Int32(int32(period / time.Second)), Stat: &one.Statistic, // #nosec G115 -- a day at most
		Unit: cloudwatchtypes.StandardUnit(one.Unit),
	}}
	for _, by := range one.Dimensions {
		asked.MetricStat.Metric.Dimensions = append(asked.MetricStat.Metric.Dimensions, cloudwatchtypes.Dimension{Name: aws.String(by.Name), Value: aws.String(by.Value)})
	}
	if one.Account != "" {
		asked.AccountId = &one.Account
	}
	return asked
}

func messages(all []cloudwatchtypes.MessageData) string {
	text := ""
	for _, message := range all {
		text += ": " + aws.ToString(message.Code) + " " + aws.ToString(message.Value)
	}
	return text
}

// Frame is the last so many whole periods before a moment.
func Frame(now time.Time, period time.Duration, count int) metric.Frame {
	return metric.Frame{Start: now.UTC().Truncate(period).Add(-time.Duration(count) * period), Period: period, Count: count}
}
