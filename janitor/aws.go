package janitor

import (
	"context"

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

	"caretaker/internal/iam"
)

type lambdaAPI interface {
	GetAccountSettings(context.Context, *lambdasvc.GetAccountSettingsInput, ...func(*lambdasvc.Options)) (*lambdasvc.GetAccountSettingsOutput, error)
	ListFunctions(context.Context, *lambdasvc.ListFunctionsInput, ...func(*lambdasvc.Options)) (*lambdasvc.ListFunctionsOutput, error)
	ListVersionsByFunction(context.Context, *lambdasvc.ListVersionsByFunctionInput, ...func(*lambdasvc.Options)) (*lambdasvc.ListVersionsByFunctionOutput, error)
	ListAliases(context.Context, *lambdasvc.ListAliasesInput, ...func(*lambdasvc.Options)) (*lambdasvc.ListAliasesOutput, error)
	ListEventSourceMappings(context.Context, *lambdasvc.ListEventSourceMappingsInput, ...func(*lambdasvc.Options)) (*lambdasvc.ListEventSourceMappingsOutput, error)
	ListProvisionedConcurrencyConfigs(context.Context, *lambdasvc.ListProvisionedConcurrencyConfigsInput, ...func(*lambdasvc.Options)) (*lambdasvc.ListProvisionedConcurrencyConfigsOutput, error)
	ListFunctionEventInvokeConfigs(context.Context, *lambdasvc.ListFunctionEventInvokeConfigsInput, ...func(*lambdasvc.Options)) (*lambdasvc.ListFunctionEventInvokeConfigsOutput, error)
	ListDurableExecutionsByFunction(context.Context, *lambdasvc.ListDurableExecutionsByFunctionInput, ...func(*lambdasvc.Options)) (*lambdasvc.ListDurableExecutionsByFunctionOutput, error)
	GetFunctionScalingConfig(context.Context, *lambdasvc.GetFunctionScalingConfigInput, ...func(*lambdasvc.Options)) (*lambdasvc.GetFunctionScalingConfigOutput, error)
	GetPolicy(context.Context, *lambdasvc.GetPolicyInput, ...func(*lambdasvc.Options)) (*lambdasvc.GetPolicyOutput, error)
	DeleteFunction(context.Context, *lambdasvc.DeleteFunctionInput, ...func(*lambdasvc.Options)) (*lambdasvc.DeleteFunctionOutput, error)
}

type autoscalingAPI interface {
	DescribeScalableTargets(context.Context, *applicationautoscaling.DescribeScalableTargetsInput, ...func(*applicationautoscaling.Options)) (*applicationautoscaling.DescribeScalableTargetsOutput, error)
}

type taggingAPI interface {
	GetResources(context.Context, *resourcegroupstaggingapi.GetResourcesInput, ...func(*resourcegroupstaggingapi.Options)) (*resourcegroupstaggingapi.GetResourcesOutput, error)
}

type cloudwatchAPI interface {
	ListMetrics(context.Context, *cloudwatch.ListMetricsInput, ...func(*cloudwatch.Options)) (*cloudwatch.ListMetricsOutput, error)
	GetMetricData(context.Context, *cloudwatch.GetMetricDataInput, ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricDataOutput, error)
}

type cloudtrailAPI interface {
	LookupEvents(context.Context, *cloudtrail.LookupEventsInput, ...func(*cloudtrail.Options)) (*cloudtrail.LookupEventsOutput, error)
}

type cloudformationAPI interface {
	ListStacks(context.Context, *cloudformation.ListStacksInput, ...func(*cloudformation.Options)) (*cloudformation.ListStacksOutput, error)
	ListStackResources(context.Context, *cloudformation.ListStackResourcesInput, ...func(*cloudformation.Options)) (*cloudformation.ListStackResourcesOutput, error)
}

type sfnAPI interface {
	ListStateMachines(context.Context, *sfn.ListStateMachinesInput, ...func(*sfn.Options)) (*sfn.ListStateMachinesOutput, error)
	ListStateMachineVersions(context.Context, *sfn.ListStateMachineVersionsInput, ...func(*sfn.Options)) (*sfn.ListStateMachineVersionsOutput, error)
	DescribeStateMachine(context.Context, *sfn.DescribeStateMachineInput, ...func(*sfn.Options)) (*sfn.DescribeStateMachineOutput, error)
	ListExecutions(context.Context, *sfn.ListExecutionsInput, ...func(*sfn.Options)) (*sfn.ListExecutionsOutput, error)
	DescribeStateMachineForExecution(context.Context, *sfn.DescribeStateMachineForExecutionInput, ...func(*sfn.Options)) (*sfn.DescribeStateMachineForExecutionOutput, error)
}

type schedulerAPI interface {
	ListSchedules(context.Context, *scheduler.ListSchedulesInput, ...func(*scheduler.Options)) (*scheduler.ListSchedulesOutput, error)
	GetSchedule(context.Context, *scheduler.GetScheduleInput, ...func(*scheduler.Options)) (*scheduler.GetScheduleOutput, error)
}

type pipesAPI interface {
	DescribePipe(context.Context, *pipes.DescribePipeInput, ...func(*pipes.Options)) (*pipes.DescribePipeOutput, error)
	ListPipes(context.Context, *pipes.ListPipesInput, ...func(*pipes.Options)) (*pipes.ListPipesOutput, error)
}

