package main

import (
	"fmt"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"

	"caretaker/internal/emf"
	"caretaker/internal/schedule"
	"caretaker/janitor"
)

// addJanitor fills the janitor's stack.
func addJanitor(stack awscdk.Stack, in input, asset string) error {
	cfg := in.file.Janitor
	runs, err := schedule.Parse(cfg.Schedule, cfg.TimeZone)
	if err != nil { // reading the file has refused it already, with its line
		return fmt.Errorf("reading janitor.schedule: %w", err)
	}
	fn := newFunction(stack, part{
		name:        "janitor",
		section:     "janitor",
		does:        "Deletes the Lambda function versions that nothing refers to",
		recovery:    "What a run left undone, the next one does: nothing needs to be repeated by hand.",
		stage:       in.stage,
		asset:       asset,
		arch:        in.arch,
		size:        cfg.Function,
		statements:  janitor.Statements(cfg),
		async:       scheduledAsync(runs),
		stopsItself: true,
		emails:      in.file.Notify.Email,
		runbook:     in.file.Runbook,
		key:         keyOf(stack, in.file.Deployment),
	})
	fn.addSchedule(cfg.Schedule, cfg.TimeZone, runs)
	addJanitorAlarms(fn, cfg, runs)
	return nil
}

// addJanitorAlarms adds the alarms on what the janitor measures. Those on storage are there
// in dry run too: it fills all the same, and their text then says that nothing is being freed.
func addJanitorAlarms(fn function, cfg janitor.Config, runs schedule.Schedule) {
	plan, state := fn.typed("plan"), ""
	if cfg.DryRun {
		state = " THE JANITOR IS IN DRY RUN: NOTHING IS BEING FREED. Read a plan (" + plan + "), then set janitor.dryRun to false in caretaker.yaml and deploy."
	}
	// Long enough for each period to hold a run, so that an alarm does not close between two.
	between := min(max(runs.LongestGap(), time.Minute), alarmWindow-time.Hour) + time.Hour
	storage := alarm{
		namespace: emf.Namespace, dimensions: fn.ownMetric(), period: between.Truncate(time.Minute), periods: 1, datapoints: 1,
	}

	full := storage
	full.name, full.metric, full.statistic = "code-storage", "CodeStoragePercent", "Maximum"
	full.comparison, full.threshold = over, 80
	// Whether a run came is for the heartbeat to say; how full the storage is stays as last seen.
	full.missing = awscloudwatch.TreatMissingData_IGNORE
	full.description = "More than 80% of this Region's Lambda code storage is in use. At 100% every deployment of every team in the Region fails. " +
		"See what stands in the way of deletions: " + plan + ". Ask AWS in Service Quotas for more Function and layer storage, which can take days." + state
	fn.addAlarm("CodeStorageAlarm", full)

	soon := storage
	soon.name, soon.metric, soon.statistic = "days-to-limit", "DaysToLimit", "Minimum"
	soon.comparison, soon.threshold = under, 14
	// The metric is not published while storage does not grow.
	soon.missing = awscloudwatch.TreatMissingData_NOT_BREACHING
	soon.description = "At the growth of the last two weeks this Region's Lambda code storage is full in less than 14 days, and then every deployment of every team in the Region fails. " +
		"See who publishes so much and what is kept: " + plan + ". Lower janitor.keep.newest, or ask AWS in Service Quotas for more Function and layer storage." + state
	fn.addAlarm("DaysToLimitAlarm", soon)

	if !cfg.DryRun { // which leaves everything over
		addRemainingAlarm(fn, runs)
	}
}

// typed is the janitor's command as a person types it for the stack's stage and Region.
func (fn function) typed(verb string) string {
	return janitor.Command(verb, fn.part.stage) + " --region " + *fn.stack.Region()
}

// addRemainingAlarm tells of work left over by five runs in a row, or by as many as
// fit into the time that an alarm can look at.
func addRemainingAlarm(fn function, runs schedule.Schedule) {
	period := runs.LongestGap()
	if period >= alarmWindow {
		note(fn.stack, "there is no alarm on the work that %s leaves over: its schedule may pause for longer than the 7 days that a CloudWatch alarm looks back", fn.fullName)
		return
	}
	// Every period holds a run then, and the least of its values is over 0 only if all are.
	period = (period + time.Minute - 1).Truncate(time.Minute)
	times := min(5, int(alarmWindow/period))
	if times < 5 {
		note(fn.stack, "the alarm on the work that %s leaves over looks at %s rather than at five runs: CloudWatch looks back 7 days", fn.fullName, hours(time.Duration(times)*period))
	}
	fn.addAlarm("RemainingAlarm", alarm{
		name: "remaining",
		description: fmt.Sprintf("In every run of the last %s the janitor left versions that it could have deleted: it does not keep up with what is published. ", hours(time.Duration(times)*period)) +
			"Look in the log group /aws/lambda/" + fn.fullName + " at why runs stop: their time is up (run more often, or raise janitor.rate), janitor.belts.maxDeletions cut them, or AWS throttles. " +
			"From a desk there is no time limit: " + fn.typed("apply") + ".",
		namespace: emf.Namespace, metric: "Remaining", dimensions: fn.ownMetric(), statistic: "Minimum",
		comparison: over, threshold: 0, period: period, periods: times, datapoints: times,
		missing: awscloudwatch.TreatMissingData_IGNORE,
	})
}
