package emulator_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	alarmtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"caretaker/internal/emulator"
	"caretaker/internal/want"
)

// anyAlarm is an alarm of which only the name matters.
func anyAlarm(name string) *cloudwatch.PutMetricAlarmInput {
	return &cloudwatch.PutMetricAlarmInput{
		AlarmName: &name, Namespace: aws.String("Test"), MetricName: aws.String("Errors"), Statistic: alarmtypes.StatisticSum, Period: aws.Int32(60),
		EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1), ComparisonOperator: alarmtypes.ComparisonOperatorGreaterThanThreshold,
	}
}

func TestPutMetricAlarm_refusesASecondOneAtTheSameMoment(t *testing.T) {
	empty(t, enforced)
	client := cloudwatch.NewFromConfig(once(enforced.AWS()))
	// While the first is on its way to the emulator, which takes a moment, more come.
	results := make(chan error, 20)
	for n := range cap(results) {
		go func() {
			_, err := client.PutMetricAlarm(t.Context(), anyAlarm(fmt.Sprint("alarm-", n)))
			results <- err
		}()
	}
	var refused error
	done := 0
	for range cap(results) {
		if err := <-results; err == nil {
			done++
		} else {
			refused = err
		}
	}
	if done == 0 || refused == nil {
		t.Fatalf("%d of %d writes at once are done, want some and not all", done, cap(results))
	}
	want.Equal(t, "the answer to one at the same moment", outcome(refused), "ValidationError")
	want.Says(t, "its message", refused.Error(), "A separate request to update this alarm is in progress")
	_, err := client.PutMetricAlarm(t.Context(), anyAlarm("alarm-0"))
	want.NoError(t, "one by itself", err)
}

func TestDeleteAlarms_takesAHundredNames(t *testing.T) {
	client := cloudwatch.NewFromConfig(fresh(t))
	var names []string
	for n := range 101 {
		names = append(names, fmt.Sprint("alarm-", n))
	}
	_, err := client.DeleteAlarms(t.Context(), &cloudwatch.DeleteAlarmsInput{AlarmNames: names})
	want.Equal(t, "the answer to 101 names", outcome(err), "ValidationError")
	_, err = client.DeleteAlarms(t.Context(), &cloudwatch.DeleteAlarmsInput{AlarmNames: names[:100]})
	want.NoError(t, "deleting 100", err)
}

func TestLimitRates_throttlesEachWriteOfAlarmsByItself(t *testing.T) {
	empty(t, enforced)
	client := cloudwatch.NewFromConfig(once(enforced.AWS()))
	enforced.LimitRates(emulator.RateLimits{Alarms: 0.001})
	defer enforced.LimitRates(emulator.RateLimits{})
	_, err := client.PutMetricAlarm(t.Context(), anyAlarm("first"))
	want.NoError(t, "the first", err)
	_, err = client.PutMetricAlarm(t.Context(), anyAlarm("second"))
	want.Equal(t, "the answer to one too many", outcome(err), "Throttling")
	_, err = client.DeleteAlarms(t.Context(), &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{"first"}})
	want.NoError(t, "a deletion, which is another operation", err)
	_, err = client.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{})
	want.NoError(t, "reading, which writes nothing", err)
}

func TestMuteRules_areKept(t *testing.T) {
	ctx, client := t.Context(), cloudwatch.NewFromConfig(fresh(t))
	for _, name := range []string{"nightly", "weekend"} {
		_, err := client.PutAlarmMuteRule(ctx, &cloudwatch.PutAlarmMuteRuleInput{
			Name: &name, MuteTargets: &alarmtypes.MuteTargets{AlarmNames: []string{"caretaker/prod/function/checkout/errors"}},
			Rule: &alarmtypes.Rule{Schedule: &alarmtypes.Schedule{Expression: aws.String("cron(0 2 * * *)"), Duration: aws.String("PT1H")}},
		})
		want.NoError(t, "putting the rule "+name, err)
	}
	_, err := client.DeleteAlarmMuteRule(ctx, &cloudwatch.DeleteAlarmMuteRuleInput{AlarmMuteRuleName: aws.String("weekend")})
	want.NoError(t, "deleting one", err)
	var arns []string
	pages := cloudwatch.NewListAlarmMuteRulesPaginator(client, &cloudwatch.ListAlarmMuteRulesInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		want.NoError(t, "listing them", err)
		for _, rule := range page.AlarmMuteRuleSummaries {
			arns = append(arns, afterColon(rule.AlarmMuteRuleArn))
		}
	}
	want.Equal(t, "the rules that are listed", len(arns), 1)
	read, err := client.GetAlarmMuteRule(ctx, &cloudwatch.GetAlarmMuteRuleInput{AlarmMuteRuleName: aws.String("nightly")})
	want.NoError(t, "reading one", err)
	want.Equal(t, "what it mutes", read.MuteTargets.AlarmNames, []string{"caretaker/prod/function/checkout/errors"})
	want.Equal(t, "for how long", aws.ToString(read.Rule.Schedule.Duration), "PT1H")
	_, err = client.GetAlarmMuteRule(ctx, &cloudwatch.GetAlarmMuteRuleInput{AlarmMuteRuleName: aws.String("weekend")})
	want.Equal(t, "the answer on one that is gone", outcome(err), "ResourceNotFoundException")
}

func TestGetResources_listsStreamsAndStateMachinesAndNothingWithoutTags(t *testing.T) {
	ctx, cfg := t.Context(), fresh(t)
	tags := map[string]string{"team": "shop"}
	streams, machines, queues := kinesis.NewFromConfig(cfg), sfn.NewFromConfig(cfg), sqs.NewFromConfig(cfg)
	for _, name := range []string{"plain", "tagged"} {
		_, err := streams.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: &name, ShardCount: aws.Int32(1)})
		want.NoError(t, "making a stream", err)
		machine := &sfn.CreateStateMachineInput{
			Name: &name, RoleArn: aws.String("arn:aws:iam::000000000000:role/any"), Definition: aws.String(`{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}`),
		}
		queue := &sqs.CreateQueueInput{QueueName: &name}
		if name == "tagged" {
			machine.Tags, queue.Tags = []sfntypes.Tag{{Key: aws.String("team"), Value: aws.String("shop")}}, tags
			_, err = streams.AddTagsToStream(ctx, &kinesis.AddTagsToStreamInput{StreamName: &name, Tags: tags})
			want.NoError(t, "tagging a stream", err)
		}
		_, err = machines.CreateStateMachine(ctx, machine)
		want.NoError(t, "making a state machine", err)
		_, err = queues.CreateQueue(ctx, queue)
		want.NoError(t, "making a queue", err)
	}
	found := map[string]string{}
	pages := resourcegroupstaggingapi.NewGetResourcesPaginator(resourcegroupstaggingapi.NewFromConfig(cfg), &resourcegroupstaggingapi.GetResourcesInput{
		ResourceTypeFilters: []string{"kinesis:stream", "states:stateMachine", "sqs"}, ResourcesPerPage: aws.Int32(1),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		want.NoError(t, "reading the tags", err)
		for _, one := range page.ResourceTagMappingList {
			arn := strings.Split(aws.ToString(one.ResourceARN), ":")
			found[arn[2]] = arn[len(arn)-1] + " " + aws.ToString(one.Tags[0].Key)
		}
	}
	want.Equal(t, "the services whose resources are found", slices.Sorted(maps.Keys(found)), []string{"kinesis", "sqs", "states"})
	for service, one := range found {
		want.Says(t, "what is found of "+service, one, "tagged team")
	}
}
