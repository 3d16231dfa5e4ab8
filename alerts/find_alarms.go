package alerts

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"caretaker/internal/paged"
)

// alarms lists the stage's alarms, a hundred a call. Those of others are not even asked for.
func (r *Reconciler) alarms(ctx context.Context) ([]Existing, error) {
	var found []Existing
	input := &cloudwatch.DescribeAlarmsInput{
		AlarmNamePrefix: aws.String(Prefix(r.options.Stage)), MaxRecords: aws.Int32(100),
		// Without this, AWS tells of metric alarms alone.
		AlarmTypes: []cloudwatchtypes.AlarmType{cloudwatchtypes.AlarmTypeMetricAlarm, cloudwatchtypes.AlarmTypeCompositeAlarm},
	}
	err := paged.Every(func(token *string) (*string, error) {
		input.NextToken = token
		page, err := r.aws.CloudWatch.DescribeAlarms(ctx, input)
		if err != nil {
			return nil, err
		}
		for _, alarm := range page.MetricAlarms {
			found = append(found, existing(alarm))
		}
		for _, alarm := range page.CompositeAlarms {
			found = append(found, Existing{
				ARN: aws.ToString(alarm.AlarmArn), Composite: true, ActionsOff: !aws.ToBool(alarm.ActionsEnabled),
				Alarm: Alarm{
					Name: aws.ToString(alarm.AlarmName), Description: aws.ToString(alarm.AlarmDescription), Rule: aws.ToString(alarm.AlarmRule),
					Actions: sorted(alarm.AlarmActions), OKActions: sorted(alarm.OKActions), NoDataActions: sorted(alarm.InsufficientDataActions),
				},
			})
		}
		return page.NextToken, nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing alarms (cloudwatch:DescribeAlarms): %w", err)
	}
	return found, nil
}

// existing is an alarm as the plan compares it.
func existing(alarm cloudwatchtypes.MetricAlarm) Existing {
	e := Existing{
		ARN: aws.ToString(alarm.AlarmArn), ActionsOff: !aws.ToBool(alarm.ActionsEnabled),
		Alarm: Alarm{
			Name: aws.ToString(alarm.AlarmName), Description: aws.ToString(alarm.AlarmDescription),
			Comparison: string(alarm.ComparisonOperator), Threshold: aws.ToFloat64(alarm.Threshold),
			Periods: int(aws.ToInt32(alarm.EvaluationPeriods)), Datapoints: int(aws.ToInt32(alarm.DatapointsToAlarm)), Missing: aws.ToString(alarm.TreatMissingData),
			Actions: sorted(alarm.AlarmActions), OKActions: sorted(alarm.OKActions), NoDataActions: sorted(alarm.InsufficientDataActions),
		},
	}
	e.Datapoints = cmp.Or(e.Datapoints, e.Periods)
	if alarm.ThresholdMetricId != nil {
		return overBand(e, alarm)
	}
	if len(alarm.Metrics) > 0 {
		return several(e, alarm.Metrics)
	}
	statistic := cmp.Or(aws.ToString(alarm.ExtendedStatistic), string(alarm.Statistic))
	e.Metrics = []Metric{metricOf(aws.ToString(alarm.Namespace), aws.ToString(alarm.MetricName), statistic, alarm.Dimensions, alarm.Period)}
	if alarm.Unit != "" {
		e.Foreign = " in " + string(alarm.Unit)
	}
	return e
}

// several reads an alarm over several metrics: m1, m2 and so on, and one expression that is judged.
func several(e Existing, queries []cloudwatchtypes.MetricDataQuery) Existing {
	slices.SortFunc(queries, func(a, b cloudwatchtypes.MetricDataQuery) int {
		return cmp.Compare(aws.ToString(a.Id), aws.ToString(b.Id))
	})
	for _, query := range queries {
		judged := aws.ToBool(query.ReturnData)
		switch stat := query.MetricStat; {
		case stat != nil && stat.Metric != nil && !judged && aws.ToString(query.Id) == metricID(len(e.Metrics)) && query.AccountId == nil:
			e.Metrics = append(e.Metrics, metricOf(aws.ToString(stat.Metric.Namespace), aws.ToString(stat.Metric.MetricName), aws.ToString(stat.Stat), stat.Metric.Dimensions, stat.Period))
		case query.Expression != nil && judged && e.Expression == "":
			e.Expression, e.Label = *query.Expression, aws.ToString(query.Label)
		default:
			e.Foreign += " and " + aws.ToString(query.Id)
		}
	}
	return e
}

// overBand reads an alarm on a band: m1, and the band over it. What else there is, is foreign.
func overBand(e Existing, alarm cloudwatchtypes.MetricAlarm) Existing {
	for _, query := range alarm.Metrics {
		id, stat := aws.ToString(query.Id), query.MetricStat
		width, is := widthIn(aws.ToString(query.Expression))
		switch {
		case stat != nil && stat.Metric != nil && id == metricID(0) && query.AccountId == nil:
			e.Metrics = append(e.Metrics, metricOf(aws.ToString(stat.Metric.Namespace), aws.ToString(stat.Metric.MetricName), aws.ToString(stat.Stat), stat.Metric.Dimensions, stat.Period))
		case is && id == aws.ToString(alarm.ThresholdMetricId):
			e.Band, e.Label = width, aws.ToString(query.Label)
		default:
			e.Foreign += " and " + id
		}
	}
	return e
}

// metricID is what the metric at a place is called in the expression. There are fewer than ten of them, so
// that they sort as they are counted.
func metricID(at int) string { return fmt.Sprintf("m%d", at+1) }

func metricOf(namespace, name, statistic string, by []cloudwatchtypes.Dimension, period *int32) Metric {
	metric := Metric{Measure: Measure{Namespace: namespace, Name: name, Statistic: statistic}, Seconds: int(aws.ToInt32(period))}
	for _, dimension := range by {
		metric.Dimensions = append(metric.Dimensions, Dimension{aws.ToString(dimension.Name), aws.ToString(dimension.Value)})
	}
	slices.SortFunc(metric.Dimensions, func(a, b Dimension) int { return cmp.Compare(a.Name, b.Name) })
	return metric
}

func sorted(values []string) []string {
	values = slices.Clone(values)
	slices.Sort(values)
	return values
}
