package main

import (
	"fmt"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsscheduler"
	"github.com/aws/jsii-runtime-go"

	"caretaker/internal/iam"
	"caretaker/internal/schedule"
)

// scheduledAsync is how a scheduled part is invoked: never again by itself, since
// the next run is due, and not so late that it would meet the next one.
func scheduledAsync(runs schedule.Schedule) async {
	return async{retries: 0, maxAge: patience(runs)}
}

// patience is how long a run may wait for what holds it up. Scheduler and then Lambda
// each wait so long, so it is half the shortest gap; 60 s and 6 h are Lambda's own
// limits, and 60 s and a day are Scheduler's.
// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_RetryPolicy.html
func patience(runs schedule.Schedule) time.Duration {
	return min(max((runs.ShortestGap()/2).Truncate(time.Second), time.Minute), 6*time.Hour)
}

// addSchedule lets EventBridge Scheduler run the function, with a role that can do
// this alone, and adds the heartbeat. An empty zone is UTC.
func (fn function) addSchedule(expression, zone string, runs schedule.Schedule) {
	if zone == "" {
		zone = "UTC"
	}
	undelivered := newDeadLetters(fn.scope, "Undelivered")
	account := map[string]any{"StringEquals": map[string]any{
		"aws:SourceAccount": fn.stack.Account(),
		"aws:SourceArn": fn.stack.FormatArn(&awscdk.ArnComponents{
			Service: jsii.String("scheduler"), Resource: jsii.String("schedule-group"), ResourceName: jsii.String("default"),
		}),
	}}
	statements := []iam.Statement{
		{Sid: "Run", Actions: []string{"lambda:InvokeFunction"}, Resources: []string{*fn.FunctionArn()}},
		{Sid: "KeepUndelivered", Actions: []string{"sqs:SendMessage"}, Resources: []string{*undelivered.QueueArn()}},
	}
	if fn.key != "" {
		statements = append(statements, iam.UseKey("sqs"))
	}
	role := awsiam.NewRole(fn.scope, jsii.String("ScheduleRole"), &awsiam.RoleProps{
		AssumedBy: awsiam.NewServicePrincipal(jsii.String("scheduler.amazonaws.com"),
			&awsiam.ServicePrincipalOpts{Conditions: &account}),
		Description: jsii.String("Lets EventBridge Scheduler run " + fn.fullName),
		InlinePolicies: &map[string]awsiam.PolicyDocument{
			"schedule": fn.policy(statements),
		},
	})
	// Without a StartDate, a rate begins at once:
	// https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#rate-based
	awsscheduler.NewCfnSchedule(fn.scope, jsii.String("Schedule"), &awsscheduler.CfnScheduleProps{
		Name:                       jsii.String(fn.fullName),
		Description:                jsii.String("Runs " + fn.fullName),
		ScheduleExpression:         jsii.String(expression),
		ScheduleExpressionTimezone: jsii.String(zone),
		FlexibleTimeWindow:         &awsscheduler.CfnSchedule_FlexibleTimeWindowProperty{Mode: jsii.String("OFF")},
		Target: &awsscheduler.CfnSchedule_TargetProperty{
			Arn:     fn.FunctionArn(),
			RoleArn: role.RoleArn(),
			// Without this Scheduler sends an event of its own, and a part could not refuse what it does not know.
			Input: jsii.String("{}"),
			RetryPolicy: &awsscheduler.CfnSchedule_RetryPolicyProperty{
				MaximumRetryAttempts:     jsii.Number(2),
				MaximumEventAgeInSeconds: jsii.Number(patience(runs).Seconds()),
			},
			DeadLetterConfig: &awsscheduler.CfnSchedule_DeadLetterConfigProperty{Arn: undelivered.QueueArn()},
		},
	})
	fn.addQueueAlarm("UndeliveredAlarm", "undelivered", undelivered,
		fmt.Sprintf("EventBridge Scheduler could not start %s. The attributes ERROR_CODE and ERROR_MESSAGE of the messages say why: %s. Mostly the function or the schedule's role was changed by hand, and deploying again fixes it. Then purge the queue, and this alarm closes.", fn.fullName, fn.look(undelivered)))
	fn.addHeartbeat(runs.LongestGap())
	fn.output("UndeliveredQueueUrl", "Runs that the schedule could not start", undelivered.QueueUrl())
	fn.output("FirstRun", "Starts a run now. The first one needs nobody: a rate begins at once, cron at its next time",
		jsii.String(fmt.Sprintf("aws lambda invoke --region %s --function-name %s --cli-read-timeout 0 /dev/stdout", *fn.stack.Region(), fn.fullName)))
}
