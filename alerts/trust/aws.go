package trust

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"caretaker/internal/iam"
)

type cloudwatchAPI interface {
	DescribeAlarms(context.Context, *cloudwatch.DescribeAlarmsInput, ...func(*cloudwatch.Options)) (*cloudwatch.DescribeAlarmsOutput, error)
	GetMetricData(context.Context, *cloudwatch.GetMetricDataInput, ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricDataOutput, error)
}

type snsAPI interface {
	ListSubscriptions(context.Context, *sns.ListSubscriptionsInput, ...func(*sns.Options)) (*sns.ListSubscriptionsOutput, error)
}

// needs are the actions of each command beside those of a plan.
var needs = map[string][]string{
	"coverage": {"cloudwatch:DescribeAlarms"},
	"lint":     {"cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData", "sns:ListSubscriptions"},
	"backtest": {"cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData"},
}

// Statements are the permissions that whoever calls a command, coverage, lint or backtest, needs beside those of a plan.
func Statements(command string) []iam.Statement {
	return []iam.Statement{{
		Sid: "JudgeAlarms", Resources: []string{"*"}, Actions: needs[command],
		WhyStar: "these read a whole Region; AWS has no narrower resource for them",
	}}
}
