package main

import (
	"fmt"
	"path/filepath"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"

	"caretaker/internal/emf"
	"caretaker/internal/iam"
	"caretaker/internal/schedule"
	"caretaker/log-shipper/groups"
	"caretaker/log-shipper/subscriber"
)

// addSubscriber adds the function that puts subscription filters on log groups, so that their lines
// reach the shipper: by its schedule, and for each new group, where CloudTrail tells of it.
func (fn function) addSubscriber(in input) error {
	cfg := in.file.LogShipper
	runs, err := schedule.Parse(cfg.Subscribe.Schedule, cfg.Subscribe.TimeZone)
	if err != nil { // reading the file has refused it already, with its line
		return fmt.Errorf("reading logShipper.subscribe.schedule: %w", err)
	}
	own := subscriber.Config{DryRun: cfg.DryRun, Subscribe: cfg.Subscribe}
	asset, clean, err := stageAsset(filepath.Join(in.assets, "log-shipper", "subscriber"), own)
	if err != nil {
		return fmt.Errorf("staging the subscriber: %w", err)
	}
	defer clean() // CDK copies it while the function is built
	scope := further(fn.stack, "Subscriber")
	arns, environment := map[string]*string{}, map[string]*string{"DESTINATION_ARN": fn.FunctionArn()}
	if cfg.Subscribe.Through == groups.Stream {
		role := fn.newStreamRole()
		arns["${Role}"] = role.RoleArn()
		environment = map[string]*string{"DESTINATION_ARN": fn.stream, "ROLE_ARN": role.RoleArn()}
	}
	sub := newFunction(scope, part{
		name:        "log-shipper-subscriber",
		section:     "logShipper.subscribe",
		does:        "Puts the log-shipper's subscription filter on the log groups that caretaker.yaml chooses",
		recovery:    "Groups that are subscribed stay so. What a run left undone, the next one does: nothing needs to be repeated by hand.",
		stage:       in.stage,
		asset:       asset,
		arch:        in.arch,
		size:        cfg.Subscribe.Function,
		statements:  subscriber.Statements(own),
		arns:        arns,
		environment: environment,
		async:       scheduledAsync(runs),
		stopsItself: true,
		emails:      in.file.Notify.Email,
		runbook:     in.file.Runbook,
		key:         fn.key,
	})
	sub.addSchedule(cfg.Subscribe.Schedule, cfg.Subscribe.TimeZone, runs)
	// The first run comes at once, and AWS takes no filter to a function that Logs may not call.
	scope.Node().FindChild(jsii.String("Schedule")).Node().AddDependency(fn.scope.Node().FindChild(jsii.String("LogsMayCall")))
	sub.addNewGroups()
	sub.addSubscriberAlarms(runs)
	return nil
}

// newStreamRole is the role by which CloudWatch Logs writes to the stream, for groups of this account and
// Region alone.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html#DestinationKinesisExample
func (fn function) newStreamRole() awsiam.Role {
	from := map[string]any{"StringLike": map[string]any{"aws:SourceArn": *fn.stack.FormatArn(&awscdk.ArnComponents{
		Service: jsii.String("logs"), Resource: jsii.String("*"), ArnFormat: awscdk.ArnFormat_NO_RESOURCE_NAME,
	})}}
	return awsiam.NewRole(fn.scope, jsii.String("StreamRole"), &awsiam.RoleProps{
		AssumedBy:   awsiam.NewServicePrincipal(jsii.String("logs.amazonaws.com"), &awsiam.ServicePrincipalOpts{Conditions: &from}),
		Description: jsii.String("Lets CloudWatch Logs write to the stream in front of " + fn.fullName),
		InlinePolicies: &map[string]awsiam.PolicyDocument{
			"stream": fn.policy([]iam.Statement{{Sid: "Write", Actions: []string{"kinesis:PutRecord", "kinesis:PutRecords"}, Resources: []string{*fn.stream}}}),
		},
	})
}

// addNewGroups has EventBridge call the function for each new log group. CloudTrail tells of it where a
// trail logs management events; elsewhere the schedule finds it. A call that found the group there already
// made none.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
func (fn function) addNewGroups() {
	rule := awsevents.NewCfnRule(fn.scope, jsii.String("NewGroups"), &awsevents.CfnRuleProps{
		Name:        jsii.String(fn.fullName),
		Description: jsii.String("Calls " + fn.fullName + " for each new log group"),
		EventPattern: map[string]any{
			"source": []string{"aws.logs"}, "detail-type": []string{"AWS API Call via CloudTrail"},
			"detail": map[string]any{
				"eventSource": []string{"logs.amazonaws.com"}, "eventName": []string{"CreateLogGroup"}, "errorCode": []any{map[string]any{"exists": false}},
			},
		},
		Targets: []any{&awsevents.CfnRule_TargetProperty{Id: jsii.String("Subscriber"), Arn: fn.FunctionArn()}},
	})
	awslambda.NewCfnPermission(fn.scope, jsii.String("EventsMayCall"), &awslambda.CfnPermissionProps{
		FunctionName: fn.FunctionArn(), Action: jsii.String("lambda:InvokeFunction"), Principal: jsii.String("events.amazonaws.com"),
		SourceAccount: fn.stack.Account(), SourceArn: rule.AttrArn(),
	})
}

// addSubscriberAlarms tells of log groups whose lines do not arrive though somebody chose them.
func (fn function) addSubscriberAlarms(runs schedule.Schedule) {
	period := (min(max(runs.LongestGap(), time.Minute), alarmWindow-time.Hour) + time.Hour).Truncate(time.Minute)
	plan := fmt.Sprintf("caretaker log-shipper plan --stage %s --region %s", fn.part.stage, *fn.stack.Region())
	own := func(id, name, metric, description string, periods int) {
		fn.addAlarm(id, alarm{
			name: name, description: description,
			namespace: emf.Namespace, metric: metric, dimensions: fn.ownMetric(), statistic: "Minimum",
			comparison: over, threshold: 0, period: period, periods: periods, datapoints: periods,
			missing: awscloudwatch.TreatMissingData_IGNORE,
		})
	}
	own("FullAlarm", "full", "GroupsFull", "AWS gives some log groups no further subscription filter: they have as many as are allowed, and what they write is not shipped. The log lines of "+
		fn.fullName+" with \"outcome\":\"full\" name them. Take a filter away that nobody needs, or put the tag caretaker:logs=off on the group, and this alarm closes.", 1)
	if times := min(3, int(alarmWindow/period)); times > 0 {
		own("LeftAlarm", "left", "GroupsLeft", fmt.Sprintf("In %d runs in a row the subscriber had no time for some of the log groups. New ones come first, and each run begins at another place, so that all are looked at in time; but not in each run. See how many there are: %s. Narrow logShipper.subscribe.include, raise logShipper.subscribe.rate if AWS gave the account more calls a second, or give the function more time.", times, plan), times)
	}
}
