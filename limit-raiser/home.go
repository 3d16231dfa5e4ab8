package limitraiser

import (
	"context"
	"strings"

	"github.com/aws/aws-lambda-go/lambdacontext"
)

// Home is the account and Region whose alarms are answered.
type Home struct{ Partition, Account, Region string }

// arn is the ARN of a resource at home.
func (h Home) arn(service, resource string) string {
	return strings.Join([]string{"arn", h.Partition, service, h.Region, h.Account, resource}, ":")
}

// home is the configured one, or that of the function that runs. Without either it is empty,
// and no alarm's.
func (r *Raiser) home(ctx context.Context) Home {
	if r.options.Home != (Home{}) {
		return r.options.Home
	}
	call, ok := lambdacontext.FromContext(ctx)
	if !ok {
		return Home{}
	}
	parts := strings.SplitN(call.InvokedFunctionArn, ":", 6)
	if len(parts) < 6 {
		return Home{}
	}
	return Home{Partition: parts[1], Region: parts[3], Account: parts[4]}
}
