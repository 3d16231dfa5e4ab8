package main

import (
	"fmt"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssnssubscriptions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"

	"caretaker/internal/setting"
)

// feed is what brings a part its events: a topic that alarms publish to, the queue
// behind it that Lambda reads, and the queue of what was given up.
type feed struct {
	// topic is nil where the topics are elsewhere.
	topic              awssns.Topic
	queue, deadLetters awssqs.Queue
	// visibility is how long a message that failed waits until it comes again.
	visibility time.Duration
	// batch is the most messages of a run, and window how long Lambda gathers them; 0 is not at all.
	batch  int
	window time.Duration
}

const (
	// receives is how often a message is tried: with a time-out of a minute that is once in six
	// minutes for an hour, the time for which Lambda tries an asynchronous event too.
	receives = 10
	// readers are the runs at once that the queue may start: two, the least that Lambda allows,
	// are enough, since an alarm takes seconds.
	readers = 2
	// batch is how many messages one run gets: few, since they share its time-out.
	batch = 5
)

// newFeed makes the feed of a function that has so much time. A message stays unseen
// for six times that, as Lambda asks for:
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
func newFeed(stack awscdk.Stack, name string, timeout setting.Duration) feed {
	f := feed{
		topic: newTopic(stack, "AlarmTopic", name+"-alarms", nil), deadLetters: newDeadLetters(stack, "DeadLetters"),
		visibility: 6 * timeout.Std(), batch: batch,
	}
	forAlarmsAlone(stack, f.topic)
	f.queue = f.newQueue(stack, "")
	// What SNS cannot hand over waits with what the function gave up, in the same form. For
	// both to be moved back by one command it names the queue: SQS knows whence a message came of those
	// only that came from a queue.
	// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
	f.topic.AddSubscription(awssnssubscriptions.NewSqsSubscription(f.queue, &awssnssubscriptions.SqsSubscriptionProps{
		DeadLetterQueue: f.deadLetters,
	}))
	return f
}

// newQueue makes the queue that Lambda reads. Without a name CloudFormation chooses one.
func (f feed) newQueue(stack awscdk.Stack, name string) awssqs.Queue {
	return awssqs.NewQueue(stack, jsii.String("Queue"), &awssqs.QueueProps{
		QueueName:         optional(name),
		Encryption:        awssqs.QueueEncryption_SQS_MANAGED,
		EnforceSSL:        jsii.Bool(true),
		VisibilityTimeout: awscdk.Duration_Seconds(jsii.Number(f.visibility.Seconds())),
		RetentionPeriod:   awscdk.Duration_Days(jsii.Number(4)),
		DeadLetterQueue:   &awssqs.DeadLetterQueue{Queue: f.deadLetters, MaxReceiveCount: jsii.Number(receives)},
		RemovalPolicy:     awscdk.RemovalPolicy_DESTROY,
	})
}

// addFeed lets Lambda read the queue for the function, and adds the queue's alarms.
func (fn function) addFeed(f feed) {
	props := awslambda.CfnEventSourceMappingProps{
		FunctionName:          fn.FunctionName(),
		EventSourceArn:        f.queue.QueueArn(),
		BatchSize:             jsii.Number(f.batch),
		FunctionResponseTypes: jsii.Strings("ReportBatchItemFailures"),
		ScalingConfig:         &awslambda.CfnEventSourceMapping_ScalingConfigProperty{MaximumConcurrency: jsii.Number(readers)},
	}
	if f.window > 0 {
		props.MaximumBatchingWindowInSeconds = jsii.Number(f.window.Seconds())
	}
	awslambda.NewCfnEventSourceMapping(fn.scope, jsii.String("Source"), &props)
	fn.addQueueAlarm("DeadLettersAlarm", "dead-letters", f.deadLetters,
		fmt.Sprintf("Events for %s failed %d times, or did not get into its queue; they wait for 14 days in the queue %s. Find out why in the log group /aws/lambda/%[1]s, fix that, and have them tried again: aws sqs start-message-move-task --region %[6]s --source-arn %[4]s --destination-arn %[5]s. What was done already is not done again. ",
			fn.fullName, receives, *f.deadLetters.QueueName(), *f.deadLetters.QueueArn(), *f.queue.QueueArn(), *fn.stack.Region())+fn.recovery)
	// Ten minutes: more than the five for which the function itself puts a message off, and
	// less than three receives, after which SQS leaves a message out of this metric.
	// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
	fn.addAlarm("QueueAgeAlarm", alarm{
		name: "queue-age",
		description: fmt.Sprintf("Events for %s wait for more than ten minutes in the queue %s: runs fail, or there are none. Look at the alarms errors and throttles and into the log group /aws/lambda/%[1]s; a run that handled some of its events and not others is not an error to Lambda. A failed event comes again after %[3]s, %[4]d times in all. ",
			fn.fullName, *f.queue.QueueName(), setting.Duration(f.visibility), receives) + fn.recovery,
		namespace: "AWS/SQS", metric: "ApproximateAgeOfOldestMessage",
		dimensions: map[string]*string{"QueueName": f.queue.QueueName()}, statistic: "Maximum",
		comparison: over, threshold: 600, period: 5 * time.Minute, periods: 1, datapoints: 1,
		missing: awscloudwatch.TreatMissingData_NOT_BREACHING,
	})
	if f.topic != nil {
		fn.output("AlarmTopicArn", "Alarms of your own call the function through this topic", f.topic.TopicArn())
	}
	fn.output("QueueUrl", "Events on their way to the function", f.queue.QueueUrl())
	fn.output("DeadLetterQueueUrl", "Events that were given up", f.deadLetters.QueueUrl())
}

// letAlarmsCall lets CloudWatch alarms of this account and Region name the function as
// their action.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html
func (fn function) letAlarmsCall() {
	awslambda.NewCfnPermission(fn.scope, jsii.String("AlarmsMayCall"), &awslambda.CfnPermissionProps{
		FunctionName:  fn.FunctionArn(),
		Action:        jsii.String("lambda:InvokeFunction"),
		Principal:     jsii.String("lambda.alarms.cloudwatch.amazonaws.com"),
		SourceAccount: fn.stack.Account(),
		SourceArn: fn.stack.FormatArn(&awscdk.ArnComponents{
			Service: jsii.String("cloudwatch"), Resource: jsii.String("alarm"), ResourceName: jsii.String("*"),
			ArnFormat: awscdk.ArnFormat_COLON_RESOURCE_NAME,
		}),
	})
}
