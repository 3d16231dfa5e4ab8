package deployed

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cloudformationtypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	iamsvc "github.com/aws/aws-sdk-go-v2/service/iam"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// Leftovers are the names of everything in an account that bears Caretaker's name.
func Leftovers(ctx context.Context, cfg aws.Config) ([]string, error) {
	found := &found{}
	for _, look := range []func(context.Context, aws.Config) error{found.stacks, found.functions, found.watching, found.messaging, found.others} {
		if err := look(ctx, cfg); err != nil {
			return nil, err
		}
	}
	return found.names, nil
}

// found is what there is.
type found struct{ names []string }

func (f *found) add(kind string, name *string) {
	if strings.Contains(strings.ToLower(aws.ToString(name)), "caretaker") {
		f.names = append(f.names, kind+" "+*name)
	}
}

func (f *found) stacks(ctx context.Context, cfg aws.Config) error {
	stacks, err := cloudformation.NewFromConfig(cfg).ListStacks(ctx, &cloudformation.ListStacksInput{})
	if err != nil {
		return err
	}
	for _, stack := range stacks.StackSummaries {
		if stack.StackStatus != cloudformationtypes.StackStatusDeleteComplete {
			f.add("stack", stack.StackName)
		}
	}
	return nil
}

func (f *found) functions(ctx context.Context, cfg aws.Config) error {
	client := lambdasvc.NewFromConfig(cfg)
	functions := lambdasvc.NewListFunctionsPaginator(client, &lambdasvc.ListFunctionsInput{})
	for functions.HasMorePages() {
		page, err := functions.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, function := range page.Functions {
			f.add("function", function.FunctionName)
		}
	}
	sources, err := client.ListEventSourceMappings(ctx, &lambdasvc.ListEventSourceMappingsInput{})
	if err != nil {
		return err
	}
	for _, source := range sources.EventSourceMappings {
		f.add("source", source.FunctionArn)
	}
	return nil
}

func (f *found) watching(ctx context.Context, cfg aws.Config) error {
	groups, err := cloudwatchlogs.NewFromConfig(cfg).DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{})
	if err != nil {
		return err
	}
	for _, group := range groups.LogGroups {
		f.add("log group", group.LogGroupName)
	}
	alarms, err := cloudwatch.NewFromConfig(cfg).DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{})
	if err != nil {
		return err
	}
	for _, alarm := range alarms.MetricAlarms {
		f.add("alarm", alarm.AlarmName)
	}
	return nil
}

func (f *found) messaging(ctx context.Context, cfg aws.Config) error {
	topics, err := sns.NewFromConfig(cfg).ListTopics(ctx, &sns.ListTopicsInput{})
	if err != nil {
		return err
	}
	for _, topic := range topics.Topics {
		f.add("topic", topic.TopicArn)
	}
	queues, err := sqs.NewFromConfig(cfg).ListQueues(ctx, &sqs.ListQueuesInput{})
	if err != nil {
		return err
	}
	for _, queue := range queues.QueueUrls {
		f.add("queue", &queue)
	}
	return nil
}

func (f *found) others(ctx context.Context, cfg aws.Config) error {
	tables, err := dynamodb.NewFromConfig(cfg).ListTables(ctx, &dynamodb.ListTablesInput{})
	if err != nil {
		return err
	}
	for _, table := range tables.TableNames {
		f.add("table", &table)
	}
	roles, err := iamsvc.NewFromConfig(cfg).ListRoles(ctx, &iamsvc.ListRolesInput{})
	if err != nil {
		return err
	}
	for _, role := range roles.Roles {
		f.add("role", role.RoleName)
	}
	schedules, err := scheduler.NewFromConfig(cfg).ListSchedules(ctx, &scheduler.ListSchedulesInput{})
	if err != nil {
		return err
	}
	for _, schedule := range schedules.Schedules {
		f.add("schedule", schedule.Name)
	}
	return nil
}
