package trust

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"

	"caretaker/internal/metric"
	"caretaker/internal/metric/reading"
)

// read reads metrics, and tells how many of the calls are made.
func (a *Auditor) read(ctx context.Context, frame metric.Frame, metrics []metric.Metric) (metric.Data, error) {
	done, of := 0, reading.Calls(frame, len(metrics))
	return reading.Data(ctx, told{a.aws.CloudWatch, func() {
		done++
		a.options.Progress(min(done, of), of)
	}}, frame, metrics)
}

// told tells of each call.
type told struct {
	reading.API
	called func()
}

// GetMetricData reads a page.
func (t told) GetMetricData(ctx context.Context, input *cloudwatch.GetMetricDataInput, options ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricDataOutput, error) {
	page, err := t.API.GetMetricData(ctx, input, options...)
	t.called()
	return page, err
}
