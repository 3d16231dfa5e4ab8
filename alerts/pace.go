package alerts

import (
	"context"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
	"golang.org/x/time/rate"
)

// errNoTime is the error of a request that was never sent, since the deadline comes before its turn.
var errNoTime = errors.New("no time left for another request")

// readOperations are not paced: AWS allows three times as many of them, and the SDK waits where that is not enough.
var readOperations = []string{"DescribeAlarms", "ListDashboards", "GetDashboard", "ListMetrics"}

// pace holds what is written, and what is read of some services, to a share of what AWS allows an account. It sits under the SDK's retries:
// each attempt takes a token.
type pace struct{ limiter *rate.Limiter }

func newPace(perSecond float64) pace { return pace{rate.NewLimiter(rate.Limit(perSecond), 1)} }

// attachTo paces the clients that are made from this configuration.
func (p pace) attachTo(cfg *aws.Config) {
	cfg.APIOptions = append(cfg.APIOptions, func(stack *middleware.Stack) error {
		return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("Pace", p.attempt), "Retry", middleware.After)
	})
}

func (p pace) attempt(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
	if !slices.Contains(readOperations, awsmiddleware.GetOperationName(ctx)) {
		if err := p.limiter.Wait(ctx); err != nil {
			return middleware.FinalizeOutput{}, middleware.Metadata{}, errors.Join(errNoTime, err)
		}
	}
	return next.HandleFinalize(ctx, in)
}
