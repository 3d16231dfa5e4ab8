package stream

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
)

// once leaves repeating to Send: a call that was taken in part is no error to the SDK, and one place has
// to know how long there is.
var once = aws.NopRetryer{}

// throttles are the codes of these two services that the SDK does not know to pass.
// https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html#API_PutRecords_Errors
var throttles = retry.RetryableErrorCode{Codes: map[string]struct{}{
	"KMSThrottlingException": {}, "InternalFailure": {}, "ServiceUnavailableException": {},
}}

// mayPass tells whether the same call may succeed later. What AWS answered with an error of ours does not:
// no such stream, no permission. An answer that did not arrive, or cannot be read, tells nothing.
func mayPass(ctx context.Context, err error) bool {
	if _, answered := errors.AsType[smithy.APIError](err); !answered {
		return ctx.Err() == nil
	}
	return retry.IsErrorRetryables(append(retry.DefaultRetryables, throttles)).IsErrorRetryable(err).Bool()
}
