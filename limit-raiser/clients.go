package limitraiser

import (
	"maps"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// Clients are what the raiser calls AWS with, all of one account and Region.
type Clients struct {
	Ledger      ledgerAPI
	CloudWatch  cloudwatchAPI
	DynamoDB    dynamodbAPI
	AutoScaling autoscalingAPI
	Kinesis     kinesisAPI
	Lambda      lambdaAPI
	Quotas      quotasAPI
	SQS         sqsAPI
	SNS         snsAPI
	// Watch times the calls; nil times none.
	Watch *Watch
}

// Connect makes the clients for one account and Region.
func Connect(cfg aws.Config) Clients {
	watch := &Watch{}
	cfg = cfg.Copy()
	cfg.HTTPClient = watch.around(cfg.HTTPClient)
	tables := dynamodb.NewFromConfig(cfg)
	return Clients{
		Ledger:      tables,
		CloudWatch:  cloudwatch.NewFromConfig(cfg),
		DynamoDB:    tables,
		AutoScaling: applicationautoscaling.NewFromConfig(cfg),
		Kinesis:     kinesis.NewFromConfig(cfg),
		Lambda:      lambdasvc.NewFromConfig(cfg),
		Quotas:      servicequotas.NewFromConfig(cfg),
		SQS:         sqs.NewFromConfig(cfg),
		SNS:         sns.NewFromConfig(cfg),
		Watch:       watch,
	}
}

// retryThrottled is how a raise itself is sent: again only when AWS refused to look at it, never after a
// time-out, a connection that broke or an error 500, which leave open whether the call was
// carried out. What became of it is read back first.
func retryThrottled() aws.Retryer {
	codes := maps.Clone(retry.DefaultThrottleErrorCodes)
	// Not a matter of a moment: what is left of an account's limit.
	delete(codes, "LimitExceededException")
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts, o.RateLimiter = attempts, ratelimit.None
		o.Retryables = []retry.IsErrorRetryable{
			retry.NoRetryCanceledError{},
			retry.RetryableErrorCode{Codes: codes},
		}
	})
}

// attempts are so many that a moment's throttling passes; a longer one is for the queue.
const attempts = 3
