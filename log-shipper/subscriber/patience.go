package subscriber

import (
	"errors"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// patience is what the SDK repeats of putting a filter. A permission that was given a moment ago may
// not hold everywhere yet, and AWS then answers as to a wrong parameter: such a call is made again.
// Once a group's was refused to the end, that is no matter of moments, and the others' are not
// repeated for it any more.
type patience struct{ lost atomic.Bool }

// learn notes an error that came to the end.
func (p *patience) learn(err error) {
	var invalid *logstypes.InvalidParameterException
	if errors.As(err, &invalid) {
		p.lost.Store(true)
	}
}

// forPermission sets the retries of one call.
func (p *patience) forPermission(options *cloudwatchlogs.Options) {
	if known, is := options.Retryer.(aws.RetryerV2); is {
		options.Retryer = forgiving{known, p}
	}
}

// forgiving is the SDK's retryer, and knows what the errors of a filter mean.
type forgiving struct {
	aws.RetryerV2
	*patience
}

// IsErrorRetryable says whether a call is made again. The SDK takes LimitExceededException for
// throttling, which it is elsewhere: here it says that the group is full.
func (f forgiving) IsErrorRetryable(err error) bool {
	var full *logstypes.LimitExceededException
	var invalid *logstypes.InvalidParameterException
	var aborted *logstypes.OperationAbortedException
	switch {
	case errors.As(err, &full):
		return false
	case errors.As(err, &invalid):
		return !f.lost.Load()
	case errors.As(err, &aborted): // somebody else changes the same group just now
		return true
	}
	return f.RetryerV2.IsErrorRetryable(err)
}
