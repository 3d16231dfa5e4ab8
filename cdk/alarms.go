package main

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatchactions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"

	"caretaker/internal/emf"
	"caretaker/internal/runbook"
	"caretaker/internal/setting"
)

// alarm is an alarm on one metric. Its description is what somebody reads at three
// in the morning: what happened, what it means, what to do.
type alarm struct {
	// name follows the function's name in the alarm's.
	name, description string
	// section is that of the runbook; empty where it is called like the alarm.
	section           string
	namespace, metric string
	dimensions        map[string]*string
	statistic         string
	comparison        awscloudwatch.ComparisonOperator
	threshold         float64
	period            time.Duration
	// Of so many periods, datapoints must be over the threshold.
	periods, datapoints int
	missing             awscloudwatch.TreatMissingData
}

const (
	over  = awscloudwatch.ComparisonOperator_GREATER_THAN_THRESHOLD
	under = awscloudwatch.ComparisonOperator_LESS_THAN_THRESHOLD
)

// alarmWindow is the longest time that an alarm with periods of an hour and more
// can look at. With shorter periods it is a day.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
const alarmWindow = 7 * 24 * time.Hour

func (fn function) addAlarm(id string, a alarm) {
	awscloudwatch.NewAlarm(fn.scope, jsii.String(id), &awscloudwatch.AlarmProps{
		AlarmName:        jsii.String(fn.fullName + "-" + a.name),
		AlarmDescription: jsii.String(strings.TrimSpace(a.description) + fn.runbookOf(cmp.Or(a.section, a.name))),
		Metric: awscloudwatch.NewMetric(&awscloudwatch.MetricProps{
			Namespace: jsii.String(a.namespace), MetricName: jsii.String(a.metric), DimensionsMap: &a.dimensions,
			Statistic: jsii.String(a.statistic), Period: awscdk.Duration_Seconds(jsii.Number(a.period.Seconds())),
		}),
		ComparisonOperator: a.comparison,
		Threshold:          jsii.Number(a.threshold),
		EvaluationPeriods:  jsii.Number(a.periods),
		DatapointsToAlarm:  jsii.Number(a.datapoints),
		TreatMissingData:   a.missing,
	}).AddAlarmAction(awscloudwatchactions.NewSnsAction(fn.topic))
}

// runbookOf ends an alarm's description with where to read on.
func (fn function) runbookOf(name string) string {
	return " Runbook: " + runbook.At(fn.runbook, fn.name+"-"+name)
}

// tail is the command that shows the lines of errors in the function's log, as one types it.
func (fn function) tail() string {
	return fmt.Sprintf("aws logs tail /aws/lambda/%s --region %s --since 3h --filter-pattern '{ $.level = \"error\" }'", fn.fullName, *fn.stack.Region())
}

// look is the command that shows what waits in a queue, and leaves it there.
func (fn function) look(queue awssqs.Queue) string {
	return fmt.Sprintf("aws sqs receive-message --region %s --queue-url %s --visibility-timeout 0 --message-attribute-names All", *fn.stack.Region(), *queue.QueueUrl())
}

// brake ends the descriptions of alarms after which one may want everything to stop.
const brake = " To stop all changes meanwhile, set the function's environment variable DRY_RUN to 1."

