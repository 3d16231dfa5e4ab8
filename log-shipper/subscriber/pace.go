package subscriber

import (
	"context"
	"errors"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
	"golang.org/x/time/rate"
)

// errNoTime is the error of a request that was never sent, since the deadline comes before its turn.
var errNoTime = errors.New("no time left for another request")

// pace holds the calls to a share of what AWS allows an account. It sits under the SDK's retries:
// each attempt takes a token. AWS counts each operation by itself.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
type pace struct {
	perSecond rate.Limit

	mutex    sync.Mutex
	limiters map[string]*rate.Limiter
}

func newPace(perSecond float64) *pace {
	return &pace{perSecond: rate.Limit(perSecond), limiters: map[string]*rate.Limiter{}}
}

// attachTo paces the clients that are made from this configuration.
func (p *pace) attachTo(cfg *aws.Config) {
	cfg.APIOptions = append(cfg.APIOptions, func(stack *middleware.Stack) error {
		return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("Pace", p.attempt), "Retry", middleware.After)
	})
}

func (p *pace) attempt(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
	if err := p.of(awsmiddleware.GetOperationName(ctx)).Wait(ctx); err != nil {
		return middleware.FinalizeOutput{}, middleware.Metadata{}, errors.Join(errNoTime, err)
	}
	return next.HandleFinalize(ctx, in)
}

func (p *pace) of(operation string) *rate.Limiter {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.limiters[operation] == nil {
		p.limiters[operation] = rate.NewLimiter(p.perSecond, 1)
	}
	return p.limiters[operation]
}
