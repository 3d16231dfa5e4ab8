package limitraiser

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"caretaker/internal/alarm"
)

// mostNames is how many alarms one call describes:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
const mostNames = 100

// describeAlarms are alarms as CloudWatch describes them, without account and Region.
func (r *Raiser) describeAlarms(ctx context.Context, names []string) ([]alarm.Alarm, error) {
	pages := cloudwatch.NewDescribeAlarmsPaginator(r.aws.CloudWatch, &cloudwatch.DescribeAlarmsInput{
		AlarmNames: names[:min(len(names), mostNames)],
		AlarmTypes: []cloudwatchtypes.AlarmType{cloudwatchtypes.AlarmTypeMetricAlarm, cloudwatchtypes.AlarmTypeCompositeAlarm},
	})
	var found []alarm.Alarm
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("describing alarms: %w", err)
		}
		for _, metric := range page.MetricAlarms {
			found = append(found, metricAlarm(metric))
		}
		for _, composite := range page.CompositeAlarms {
			found = append(found, alarm.Alarm{
				Name: aws.ToString(composite.AlarmName), State: string(composite.StateValue), ChangedAt: aws.ToTime(composite.StateTransitionedTimestamp),
				Rule: aws.ToString(composite.AlarmRule), SuppressedBy: string(composite.ActionsSuppressedBy),
			})
		}
	}
	return found, nil
}

func metricAlarm(described cloudwatchtypes.MetricAlarm) alarm.Alarm {
	found := alarm.Alarm{
		Name: aws.ToString(described.AlarmName), State: string(described.StateValue), ChangedAt: aws.ToTime(described.StateTransitionedTimestamp),
		Comparison: string(described.ComparisonOperator), Threshold: described.Threshold, Band: aws.ToString(described.ThresholdMetricId),
	}
	_, found.Recent = alarm.ReasonData(aws.ToString(described.StateReasonData))
	if described.MetricName != nil {
		found.Metrics = []alarm.Metric{{
			Namespace: aws.ToString(described.Namespace), Name: aws.ToString(described.MetricName), Dimensions: dimensionsOf(described.Dimensions),
			Stat: cmp.Or(string(described.Statistic), aws.ToString(described.ExtendedStatistic)), Period: seconds(described.Period), Compared: true,
		}}
		return found
	}
	for _, query := range described.Metrics {
		metric := alarm.Metric{
			ID: aws.ToString(query.Id), Expression: aws.ToString(query.Expression), Period: seconds(query.Period),
			Account: aws.ToString(query.AccountId), Compared: query.ReturnData == nil || *query.ReturnData,
		}
		if stat := query.MetricStat; stat != nil && stat.Metric != nil {
			metric.Namespace, metric.Name = aws.ToString(stat.Metric.Namespace), aws.ToString(stat.Metric.MetricName)
			metric.Dimensions, metric.Stat, metric.Period = dimensionsOf(stat.Metric.Dimensions), aws.ToString(stat.Stat), seconds(stat.Period)
		}
		found.Metrics = append(found.Metrics, metric)
	}
	return found
}

func seconds(period *int32) time.Duration { return time.Duration(aws.ToInt32(period)) * time.Second }

func dimensionsOf(list []cloudwatchtypes.Dimension) map[string]string {
	found := map[string]string{}
	for _, dimension := range list {
		found[aws.ToString(dimension.Name)] = aws.ToString(dimension.Value)
	}
	return found
}

// learn adds what the event did not say of an alarm that may ask for a raise: how it compares, and which
// way it left its band. Only messages of SNS say the first, only other events the second. What it
// finds goes along in the looks, which ask no more.
func (r *Raiser) learn(ctx context.Context, a alarm.Alarm) (alarm.Alarm, error) {
	unsaid := a.Comparison == "" || a.Comparison == alarm.BothWays && len(a.Recent.Upper) == 0
	asks := slices.ContainsFunc(a.Metrics, func(metric alarm.Metric) bool {
		return r.raisable(metric) || len(r.cfg.Quotas) > 0 && metric.Name != ""
	})
	if !unsaid || !asks {
		return a, nil
	}
	found, err := r.describeAlarms(ctx, []string{a.Name})
	if err != nil || len(found) == 0 {
		return a, err
	}
	now := found[0]
	a.Comparison, a.Band = now.Comparison, now.Band
	if a.Threshold == nil {
		a.Threshold = now.Threshold
	}
	if len(a.Recent.Upper) == 0 {
		a.Recent = now.Recent
	}
	if !slices.ContainsFunc(a.Metrics, func(metric alarm.Metric) bool { return metric.Compared }) && a.Contributor == "" {
		a.Metrics = now.Metrics // of a look that a version wrote which did not know what is compared
	}
	return a, nil
}
