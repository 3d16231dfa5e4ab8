package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"caretaker/internal/config"
)

// notifier is the folder of the function that tells people.
const notifier = "alerts/notify"

// notifierName is what its queue, topic, table and function are called.
func notifierName(stage string) string { return "caretaker-" + stage + "-notify" }

// heard tells whether the notifier hears what a part's topics say. Its own it does not: what is wrong with
// it must not take the way that is broken.
func (in input) heard(part config.Part) bool {
	return in.file.Alerts.Notify.Enabled && part.Folder != notifier
}

// told is the input as a part sees it. Where the notifier hears its topics, mails come from there
// alone: people would read everything twice otherwise, the second time as JSON.
func (in input) told(part config.Part) input {
	if in.heard(part) {
		in.file.Notify.Email = nil
	}
	return in
}

// listen lets the notifier's queue hear each topic in a part's stack, and has the alarms there say too that
// they are OK again. The queue is named and not referred to: stacks are deployed in any order, SNS
// takes a subscription to a queue that is not there yet, and no stack holds up another one's deletion.
func (in input) listen(stack awscdk.Stack, part config.Part) {
	if !in.heard(part) {
		return
	}
	for _, construct := range *stack.Node().FindAll(constructs.ConstructOrder_PREORDER) {
		switch resource := construct.(type) {
		case awssns.CfnTopic:
			// There is no dead-letter queue: SNS tries for 23 days while a queue does not answer, and
			// one that is gone, or forbids it, hears nothing from its own dead letters either.
			// https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
			heard := awssns.NewCfnSubscription(stack, jsii.String(below(stack, resource.Node().Scope())+"Heard"), &awssns.CfnSubscriptionProps{
				TopicArn: resource.Ref(), Protocol: jsii.String("sqs"),
				Endpoint: stack.FormatArn(&awscdk.ArnComponents{Service: jsii.String("sqs"), Resource: jsii.String(notifierName(in.stage))}),
			})
			if last := stack.Node().TryFindChild(jsii.String(alarmsGoAlong)); last != nil { // what it says is to be heard
				last.Node().AddDependency(heard)
			}
		case awscloudwatch.CfnAlarm:
			resource.SetOkActions(resource.AlarmActions())
		}
	}
}

// below is the ids of a construct and of those around it in a stack: of the topics of two functions each is
// told apart.
func below(stack awscdk.Stack, construct constructs.IConstruct) (id string) {
	for ; *construct.Node().Path() != *stack.Node().Path(); construct = construct.Node().Scope() {
		id = *construct.Node().Id() + id
	}
	return id
}
