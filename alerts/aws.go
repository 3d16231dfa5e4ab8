package alerts

import (
	"context"
	"slices"
	"strings"

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

	"caretaker/internal/iam"
)

type cloudwatchAPI interface {
	DescribeAlarms(context.Context, *cloudwatch.DescribeAlarmsInput, ...func(*cloudwatch.Options)) (*cloudwatch.DescribeAlarmsOutput, error)
	PutCompositeAlarm(context.Context, *cloudwatch.PutCompositeAlarmInput, ...func(*cloudwatch.Options)) (*cloudwatch.PutCompositeAlarmOutput, error)
	PutMetricAlarm(context.Context, *cloudwatch.PutMetricAlarmInput, ...func(*cloudwatch.Options)) (*cloudwatch.PutMetricAlarmOutput, error)
	TagResource(context.Context, *cloudwatch.TagResourceInput, ...func(*cloudwatch.Options)) (*cloudwatch.TagResourceOutput, error)
	DeleteAlarms(context.Context, *cloudwatch.DeleteAlarmsInput, ...func(*cloudwatch.Options)) (*cloudwatch.DeleteAlarmsOutput, error)
	ListDashboards(context.Context, *cloudwatch.ListDashboardsInput, ...func(*cloudwatch.Options)) (*cloudwatch.ListDashboardsOutput, error)
	GetDashboard(context.Context, *cloudwatch.GetDashboardInput, ...func(*cloudwatch.Options)) (*cloudwatch.GetDashboardOutput, error)
	PutDashboard(context.Context, *cloudwatch.PutDashboardInput, ...func(*cloudwatch.Options)) (*cloudwatch.PutDashboardOutput, error)
	ListMetrics(context.Context, *cloudwatch.ListMetricsInput, ...func(*cloudwatch.Options)) (*cloudwatch.ListMetricsOutput, error)
	DeleteDashboards(context.Context, *cloudwatch.DeleteDashboardsInput, ...func(*cloudwatch.Options)) (*cloudwatch.DeleteDashboardsOutput, error)
}

type cloudformationAPI interface {
	DescribeStacks(context.Context, *cloudformation.DescribeStacksInput, ...func(*cloudformation.Options)) (*cloudformation.DescribeStacksOutput, error)
}

type lambdaAPI interface {
	ListFunctions(context.Context, *lambdasvc.ListFunctionsInput, ...func(*lambdasvc.Options)) (*lambdasvc.ListFunctionsOutput, error)
	ListEventSourceMappings(context.Context, *lambdasvc.ListEventSourceMappingsInput, ...func(*lambdasvc.Options)) (*lambdasvc.ListEventSourceMappingsOutput, error)
	GetAccountSettings(context.Context, *lambdasvc.GetAccountSettingsInput, ...func(*lambdasvc.Options)) (*lambdasvc.GetAccountSettingsOutput, error)
}

type dynamodbAPI interface {
	ListTables(context.Context, *dynamodb.ListTablesInput, ...func(*dynamodb.Options)) (*dynamodb.ListTablesOutput, error)
	DescribeTable(context.Context, *dynamodb.DescribeTableInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error)
}

type kinesisAPI interface {
	ListStreams(context.Context, *kinesis.ListStreamsInput, ...func(*kinesis.Options)) (*kinesis.ListStreamsOutput, error)
}

type sqsAPI interface {
	ListQueues(context.Context, *sqs.ListQueuesInput, ...func(*sqs.Options)) (*sqs.ListQueuesOutput, error)
	GetQueueAttributes(context.Context, *sqs.GetQueueAttributesInput, ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error)
}

type snsAPI interface {
	Publish(context.Context, *sns.PublishInput, ...func(*sns.Options)) (*sns.PublishOutput, error)
	ListTopics(context.Context, *sns.ListTopicsInput, ...func(*sns.Options)) (*sns.ListTopicsOutput, error)
}

type statesAPI interface {
	ListStateMachines(context.Context, *sfn.ListStateMachinesInput, ...func(*sfn.Options)) (*sfn.ListStateMachinesOutput, error)
}

