package limitraiser

import (
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
)

// answer is what an error of a raise says about whether it was made.
type answer int

const (
	// unknown leaves it open: the answer was lost, cut off, or an error on AWS's side.
	unknown answer = iota
	// throttled was not looked at.
	throttled
	// busy was refused since the resource is being changed.
	busy
	// limited was refused for a limit of AWS's, which may have room again later.
	limited
	// asked was asked for before.
	asked
	// invalid was refused for its values. They change something and are within all that is known
	// beforehand, so that it may be a limit: a table's own is refused with this code.
	invalid
	// no was refused for good.
	no
)

// answers are the refusals that say more than no, of all services that raise something.
var answers = map[string]answer{
	"ResourceInUseException":         busy,
	"ResourceConflictException":      busy,
	"ConcurrentUpdateException":      busy,
	"LimitExceededException":         limited,
	"QuotaExceededException":         limited,
	"ResourceAlreadyExistsException": asked,
	"ValidationException":            invalid,
}

// answerOf reads an error by its code.
func answerOf(err error) answer {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return unknown
	}
	known, says := answers[api.ErrorCode()]
	_, slow := retry.DefaultThrottleErrorCodes[api.ErrorCode()]
	switch {
	case says:
		return known
	case slow:
		return throttled
	case api.ErrorFault() == smithy.FaultServer || status(err) >= 500:
		return unknown
	}
	return no
}

func status(err error) int {
	var response *awshttp.ResponseError
	if !errors.As(err, &response) {
		return 0
	}
	return response.HTTPStatusCode()
}

// code is AWS's name of an error; empty for one that is not AWS's.
func code(err error) string {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return ""
	}
	return api.ErrorCode()
}

// refused tells whether AWS refused a call for want of permission.
func refused(err error) bool {
	switch code(err) {
	case "AccessDeniedException", "AccessDenied":
		return true
	}
	return false
}
