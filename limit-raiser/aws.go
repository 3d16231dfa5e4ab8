package limitraiser

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	autoscalingtypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"caretaker/internal/iam"
)

type ledgerAPI interface {
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
}

type cloudwatchAPI interface {
	DescribeAlarmContributors(context.Context, *cloudwatch.DescribeAlarmContributorsInput, ...func(*cloudwatch.Options)) (*cloudwatch.DescribeAlarmContributorsOutput, error)
	DescribeAlarms(context.Context, *cloudwatch.DescribeAlarmsInput, ...func(*cloudwatch.Options)) (*cloudwatch.DescribeAlarmsOutput, error)
	GetMetricData(context.Context, *cloudwatch.GetMetricDataInput, ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricDataOutput, error)
}

type dynamodbAPI interface {
	DescribeTable(context.Context, *dynamodb.DescribeTableInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error)
	ListTagsOfResource(context.Context, *dynamodb.ListTagsOfResourceInput, ...func(*dynamodb.Options)) (*dynamodb.ListTagsOfResourceOutput, error)
	UpdateTable(context.Context, *dynamodb.UpdateTableInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateTableOutput, error)
}

type autoscalingAPI interface {
	DescribeScalableTargets(context.Context, *applicationautoscaling.DescribeScalableTargetsInput, ...func(*applicationautoscaling.Options)) (*applicationautoscaling.DescribeScalableTargetsOutput, error)
	RegisterScalableTarget(context.Context, *applicationautoscaling.RegisterScalableTargetInput, ...func(*applicationautoscaling.Options)) (*applicationautoscaling.RegisterScalableTargetOutput, error)
}

type kinesisAPI interface {
	DescribeStreamSummary(context.Context, *kinesis.DescribeStreamSummaryInput, ...func(*kinesis.Options)) (*kinesis.DescribeStreamSummaryOutput, error)
	ListTagsForStream(context.Context, *kinesis.ListTagsForStreamInput, ...func(*kinesis.Options)) (*kinesis.ListTagsForStreamOutput, error)
	UpdateShardCount(context.Context, *kinesis.UpdateShardCountInput, ...func(*kinesis.Options)) (*kinesis.UpdateShardCountOutput, error)
}

type lambdaAPI interface {
	GetAccountSettings(context.Context, *lambdasvc.GetAccountSettingsInput, ...func(*lambdasvc.Options)) (*lambdasvc.GetAccountSettingsOutput, error)
	GetFunctionConcurrency(context.Context, *lambdasvc.GetFunctionConcurrencyInput, ...func(*lambdasvc.Options)) (*lambdasvc.GetFunctionConcurrencyOutput, error)
	ListTags(context.Context, *lambdasvc.ListTagsInput, ...func(*lambdasvc.Options)) (*lambdasvc.ListTagsOutput, error)
	PutFunctionConcurrency(context.Context, *lambdasvc.PutFunctionConcurrencyInput, ...func(*lambdasvc.Options)) (*lambdasvc.PutFunctionConcurrencyOutput, error)
}

type quotasAPI interface {
	GetAWSDefaultServiceQuota(context.Context, *servicequotas.GetAWSDefaultServiceQuotaInput, ...func(*servicequotas.Options)) (*servicequotas.GetAWSDefaultServiceQuotaOutput, error)
	GetServiceQuota(context.Context, *servicequotas.GetServiceQuotaInput, ...func(*servicequotas.Options)) (*servicequotas.GetServiceQuotaOutput, error)
	ListRequestedServiceQuotaChangeHistoryByQuota(context.Context, *servicequotas.ListRequestedServiceQuotaChangeHistoryByQuotaInput, ...func(*servicequotas.Options)) (*servicequotas.ListRequestedServiceQuotaChangeHistoryByQuotaOutput, error)
	RequestServiceQuotaIncrease(context.Context, *servicequotas.RequestServiceQuotaIncreaseInput, ...func(*servicequotas.Options)) (*servicequotas.RequestServiceQuotaIncreaseOutput, error)
}

type sqsAPI interface {
	SendMessage(context.Context, *sqs.SendMessageInput, ...func(*sqs.Options)) (*sqs.SendMessageOutput, error)
}

type snsAPI interface {
	Publish(context.Context, *sns.PublishInput, ...func(*sns.Options)) (*sns.PublishOutput, error)
}

// The resources as IAM names them; the placeholders are those of iam.Statement, and ${Queue} and
// ${Ledger}, the ARNs of the raiser's own queue and table.
const (
	anyResource    = "*"
	anyTable       = "arn:${Partition}:dynamodb:${Region}:${Account}:table/"
	anyStream      = "arn:${Partition}:kinesis:${Region}:${Account}:stream/"
	anyFunction    = "arn:${Partition}:lambda:${Region}:${Account}:function:"
	scalableTarget = "arn:${Partition}:application-autoscaling:${Region}:${Account}:scalable-target/*"
	anyQuota       = "arn:${Partition}:servicequotas:${Region}:${Account}:"
)