type eventsAPI interface {
	ListEventBuses(context.Context, *eventbridge.ListEventBusesInput, ...func(*eventbridge.Options)) (*eventbridge.ListEventBusesOutput, error)
	ListRules(context.Context, *eventbridge.ListRulesInput, ...func(*eventbridge.Options)) (*eventbridge.ListRulesOutput, error)
}

type quotasAPI interface {
	ListServiceQuotas(context.Context, *servicequotas.ListServiceQuotasInput, ...func(*servicequotas.Options)) (*servicequotas.ListServiceQuotasOutput, error)
	ListAWSDefaultServiceQuotas(context.Context, *servicequotas.ListAWSDefaultServiceQuotasInput, ...func(*servicequotas.Options)) (*servicequotas.ListAWSDefaultServiceQuotasOutput, error)
}

type restAPIsAPI interface {
	GetRestApis(context.Context, *apigateway.GetRestApisInput, ...func(*apigateway.Options)) (*apigateway.GetRestApisOutput, error)
	GetStages(context.Context, *apigateway.GetStagesInput, ...func(*apigateway.Options)) (*apigateway.GetStagesOutput, error)
}

type httpAPIsAPI interface {
	GetApis(context.Context, *apigatewayv2.GetApisInput, ...func(*apigatewayv2.Options)) (*apigatewayv2.GetApisOutput, error)
	GetStages(context.Context, *apigatewayv2.GetStagesInput, ...func(*apigatewayv2.Options)) (*apigatewayv2.GetStagesOutput, error)
}

type firehoseAPI interface {
	ListDeliveryStreams(context.Context, *firehose.ListDeliveryStreamsInput, ...func(*firehose.Options)) (*firehose.ListDeliveryStreamsOutput, error)
	DescribeDeliveryStream(context.Context, *firehose.DescribeDeliveryStreamInput, ...func(*firehose.Options)) (*firehose.DescribeDeliveryStreamOutput, error)
}

type schedulerAPI interface {
	ListScheduleGroups(context.Context, *scheduler.ListScheduleGroupsInput, ...func(*scheduler.Options)) (*scheduler.ListScheduleGroupsOutput, error)
}

type logsAPI interface {
	DescribeLogGroups(context.Context, *cloudwatchlogs.DescribeLogGroupsInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.DescribeLogGroupsOutput, error)
	DescribeMetricFilters(context.Context, *cloudwatchlogs.DescribeMetricFiltersInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.DescribeMetricFiltersOutput, error)
	PutMetricFilter(context.Context, *cloudwatchlogs.PutMetricFilterInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.PutMetricFilterOutput, error)
	DeleteMetricFilter(context.Context, *cloudwatchlogs.DeleteMetricFilterInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.DeleteMetricFilterOutput, error)
}

type taggingAPI interface {
	GetResources(context.Context, *resourcegroupstaggingapi.GetResourcesInput, ...func(*resourcegroupstaggingapi.Options)) (*resourcegroupstaggingapi.GetResourcesOutput, error)
}

