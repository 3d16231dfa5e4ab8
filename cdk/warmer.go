package main

import (
	"fmt"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"

	"caretaker/internal/emf"
	"caretaker/internal/schedule"
	"caretaker/warmer"
)

// addWarmer fills the warmer's stack.
func addWarmer(stack awscdk.Stack, in input, asset string) error {
	cfg := in.file.Warmer
	runs, err := schedule.Parse(cfg.Schedule, cfg.TimeZone)
	if err != nil { // reading the file has refused it already, with its line
		return fmt.Errorf("reading warmer.schedule: %w", err)
	}
	ledger := newLedger(stack, "caretaker-"+in.stage+"-warmer", table{warmer.LedgerKey, warmer.LedgerSort, warmer.LedgerTTL})
	fn := newFunction(stack, part{
		name:     "warmer",
		section:  "warmer",
		does:     "Keeps environments of Lambda functions warm, and counts how many it reached",
		recovery: "Until this is fixed, the next callers of what it keeps warm meet cold starts; nothing needs to be repeated by hand.",
		stage:    in.stage,
		asset:    asset,
		arch:     in.arch,
		size:     cfg.Function,

		statements:  warmer.Statements(cfg),
		arns:        map[string]*string{"${Ledger}": ledger.TableArn()},
		environment: map[string]*string{"TABLE_NAME": ledger.TableName()},
		async:       scheduledAsync(runs),
		emails:      in.file.Notify.Email,
		runbook:     in.file.Runbook,
		key:         keyOf(stack, in.file.Deployment),
	})
	fn.addSchedule(cfg.Schedule, cfg.TimeZone, runs)
	fn.addShortfallAlarm(runs)
	if cfg.Provisions() {
		fn.addProvisionedAlarm(runs)
	}
	if cfg.OnDeployment {
		fn.addDeployments()
	}
	fn.output("LedgerTableName", "Which code answers pings. It goes with the stack; each function is then asked once more", ledger.TableName())
	return nil
}

// addDeployments has EventBridge call the function when the code of any function changes, or an alias moves. CloudTrail
// tells of it where a trail logs management events; elsewhere the next run of the schedule finds it. Which functions are
// its own concern the function knows: callers name one in many ways.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
func (fn function) addDeployments() {
	var names []any
	for _, operation := range warmer.Operations() {
		names = append(names, map[string]any{"prefix": operation})
	}
	rule := awsevents.NewCfnRule(fn.scope, jsii.String("Deployments"), &awsevents.CfnRuleProps{
		Name:        jsii.String(fn.fullName),
		Description: jsii.String("Calls " + fn.fullName + " when a function's code changes or an alias moves"),
		EventPattern: map[string]any{
			"source": []string{warmer.ChangeSource}, "detail-type": []string{warmer.ChangeType},
			"detail": map[string]any{"eventSource": []string{warmer.ChangeCaller}, "eventName": names, "errorCode": []any{map[string]any{"exists": false}}},
		},
		Targets: []any{&awsevents.CfnRule_TargetProperty{Id: jsii.String("Warmer"), Arn: fn.FunctionArn()}},
	})
	awslambda.NewCfnPermission(fn.scope, jsii.String("EventsMayCall"), &awslambda.CfnPermissionProps{
		FunctionName: fn.FunctionArn(), Action: jsii.String("lambda:InvokeFunction"), Principal: jsii.String("events.amazonaws.com"),
		SourceAccount: fn.stack.Account(), SourceArn: rule.AttrArn(),
	})
}

// addShortfallAlarm tells of three runs in a row in which fewer environments answered than should. One alone may
// have met a deployment, or AWS moving environments.
func (fn function) addShortfallAlarm(runs schedule.Schedule) {
	const times = 3
	period := runs.LongestGap()
	if period > alarmWindow/times {
		note(fn.stack, "there is no alarm on the shortfall of %s: its schedule may pause for longer than a third of the 7 days that a CloudWatch alarm looks back", fn.fullName)
		return
	}
	fn.addRunsAlarm("ShortfallAlarm", "shortfall", "WarmShortfall", period, times,
		fmt.Sprintf("In three runs in a row %s reached fewer environments than it was to keep warm: callers above that number meet cold starts. ", fn.fullName)+
			fmt.Sprintf("The log group /aws/lambda/%s has a line for each function that is short, with the reason in the field why: look for \"short\". ", fn.fullName)+
			"With 429, the function's or the account's concurrency is used up: ask for less, or reserve more. With no answer in time, raise warmer.pingTimeout, or warm it more often.")
}

// addProvisionedAlarm tells of provisioned concurrency that is asked for and does not come.
func (fn function) addProvisionedAlarm(runs schedule.Schedule) {
	const times = 3
	if runs.LongestGap() > alarmWindow/times {
		note(fn.stack, "there is no alarm on provisioned concurrency that does not come to %s: its schedule may pause for longer than a third of the 7 days that a CloudWatch alarm looks back", fn.fullName)
		return
	}
	fn.addRunsAlarm("ProvisionedAlarm", "provisioned", "ProvisionedShort", runs.LongestGap(), times,
		fmt.Sprintf("In three runs in a row aliases had less provisioned concurrency than %s asked for: AWS refused it, could not allocate it, or takes longer than ten minutes. ", fn.fullName)+
			fmt.Sprintf("The log group /aws/lambda/%s has a line for each such alias, with the reason in the field why: look for \"provisioned concurrency\". ", fn.fullName)+
			"Until it is there, their callers meet cold starts above what pings keep warm.")
}

// addRunsAlarm tells of a metric that was over 0 in so many runs in a row.
func (fn function) addRunsAlarm(id, name, metric string, gap time.Duration, times int, description string) {
	// Every period holds a run then, and the least of its values is over 0 only if all are.
	period := max((gap + time.Minute - 1).Truncate(time.Minute), time.Minute)
	fn.addAlarm(id, alarm{
		name: name, description: description,
		namespace: emf.Namespace, metric: metric, dimensions: fn.ownMetric(), statistic: "Minimum",
		comparison: over, threshold: 0, period: period, periods: times, datapoints: times,
		// Whether a run came is for the heartbeat to say.
		missing: awscloudwatch.TreatMissingData_NOT_BREACHING,
	})
}
