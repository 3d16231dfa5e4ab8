package subscriber

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"

	"caretaker/internal/iam"
	"caretaker/log-shipper/groups"
)

type logsAPI interface {
	DescribeLogGroups(context.Context, *cloudwatchlogs.DescribeLogGroupsInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.DescribeLogGroupsOutput, error)
	DescribeSubscriptionFilters(context.Context, *cloudwatchlogs.DescribeSubscriptionFiltersInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.DescribeSubscriptionFiltersOutput, error)
	ListTagsForResource(context.Context, *cloudwatchlogs.ListTagsForResourceInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.ListTagsForResourceOutput, error)
	PutSubscriptionFilter(context.Context, *cloudwatchlogs.PutSubscriptionFilterInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.PutSubscriptionFilterOutput, error)
	DeleteSubscriptionFilter(context.Context, *cloudwatchlogs.DeleteSubscriptionFilterInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.DeleteSubscriptionFilterOutput, error)
	PutRetentionPolicy(context.Context, *cloudwatchlogs.PutRetentionPolicyInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.PutRetentionPolicyOutput, error)
}

type taggingAPI interface {
	GetResources(context.Context, *resourcegroupstaggingapi.GetResourcesInput, ...func(*resourcegroupstaggingapi.Options)) (*resourcegroupstaggingapi.GetResourcesOutput, error)
}

// anyGroup are all log groups. The placeholders are those of iam.Statement, and ${Role}, the ARN of
// the role by which CloudWatch Logs writes to a stream.
const anyGroup = "arn:${Partition}:logs:${Region}:${Account}:log-group:"

// Statements are the permissions that a subscriber with this configuration needs.
func Statements(cfg Config) []iam.Statement {
	own := iam.Statement{Sid: "NeverShipOwn", Effect: "Deny", Actions: []string{"logs:PutSubscriptionFilter"}}
	for _, pattern := range groups.OwnPatterns {
		own.Resources = append(own.Resources, anyGroup+pattern, anyGroup+pattern+":*")
	}
	statements := []iam.Statement{
		{
			Sid: "ListGroups", Resources: []string{"*"}, Actions: []string{"logs:DescribeLogGroups", "tag:GetResources"},
			WhyStar: "these list a whole Region",
		},
		{
			Sid: "ReadGroups", Resources: []string{anyGroup + "*"},
			Actions: []string{"logs:DescribeSubscriptionFilters", "logs:ListTagsForResource"},
		},
		{
			Sid: "Subscribe", Resources: []string{anyGroup + "*"},
			Actions: []string{"logs:DeleteSubscriptionFilter", "logs:PutSubscriptionFilter"},
		},
		own,
	}
	if cfg.Subscribe.RetentionDays > 0 {
		statements = append(statements, iam.Statement{Sid: "SetRetention", Resources: []string{anyGroup + "*"}, Actions: []string{"logs:PutRetentionPolicy"}})
	}
	if cfg.Subscribe.Through == groups.Stream {
		statements = append(statements, iam.Statement{
			Sid: "LetLogsWriteToStream", Resources: []string{"${Role}"}, Actions: []string{"iam:PassRole"},
			Conditions: map[string]map[string][]string{"StringEquals": {"iam:PassedToService": {"logs.amazonaws.com"}}},
		})
	}
	return statements
}
