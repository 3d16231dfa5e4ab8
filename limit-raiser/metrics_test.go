package limitraiser

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"caretaker/internal/want"
)

func TestLoad_endsWithItsLastDatapointUnlessThatLasts(t *testing.T) {
	old, recent := Sample{At: noon.Add(-time.Hour), Consumed: 60}, Sample{At: noon, Consumed: 6}
	for name, c := range map[string]struct {
		all   []Sample
		lasts bool
		want  []Sample
	}{
		"busy":               {[]Sample{old, recent}, false, []Sample{recent}},
		"idle":               {[]Sample{old}, false, []Sample{{At: noon}}},
		"without metrics":    {nil, false, nil},
		"a count, just now":  {[]Sample{old, recent}, true, []Sample{recent}},
		"a count, earlier":   {[]Sample{old}, true, []Sample{old}},
		"a count, never yet": {nil, true, nil},
	} {
		want.Equal(t, name, load{lasts: c.lasts}.recent(c.all, noon), c.want)
	}
}

// Requests without the units that they took are not a load of zero.
func TestHandle_takesMetricsThatCameInPartForNone(t *testing.T) {
	s := throttledWrites(t)
	s.measure("AWS/DynamoDB", "SuccessfulRequestLatency", 5, 1, map[string]string{"TableName": s.table, "Operation": "PutItem"})
	report, err := s.handle(s.theEvent())
	ran(report, err).decides(t, Decision{Outcome: Raised, Detail: "for lack of metrics"})
}

// answered gives the results of one metric another status: the emulator has all data always.
type answered struct {
	cloudwatchAPI
	id   string
	code cloudwatchtypes.StatusCode
}

func (s answered) GetMetricData(ctx context.Context, input *cloudwatch.GetMetricDataInput, options ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricDataOutput, error) {
	output, err := s.cloudwatchAPI.GetMetricData(ctx, input, options...)
	for i := range output.MetricDataResults {
		if *output.MetricDataResults[i].Id == s.id {
			output.MetricDataResults[i].StatusCode = s.code
		}
	}
	return output, err
}

func TestHandle_takesMetricsThatCloudWatchCouldNotReadForNone(t *testing.T) {
	for _, code := range []cloudwatchtypes.StatusCode{
		cloudwatchtypes.StatusCodeInternalError, cloudwatchtypes.StatusCodePartialData, cloudwatchtypes.StatusCodeForbidden, cloudwatchtypes.StatusCodeComplete,
	} {
		t.Run(string(code), func(t *testing.T) {
			s := throttledWrites(t)
			s.measure("AWS/DynamoDB", "ConsumedWriteCapacityUnits", 6*60, 1, map[string]string{"TableName": s.table})
			s.clients.CloudWatch = answered{s.clients.CloudWatch, "m1_0", code} // of the table's writes, which come after the reads
			report, err := s.handle(s.theEvent())
			got := decision(t, report, err)
			whole := code == cloudwatchtypes.StatusCodeComplete
			want.Equal(t, "the need is met", got.Outcome == Met, whole)
			want.Equal(t, "it says that it lacks metrics", strings.Contains(got.Detail, "for lack of metrics"), !whole)
		})
	}
}

// DynamoDB counts what fills a new index apart from what is written to it. The emulator fills it at once.
func TestTableLoads_countWhatAnIndexBeingBuiltIsWrittenTo(t *testing.T) {
	description := &dynamodbtypes.TableDescription{GlobalSecondaryIndexes: []dynamodbtypes.GlobalSecondaryIndexDescription{
		{IndexName: aws.String("new"), IndexStatus: dynamodbtypes.IndexStatusCreating}, {IndexName: aws.String("old"), IndexStatus: dynamodbtypes.IndexStatusActive},
	}}
	counted := map[string]float64{
		"ConsumedWriteCapacityUnits": 60, "WriteThrottleEvents": 3, "OnlineIndexConsumedWriteCapacity": 600, "OnlineIndexThrottleEvents": 30,
		"ConsumedReadCapacityUnits": 7,
	}
	for part, sample := range map[Part]Sample{
		{"new", Write}: {Consumed: 660, Throttled: 33, Requests: 5}, {"old", Write}: {Consumed: 60, Throttled: 3, Requests: 5},
		{"", Write}: {Consumed: 60, Throttled: 3, Requests: 5}, {"new", Read}: {Consumed: 7, Requests: 5},
	} {
		one := tableLoads("orders", []Current{{Part: part}}, building(description))[0]
		values := make([]float64, len(one.series))
		for i, series := range one.series {
			if values[i] = counted[series.name]; series.name == "SuccessfulRequestLatency" {
				values[i] = 1
			}
		}
		want.Equal(t, part.String(), one.sample(values), sample)
		want.Equal(t, part.String()+": the metrics that tell of a load", one.tell, len(one.series)-5)
	}
}