// The actions on a table, named by the file or by its tag.
var (
	readTable  = []string{"dynamodb:DescribeTable", "dynamodb:ListTagsOfResource"}
	raiseTable = []string{"dynamodb:UpdateTable"}
)

// Statements are the permissions that a raiser with this configuration needs: those of every
// run, and those for each kind of resource that the file lists.
func Statements(cfg Config) []iam.Statement {
	statements := []iam.Statement{
		{
			Sid: "ReadAlarms", Resources: []string{anyResource}, Actions: []string{"cloudwatch:DescribeAlarmContributors", "cloudwatch:DescribeAlarms"},
			WhyStar: "the alarms that may call are not known beforehand, and a composite alarm can be looked up on * only",
		},
		{
			Sid: "ReadMetrics", Resources: []string{anyResource}, Actions: []string{"cloudwatch:GetMetricData"},
			WhyStar: "reading metrics knows no narrower resource",
		},
		{Sid: "Remember", Resources: []string{"${Ledger}"}, Actions: []string{"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"}},
		{Sid: "LookAgain", Resources: []string{"${Queue}"}, Actions: []string{"sqs:SendMessage"}},
		{Sid: "TellPeople", Resources: []string{"${Topic}"}, Actions: []string{"sns:Publish"}},
	}
	statements = append(statements, tableStatements(cfg)...)
	if streams := each(cfg.Streams, func(s Stream) string { return anyStream + s.Name }); len(streams) > 0 {
		statements = append(statements, iam.Statement{
			Sid: "RaiseStreams", Resources: streams,
			Actions: []string{"kinesis:DescribeStreamSummary", "kinesis:ListTagsForStream", "kinesis:UpdateShardCount"},
		})
	}
	if functions := each(cfg.Functions, func(f Function) string { return anyFunction + f.Name }); len(functions) > 0 {
		statements = append(statements, iam.Statement{
			Sid: "RaiseConcurrency", Resources: functions,
			Actions: []string{"lambda:GetFunctionConcurrency", "lambda:ListTags", "lambda:PutFunctionConcurrency"},
		}, iam.Statement{
			Sid: "ReadConcurrency", Resources: []string{anyResource}, Actions: []string{"lambda:GetAccountSettings"},
			WhyStar: "it tells of the whole account and knows no narrower resource",
		})
	}
	if quotas := each(cfg.Quotas, func(q Quota) string { return anyQuota + q.Service + "/" + q.Code }); len(quotas) > 0 {
		statements = append(statements, iam.Statement{
			Sid: "AskForQuotas", Resources: quotas, Actions: []string{"servicequotas:RequestServiceQuotaIncrease"},
		}, iam.Statement{
			Sid: "ReadQuotas", Resources: []string{anyResource},
			Actions: []string{
				"servicequotas:GetAWSDefaultServiceQuota", "servicequotas:GetServiceQuota",
				"servicequotas:ListRequestedServiceQuotaChangeHistoryByQuota",
			},
			WhyStar: "reading quotas knows no narrower resource",
		})
	}
	return statements
}

func tableStatements(cfg Config) []iam.Statement {
	var statements []iam.Statement
	tables := each(cfg.Tables, func(t Table) string { return anyTable + t.Name })
	if len(tables) > 0 {
		statements = append(statements, iam.Statement{Sid: "RaiseTables", Resources: tables, Actions: slices.Concat(readTable, raiseTable)})
	}
	if cfg.ByTag {
		statements = append(statements, iam.Statement{
			Sid: "RaiseTaggedTables", Resources: []string{anyTable + "*"}, Actions: slices.Concat(readTable, raiseTable),
			Conditions: map[string]map[string][]string{"StringLike": {"aws:ResourceTag/" + RaiseTag: {"*"}}},
		})
	}
	if len(statements) > 0 {
		statements = append(statements, iam.Statement{
			Sid: "RaiseScalableTargets", Resources: []string{scalableTarget}, Actions: []string{"application-autoscaling:RegisterScalableTarget"},
			// The ARN of a target does not say what is scaled: without these its role could scale anything.
			// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsapplicationautoscaling.html
			Conditions: map[string]map[string][]string{"StringEquals": {
				"application-autoscaling:service-namespace":  {string(autoscalingtypes.ServiceNamespaceDynamodb)},
				"application-autoscaling:scalable-dimension": dimensionNames(),
			}},
		}, iam.Statement{
			Sid: "ReadScalableTargets", Resources: []string{anyResource}, Actions: []string{"application-autoscaling:DescribeScalableTargets"},
			WhyStar: "listing scalable targets knows no narrower resource",
		})
	}
	return statements
}

// dimensionNames are the dimensions that a raise may register, sorted.
func dimensionNames() []string {
	names := make([]string, 0, len(scalableDimensions))
	for name := range scalableDimensions {
		names = append(names, string(name))
	}
	slices.Sort(names)
	return names
}

func each[T any](list []T, name func(T) string) []string {
	names := make([]string, 0, len(list))
	for _, item := range list {
		names = append(names, name(item))
	}
	return names
}
