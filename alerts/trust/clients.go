package trust

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/smithy-go/middleware"
	"golang.org/x/time/rate"

	"caretaker/internal/metric/reading"
)

// Clients are what an auditor calls AWS with, all of one account and Region.
type Clients struct {
	CloudWatch cloudwatchAPI
	SNS        snsAPI
}

// datapointsPerSecond is about half of what AWS gives an account in a Region: 396,000 where a call begins more
// than three hours ago, else 180,000. What is asked for counts, not what is there.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
const (
	datapointsPerSecond = 200_000
	recent              = 3 * time.Hour
	dearer              = 396.0 / 180
)

// Connect makes the clients for one account and Region. What they read of metrics is paced.
func Connect(cfg aws.Config) Clients { return connect(cfg, datapointsPerSecond) }

func connect(cfg aws.Config, perSecond float64) Clients {
	paced := cfg.Copy()
	pace{rate.NewLimiter(rate.Limit(perSecond), int(dearer*reading.MostDatapoints)+1)}.attachTo(&paced)
	return Clients{CloudWatch: cloudwatch.NewFromConfig(paced), SNS: sns.NewFromConfig(cfg)}
}

// pace has each attempt wait for as many tokens as it asks for datapoints. It sits under the SDK's retries.
type pace struct{ limiter *rate.Limiter }

// asked is where an attempt finds how much its call asks for.
type asked struct{}

func (p pace) attachTo(cfg *aws.Config) {
	cfg.APIOptions = append(cfg.APIOptions, func(stack *middleware.Stack) error {
		return errors.Join(
			stack.Initialize.Add(middleware.InitializeMiddlewareFunc("CountDatapoints", count), middleware.Before),
			stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("Pace", p.attempt), "Retry", middleware.After),
		)
	})
}

func count(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
	if input, is := in.Parameters.(*cloudwatch.GetMetricDataInput); is {
		ctx = context.WithValue(ctx, asked{}, datapointsOf(input))
	}
	return next.HandleInitialize(ctx, in)
}

func (p pace) attempt(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
	if datapoints, is := ctx.Value(asked{}).(int); is {
		if err := p.limiter.WaitN(ctx, datapoints); err != nil {
			return middleware.FinalizeOutput{}, middleware.Metadata{}, err
		}
	}
	return next.HandleFinalize(ctx, in)
}

// datapointsOf is how many datapoints a call asks for, as AWS reckons it.
func datapointsOf(input *cloudwatch.GetMetricDataInput) int {
	span, count := input.EndTime.Sub(*input.StartTime), 0
	for _, query := range input.MetricDataQueries {
		if query.MetricStat != nil {
			count += int(span / (time.Duration(max(1, aws.ToInt32(query.MetricStat.Period))) * time.Second))
		}
	}
	count = min(max(count, 1), reading.MostDatapoints)
	if span <= recent {
		return int(dearer * float64(count))
	}
	return count
}
