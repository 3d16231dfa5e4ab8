package preview

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"caretaker/internal/iam"
	"caretaker/internal/metric"
	"caretaker/internal/paged"
)

// Statements are the permissions that whoever draws the account's own data needs beside those of a plan.
func Statements() []iam.Statement {
	return []iam.Statement{{
		Sid: "ReadMetrics", Resources: []string{"*"}, Actions: []string{"cloudwatch:GetMetricData"},
		WhyStar: "metrics have no narrower resource",
	}}
}

// Live reads the account's own data.
type Live struct {
	client *cloudwatch.Client
	prefix string
	states map[string]string
}

// NewLive reads the data of an account and Region, and the states of the alarms whose names begin so.
func NewLive(cfg aws.Config, prefix string) *Live {
	return &Live{client: cloudwatch.NewFromConfig(cfg), prefix: prefix}
}

// Lines asks CloudWatch, which computes the expressions itself.
func (l *Live) Lines(ctx context.Context, graph Graph, frame metric.Frame) ([]Line, error) {
	input := &cloudwatch.GetMetricDataInput{StartTime: &frame.Start, EndTime: aws.Time(frame.End()), ScanBy: cloudwatchtypes.ScanByTimestampAscending}
	for _, query := range graph.Lines {
		asked := cloudwatchtypes.MetricDataQuery{Id: aws.String(query.ID), Label: aws.String(query.Label)}
		if query.Expression != "" {
			asked.Expression, asked.Period = aws.String(query.Expression), aws.Int32(int32(query.Period.Seconds()))
		} else {
			asked.MetricStat = stat(query)
		}
		input.MetricDataQueries = append(input.MetricDataQueries, asked)
	}
	byLabel := map[[2]string]int{}
	var lines []Line
	err := paged.Every(func(token *string) (*string, error) {
		input.NextToken = token
		page, err := l.client.GetMetricData(ctx, input)
		if err != nil {
			return nil, err
		}
		for _, result := range page.MetricDataResults {
			if result.StatusCode == cloudwatchtypes.StatusCodeInternalError || result.StatusCode == cloudwatchtypes.StatusCodeForbidden {
				return nil, fmt.Errorf("%s is answered with %s", aws.ToString(result.Id), result.StatusCode)
			}
			key := [2]string{aws.ToString(result.Id), aws.ToString(result.Label)}
			at, known := byLabel[key]
			if !known {
				at = len(lines)
				byLabel[key] = at
				lines = append(lines, Line{aws.ToString(result.Label), metric.None(frame.Count)})
			}
			for place, moment := range result.Timestamps[:min(len(result.Timestamps), len(result.Values))] {
				if slot, is := frame.Slot(moment); is {
					lines[at].Series[slot] = result.Values[place]
				}
			}
		}
		return page.NextToken, nil
	})
	if err != nil {
		return nil, fmt.Errorf("cloudwatch:GetMetricData: %w", err)
	}
	return withData(lines), nil
}

// stat is a plain metric as the API asks for it.
func stat(query Query) *cloudwatchtypes.MetricStat {
	of := &cloudwatchtypes.Metric{Namespace: aws.String(query.Namespace), MetricName: aws.String(query.Metric)}
	for _, dimension := range query.Dimensions {
		of.Dimensions = append(of.Dimensions, cloudwatchtypes.Dimension{Name: aws.String(dimension.Name), Value: aws.String(dimension.Value)})
	}
	return &cloudwatchtypes.MetricStat{Metric: of, Stat: aws.String(query.Statistic), Period: aws.Int32(int32(query.Period.Seconds()))}
}

// withData are the lines that have a datapoint at all.
func withData(lines []Line) (kept []Line) {
	for _, line := range lines {
		for _, value := range line.Series {
			if !metric.Missing(value) {
				kept = append(kept, line)
				break
			}
		}
	}
	return kept
}

// States lists the alarms once.
func (l *Live) States(ctx context.Context) (map[string]string, error) {
	if l.states != nil {
		return l.states, nil
	}
	states := map[string]string{}
	input := &cloudwatch.DescribeAlarmsInput{AlarmNamePrefix: &l.prefix, MaxRecords: aws.Int32(100)}
	err := paged.Every(func(token *string) (*string, error) {
		input.NextToken = token
		page, err := l.client.DescribeAlarms(ctx, input)
		if err != nil {
			return nil, err
		}
		for _, alarm := range page.MetricAlarms {
			if strings.HasPrefix(aws.ToString(alarm.AlarmName), l.prefix) {
				states[aws.ToString(alarm.AlarmArn)] = string(alarm.StateValue)
			}
		}
		return page.NextToken, nil
	})
	if err != nil {
		return nil, fmt.Errorf("cloudwatch:DescribeAlarms: %w", err)
	}
	l.states = states
	return states, nil
}
