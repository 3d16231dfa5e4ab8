package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssnssubscriptions"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// newTopic makes a topic that alarms may publish to, such as that of a part's own
// alarms and summaries.
//
// It is not encrypted with KMS unless the file names a key: CloudWatch may not use the key
// alias/aws/sns, so that alarms would vanish in silence, and a key of one's own costs a dollar a
// month for messages that hold names and figures only. Messages travel over SSL.
// https://repost.aws/knowledge-center/cloudwatch-receive-sns-for-alarm-trigger
func newTopic(scope constructs.Construct, id, name string, emails []string) awssns.Topic {
	topic := awssns.NewTopic(scope, jsii.String(id), &awssns.TopicProps{
		TopicName:   jsii.String(name),
		DisplayName: jsii.String(name),
		EnforceSSL:  jsii.Bool(true),
	})
	// EnforceSSL brings a policy, which replaces the one that SNS gives a topic without any.
	// The function publishes by its role: in its own account that alone lets it.
	topic.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid:        jsii.String("AllowAlarms"),
		Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String("cloudwatch.amazonaws.com"), nil)},
		Actions:    jsii.Strings("sns:Publish"),
		Resources:  &[]*string{topic.TopicArn()},
		Conditions: &map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": awscdk.Stack_Of(scope).Account()}},
	}))
	for _, email := range emails {
		topic.AddSubscription(awssnssubscriptions.NewEmailSubscription(jsii.String(email), nil))
	}
	return topic
}

// forAlarmsAlone refuses what any role with sns:Publish could say in an alarm's name. A service that
// publishes for the account names it as aws:SourceAccount, which nobody else can.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
func forAlarmsAlone(stack awscdk.Stack, topic awssns.Topic) {
	topic.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid:        jsii.String("DenyOthers"),
		Effect:     awsiam.Effect_DENY,
		Principals: &[]awsiam.IPrincipal{awsiam.NewStarPrincipal()},
		Actions:    jsii.Strings("sns:Publish"),
		Resources:  &[]*string{topic.TopicArn()},
		Conditions: &map[string]any{"StringNotEquals": map[string]any{"aws:SourceAccount": stack.Account()}},
	}))
}
