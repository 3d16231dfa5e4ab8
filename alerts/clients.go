package alerts

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// Clients are what the reconciler calls AWS with, all of one account and Region.
type Clients struct {
	CloudWatch cloudwatchAPI
	// CloudFormation says whether the stack of the reconciler is being deleted.
	CloudFormation cloudformationAPI
	Lambda         lambdaAPI
	DynamoDB       dynamodbAPI
	Kinesis        kinesisAPI
	SQS            sqsAPI
	SNS            snsAPI
	States         statesAPI
	Events         eventsAPI
	RestAPIs       restAPIsAPI
	// HTTPAPIs are those of the second version of API Gateway.
	HTTPAPIs  httpAPIsAPI
	Firehose  firehoseAPI
	Scheduler schedulerAPI
	Tagging   taggingAPI
	Quotas    quotasAPI
	Logs      logsAPI
}

// WritesPerSecond is a little less than the 3 that AWS allows an account in a Region, deployments included:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
const WritesPerSecond = 2.5

// quotaReads leaves more than half of the 10 calls a second that AWS allows an account for each of the two lists of quotas:
// https://docs.aws.amazon.com/general/latest/gr/servicequotas.html
const quotaReads = 8

// gatewayReadsPerSecond is half of what AWS allows an account of all calls to API Gateway, deployments included: each
// API is asked for its stages.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
const gatewayReadsPerSecond = 5

// firehoseReadsPerSecond is a little less than what it allows: each delivery stream is asked where it delivers.
// https://docs.aws.amazon.com/firehose/latest/dev/limits.html
const firehoseReadsPerSecond = 4

// logCalls is a little less than the 5 that AWS allows of each call about metric filters in a second:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
const logCalls = 4

// Connect makes the clients for one account and Region. What they write is paced, and what they read of API Gateway,
// Firehose, Service Quotas and CloudWatch Logs.
func Connect(cfg aws.Config) Clients { return ConnectPaced(cfg, WritesPerSecond) }

// ConnectPaced is Connect with another pace, in writes a second: for where no AWS is, whose limit it is.
func ConnectPaced(cfg aws.Config, perSecond float64) Clients {
	at := func(perSecond float64) aws.Config {
		paced := cfg.Copy()
		newPace(perSecond).attachTo(&paced)
		return paced
	}
	paced, gateway := at(perSecond), at(max(gatewayReadsPerSecond, perSecond))
	quotas, logs := at(quotaReads*perSecond/WritesPerSecond), at(logCalls*perSecond/WritesPerSecond)
	return Clients{
		CloudWatch:     cloudwatch.NewFromConfig(paced),
		CloudFormation: cloudformation.NewFromConfig(cfg),
		Lambda:         lambdasvc.NewFromConfig(cfg),
		DynamoDB:       dynamodb.NewFromConfig(cfg),
		Kinesis:        kinesis.NewFromConfig(cfg),
		SQS:            sqs.NewFromConfig(cfg),
		SNS:            sns.NewFromConfig(cfg),
		States:         sfn.NewFromConfig(cfg),
		Events:         eventbridge.NewFromConfig(cfg),
		RestAPIs:       apigateway.NewFromConfig(gateway),
		HTTPAPIs:       apigatewayv2.NewFromConfig(gateway),
		Firehose:       firehose.NewFromConfig(at(max(firehoseReadsPerSecond, perSecond))),
		Scheduler:      scheduler.NewFromConfig(cfg),
		Tagging:        resourcegroupstaggingapi.NewFromConfig(cfg),
		Quotas:         servicequotas.NewFromConfig(quotas),
		Logs:           cloudwatchlogs.NewFromConfig(logs),
	}
}
