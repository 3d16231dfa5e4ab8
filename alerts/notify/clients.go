package notify

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

// Clients are what the notifier calls AWS with, all of one account and Region.
type Clients struct {
	Memory     memoryAPI
	CloudWatch cloudwatchAPI
	Logs       logsAPI
	Tagging    taggingAPI
	Secrets    secretsAPI
	Parameters parametersAPI
	SNS        snsAPI
	SQS        sqsAPI
}

// Connect makes the clients for one account and Region.
func Connect(cfg aws.Config) Clients {
	return Clients{
		Memory:     dynamodb.NewFromConfig(cfg),
		CloudWatch: cloudwatch.NewFromConfig(cfg),
		Logs:       cloudwatchlogs.NewFromConfig(cfg),
		Tagging:    resourcegroupstaggingapi.NewFromConfig(cfg),
		Secrets:    secretsmanager.NewFromConfig(cfg),
		Parameters: ssm.NewFromConfig(cfg),
		SNS:        sns.NewFromConfig(cfg),
		SQS:        sqs.NewFromConfig(cfg),
	}
}
