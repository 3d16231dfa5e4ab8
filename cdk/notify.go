package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssnssubscriptions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"

	"caretaker/alerts/notify"
	"caretaker/internal/emf"
	"caretaker/internal/iam"
	"caretaker/internal/schedule"
)

const (
	// looks is how often the notifier looks whether alarms are still on; it costs a cent a month.
	looks = "rate(5 minutes)"
	// gathered is the most messages of a run: a storm of alarms is one message then. Lambda hands over
	// 6 MB at most, which is some thousand alarms.
	gathered = 1000
	// mostAtOnce is what Lambda hands over where it does not gather:
	// https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
	mostAtOnce = 10
)

// addNotify fills the notifier's stack. Its topic is the one of people: the alarms on the notifier
// itself go there, by mail and SMS, and so does what Slack does not take.
func addNotify(stack awscdk.Stack, in input, asset string) error {
	cfg, target := in.file.Alerts.Notify, in.file.Target()
	runs, err := schedule.Parse(looks, "UTC")
	if err != nil {
		return fmt.Errorf("reading the notifier's schedule: %w", err)
	}
	name := notifierName(in.stage)
	inbox, ledger := newInbox(stack, in), newLedger(stack, name, table{key: notify.MemoryKey})
	key := keyOf(stack, in.file.Deployment)
	fn := newFunction(stack, part{
		name:     "notify",
		section:  "alerts.notify",
		does:     "Tells people in Slack and by mail what alarms and the other parts say",
		recovery: "Until this is fixed, people may hear of no alarm: look at the alarms that are on in CloudWatch.",
		stage:    in.stage,
		asset:    asset,
		arch:     in.arch,
		size:     cfg.Function,

		statements:  append(notify.Statements(cfg, target), decrypt(target, key)...),
		arns:        map[string]*string{"${Queue}": inbox.queue.QueueArn(), "${Ledger}": ledger.TableArn()},
		environment: map[string]*string{"QUEUE_URL": inbox.queue.QueueUrl(), "TABLE_NAME": ledger.TableName()},
		source:      inbox.queue,
		async:       scheduledAsync(runs),
		tells:       true,
		stopsItself: true, // it waits for Slack, and for a run before it, as long as it may
		emails:      in.file.Notify.Email,
		runbook:     in.file.Runbook,
		key:         key,
	})
	for _, number := range in.file.Notify.SMS {
		fn.topic.AddSubscription(awssnssubscriptions.NewSmsSubscription(jsii.String(number), nil))
	}
	fn.addFeed(inbox)
	fn.addSchedule(looks, "UTC", runs)
	fn.addWayAlarms()
	fn.output("MemoryTableName", "What is open, and what people were told. It goes with the stack", ledger.TableName())
	return nil
}

// decrypt lets the function read a secret that is encrypted with the company's key.
func decrypt(target notify.Target, key string) []iam.Statement {
	if target.Secret == "" || key == "" {
		return nil
	}
	service := "secretsmanager"
	if strings.Contains(target.Secret, ":ssm:") {
		service = "ssm"
	}
	statement := iam.UseKey(service)
	statement.Sid, statement.Actions = "ReadSecretWithKey", []string{"kms:Decrypt"}
	return []iam.Statement{statement}
}

// newInbox makes the queue that all topics feed: those of the other parts, each from its own stack, and
// those that the file lists.
func newInbox(stack awscdk.Stack, in input) feed {
	cfg := in.file.Alerts.Notify
	f := feed{
		deadLetters: newDeadLetters(stack, "DeadLetters"), visibility: 6*cfg.Function.Timeout.Std() + cfg.Window.Std(),
		batch: mostAtOnce, window: cfg.Window.Std(),
	}
	if f.window > 0 {
		f.batch = gathered
	}
	f.queue = f.newQueue(stack, notifierName(in.stage))
	topics := []*string{stack.FormatArn(&awscdk.ArnComponents{Service: jsii.String("sns"), Resource: jsii.String("caretaker-" + in.stage + "-*")})}
	for index, topic := range cfg.Topics {
		arn := jsii.String(topic)
		switch parts := strings.Split(topic, ":"); {
		case len(parts) == 1:
			arn = stack.FormatArn(&awscdk.ArnComponents{Service: jsii.String("sns"), Resource: jsii.String(topic)})
		case !*awscdk.Token_IsUnresolved(stack.Region()) && parts[3] != *stack.Region():
			continue // its own Region's notifier hears it
		}
		topics = append(topics, arn)
		awssns.NewCfnSubscription(stack, jsii.String(fmt.Sprintf("Heard%d", index+1)), &awssns.CfnSubscriptionProps{
			TopicArn: arn, Protocol: jsii.String("sqs"), Endpoint: f.queue.QueueArn(),
			RedrivePolicy: map[string]any{"deadLetterTargetArn": f.deadLetters.QueueArn()},
		})
	}
	for _, queue := range []awssqs.Queue{f.queue, f.deadLetters} {
		queue.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
			Sid:        jsii.String("HearTopics"),
			Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String("sns.amazonaws.com"), nil)},
			Actions:    jsii.Strings("sqs:SendMessage"),
			Resources:  &[]*string{queue.QueueArn()},
			Conditions: &map[string]any{"ArnLike": map[string]any{"aws:SourceArn": topics}},
		}))
	}
	return f
}

// addWayAlarms tell of a way to Slack that is not open: of the daily heartbeat that did not arrive, and of
// messages that went nowhere.
func (fn function) addWayAlarms() {
	fn.addAlarm("DailyHeartbeatAlarm", alarm{
		name: "daily-heartbeat",
		description: fmt.Sprintf("For 26 hours the daily heartbeat of %s has not gone all the way: schedule, queue, function, Slack. Whatever alarms say meanwhile may reach nobody. Look at its other alarms, and into the log group /aws/lambda/%[1]s. ", fn.fullName) +
			"After the first deployment this is so for up to ten minutes. " + fn.recovery,
		namespace: emf.Namespace, metric: "Heartbeats", dimensions: fn.ownMetric(), statistic: "Sum",
		comparison: under, threshold: 1, period: time.Hour, periods: 26, datapoints: 26,
		missing: awscloudwatch.TreatMissingData_BREACHING,
	})
	fn.addAlarm("ForgottenAlarm", alarm{
		name: "forgotten",
		description: fmt.Sprintf("%s could not read or write what it remembers in the table %[1]s. It goes on telling people, each thing perhaps more than once, and does not close what it opened. Look for \"without a memory\" in the log group /aws/lambda/%[1]s: mostly a permission is missing, or the table. ", fn.fullName) +
			"Once it is fixed, what is still on is told of again.",
		namespace: emf.Namespace, metric: "Forgotten", dimensions: fn.ownMetric(), statistic: "Sum",
		comparison: over, threshold: 0, period: 5 * time.Minute, periods: 1, datapoints: 1,
		missing: awscloudwatch.TreatMissingData_NOT_BREACHING,
	})
}
