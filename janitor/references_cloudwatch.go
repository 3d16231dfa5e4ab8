package janitor

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"caretaker/internal/paged"
)

// readInvocations reads which versions were invoked by their number: in the last two weeks from a
// list of the whole Region, and before that version by version, where the file looks back further.
func (j *Janitor) readInvocations(ctx context.Context, in scope) (Findings, error) {
	found, err := j.recentInvocations(ctx)
	if err != nil || j.cfg.Keep.InvokedWithin.Std() <= invokedWindow {
		return found, err
	}
	earlier, err := j.earlierInvocations(ctx, in, found.References)
	found.add(earlier)
	return found, err
}

// recentInvocations are those of the last two weeks: ListMetrics names only metrics with data in
// that time, 500 a page. An invocation through an alias stands under the alias; for a weighted one
// the version is a dimension of its own.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
func (j *Janitor) recentInvocations(ctx context.Context) (Findings, error) {
	var found Findings
	err := paged.Every(func(token *string) (*string, error) {
		page, err := j.aws.CloudWatch.ListMetrics(ctx, &cloudwatch.ListMetricsInput{
			Namespace: aws.String("AWS/Lambda"), MetricName: aws.String("Invocations"), NextToken: token,
			Dimensions: []cloudwatchtypes.DimensionFilter{{Name: aws.String("Resource")}},
		})
		if err != nil {
			return nil, err
		}
		for _, metric := range page.Metrics {
			found.invoked(metric.Dimensions)
		}
		return page.NextToken, nil
	})
	if err != nil {
		return Findings{}, fmt.Errorf("listing invocation metrics: %w", err)
	}
	return found, nil
}

func (f *Findings) invoked(dimensions []cloudwatchtypes.Dimension) {
	var function, qualifier, executed string
	for _, dimension := range dimensions {
		switch aws.ToString(dimension.Name) {
		case "Resource":
			function, qualifier, _ = strings.Cut(aws.ToString(dimension.Value), ":")
		case "ExecutedVersion":
			executed = aws.ToString(dimension.Value)
		}
	}
	if isAlias(qualifier) {
		f.Invoked = append(f.Invoked, Reference{function, qualifier, Invocation, "in the last two weeks"})
	}
	if executed != "" {
		qualifier = executed
	}
	if _, err := versionNumber(qualifier); err == nil {
		f.References = append(f.References, Reference{function, qualifier, Invocation, "in the last two weeks"})
	}
}

// mostQueries is how many metrics one GetMetricData takes. AWS charges a cent for 1,000 of them.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
const mostQueries = 500

// earlierInvocations are those of the versions on the shortlist as far back as the file says. They
// are of a kind of their own, which counts nothing for the belt: how many there are depends on what
// the file says and leaves out.
func (j *Janitor) earlierInvocations(ctx context.Context, in scope, recently []Reference) (Findings, error) {
	var versions []Reference
	known := map[Reference]bool{}
	for _, recent := range recently {
		known[Reference{recent.Function, recent.Qualifier, EarlierInvocation, ""}] = true
	}
	for _, function := range in.shortlist {
		for _, version := range function.Versions {
			if one := (Reference{function.Name, strconv.FormatInt(version.Number, 10), EarlierInvocation, ""}); !known[one] {
				versions = append(versions, one)
			}
		}
	}
	var found gathered
	err := each(ctx, slices.Collect(slices.Chunk(versions, mostQueries)), func(ctx context.Context, some []Reference) error {
		invoked, err := j.lastInvocations(ctx, some, in.now)
		found.with(func(all *Findings) { all.References = append(all.References, invoked...) })
		return err
	})
	if err != nil {
		return Findings{}, fmt.Errorf("reading when versions were invoked (cloudwatch:GetMetricData): %w", err)
	}
	return found.Findings, nil
}

// lastInvocations are those of the versions that were invoked, by days.
func (j *Janitor) lastInvocations(ctx context.Context, versions []Reference, now time.Time) ([]Reference, error) {
	const day = 24 * time.Hour
	input := &cloudwatch.GetMetricDataInput{
		// Whole days: CloudWatch rounds older times anyway.
		StartTime: aws.Time(now.Add(-j.cfg.Keep.InvokedWithin.Std()).Truncate(day)), EndTime: aws.Time(now.Truncate(day).Add(day)),
		ScanBy: cloudwatchtypes.ScanByTimestampDescending,
	}
	for position, version := range versions {
		input.MetricDataQueries = append(input.MetricDataQueries, cloudwatchtypes.MetricDataQuery{
			Id: aws.String(fmt.Sprintf("v%d", position)),
			MetricStat: &cloudwatchtypes.MetricStat{
				Metric: &cloudwatchtypes.Metric{
					Namespace: aws.String("AWS/Lambda"), MetricName: aws.String("Invocations"),
					Dimensions: []cloudwatchtypes.Dimension{
						{Name: aws.String("FunctionName"), Value: aws.String(version.Function)},
						{Name: aws.String("Resource"), Value: aws.String(version.Function + ":" + version.Qualifier)},
					},
				},
				Period: aws.Int32(int32(day / time.Second)), Stat: aws.String("Sum"),
			},
		})
	}
	latest := map[string]time.Time{}
	err := j.metricData(ctx, input, func(id string, at time.Time, value float64) {
		if value > 0 && at.After(latest[id]) {
			latest[id] = at
		}
	})
	if err != nil {
		return nil, err
	}
	var invoked []Reference
	for position, version := range versions {
		if at, was := latest[fmt.Sprintf("v%d", position)]; was {
			version.By = "on " + at.UTC().Format(time.DateOnly)
			invoked = append(invoked, version)
		}
	}
	return invoked, nil
}
