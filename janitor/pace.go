package janitor

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go/middleware"
)

// Pace holds the janitor's calls to its share of what AWS allows an account, so that
// deployments keep theirs, and counts them. It sits under the SDK's retries: each
// attempt takes a token.
type Pace struct {
	buckets map[string]*bucket
	now     func() time.Time

	mutex     sync.Mutex
	calls     map[string]int
	throttles int
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
		calls: map[string]int{}, now: time.Now,
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
func (p *Pace) rate(bucket string) float64 { return p.buckets[bucket].rate(p.now()) }

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
		if err := own.wait(ctx); err != nil {
			return middleware.FinalizeOutput{}, middleware.Metadata{}, errors.Join(errNoTime, err)
		}
	}
	if old, asked := ctx.Value(oldKey{}).(func() bool); asked && old() {
		return middleware.FinalizeOutput{}, middleware.Metadata{}, errOutOfDate
	}
	sent := p.now()
	out, metadata, err := next.HandleFinalize(ctx, in)
	throttled := isThrottle(err)
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
		own.answered(throttled, sent, p.now())
	}
	return out, metadata, err
}

func isThrottle(err error) bool {
	return retry.IsErrorThrottles(retry.DefaultThrottles).IsErrorThrottle(err) == aws.TrueTernary
}

// oftenEnough is after how long the rate is looked at again while somebody waits for a token: it may
// have changed meanwhile.
const oftenEnough = 100 * time.Millisecond

// wait takes a token, first come, first served. It says at once that there is no time when the
// deadline comes before its turn.
func (b *bucket) wait(ctx context.Context) error {
	line := b.join(time.Now())
	defer b.leave()
	if deadline, limited := ctx.Deadline(); limited && time.Until(deadline) < line {
		return context.DeadlineExceeded
	}
	select {
	case b.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-b.turn }()
	for ctx.Err() == nil {
		left := b.take(time.Now())
		if left == 0 {
			return nil
		}
		select {
		case <-time.After(min(left, oftenEnough)):
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}

// mostThrottled is how often a call is tried that AWS throttles. What is throttled was not carried
// out, and the pace slows down for it: giving such a call up as soon as others, which the SDK
// does, would end a run for what a deployment does in a few seconds.
const mostThrottled = 20

// patient is the SDK's retryer, with more attempts for what AWS throttles.
type patient struct {
	aws.RetryerV2
}

// MaxAttempts is how often a call is tried that is throttled each time.
func (p patient) MaxAttempts() int { return max(mostThrottled, p.RetryerV2.MaxAttempts()) }

// RetryDelay ends other calls earlier.
func (p patient) RetryDelay(attempt int, err error) (time.Duration, error) {
	if attempt >= p.RetryerV2.MaxAttempts() && !isThrottle(err) {
		return 0, &retry.MaxAttemptsError{Attempt: attempt, Err: err}
	}
	return p.RetryerV2.RetryDelay(attempt, err)
}

// attachTo paces the clients that are made from this configuration.
func (p *Pace) attachTo(cfg *aws.Config) {
	cfg.APIOptions = append(cfg.APIOptions, p.attach)
	if given := cfg.Retryer; given != nil {
		cfg.Retryer = func() aws.Retryer {
			retryer := given()
			if known, ok := retryer.(aws.RetryerV2); ok {
				return patient{known}
			}
			return retryer
		}
	}
}
