package reading

import (
	"fmt"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/google/go-cmp/cmp/cmpopts"

	"caretaker/internal/emulator/paging"
	"caretaker/internal/metric"
	"caretaker/internal/want"
)

var gap = math.NaN()

func orders(of string) metric.Metric {
	return metric.Metric{Namespace: "Shop", Name: "Orders", Statistic: "Sum", Dimensions: []metric.Dimension{{Name: "Of", Value: of}}}
}

// lambdaMetric is a metric of a function, with that statistic.
func lambdaMetric(name, statistic string) metric.Metric {
	return metric.Metric{Namespace: "AWS/Lambda", Name: name, Statistic: statistic, Dimensions: []metric.Dimension{{Name: "FunctionName", Value: "checkout"}}}
}

func TestData_readsEveryPage(t *testing.T) {
	now := time.Now().UTC().Truncate(time.Minute)
	runs := 0
	part := paging.Part{Folder: ".", Clients: reflect.TypeFor[struct{ CloudWatch API }]()}
	part.Check(t, func(t *testing.T, cutter *paging.Cutter) string {
		runs++
		settings := in(t, fmt.Sprint(440000000100+runs))
		put(t, settings, orders("eu"), now, 1, 2, 3)
		put(t, settings, orders("us"), now, 4, 5, 6)
		cutter.Attach(&settings)
		data, err := Data(t.Context(), cloudwatch.NewFromConfig(settings), Frame(now, time.Minute, 3), []metric.Metric{orders("eu"), orders("us")})
		want.NoError(t, "reading", err)
		return fmt.Sprint(data)
	})
}

// Thousands of metrics are asked for in calls that take what AWS takes, each metric once.
func TestData_asksForEachMetricOnceAndForAsManyAsACallTakes(t *testing.T) {
	settings, now := in(t, "440000000002"), time.Now().UTC().Truncate(time.Minute)
	var metrics []metric.Metric
	for number := range 2_100 {
		metrics = append(metrics, orders(fmt.Sprint(number%1_050)))
	}
	put(t, settings, orders("1049"), now, 7, gap, 9)
	data, err := Data(t.Context(), cloudwatch.NewFromConfig(settings), Frame(now, time.Minute, 4), metrics)
	want.NoError(t, "reading", err)
	want.Equal(t, "the metrics", len(data), 1_050)
	want.Equal(t, "calls", calls(t), 3)
	want.Equal(t, "the values of the last", data[orders("1049").Key()], metric.Series{gap, 7, gap, 9}, cmpopts.EquateNaNs())
	want.Equal(t, "the values of one without", data[orders("0").Key()], metric.None(4), cmpopts.EquateNaNs())
	want.Equal(t, "calls for 14 days of minutes", Calls(Frame(now, time.Minute, 14*24*60), 11), 3)
}

func TestJudge_computesAnAlarmOfCloudWatch(t *testing.T) {
	settings, now := in(t, "440000000003"), time.Now().UTC().Truncate(time.Minute)
	put(t, settings, lambdaMetric("Errors", ""), now, 0, 6, gap, 6)
	put(t, settings, lambdaMetric("Invocations", ""), now, 10, 12, 50, 60)
	client := cloudwatch.NewFromConfig(settings)
	query := func(id, name string) cloudwatchtypes.MetricDataQuery {
		return cloudwatchtypes.MetricDataQuery{Id: &id, ReturnData: aws.Bool(false), MetricStat: &cloudwatchtypes.MetricStat{
			Metric: &cloudwatchtypes.Metric{Namespace: aws.String("AWS/Lambda"), MetricName: &name, Dimensions: []cloudwatchtypes.Dimension{{Name: aws.String("FunctionName"), Value: aws.String("checkout")}}},
			Period: aws.Int32(60), Stat: aws.String("Sum"),
		}}
	}
	_, err := client.PutMetricAlarm(t.Context(), &cloudwatch.PutMetricAlarmInput{
		AlarmName: aws.String("checkout fails"), ComparisonOperator: cloudwatchtypes.ComparisonOperatorGreaterThanOrEqualToThreshold, Threshold: aws.Float64(10),
		EvaluationPeriods: aws.Int32(3), DatapointsToAlarm: aws.Int32(2), TreatMissingData: aws.String("notBreaching"),
		Metrics: []cloudwatchtypes.MetricDataQuery{query("m1", "Errors"), query("m2", "Invocations"), {Id: aws.String("value"), Expression: aws.String("100*FILL(m1,0)/FILL(m2,1)"), ReturnData: aws.Bool(true)}},
	})
	want.NoError(t, "putting the alarm", err)
	described, err := client.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{})
	want.NoError(t, "reading the alarm", err)
	verdict, err := Judge(t.Context(), client, described.MetricAlarms[0], now)
	want.NoError(t, "judging it", err)
	want.Equal(t, "the values", verdict.Values, metric.Series{0, 0, 50, 0, 10})
	want.Equal(t, "the verdict", []any{verdict.State, verdict.Breaching, verdict.Last}, []any{metric.On, 2, 10.0})
}

