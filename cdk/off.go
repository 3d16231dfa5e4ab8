package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// addEmpty adds the stack of a part that is off. A stack that is merely not in the app stays
// deployed and goes on acting: neither cdk deploy nor cdk destroy knows of it. One without
// resources cdk deploy deletes where it stands, and passes over where it does not.
//
// There is nothing in it at all, not even the CDK's rule on the version of the bootstrap, so
// that cdk diff shows no difference where nothing is deployed.
func addEmpty(app constructs.Construct, in input, to target, lost string) {
	props := &awscdk.DefaultStackSynthesizerProps{GenerateBootstrapVersionRule: jsii.Bool(false)}
	if qualifier := in.file.Deployment.BootstrapQualifier; qualifier != "" {
		props.Qualifier = jsii.String(qualifier)
	}
	stack := newStack(app, in, to, awscdk.NewDefaultStackSynthesizer(props))
	note(stack, "this part is off: cdk deploy --all deletes its stack %s where it stands. %s", to.name, lost)
	awscdk.Validations_Of(stack).Acknowledge(&awscdk.Acknowledgment{
		Id:     jsii.String("CloudFormation-Validate::F0001"),
		Reason: jsii.String("A stack without resources is how cdk deploy is told to delete it"),
	})
}

// lost says of each part what goes with its stack, and where it is found all the same.
var lost = map[string]string{
	"janitor": "Its log goes too, the only place that says what each deleted version was: to stop it and keep the log, set janitor.dryRun: true instead",
	// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/PointInTimeRecovery_Howitworks.html
	"limit-raiser": "Of its audit trail DynamoDB keeps a backup for 35 days (aws dynamodb list-backups --backup-type SYSTEM); what was raised stays raised",
	"warmer":       "What it kept warm is cold within the hour, and its table of which functions answer pings goes too: should it come back, it asks each once more. What it provisioned stays, and costs money: take it away first, with caretaker warmer release",
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
	"alerts":        "The alarms that it made go with it, unless alerts.deleteWithStack was false when it was deployed",
	"alerts/notify": "Nobody hears of alarms in Slack any more; deploy the other stacks too, which send mails again then",
	"log-shipper":   "Its subscription filters stay in your log groups, and call a function that is gone: take them away first, with caretaker log-shipper unsubscribe. What waits in its bucket stays there, and nothing brings it back: let it be delivered before, or see what dead letters there are with caretaker log-shipper redrive",
}
