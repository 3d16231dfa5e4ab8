package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/jsii-runtime-go"

	"caretaker/alerts"
	"caretaker/internal/emf"
	"caretaker/internal/schedule"
)

// addAlerts fills the stack of the reconciler, which keeps alarms on what runs. They tell the topic of the
// stack, unless the file names others.
func addAlerts(stack awscdk.Stack, in input, asset string) error {
	cfg := in.file.Alerts.Config
	runs, err := schedule.Parse(cfg.Schedule, cfg.TimeZone)
	if err != nil { // reading the file has refused it already, with its line
		return fmt.Errorf("reading alerts.schedule: %w", err)
	}
	fn := newFunction(stack, part{
		name:     "alerts",
		section:  "alerts",
		does:     "Keeps the right alarms on what runs in the account",
		recovery: "The alarms that stand go on as they are. What a run left undone, the next one does: nothing needs to be repeated by hand.",
		stage:    in.stage,
		asset:    asset,
		arch:     in.arch,
		size:     cfg.Function,

		statements:  alerts.Statements(cfg, in.stage),
		async:       scheduledAsync(runs),
		stopsItself: true, // what it has no time for, the next run does
		emails:      in.file.Notify.Email,
		runbook:     in.file.Runbook,
		key:         keyOf(stack, in.file.Deployment),
	})
	fn.addSchedule(cfg.Schedule, cfg.TimeZone, runs)
	fn.addTagsAlarm(runs)
	fn.takeAlarmsAlong(cfg, runs)
	return nil
}

// alarmsGoAlong is the id of the resource by which the alarms go with the stack.
const alarmsGoAlong = "AlarmsGoAlong"

// takeAlarmsAlong has CloudFormation call the function before it deletes anything that the function needs, so
// that it deletes the alarms it made. The schedule goes before, or a run would make them again.
//
// What the function does is decided by its properties, since taking the resource out of the template would
// delete it, and with it the alarms.
func (fn function) takeAlarmsAlong(cfg alerts.Config, runs schedule.Schedule) {
	// CloudFormation waits an hour for an answer that does not come, unless it is told otherwise. The function
	// may wait for its turn as long as its events may, and then takes its time.
	longest := min(cfg.Function.Timeout.Std()+patience(runs)+time.Minute, time.Hour)
	along := awscdk.NewCfnResource(fn.scope, jsii.String(alarmsGoAlong), &awscdk.CfnResourceProps{
		Type: jsii.String("Custom::CaretakerAlarms"),
		Properties: &map[string]any{
			"ServiceToken": fn.FunctionArn(), "ServiceTimeout": strconv.Itoa(int(longest.Seconds())), "DeleteAlarms": strconv.FormatBool(cfg.DeleteWithStack),
		},
	})
	along.Node().AddDependency(fn.topic, fn.logs)
	fn.scope.Node().FindChild(jsii.String("Schedule")).Node().AddDependency(along)
}

// addTagsAlarm tells of tags that nobody can read, whose owners think that they hold.
func (fn function) addTagsAlarm(runs schedule.Schedule) {
	period := max((min(runs.LongestGap(), alarmWindow) + time.Minute - 1).Truncate(time.Minute), time.Minute)
	fn.addAlarm("TagsAlarm", alarm{
		name: "tags",
		description: fmt.Sprintf("Tags that are meant for alarms cannot be read, and the defaults hold in their place. See which, and what is allowed: caretaker alerts plan --stage %s --region %s. ",
			fn.part.stage, *fn.stack.Region()) + "Correct the tags, and this alarm closes.",
		namespace: emf.Namespace, metric: "TagsUnreadable", dimensions: fn.ownMetric(), statistic: "Minimum",
		comparison: over, threshold: 0, period: period, periods: 1, datapoints: 1,
		missing: awscloudwatch.TreatMissingData_IGNORE,
	})
}
