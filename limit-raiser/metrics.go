package limitraiser

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// series is a metric that is read minute by minute.
type series struct {
	namespace, name, stat string
	dimensions            map[string]string
}

// load is what the series of a part add up to in a minute.
type load struct {
	series []series
	// tell is how many of the series, from the first, tell of the load itself. A minute without a
	// datapoint of these has come in part.
	tell int
	// sample makes a sample from the minute's values, in the order of the series; 0 stands for a
	// minute without a datapoint.
	sample func(values []float64) Sample
	// lasts says that a datapoint counts what there is, and holds until the next. Of all else a
	// minute without one had no load.
	lasts bool
}

// metricsWindow is how far back metrics are read. What is idle publishes none, and its alarm may
// well be on still: minutes that are missing after others within this time had no load.
const metricsWindow = 3 * time.Hour

// readLoads reads the loads of the parts, which are in the order of the loads, in as few calls as
// there can be.
func (r *Raiser) readLoads(ctx context.Context, parts []Current, loads []load) error {
	var queries []cloudwatchtypes.MetricDataQuery
	for i, load := range loads {
		for j, one := range load.series {
			queries = append(queries, one.query(fmt.Sprintf("m%d_%d", i, j)))
		}
	}
	if len(queries) == 0 {
		return nil
	}
	// A minute is whole only when the next has begun.
	end := r.now().Truncate(time.Minute)
	points, partial := map[string]map[time.Time]float64{}, map[string]bool{}
	pages := cloudwatch.NewGetMetricDataPaginator(r.aws.CloudWatch, &cloudwatch.GetMetricDataInput{
		StartTime: aws.Time(end.Add(-metricsWindow)), EndTime: &end, MetricDataQueries: queries,
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("reading metrics: %w", err)
		}
		for _, result := range page.MetricDataResults {
			id := aws.ToString(result.Id)
			// Where there are more pages of it, the last one counts.
			partial[id] = result.StatusCode != "" && result.StatusCode != cloudwatchtypes.StatusCodeComplete
			if points[id] == nil {
				points[id] = map[time.Time]float64{}
			}
			for n := range min(len(result.Timestamps), len(result.Values)) {
				points[id][result.Timestamps[n].Truncate(time.Minute)] = result.Values[n]
			}
		}
	}
	for i, load := range loads {
		id := func(j int) string { return fmt.Sprintf("m%d_%d", i, j) }
		whole := true
		for j := range load.series {
			whole = whole && !partial[id(j)]
		}
		if all := load.samples(func(j int) map[time.Time]float64 { return points[id(j)] }); whole {
			parts[i].Samples, parts[i].Silent = load.recent(all, end.Add(-DemandWindow)), len(all) == 0 && !load.lasts
		}
	}
	return nil
}

// samples are those of the minutes that tell of the load, oldest first.
func (l load) samples(points func(int) map[time.Time]float64) []Sample {
	minutes := map[time.Time]bool{}
	for j := range l.tell {
		for at := range points(j) {
			minutes[at] = true
		}
	}
	var samples []Sample
	for _, at := range slices.SortedFunc(maps.Keys(minutes), time.Time.Compare) {
		values := make([]float64, len(l.series))
		for j := range l.series {
			values[j] = points(j)[at]
		}
		sample := l.sample(values)
		sample.At = at
		samples = append(samples, sample)
	}
	return samples
}

// recent are the samples since then. Where there are none, but older ones, the load has ended.
func (l load) recent(samples []Sample, since time.Time) []Sample {
	first := slices.IndexFunc(samples, func(s Sample) bool { return !s.At.Before(since) })
	switch {
	case first >= 0:
		return samples[first:]
	case len(samples) == 0:
		return nil
	case l.lasts:
		return samples[len(samples)-1:]
	}
	return []Sample{{At: since}}
}

func (s series) query(id string) cloudwatchtypes.MetricDataQuery {
	var dimensions []cloudwatchtypes.Dimension
	for _, name := range slices.Sorted(maps.Keys(s.dimensions)) {
		dimensions = append(dimensions, cloudwatchtypes.Dimension{Name: aws.String(name), Value: aws.String(s.dimensions[name])})
	}
	return cloudwatchtypes.MetricDataQuery{
		Id: &id,
		MetricStat: &cloudwatchtypes.MetricStat{
			Metric: &cloudwatchtypes.Metric{Namespace: aws.String(s.namespace), MetricName: aws.String(s.name), Dimensions: dimensions},
			Period: aws.Int32(60), Stat: aws.String(s.stat),
		},
	}
}
