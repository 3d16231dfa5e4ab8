package notify

import (
	"context"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"caretaker/internal/iam"
)

type memoryAPI interface {
	UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
}

type cloudwatchAPI interface {
	DescribeAlarms(context.Context, *cloudwatch.DescribeAlarmsInput, ...func(*cloudwatch.Options)) (*cloudwatch.DescribeAlarmsOutput, error)
	DescribeAlarmContributors(context.Context, *cloudwatch.DescribeAlarmContributorsInput, ...func(*cloudwatch.Options)) (*cloudwatch.DescribeAlarmContributorsOutput, error)
	GetMetricWidgetImage(context.Context, *cloudwatch.GetMetricWidgetImageInput, ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricWidgetImageOutput, error)
}

type logsAPI interface {
	FilterLogEvents(context.Context, *cloudwatchlogs.FilterLogEventsInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.FilterLogEventsOutput, error)
}

type taggingAPI interface {
	GetResources(context.Context, *resourcegroupstaggingapi.GetResourcesInput, ...func(*resourcegroupstaggingapi.Options)) (*resourcegroupstaggingapi.GetResourcesOutput, error)
}

type secretsAPI interface {
	GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
}

type parametersAPI interface {
	GetParameter(context.Context, *ssm.GetParameterInput, ...func(*ssm.Options)) (*ssm.GetParameterOutput, error)
}

type snsAPI interface {
	Publish(context.Context, *sns.PublishInput, ...func(*sns.Options)) (*sns.PublishOutput, error)
}

type sqsAPI interface {
	SendMessage(context.Context, *sqs.SendMessageInput, ...func(*sqs.Options)) (*sqs.SendMessageOutput, error)
}

// anyResource is all of them. The placeholders in the resources of statements are those of iam.Statement,
// and ${Queue} and ${Ledger}, the ARNs of the notifier's own queue and table.
const anyResource = "*"

// Statements are the permissions that a notifier with this configuration and target needs.
func Statements(cfg Config, target Target) []iam.Statement {
	statements := []iam.Statement{
		{
			Sid: "ReadAlarms", Resources: []string{anyResource}, Actions: []string{"cloudwatch:DescribeAlarmContributors", "cloudwatch:DescribeAlarms"},
			WhyStar: "which alarms are on is not known beforehand, and a composite alarm can be looked up on * only",
		},
		{
			Sid: "ReadTags", Resources: []string{anyResource}, Actions: []string{"tag:GetResources"},
			WhyStar: "the tagging API has no narrower resource",
		},
		{Sid: "Remember", Resources: []string{"${Ledger}"}, Actions: []string{"dynamodb:UpdateItem"}},
		{Sid: "Beat", Resources: []string{"${Queue}"}, Actions: []string{"sqs:SendMessage"}},
		{Sid: "TellPeople", Resources: []string{"${Topic}"}, Actions: []string{"sns:Publish"}},
	}
	if target.Secret != "" {
		statements = append(statements, readSecret(target.Secret))
	}
	if cfg.LogLines > 0 {
		statements = append(statements, iam.Statement{
			Sid: "ReadLogs", Actions: []string{"logs:FilterLogEvents"}, Resources: []string{"arn:${Partition}:logs:${Region}:${Account}:log-group:" + functionLogs + "*"},
		})
	}
	if cfg.Chart > 0 && target.Secret != "" {
		statements = append(statements, iam.Statement{
			Sid: "DrawCharts", Resources: []string{anyResource}, Actions: []string{"cloudwatch:GetMetricWidgetImage"},
			WhyStar: "metrics have no narrower resource",
		})
	}
	if topic := cfg.AmazonQ.Topic; topic != "" {
		statements = append(statements, iam.Statement{Sid: "TellAmazonQ", Actions: []string{"sns:Publish"}, Resources: []string{topicARN(topic, "${Partition}", "${Region}", "${Account}")}})
	}
	if topic := cfg.Escalate.Topic; topic != "" {
		statements = append(statements, iam.Statement{Sid: "Escalate", Actions: []string{"sns:Publish"}, Resources: []string{topicARN(topic, "${Partition}", "${Region}", "${Account}")}})
	}
	return statements
}

// topicARN is that of a topic by its name or ARN.
func topicARN(topic, partition, region, account string) string {
	if strings.HasPrefix(topic, "arn:") {
		return topic
	}
	return strings.Join([]string{"arn", partition, "sns", region, account, topic}, ":")
}

// suffixForm is what Secrets Manager puts behind the name of a secret in its ARN:
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html
var suffixForm = regexp.MustCompile(`-[A-Za-z0-9]{6}$`)

// isParameter tells a parameter of SSM from a secret.
func isParameter(secret string) bool { return strings.Contains(secret, ":ssm:") }

func readSecret(secret string) iam.Statement {
	statement := iam.Statement{Sid: "ReadSecret", Actions: []string{"secretsmanager:GetSecretValue"}, Resources: []string{secret}}
	switch {
	case isParameter(secret):
		statement.Actions = []string{"ssm:GetParameter"}
	case !strings.HasPrefix(secret, "arn:"):
		statement.Resources = []string{"arn:${Partition}:secretsmanager:${Region}:${Account}:secret:" + secret + "-??????"}
	case !suffixForm.MatchString(secret):
		statement.Resources = []string{secret + "-??????"}
	}
	return statement
}