func TestAlarm_saysWhyItCannotBeComputed(t *testing.T) {
	base := func() cloudwatchtypes.MetricAlarm {
		return cloudwatchtypes.MetricAlarm{
			AlarmName: aws.String("mine"), ComparisonOperator: cloudwatchtypes.ComparisonOperatorGreaterThanThreshold, Threshold: aws.Float64(1), EvaluationPeriods: aws.Int32(3),
			Namespace: aws.String("AWS/Lambda"), MetricName: aws.String("Duration"), ExtendedStatistic: aws.String("p99"), Period: aws.Int32(60),
		}
	}
	for says, change := range map[string]func(*cloudwatchtypes.MetricAlarm){
		"anomaly band": func(a *cloudwatchtypes.MetricAlarm) { a.ThresholdMetricId = aws.String("band") },
		"PromQL": func(a *cloudwatchtypes.MetricAlarm) {
			a.EvaluationCriteria = &cloudwatchtypes.EvaluationCriteriaMemberPromQLCriteria{}
		},
		"Metrics Insights": func(a *cloudwatchtypes.MetricAlarm) {
			a.Metrics = []cloudwatchtypes.MetricDataQuery{{Id: aws.String("q"), Expression: aws.String(`select MAX(Errors) FROM "AWS/Lambda"`)}}
		},
		"names no metric": func(a *cloudwatchtypes.MetricAlarm) { a.MetricName = nil },
		"period of 0s":    func(a *cloudwatchtypes.MetricAlarm) { a.Period = nil },
		"SEARCH is not": func(a *cloudwatchtypes.MetricAlarm) {
			a.Metrics = []cloudwatchtypes.MetricDataQuery{{Id: aws.String("e"), Expression: aws.String("SEARCH('{X}', 'Sum')")}}
		},
		"periods of 1m0s and 5m0s": func(a *cloudwatchtypes.MetricAlarm) {
			stat := func(seconds int32) *cloudwatchtypes.MetricStat {
				return &cloudwatchtypes.MetricStat{Metric: &cloudwatchtypes.Metric{}, Period: &seconds, Stat: aws.String("Sum")}
			}
			a.Metrics = []cloudwatchtypes.MetricDataQuery{{Id: aws.String("a"), MetricStat: stat(60)}, {Id: aws.String("b"), MetricStat: stat(300)}}
		},
	} {
		alarm := base()
		change(&alarm)
		_, err := Alarm(alarm)
		if err == nil {
			t.Errorf("an alarm that %s is computed", says)
			continue
		}
		want.Says(t, "the reason", err.Error(), "mine", says)
	}
	alarm := base()
	alarm.EvaluateLowSampleCountPercentile = aws.String("ignore")
	read, err := Alarm(alarm)
	want.NoError(t, "reading an alarm", err)
	want.Equal(t, "the samples that p99 needs", math.Round(read.Rule.Samples), 1000)
	want.Equal(t, "M of N where M is not set", []int{read.Rule.Datapoints, read.Rule.Periods}, []int{3, 3})
	alarm.Namespace, alarm.TreatMissingData = aws.String("AWS/DynamoDB"), aws.String("notBreaching")
	read, err = Alarm(alarm)
	want.NoError(t, "reading an alarm", err)
	want.Equal(t, "how an alarm on AWS/DynamoDB treats missing data", read.Rule.Missing, metric.AsIgnored)
}
