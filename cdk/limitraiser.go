package main

import (
	"fmt"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"

	"caretaker/internal/emf"
	limitraiser "caretaker/limit-raiser"
)

// addLimitRaiser fills the limit-raiser's stack.
//
// An alarm reaches the function in one of two ways: through the topic and the queue
// behind it, as the stack's own alarms do, or directly, with the function as the
// alarm's action. EventBridge is in neither: CloudWatch sends every state change of
// every alarm there, and a rule that picks some out would be a third list of alarms to
// keep. Who has such a rule gives it the queue or the function as its target, together
// with the permission that EventBridge then needs; the function reads its events too.
func addLimitRaiser(stack awscdk.Stack, in input, asset string) error {
	cfg := in.file.LimitRaiser
	name := "caretaker-" + in.stage + "-limit-raiser"
	feed, ledger := newFeed(stack, name, cfg.Function.Timeout), newLedger(stack, name, table{limitraiser.LedgerKey, limitraiser.LedgerSort, limitraiser.LedgerTTL})
	fn := newFunction(stack, part{
		name:     "limit-raiser",
		section:  "limitRaiser",
		does:     "Raises what a CloudWatch alarm says is short, up to the maxima of caretaker.yaml",
		recovery: "Until this is fixed, nothing may be raised: where users suffer, raise it by hand.",
		stage:    in.stage,
		asset:    asset,
		arch:     in.arch,
		size:     cfg.Function,

		statements:  limitraiser.Statements(cfg),
		arns:        map[string]*string{"${Queue}": feed.queue.QueueArn(), "${Ledger}": ledger.TableArn()},
		environment: map[string]*string{"QUEUE_URL": feed.queue.QueueUrl(), "TABLE_NAME": ledger.TableName()},
		source:      feed.queue,
		loops:       true, // an episode ends by itself: by its steps, the day's raises and the maximum
		async:       eventAsync,
		emails:      in.file.Notify.Email,
		runbook:     in.file.Runbook,
		key:         keyOf(stack, in.file.Deployment),
	})
	fn.addFeed(feed)
	fn.addFailedAlarm()
	fn.letAlarmsCall()
	fn.addCallers(callers(cfg), feed.topic, cfg.DryRun)
	fn.output("FunctionArn", "Alarms of your own can name the function itself as their action", fn.FunctionArn())
	fn.output("LedgerTableName", "What was raised, when and why. It goes with the stack; DynamoDB keeps a backup of it for 35 days", ledger.TableName())
	return nil
}

// addFailedAlarm tells of raises that AWS refused for a reason that time does not heal.
// The run that made one answered its event, and is not an error to Lambda.
func (fn function) addFailedAlarm() {
	fn.addAlarm("RaisesFailedAlarm", alarm{
		name: "raises-failed",
		description: fmt.Sprintf("AWS refused a raise that %s asked for, such as for a missing permission or a quota of the account. The message at its topic says which resource and why, and so does caretaker limit-raiser history --stage %s --region %s. ", fn.fullName, fn.part.stage, *fn.stack.Region()) +
			fn.recovery + brake,
		namespace: emf.Namespace, metric: "RaisesFailed", dimensions: fn.ownMetric(), statistic: "Sum",
		comparison: over, threshold: 0, period: 5 * time.Minute, periods: 1, datapoints: 1,
		missing: awscloudwatch.TreatMissingData_NOT_BREACHING,
	})
}
