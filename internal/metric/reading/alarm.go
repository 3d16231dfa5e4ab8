// Package reading takes what package metric computes out of CloudWatch: the definitions of alarms, and the
// datapoints of metrics.
package reading

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"caretaker/internal/metric"
)

// ignoringNamespace is the one whose alarms stay as they are over missing data, whatever they say:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
const ignoringNamespace = "AWS/DynamoDB"

// Alarm is an alarm as it can be computed, or why it cannot be: it compares with an anomaly band, or reads what is
// no metric with a statistic.
func Alarm(alarm cloudwatchtypes.MetricAlarm) (metric.Alarm, error) {
	name := aws.ToString(alarm.AlarmName)
	rule := metric.Rule{
		Comparison: string(alarm.ComparisonOperator), Threshold: aws.ToFloat64(alarm.Threshold),
		Periods: int(aws.ToInt32(alarm.EvaluationPeriods)), Missing: aws.ToString(alarm.TreatMissingData),
	}
	rule.Datapoints = cmp.Or(int(aws.ToInt32(alarm.DatapointsToAlarm)), rule.Periods)
	if alarm.ThresholdMetricId != nil {
		return metric.Alarm{}, fmt.Errorf("%s: it compares with an anomaly band, whose model AWS alone has", name)
	}
	if alarm.EvaluationCriteria != nil {
		return metric.Alarm{}, fmt.Errorf("%s: it is written in PromQL, which is not computed", name)
	}
	if len(alarm.Metrics) > 0 {
		queries, seconds, err := several(alarm.Metrics)
		if err != nil {
			return metric.Alarm{}, fmt.Errorf("%s: %w", name, err)
		}
		return metric.New(name, rule, seconds, queries)
	}
	if alarm.MetricName == nil {
		return metric.Alarm{}, fmt.Errorf("%s: it names no metric", name)
	}
	only := metric.Metric{
		Namespace: aws.ToString(alarm.Namespace), Name: *alarm.MetricName, Dimensions: dimensions(alarm.Dimensions), Unit: string(alarm.Unit),
		Statistic: cmp.Or(aws.ToString(alarm.ExtendedStatistic), string(alarm.Statistic)),
	}
	if aws.ToString(alarm.EvaluateLowSampleCountPercentile) == "ignore" {
		rule.Samples = metric.Fewest(only.Statistic)
	}
	if only.Namespace == ignoringNamespace {
		rule.Missing = metric.AsIgnored
	}
	return metric.New(name, rule, seconds(alarm.Period), []metric.Query{{ID: "m", Metric: &only, Judged: true}})
}

// several are the metrics and expressions of an alarm, and their period.
func several(queries []cloudwatchtypes.MetricDataQuery) ([]metric.Query, time.Duration, error) {
	var found []metric.Query
	var period time.Duration
	for _, query := range queries {
		one := metric.Query{ID: aws.ToString(query.Id), Judged: query.ReturnData == nil || *query.ReturnData}
		switch stat := query.MetricStat; {
		case stat != nil && stat.Metric != nil:
			read := Metric(*stat, query.AccountId)
			one.Metric = &read
			if period != 0 && period != seconds(stat.Period) {
				return nil, 0, fmt.Errorf("its metrics have periods of %s and %s, where AWS wants one", period, seconds(stat.Period))
			}
			period = seconds(stat.Period)
		case IsQuery(aws.ToString(query.Expression)):
			return nil, 0, errors.New("it is a query of Metrics Insights, which is not computed")
		default:
			one.Expression = aws.ToString(query.Expression)
		}
		found = append(found, one)
	}
	return found, period, nil
}

// Metric is what a query reads. It must name a metric; no account means the caller's.
func Metric(stat cloudwatchtypes.MetricStat, account *string) metric.Metric {
	return metric.Metric{
		Namespace: aws.ToString(stat.Metric.Namespace), Name: aws.ToString(stat.Metric.MetricName), Dimensions: dimensions(stat.Metric.Dimensions),
		Statistic: aws.ToString(stat.Stat), Unit: string(stat.Unit), Account: aws.ToString(account),
	}
}

// IsQuery says whether an expression is one of Metrics Insights.
func IsQuery(expression string) bool {
	return strings.HasPrefix(strings.ToUpper(strings.TrimSpace(expression)), "SELECT ")
}

func dimensions(by []cloudwatchtypes.Dimension) []metric.Dimension {
	var found []metric.Dimension
	for _, dimension := range by {
		found = append(found, metric.Dimension{Name: aws.ToString(dimension.Name), Value: aws.ToString(dimension.Value)})
	}
	slices.SortFunc(found, func(a, b metric.Dimension) int { return cmp.Compare(a.Name, b.Name) })
	return found
}

func seconds(count *int32) time.Duration { return time.Duration(aws.ToInt32(count)) * time.Second }
