package trust

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"caretaker/internal/metric"
	"caretaker/internal/metric/reading"
	"caretaker/internal/paged"
)

// alarms lists every alarm of the Region, a hundred a call.
func (a *Auditor) alarms(ctx context.Context) ([]Alarm, error) {
	var all []Alarm
	input := &cloudwatch.DescribeAlarmsInput{
		MaxRecords: aws.Int32(100),
		// Without this, AWS tells of metric alarms alone.
		AlarmTypes: []cloudwatchtypes.AlarmType{cloudwatchtypes.AlarmTypeMetricAlarm, cloudwatchtypes.AlarmTypeCompositeAlarm},
	}
	err := paged.Every(func(token *string) (*string, error) {
		input.NextToken = token
		page, err := a.aws.CloudWatch.DescribeAlarms(ctx, input)
		if err != nil {
			return nil, err
		}
		for _, alarm := range page.MetricAlarms {
			all = append(all, ofMetrics(alarm))
		}
		for _, alarm := range page.CompositeAlarms {
			all = append(all, Alarm{
				Name: aws.ToString(alarm.AlarmName), Composite: true, Rule: aws.ToString(alarm.AlarmRule), ActionsOff: !aws.ToBool(alarm.ActionsEnabled),
				Actions: alarm.AlarmActions, OKActions: alarm.OKActions, NoDataActions: alarm.InsufficientDataActions,
			})
		}
		return page.NextToken, nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing alarms (cloudwatch:DescribeAlarms): %w", err)
	}
	slices.SortFunc(all, func(a, b Alarm) int { return cmp.Compare(a.Name, b.Name) })
	return all, nil
}

func ofMetrics(alarm cloudwatchtypes.MetricAlarm) Alarm {
	found := Alarm{
		Name: aws.ToString(alarm.AlarmName), ActionsOff: !aws.ToBool(alarm.ActionsEnabled), Evaluation: string(alarm.EvaluationState), Reason: aws.ToString(alarm.StateReason),
		Actions: alarm.AlarmActions, OKActions: alarm.OKActions, NoDataActions: alarm.InsufficientDataActions,
		Period: time.Duration(aws.ToInt32(alarm.Period)) * time.Second,
	}
	computed, err := reading.Alarm(alarm)
	if err == nil {
		found.Computed, found.Period, found.Metrics = computed, computed.Period, computed.Metrics()
		return found
	}
	found.Refused = strings.TrimPrefix(err.Error(), found.Name+": ")
	if alarm.MetricName != nil {
		found.Metrics = append(found.Metrics, reading.Metric(cloudwatchtypes.MetricStat{
			Metric: &cloudwatchtypes.Metric{Namespace: alarm.Namespace, MetricName: alarm.MetricName, Dimensions: alarm.Dimensions},
			Stat:   aws.String(cmp.Or(aws.ToString(alarm.ExtendedStatistic), string(alarm.Statistic))), Unit: alarm.Unit,
		}, nil))
	}
	for _, query := range alarm.Metrics {
		switch {
		case query.MetricStat != nil && query.MetricStat.Metric != nil:
			found.Metrics = append(found.Metrics, reading.Metric(*query.MetricStat, query.AccountId))
			found.Period = max(found.Period, time.Duration(aws.ToInt32(query.MetricStat.Period))*time.Second)
		case reading.IsQuery(aws.ToString(query.Expression)):
			found.Query = *query.Expression
		}
	}
	return found
}

// subscribed counts the confirmed subscriptions of each topic, a hundred a call.
func (a *Auditor) subscribed(ctx context.Context) (map[string]int, error) {
	counts := map[string]int{}
	err := paged.Every(func(token *string) (*string, error) {
		page, err := a.aws.SNS.ListSubscriptions(ctx, &sns.ListSubscriptionsInput{NextToken: token})
		if err != nil {
			return nil, err
		}
		for _, one := range page.Subscriptions {
			if strings.HasPrefix(aws.ToString(one.SubscriptionArn), "arn:") { // else PendingConfirmation, or Deleted
				counts[aws.ToString(one.TopicArn)]++
			}
		}
		return page.NextToken, nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing subscriptions (sns:ListSubscriptions): %w", err)
	}
	return counts, nil
}

// looksBack is how far lint looks for datapoints.
const looksBack = 14

// datapoints are how many samples each metric had in 14 days, by its key without the statistic: a query a metric,
// a datapoint a day.
func (a *Auditor) datapoints(ctx context.Context, all []Alarm) (map[string]float64, error) {
	var metrics []metric.Metric
	keys := map[string]bool{}
	for _, alarm := range all {
		for _, one := range alarm.Metrics {
			for _, one := range []metric.Metric{samples(one), samples(withoutUnit(one))} {
				if one.Account == "" && !keys[one.Key()] {
					keys[one.Key()] = true
					metrics = append(metrics, one)
				}
			}
		}
	}
	const day = 24 * time.Hour
	frame := reading.Frame(a.options.Now.Add(day), day, looksBack+1) // up to now, in the day that is not over
	a.options.Say(Price{len(all), len(metrics), reading.Calls(frame, len(metrics))})
	data, err := a.read(ctx, frame, metrics)
	counts := make(map[string]float64, len(data))
	for key, series := range data {
		counts[key] = 0 // it was looked for
		for _, value := range series {
			if !metric.Missing(value) {
				counts[key] += value
			}
		}
	}
	return counts, err
}

// samples is the metric's count of samples, whatever statistic an alarm reads.
func samples(of metric.Metric) metric.Metric {
	of.Statistic = "SampleCount"
	return of
}

func withoutUnit(of metric.Metric) metric.Metric {
	of.Unit = ""
	return of
}
