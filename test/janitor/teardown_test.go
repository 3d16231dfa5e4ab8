package janitor_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cloudformationtypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	iamsvc "github.com/aws/aws-sdk-go-v2/service/iam"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// The last test of this package: cdk destroy removes all that cdk deploy has made.
func TestDestroy_leavesNothingBehind(t *testing.T) {
	w := shared
	if !strings.Contains(strings.Join(w.leftovers(t), " "), functionName) {
		t.Fatal("nothing of the janitor is deployed, so that nothing could be left behind")
	}
	must(t, cdk(t.Context(), t.TempDir(), "destroy", "--all", "--force"))
	if left := w.leftovers(t); len(left) > 0 {
		t.Errorf("left behind: %s", strings.Join(left, ", "))
	}
}

// leftovers are the names of everything in the account that bears Caretaker's name.
func (w world) leftovers(t *testing.T) []string {
	t.Helper()
	ctx, cfg := t.Context(), w.AWS()
	var names []string
	keep := func(kind, name string) {
		if strings.Contains(strings.ToLower(name), "caretaker") {
			names = append(names, kind+" "+name)
		}
	}
	stacks, err := cloudformation.NewFromConfig(cfg).ListStacks(ctx, &cloudformation.ListStacksInput{})
	must(t, err)
	for _, stack := range stacks.StackSummaries {
		if stack.StackStatus != cloudformationtypes.StackStatusDeleteComplete {
			keep("stack", aws.ToString(stack.StackName))
		}
	}
	functions := lambdasvc.NewListFunctionsPaginator(w.lambda, &lambdasvc.ListFunctionsInput{})
	for functions.HasMorePages() {
		page, err := functions.NextPage(ctx)
		must(t, err)
		for _, function := range page.Functions {
			keep("function", aws.ToString(function.FunctionName))
		}
	}
	groups, err := cloudwatchlogs.NewFromConfig(cfg).DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{})
	must(t, err)
	for _, group := range groups.LogGroups {
		keep("log group", aws.ToString(group.LogGroupName))
	}
	alarms, err := cloudwatch.NewFromConfig(cfg).DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{})
	must(t, err)
	for _, alarm := range alarms.MetricAlarms {
		keep("alarm", aws.ToString(alarm.AlarmName))
	}
	topics, err := sns.NewFromConfig(cfg).ListTopics(ctx, &sns.ListTopicsInput{})
	must(t, err)
	for _, topic := range topics.Topics {
		keep("topic", aws.ToString(topic.TopicArn))
	}
	queues, err := sqs.NewFromConfig(cfg).ListQueues(ctx, &sqs.ListQueuesInput{})
	must(t, err)
	for _, queue := range queues.QueueUrls {
		keep("queue", queue)
	}
	roles, err := iamsvc.NewFromConfig(cfg).ListRoles(ctx, &iamsvc.ListRolesInput{})
	must(t, err)
	for _, role := range roles.Roles {
		keep("role", aws.ToString(role.RoleName))
	}
	schedules, err := scheduler.NewFromConfig(cfg).ListSchedules(ctx, &scheduler.ListSchedulesInput{})
	must(t, err)
	for _, schedule := range schedules.Schedules {
		keep("schedule", aws.ToString(schedule.Name))
	}
	return names
}
