// Package desk loads the AWS settings where a person works: profiles, single sign-on and
// assumed roles, with the retries, time-outs and connection pools that the Lambda functions
// have. It is apart from boot, since what it links is of no use to a function.
package desk

import (
	"github.com/aws/aws-sdk-go-v2/config"

	"caretaker/internal/boot"
)

// AWSOptions are for config.LoadDefaultConfig. Region, profile and credentials are the
// environment's; options added after these override them.
func AWSOptions() []func(*config.LoadOptions) error {
	return []func(*config.LoadOptions) error{config.WithRetryer(boot.Retryer), config.WithHTTPClient(boot.HTTPClient())}
}
