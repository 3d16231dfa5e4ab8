package main

import (
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"

	"caretaker/internal/iam"
	"caretaker/internal/setting"
)

// A made-up part of two functions: one reads a stream and writes to a bucket, the other does something
// else. Each has a role, a log group, a topic, queues and alarms of its own.
func TestFunction_aPartMayHaveSeveral(t *testing.T) {
	assets := t.TempDir()
	writeBinary(assets)
	stack := awscdk.NewStack(awscdk.NewApp(nil), jsii.String("Garden"), &awscdk.StackProps{
		Env: &awscdk.Environment{Account: jsii.String(account), Region: jsii.String("eu-west-1")},
	})
	size := setting.Function{Memory: 128, Timeout: setting.Duration(time.Minute), LogRetentionDays: 30}
	asset := assets + "/janitor"
	waters := newFunction(stack, part{
		name: "gardener", section: "gardener", does: "Waters", stage: "default", asset: asset, arch: awslambda.Architecture_ARM_64(), size: size,
		async: eventAsync, stream: jsii.String("arn:aws:kinesis:eu-west-1:" + account + ":stream/rain"),
		bucket:     newBucket(stack, "Barrel", 14),
		statements: []iam.Statement{{Sid: "Keep", Actions: []string{"s3:PutObject"}, Resources: []string{"${Bucket}/*"}}},
	})
	waters.addStream(reading{batch: 100, window: 5 * time.Second, retries: 10, oldest: 24 * time.Hour})
	newFunction(further(stack, "Weeder"), part{
		name: "gardener-weeder", section: "gardener.weeder", does: "Weeds", stage: "default", asset: asset, arch: awslambda.Architecture_ARM_64(), size: size,
		async: eventAsync, statements: []iam.Statement{{Sid: "Look", Actions: []string{"logs:DescribeLogGroups"}, Resources: []string{"*"}, WhyStar: "a list"}},
	})
	template := assertions.Template_FromStack(stack, nil)
	for kind, count := range map[string]float64{
		"AWS::Lambda::Function": 2, "AWS::IAM::Role": 2, "AWS::Logs::LogGroup": 2, "AWS::SNS::Topic": 2, "AWS::SQS::Queue": 2,
		"AWS::CloudWatch::Alarm": 8, "AWS::Lambda::EventSourceMapping": 1, "AWS::S3::Bucket": 1,
	} {
		if got := len(*template.FindResources(jsii.String(kind), nil)); float64(got) != count {
			t.Errorf("%d of %s, want %g", got, kind, count)
		}
	}
	granted := map[string][]string{}
	for _, role := range *template.FindResources(jsii.String("AWS::IAM::Role"), nil) {
		properties := (*role)["Properties"].(map[string]any)
		whose := properties["Description"].(string)
		for _, policy := range properties["Policies"].([]any) {
			for _, statement := range policy.(map[string]any)["PolicyDocument"].(map[string]any)["Statement"].([]any) {
				granted[whose] = append(granted[whose], statement.(map[string]any)["Sid"].(string))
			}
		}
	}
	for _, sids := range granted {
		slices.Sort(sids)
	}
	want := map[string][]string{
		"What caretaker-default-gardener may do":        {"Keep", "KeepFailures", "ReadStream", "Trace", "WriteLogs"},
		"What caretaker-default-gardener-weeder may do": {"KeepFailures", "Look", "Trace", "WriteLogs"},
	}
	if diff := cmp.Diff(want, granted); diff != "" {
		t.Errorf("what each role grants (-want +granted):\n%s", diff)
	}
	for _, output := range []string{"FunctionName", "WeederFunctionName", "BucketName"} {
		if len(*template.FindOutputs(jsii.String(output), nil)) != 1 {
			t.Errorf("there is no output %s", output)
		}
	}
}
