package janitor

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// readInvocations reads which versions were invoked by their number in the last two weeks:
// ListMetrics names only metrics with data in that time, 500 a page. An invocation through an
// alias stands under the alias; for a weighted one the version is a dimension of its own.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
func (j *Janitor) readInvocations(ctx context.Context, _ scope) (Findings, error) {
	var found Findings
	err := everyPage(func(token *string) (*string, error) {
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
	if executed != "" {
		qualifier = executed
	}
	if _, err := versionNumber(qualifier); err == nil {
		f.References = append(f.References, Reference{function, qualifier, Invocation, "in the last two weeks"})
	}
}