type apigatewayAPI interface {
	GetRestApis(context.Context, *apigateway.GetRestApisInput, ...func(*apigateway.Options)) (*apigateway.GetRestApisOutput, error)
	GetResources(context.Context, *apigateway.GetResourcesInput, ...func(*apigateway.Options)) (*apigateway.GetResourcesOutput, error)
	GetAuthorizers(context.Context, *apigateway.GetAuthorizersInput, ...func(*apigateway.Options)) (*apigateway.GetAuthorizersOutput, error)
	GetDeployment(context.Context, *apigateway.GetDeploymentInput, ...func(*apigateway.Options)) (*apigateway.GetDeploymentOutput, error)
	GetStages(context.Context, *apigateway.GetStagesInput, ...func(*apigateway.Options)) (*apigateway.GetStagesOutput, error)
	GetExport(context.Context, *apigateway.GetExportInput, ...func(*apigateway.Options)) (*apigateway.GetExportOutput, error)
}

type apigatewayv2API interface {
	GetApis(context.Context, *apigatewayv2.GetApisInput, ...func(*apigatewayv2.Options)) (*apigatewayv2.GetApisOutput, error)
	GetIntegrations(context.Context, *apigatewayv2.GetIntegrationsInput, ...func(*apigatewayv2.Options)) (*apigatewayv2.GetIntegrationsOutput, error)
	GetAuthorizers(context.Context, *apigatewayv2.GetAuthorizersInput, ...func(*apigatewayv2.Options)) (*apigatewayv2.GetAuthorizersOutput, error)
	GetDeployment(context.Context, *apigatewayv2.GetDeploymentInput, ...func(*apigatewayv2.Options)) (*apigatewayv2.GetDeploymentOutput, error)
	GetRoutes(context.Context, *apigatewayv2.GetRoutesInput, ...func(*apigatewayv2.Options)) (*apigatewayv2.GetRoutesOutput, error)
	GetStages(context.Context, *apigatewayv2.GetStagesInput, ...func(*apigatewayv2.Options)) (*apigatewayv2.GetStagesOutput, error)
	ExportApi(context.Context, *apigatewayv2.ExportApiInput, ...func(*apigatewayv2.Options)) (*apigatewayv2.ExportApiOutput, error)
}

type eventbridgeAPI interface {
	ListEventBuses(context.Context, *eventbridge.ListEventBusesInput, ...func(*eventbridge.Options)) (*eventbridge.ListEventBusesOutput, error)
	ListRules(context.Context, *eventbridge.ListRulesInput, ...func(*eventbridge.Options)) (*eventbridge.ListRulesOutput, error)
	ListTargetsByRule(context.Context, *eventbridge.ListTargetsByRuleInput, ...func(*eventbridge.Options)) (*eventbridge.ListTargetsByRuleOutput, error)
}

type appsyncAPI interface {
	ListGraphqlApis(context.Context, *appsync.ListGraphqlApisInput, ...func(*appsync.Options)) (*appsync.ListGraphqlApisOutput, error)
	ListApis(context.Context, *appsync.ListApisInput, ...func(*appsync.Options)) (*appsync.ListApisOutput, error)
	ListDataSources(context.Context, *appsync.ListDataSourcesInput, ...func(*appsync.Options)) (*appsync.ListDataSourcesOutput, error)
}

type firehoseAPI interface {
	ListDeliveryStreams(context.Context, *firehose.ListDeliveryStreamsInput, ...func(*firehose.Options)) (*firehose.ListDeliveryStreamsOutput, error)
	DescribeDeliveryStream(context.Context, *firehose.DescribeDeliveryStreamInput, ...func(*firehose.Options)) (*firehose.DescribeDeliveryStreamOutput, error)
}

type snsAPI interface {
	Publish(context.Context, *sns.PublishInput, ...func(*sns.Options)) (*sns.PublishOutput, error)
}

// Resources as IAM names them; the placeholders are those of iam.Statement.
const (
	anyResource  = "*"
	anyFunction  = "arn:${Partition}:lambda:${Region}:${Account}:function:*"
	anyQualified = anyFunction + ":*"
)

// Statements are the permissions that a janitor with this configuration needs:
// those of every run, and those of each scan that is switched on.
func Statements(cfg Config) []iam.Statement {
	statements := []iam.Statement{
		{
			Sid: "ReadFleet", Resources: []string{anyResource},
			Actions: []string{"lambda:GetAccountSettings", "lambda:ListFunctions", "tag:GetResources"},
			WhyStar: "these list a whole Region and have no narrower resource",
		},
		{
			Sid: "ReadFunctions", Resources: []string{anyFunction},
			Actions: []string{"lambda:ListAliases", "lambda:ListVersionsByFunction"},
		},
		{
			Sid: "ReadOwnHistory", Resources: []string{anyResource},
			Actions: []string{"cloudwatch:GetMetricData"},
			WhyStar: "reading metrics has no narrower resource",
		},
		{Sid: "DeleteVersions", Resources: []string{anyFunction}, Actions: []string{"lambda:DeleteFunction"}},
		{Sid: "TellPeople", Resources: []string{"${Topic}"}, Actions: []string{"sns:Publish"}},
	}
	if cfg.QualifiedDelete {
		statements[3].Resources = []string{anyQualified}
	}
	for _, scan := range scans {
		if scan.on(cfg) {
			statements = append(statements, scan.grants...)
		}
	}
	if len(cfg.Exclude.Names) > 0 {
		deny := iam.Statement{Sid: "KeepExcluded", Effect: "Deny", Actions: []string{"lambda:DeleteFunction"}}
		for _, name := range cfg.Exclude.Names {
			arn := "arn:${Partition}:lambda:${Region}:${Account}:function:" + name
			deny.Resources = append(deny.Resources, arn, arn+":*")
		}
		statements = append(statements, deny)
	}
	return iam.Merge(statements)
}
