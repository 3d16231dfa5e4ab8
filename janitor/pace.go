package janitor

import (
	"context"
	"errors"
	"maps"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go/middleware"
	"golang.org/x/time/rate"
)

// Pace holds the janitor's calls to its share of what AWS allows an account, so that
// deployments keep theirs, and counts them. It sits under the SDK's retries: each
// attempt takes a token.
type Pace struct {
	buckets map[string]*bucket

	mutex     sync.Mutex
	calls     map[string]int
	throttles int
}

// bucket is one of AWS's rate limits.
type bucket struct {
	limiter *rate.Limiter
	// most is the rate when AWS does not throttle. It is a hundredth under what is allowed,
	// since requests do not arrive as evenly as they leave.
	most rate.Limit
}

func newBucket(perSecond float64, burst int) *bucket {
	most := rate.Limit(perSecond * 0.99)
	return &bucket{rate.NewLimiter(most, max(1, burst)), most}
}

// The buckets beside Lambda's control plane.
const (
	controlPlane  = "Lambda"
	policyCalls   = "Lambda.GetPolicy"
	historyCalls  = "CloudTrail"
	restCalls     = "API Gateway"
	httpCalls     = "ApiGatewayV2"
	resourceCalls = "API Gateway.GetResources"
)

// NewPace allows perSecond Lambda control-plane calls a second, and as many of GetPolicy,
// which AWS counts apart:
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html#api-requests
func NewPace(perSecond float64) *Pace {
	// An account has 10 calls a second for all of API Gateway, which deployments need too, and 5 in
	// 2 seconds of GetResources.
	// https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
	gateway := newBucket(5, 10)
	return &Pace{
		calls: map[string]int{},
		buckets: map[string]*bucket{
			controlPlane: newBucket(perSecond, int(perSecond)-1),
			policyCalls:  newBucket(perSecond, int(perSecond)-1),
			// 2 a second: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html
			historyCalls: newBucket(2, 1),
			restCalls:    gateway, httpCalls: gateway,
			resourceCalls: newBucket(2, 4),
		},
	}
}

// reset begins to count anew.
func (p *Pace) reset() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.calls, p.throttles = map[string]int{}, 0
}

// rate is how many calls a second a bucket allows just now.
func (p *Pace) rate(bucket string) float64 { return float64(p.buckets[bucket].limiter.Limit()) }

// Calls are the attempts made in this run, by service and operation.
func (p *Pace) Calls() map[string]int {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return maps.Clone(p.calls)
}

// Throttles is how many attempts AWS throttled.
func (p *Pace) Throttles() int {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.throttles
}

// errNoTime is the error of a request that was never sent, since the deadline comes before its turn.
var errNoTime = errors.New("no time left for another request")

// errOutOfDate is the error of a request that was never sent, since what it is based on has become
// too old while it waited for its turn.
var errOutOfDate = errors.New("what it is based on was read too long ago")

// oldKey is where a call's context has a func() bool that says whether what the call is based on is too old.
type oldKey struct{}

// begunKey is where a call's context has a *bool that becomes true when an attempt was sent that AWS
// may have carried out, whatever it answered: one that it throttled it has not.
type begunKey struct{}

func (p *Pace) attach(stack *middleware.Stack) error {
	return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("Pace", p.attempt), "Retry", middleware.After)
}

func (p *Pace) attempt(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
	service, operation := awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx)
	call := service + "." + operation
	own := p.buckets[call]
	if own == nil {
		own = p.buckets[service]
	}
	if own != nil {
		if err := own.limiter.Wait(ctx); err != nil {
			return middleware.FinalizeOutput{}, middleware.Metadata{}, errors.Join(errNoTime, err)
		}
	}
	if old, asked := ctx.Value(oldKey{}).(func() bool); asked && old() {
		return middleware.FinalizeOutput{}, middleware.Metadata{}, errOutOfDate
	}
	out, metadata, err := next.HandleFinalize(ctx, in)
	throttled := retry.IsErrorThrottles(retry.DefaultThrottles).IsErrorThrottle(err) == aws.TrueTernary
	if begun, wanted := ctx.Value(begunKey{}).(*bool); wanted && !throttled {
		*begun = true
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.calls[call]++
	if throttled {
		p.throttles++
	}
	if own != nil {
		own.adapt(throttled)
	}
	return out, metadata, err
}

// adapt halves the rate when AWS throttles, down to one call in two seconds, and lets it
// recover with each call that is answered.
func (b *bucket) adapt(throttled bool) {
	now := b.limiter.Limit()
	switch {
	case throttled:
		b.limiter.SetLimit(max(now/2, min(0.5, b.most)))
	case now < b.most:
		b.limiter.SetLimit(min(now*1.02, b.most))
	}
}
