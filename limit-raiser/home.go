package limitraiser

import (
	"context"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
)

// Home is the account and Region whose alarms are answered.
type Home struct{ Partition, Account, Region string }

// arn is the ARN of a resource at home.
func (h Home) arn(service, resource string) string {
	return arn.ARN{Partition: h.Partition, Service: service, Region: h.Region, AccountID: h.Account, Resource: resource}.String()
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
	function, err := arn.Parse(call.InvokedFunctionArn)
	if err != nil {
		return Home{}
	}
	return Home{Partition: function.Partition, Region: function.Region, Account: function.AccountID}
}
