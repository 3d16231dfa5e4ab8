package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssnssubscriptions"
	"github.com/aws/jsii-runtime-go"
)

// newTopic makes a topic that alarms may publish to, such as that of a part's own
// alarms and summaries.
//
// It is not encrypted with KMS: CloudWatch may not use the key alias/aws/sns, so that
// alarms would vanish in silence, and a key of one's own costs a dollar a month for
// messages that hold names and figures only. Messages travel over SSL.
// https://repost.aws/knowledge-center/cloudwatch-receive-sns-for-alarm-trigger
func newTopic(stack awscdk.Stack, id, name string, emails []string) awssns.Topic {
	topic := awssns.NewTopic(stack, jsii.String(id), &awssns.TopicProps{
		TopicName:   jsii.String(name),
		DisplayName: jsii.String(name),
		EnforceSSL:  jsii.Bool(true),
	})
	// EnforceSSL brings a policy, which replaces the one that SNS gives a topic without
	// any; without these two nobody but the function, by its role, could publish.
	topic.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid:        jsii.String("AllowAlarms"),
		Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String("cloudwatch.amazonaws.com"), nil)},
		Actions:    jsii.Strings("sns:Publish"),
		Resources:  &[]*string{topic.TopicArn()},
		Conditions: &map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": stack.Account()}},
	}))
	topic.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid:        jsii.String("AllowOwnAccount"),
		Principals: &[]awsiam.IPrincipal{awsiam.NewAccountRootPrincipal()},
		Actions:    jsii.Strings("sns:Publish"),
		Resources:  &[]*string{topic.TopicArn()},
	}))
	for _, email := range emails {
		topic.AddSubscription(awssnssubscriptions.NewEmailSubscription(jsii.String(email), nil))
	}
	return topic
}
