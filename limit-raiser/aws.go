package limitraiser

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
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

type sqsAPI interface {
	SendMessage(context.Context, *sqs.SendMessageInput, ...func(*sqs.Options)) (*sqs.SendMessageOutput, error)
}

type snsAPI interface {
	Publish(context.Context, *sns.PublishInput, ...func(*sns.Options)) (*sns.PublishOutput, error)
}

// anyResource is all of them. The placeholders in the resources of statements are those of
// iam.Statement, and ${Queue} and ${Ledger}, the ARNs of the raiser's own queue and table.
const anyResource = "*"

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
			WhyStar: "reading metrics has no narrower resource",
		},
		{Sid: "Remember", Resources: []string{"${Ledger}"}, Actions: []string{"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"}},
		{Sid: "LookAgain", Resources: []string{"${Queue}"}, Actions: []string{"sqs:SendMessage"}},
		{Sid: "TellPeople", Resources: []string{"${Topic}"}, Actions: []string{"sns:Publish"}},
	}
	for _, one := range kinds {
		statements = append(statements, one.kind.statements(cfg)...)
	}
	return statements
}

func each[T any](list []T, name func(T) string) []string {
	names := make([]string, 0, len(list))
	for _, item := range list {
		names = append(names, name(item))
	}
	return names
}
