package emulator_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"caretaker/internal/want"
)

// queriesFor are as many of GetMetricData.
func queriesFor(count int) []cloudwatchtypes.MetricDataQuery {
	queries := make([]cloudwatchtypes.MetricDataQuery, count)
	for at := range queries {
		queries[at] = cloudwatchtypes.MetricDataQuery{Id: aws.String(fmt.Sprint("m", at)), MetricStat: &cloudwatchtypes.MetricStat{
			Metric: &cloudwatchtypes.Metric{
				Namespace: aws.String("Shop"), MetricName: aws.String("Orders"), Dimensions: []cloudwatchtypes.Dimension{{Name: aws.String("Of"), Value: aws.String(fmt.Sprint(at))}},
			},
			Period: aws.Int32(60), Stat: aws.String("Sum"),
		}}
	}
	return queries
}

func TestGetMetricData_takes500QueriesAndAnswersInPages(t *testing.T) {
	ctx, client, now := t.Context(), cloudwatch.NewFromConfig(fresh(t)), time.Now().Truncate(time.Minute)
	var data []cloudwatchtypes.MetricDatum
	for of := range 2 {
		for minute := range 4 {
			data = append(data, cloudwatchtypes.MetricDatum{
				MetricName: aws.String("Orders"), Dimensions: []cloudwatchtypes.Dimension{{Name: aws.String("Of"), Value: aws.String(fmt.Sprint(of))}},
				Timestamp: aws.Time(now.Add(time.Duration(minute-10) * time.Minute)), Value: aws.Float64(float64(10*of + minute)),
			})
		}
	}
	_, err := client.PutMetricData(ctx, &cloudwatch.PutMetricDataInput{Namespace: aws.String("Shop"), MetricData: data})
	want.NoError(t, "putting data", err)
	input := &cloudwatch.GetMetricDataInput{StartTime: aws.Time(now.Add(-time.Hour)), EndTime: &now, MetricDataQueries: queriesFor(501)}
	_, err = client.GetMetricData(ctx, input)
	if err == nil {
		t.Error("501 queries are taken")
	}
	input.MetricDataQueries, input.MaxDatapoints = queriesFor(3), aws.Int32(3)
	values, pages := map[string][]float64{}, 0
	paginator := cloudwatch.NewGetMetricDataPaginator(client, input)
	for paginator.HasMorePages() {
		page, err := paginator.NextPage(ctx)
		want.NoError(t, "reading a page", err)
		count := 0
		for _, result := range page.MetricDataResults {
			count += len(result.Values)
			values[*result.Id] = append(values[*result.Id], result.Values...)
			if pages == 1 && *result.Id == "m1" {
				want.Equal(t, "the state of a metric that goes on", result.StatusCode, cloudwatchtypes.StatusCodePartialData)
			}
		}
		if count > 3 {
			t.Errorf("a page has %d datapoints, want 3 at most", count)
		}
		pages++
	}
	want.Equal(t, "pages", pages, 3)
	want.Equal(t, "the values", values, map[string][]float64{"m0": {0, 1, 2, 3}, "m1": {10, 11, 12, 13}, "m2": nil})
}