// addFunctionAlarms adds the alarms that every part has.
func addFunctionAlarms(fn function) {
	own := map[string]*string{"FunctionName": fn.FunctionName()}
	// Lambda dates an error at its run's start: a run of 15 minutes reports it into a
	// period that is three periods old.
	stop := brake
	if fn.tells {
		stop = ""
	}
	reach := int(fn.size.Timeout.Std()/(5*time.Minute)) + 2
	fn.addAlarm("ErrorsAlarm", alarm{
		name: "errors",
		description: fmt.Sprintf("A run of %s ended in an error. Read what failed, and a missing permission by its action: %s. ", fn.fullName, fn.tail()) +
			fn.recovery + stop,
		namespace: "AWS/Lambda", metric: "Errors", dimensions: own, statistic: "Sum",
		comparison: over, threshold: 0, period: 5 * time.Minute, periods: reach, datapoints: 1,
		missing: awscloudwatch.TreatMissingData_NOT_BREACHING,
	})
	fn.addAlarm("ThrottlesAlarm", alarm{
		name: "throttles",
		description: fmt.Sprintf("Lambda refused to run %s: the concurrency of the account, or what the function has reserved, is used up. See how much there is: aws lambda get-account-settings --region %s. Look at ConcurrentExecutions in CloudWatch for who uses it, or ask for a higher quota. Lambda tries the run again for up to %s.", fn.fullName, *fn.stack.Region(), setting.Duration(fn.async.maxAge)) +
			" " + fn.recovery,
		namespace: "AWS/Lambda", metric: "Throttles", dimensions: own, statistic: "Sum",
		comparison: over, threshold: 0, period: 5 * time.Minute, periods: 1, datapoints: 1,
		missing: awscloudwatch.TreatMissingData_NOT_BREACHING,
	})
	fn.addQueueAlarm("OnFailureAlarm", "on-failure-queue", fn.onFailure,
		fmt.Sprintf("Runs of %s failed for good; what started them waits for 14 days in a queue. The field responsePayload of its messages says why: %s. Fix that, then purge the queue, and this alarm closes. ", fn.fullName, fn.look(fn.onFailure))+fn.recovery)
	if !fn.stopsItself {
		fn.addAlarm("DurationAlarm", alarm{
			name:        "duration",
			description: fmt.Sprintf("A run of %s took more than 80%% of its time-out of %s; at 100%% Lambda stops it halfway. Raise %s.function.timeout in caretaker.yaml, or find in the log group /aws/lambda/%[1]s what became slow.", fn.fullName, fn.size.Timeout, fn.section),
			namespace:   "AWS/Lambda", metric: "Duration", dimensions: own, statistic: "Maximum",
			comparison: over, threshold: 0.8 * float64(fn.size.Timeout.Std().Milliseconds()), period: 5 * time.Minute, periods: reach, datapoints: 1,
			missing: awscloudwatch.TreatMissingData_NOT_BREACHING,
		})
	}
}

// addQueueAlarm tells of the first message in a queue that should be empty.
func (fn function) addQueueAlarm(id, name string, queue awssqs.Queue, description string) {
	fn.addAlarm(id, alarm{
		name: name, description: description,
		namespace: "AWS/SQS", metric: "ApproximateNumberOfMessagesVisible",
		dimensions: map[string]*string{"QueueName": queue.QueueName()}, statistic: "Maximum",
		comparison: over, threshold: 0, period: 5 * time.Minute, periods: 1, datapoints: 1,
		missing: awscloudwatch.TreatMissingData_NOT_BREACHING,
	})
}

// ownMetric are the dimensions under which a part publishes its own metrics.
func (fn function) ownMetric() map[string]*string {
	return map[string]*string{"Part": jsii.String(fn.name), "Stage": jsii.String(fn.part.stage)}
}

// addHeartbeat tells when no run was completed for the schedule's longest gap and an
// hour more. Where CloudWatch cannot look back that far, there is none, and synth says so.
func (fn function) addHeartbeat(longest time.Duration) {
	window := longest + time.Hour
	if longest >= alarmWindow || window > alarmWindow {
		note(fn.stack, "there is no heartbeat alarm for %s: its schedule may pause for longer than the 7 days that a CloudWatch alarm looks back", fn.fullName)
		return
	}
	// Short periods, although one long one would do: CloudWatch reads a few periods more
	// than it is asked for, and takes a run found in those for a recent one.
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
	period := 5 * time.Minute
	if window > 24*time.Hour {
		period = time.Hour
	}
	periods := int((window + period - 1) / period)
	fn.addAlarm("HeartbeatAlarm", alarm{
		name: "heartbeat",
		description: fmt.Sprintf("%s has completed no run for %s, although its schedule asks for one. After the first deployment this is so until the first run is through. Start one, and see whether it ends well: aws lambda invoke --region %[3]s --function-name %[1]s --cli-read-timeout 0 /dev/stdout. "+
			"If it does, look at the alarms errors and throttles, whether the schedule %[1]s in EventBridge Scheduler is enabled, and at its queue of what could not be handed over.", fn.fullName, hours(time.Duration(periods)*period), *fn.stack.Region()),
		namespace: emf.Namespace, metric: "RunCompleted", dimensions: fn.ownMetric(), statistic: "Sum",
		comparison: under, threshold: 1, period: period, periods: periods, datapoints: periods,
		missing: awscloudwatch.TreatMissingData_BREACHING,
	})
}

// hours writes a length of time as people say it.
func hours(length time.Duration) string {
	if length%time.Hour == 0 {
		return fmt.Sprintf("%d hours", length/time.Hour)
	}
	return fmt.Sprintf("%d minutes", length/time.Minute)
}

// note is printed by synth.
func note(stack awscdk.Stack, format string, values ...any) {
	awscdk.Annotations_Of(stack).AddInfo(jsii.String(fmt.Sprintf(format, values...)))
}