// Statements are the permissions that a reconciler of a stage needs. It may write alarms and dashboards of the stage alone,
// and have them tell the topics of the file alone: an alarm's action may also start or stop something.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/iam-cw-condition-keys-alarm-actions.html
func Statements(cfg Config, stage string) []iam.Statement {
	// Dashboards belong to no Region, so that their ARN has none.
	dashboards := []string{"arn:${Partition}:cloudwatch::${Account}:dashboard/" + DashboardPrefix(stage, "${Region}") + "*"}
	alarms := []string{"arn:${Partition}:cloudwatch:${Region}:${Account}:alarm:" + Prefix(stage) + "*"}
	statements := []iam.Statement{
		{
			Sid: "FindResources", Resources: []string{"*"},
			Actions: []string{
				"dynamodb:ListTables", "events:ListEventBuses", "events:ListRules", "firehose:ListDeliveryStreams", "kinesis:ListStreams", "lambda:GetAccountSettings", "lambda:ListEventSourceMappings",
				"lambda:ListFunctions", "scheduler:ListScheduleGroups", "sns:ListTopics", "sqs:ListQueues", "states:ListStateMachines", "tag:GetResources",
			},
			WhyStar: "these list a whole Region",
		},
		{
			Sid: "FindAlarms", Resources: []string{"*"}, Actions: []string{"cloudwatch:DescribeAlarms"},
			WhyStar: "a composite alarm can be looked up on * only",
		},
		{Sid: "ReadTables", Resources: []string{"arn:${Partition}:dynamodb:${Region}:${Account}:table/*"}, Actions: []string{"dynamodb:DescribeTable"}},
		{Sid: "ReadDeliveryStreams", Resources: []string{"arn:${Partition}:firehose:${Region}:${Account}:deliverystream/*"}, Actions: []string{"firehose:DescribeDeliveryStream"}},
		{
			Sid: "FindAPIs", Actions: []string{"apigateway:GET"}, Resources: []string{
				"arn:${Partition}:apigateway:${Region}::/restapis", "arn:${Partition}:apigateway:${Region}::/restapis/*/stages",
				"arn:${Partition}:apigateway:${Region}::/apis", "arn:${Partition}:apigateway:${Region}::/apis/*/stages",
			},
		},
		{Sid: "ReadQueues", Resources: []string{"arn:${Partition}:sqs:${Region}:${Account}:*"}, Actions: []string{"sqs:GetQueueAttributes"}},
		{
			Sid: "MakeAlarms", Resources: alarms, Actions: []string{"cloudwatch:PutMetricAlarm"},
			Conditions: map[string]map[string][]string{"ForAllValues:StringEquals": {"cloudwatch:AlarmActions": topicsOf(cfg)}},
		},
		{Sid: "KeepAlarms", Resources: alarms, Actions: []string{"cloudwatch:DeleteAlarms", "cloudwatch:TagResource"}},
		{
			Sid: "FindDashboards", Resources: []string{"*"}, Actions: []string{"cloudwatch:ListDashboards"},
			WhyStar: "it lists the whole account",
		},
		{Sid: "KeepDashboards", Resources: dashboards, Actions: []string{"cloudwatch:DeleteDashboards", "cloudwatch:GetDashboard", "cloudwatch:PutDashboard"}},
		{Sid: "SeeItsStackGo", Resources: []string{"arn:${Partition}:cloudformation:${Region}:${Account}:stack/Caretaker-" + stage + "-Alerts/*"}, Actions: []string{"cloudformation:DescribeStacks"}},
		{Sid: "TellPeople", Resources: []string{"${Topic}"}, Actions: []string{"sns:Publish"}},
	}
	if cfg.Composites.Enabled {
		statements = append(statements, iam.Statement{
			Sid: "MakeCompositeAlarms", Resources: []string{"*"}, Actions: []string{"cloudwatch:PutCompositeAlarm"},
			Conditions: map[string]map[string][]string{"ForAllValues:StringEquals": {"cloudwatch:AlarmActions": topicsOf(cfg)}},
			WhyStar:    "AWS makes no composite alarm for a permission on less; what it may tell is narrowed all the same",
		})
	}
	statements = append(statements, patternStatements(cfg)...)
	if cfg.Quotas.Enabled {
		statements = append(statements, iam.Statement{
			Sid: "FindQuotas", Resources: []string{"*"},
			Actions: []string{"cloudwatch:ListMetrics", "servicequotas:ListAWSDefaultServiceQuotas", "servicequotas:ListServiceQuotas"},
			WhyStar: "AWS has no narrower resource for lists of quotas and of metrics",
		})
	}
	return statements
}

// topicsOf are the ARNs of the topics that alarms tell.
func topicsOf(cfg Config) []string {
	topics := []string{topicARN(cfg.Topics.Critical), topicARN(cfg.Topics.Warning)}
	if cfg.Composites.Enabled && cfg.Composites.Topic != "" {
		topics = append(topics, topicARN(cfg.Composites.Topic))
	}
	slices.Sort(topics)
	return slices.Compact(topics)
}

func topicARN(topic string) string {
	switch {
	case topic == "":
		return "${Topic}"
	case strings.HasPrefix(topic, "arn:"):
		return topic
	}
	return "arn:${Partition}:sns:${Region}:${Account}:" + topic
}
