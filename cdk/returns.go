package main

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"caretaker/internal/setting"
)

// returns is the queue by which a function brings back to itself what it put off, and the queue of the
// messages that it could not handle.
type returns struct {
	queue, deadLetters awssqs.Queue
}

const (
	// returnReaders are the runs at once that the queue may start: after an outage it holds a message for
	// each payload of that time.
	returnReaders = 10
	// returnBatch is how many messages one run gets: few, since each stands for a payload.
	returnBatch = 5
)

// newReturns makes the queue of a function that has so much time. A message stays unseen for six
// times that, as Lambda asks for:
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
func newReturns(scope constructs.Construct, timeout setting.Duration) returns {
	r := returns{deadLetters: newDeadLetters(scope, "DeadLetters")}
	r.queue = awssqs.NewQueue(scope, jsii.String("Queue"), &awssqs.QueueProps{
		Encryption:        awssqs.QueueEncryption_SQS_MANAGED,
		EnforceSSL:        jsii.Bool(true),
		VisibilityTimeout: awscdk.Duration_Seconds(jsii.Number(6 * timeout.Std().Seconds())),
		RetentionPeriod:   awscdk.Duration_Days(jsii.Number(14)),
		DeadLetterQueue:   &awssqs.DeadLetterQueue{Queue: r.deadLetters, MaxReceiveCount: jsii.Number(receives)},
		RemovalPolicy:     awscdk.RemovalPolicy_DESTROY,
	})
	return r
}

// addReturns lets Lambda read the queue for the function, and tells of messages that were given up.
func (fn function) addReturns(r returns) {
	awslambda.NewCfnEventSourceMapping(fn.scope, jsii.String("Source"), &awslambda.CfnEventSourceMappingProps{
		FunctionName:          fn.FunctionName(),
		EventSourceArn:        r.queue.QueueArn(),
		BatchSize:             jsii.Number(returnBatch),
		FunctionResponseTypes: jsii.Strings("ReportBatchItemFailures"),
		ScalingConfig:         &awslambda.CfnEventSourceMapping_ScalingConfigProperty{MaximumConcurrency: jsii.Number(returnReaders)},
	})
	fn.addQueueAlarm("GivenUpAlarm", "given-up",
		r.deadLetters, fmt.Sprintf("Messages of %s to itself failed %d times; they wait for 14 days in the queue %s. What they are about is in the bucket still. Find out why in the log group /aws/lambda/%[1]s, fix that, and have them tried again: aws sqs start-message-move-task --region %[4]s --source-arn %[5]s. ",
			fn.fullName, receives, *r.deadLetters.QueueName(), *fn.stack.Region(), *r.deadLetters.QueueArn()))
	fn.output("QueueUrl", "What was put off, on its way back to the function", r.queue.QueueUrl())
	fn.output("DeadLetterQueueUrl", "Messages that were given up", r.deadLetters.QueueUrl())
}
