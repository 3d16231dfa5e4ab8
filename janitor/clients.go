package janitor

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/appsync"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/pipes"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sns"
)

// Clients are what the janitor calls AWS with, all of one account and Region.
type Clients struct {
	Lambda         lambdaAPI
	AutoScaling    autoscalingAPI
	Tagging        taggingAPI
	CloudWatch     cloudwatchAPI
	CloudTrail     cloudtrailAPI
	CloudFormation cloudformationAPI
	StepFunctions  sfnAPI
	Scheduler      schedulerAPI
	Pipes          pipesAPI
	APIGateway     apigatewayAPI
	APIGatewayV2   apigatewayv2API
	EventBridge    eventbridgeAPI
	AppSync        appsyncAPI
	Firehose       firehoseAPI
	SNS            snsAPI
	// Pace is what the clients were paced and counted by.
	Pace *Pace
}

// Connect makes the clients for one account and Region, paced to rate Lambda
// control-plane calls a second.
func Connect(cfg aws.Config, rate float64) Clients {
	pace := NewPace(rate)
	cfg = cfg.Copy()
	pace.attachTo(&cfg)
	if cfg.Credentials != nil {
		cfg.Credentials = source{cfg.Credentials}
	}
	return Clients{
		Lambda:         lambdasvc.NewFromConfig(cfg),
		AutoScaling:    applicationautoscaling.NewFromConfig(cfg),
		Tagging:        resourcegroupstaggingapi.NewFromConfig(cfg),
		CloudWatch:     cloudwatch.NewFromConfig(cfg),
		CloudTrail:     cloudtrail.NewFromConfig(cfg),
		CloudFormation: cloudformation.NewFromConfig(cfg),
		StepFunctions:  sfn.NewFromConfig(cfg),
		Scheduler:      scheduler.NewFromConfig(cfg),
		Pipes:          pipes.NewFromConfig(cfg),
		APIGateway:     apigateway.NewFromConfig(cfg),
		APIGatewayV2:   apigatewayv2.NewFromConfig(cfg),
		EventBridge:    eventbridge.NewFromConfig(cfg),
		AppSync:        appsync.NewFromConfig(cfg),
		Firehose:       firehose.NewFromConfig(cfg),
		SNS:            sns.NewFromConfig(cfg),
		Pace:           pace,
	}
}
