package main

import (
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"

	"caretaker/internal/config"
	"caretaker/internal/iam"
	"caretaker/internal/setting"
	"caretaker/internal/want"
)

// keeper is the template of a made-up part that keeps things in a bucket.
func keeper(t *testing.T, asked config.Deployment) assertions.Template {
	t.Helper()
	assets := t.TempDir()
	writeBinary(assets)
	stack := awscdk.NewStack(awscdk.NewApp(nil), jsii.String("Cellar"), &awscdk.StackProps{
		Env: &awscdk.Environment{Account: jsii.String(account), Region: jsii.String("eu-west-1")},
	})
	newFunction(stack, part{
		name: "cellar", section: "cellar", does: "Keeps", stage: "default", asset: assets + "/janitor", arch: awslambda.Architecture_ARM_64(),
		size: setting.Function{Memory: 128, Timeout: 60e9, LogRetentionDays: 30}, async: eventAsync, bucket: newBucket(stack, "Kept", 14),
		statements: []iam.Statement{{Sid: "Keep", Actions: []string{"s3:PutObject"}, Resources: []string{"${Bucket}/*"}}},
		key:        keyOf(stack, asked),
	})
	want.NoError(t, "laying the guard rails", guard(stack, asked, "eu-west-1"))
	return assertions.Template_FromStack(stack, nil)
}

// only is the one resource of a kind, as it stands in the template, and its logical id.
func only(t *testing.T, template assertions.Template, kind string) (string, object) {
	t.Helper()
	found := *template.FindResources(jsii.String(kind), nil)
	want.Equal(t, "resources of "+kind, len(found), 1)
	for id, resource := range found {
		return id, *resource
	}
	return "", nil
}

func TestBucket_isPrivateEncryptedAndEmptiesItself(t *testing.T) {
	_, bucket := only(t, keeper(t, config.Deployment{RolePath: "/"}), "AWS::S3::Bucket")
	wanted := object{
		"BucketEncryption": object{"ServerSideEncryptionConfiguration": []any{
			object{"ServerSideEncryptionByDefault": object{"SSEAlgorithm": "AES256"}},
		}},
		"LifecycleConfiguration": object{"Rules": []any{object{"ExpirationInDays": 14.0, "Status": "Enabled"}}},
		"OwnershipControls":      object{"Rules": []any{object{"ObjectOwnership": "BucketOwnerEnforced"}}},
		"PublicAccessBlockConfiguration": object{
			"BlockPublicAcls": true, "BlockPublicPolicy": true, "IgnorePublicAcls": true, "RestrictPublicBuckets": true,
		},
	}
	if diff := cmp.Diff(wanted, bucket["Properties"]); diff != "" {
		t.Errorf("the bucket, which has no name of ours (-want +got):\n%s", diff)
	}
}

func TestBucket_staysWithItsPolicyWhenTheStackGoes(t *testing.T) {
	template := keeper(t, config.Deployment{RolePath: "/"})
	for _, kind := range []string{"AWS::S3::Bucket", "AWS::S3::BucketPolicy"} {
		_, resource := only(t, template, kind)
		want.Equal(t, "DeletionPolicy of "+kind, resource["DeletionPolicy"], any("RetainExceptOnCreate"))
		want.Equal(t, "UpdateReplacePolicy of "+kind, resource["UpdateReplacePolicy"], any("Retain"))
	}
}

func TestBucket_refusesEverythingThatIsNotOverSSL(t *testing.T) {
	template := keeper(t, config.Deployment{RolePath: "/"})
	id, _ := only(t, template, "AWS::S3::Bucket")
	_, policy := only(t, template, "AWS::S3::BucketPolicy")
	arn := object{"Fn::GetAtt": []any{id, "Arn"}}
	wanted := []any{object{
		"Action": "s3:*", "Effect": "Deny", "Principal": object{"AWS": "*"}, "Condition": object{"Bool": object{"aws:SecureTransport": "false"}},
		"Resource": []any{arn, object{"Fn::Join": []any{"", []any{arn, "/*"}}}},
	}}
	if diff := cmp.Diff(wanted, at(policy, "Properties", "PolicyDocument", "Statement")); diff != "" {
		t.Errorf("the bucket's policy (-want +got):\n%s", diff)
	}
}

func TestBucket_isNamedToItsFunctionWhichMayDoWhatThePartSays(t *testing.T) {
	template := keeper(t, config.Deployment{RolePath: "/"})
	id, _ := only(t, template, "AWS::S3::Bucket")
	_, function := only(t, template, "AWS::Lambda::Function")
	if diff := cmp.Diff(object{"Ref": id}, at(function, "Properties", "Environment", "Variables", "BUCKET_NAME")); diff != "" {
		t.Errorf("BUCKET_NAME (-want +got):\n%s", diff)
	}
	_, role := only(t, template, "AWS::IAM::Role")
	wanted := []any{object{
		"Sid": "Keep", "Effect": "Allow", "Action": "s3:PutObject",
		"Resource": object{"Fn::Join": []any{"", []any{object{"Fn::GetAtt": []any{id, "Arn"}}, "/*"}}},
	}}
	if diff := cmp.Diff(wanted, at(role, "Properties", "Policies", 0, "PolicyDocument", "Statement")); diff != "" {
		t.Errorf("the part's own statements (-want +got):\n%s", diff)
	}
}

// The emulator asks no key whether a role may use it.
func TestBucket_isEncryptedWithTheCompanysKeyThroughS3Alone(t *testing.T) {
	key := "arn:aws:kms:eu-west-1:" + account + ":key/1234abcd-12ab-34cd-56ef-1234567890ab"
	template := keeper(t, config.Deployment{RolePath: "/", KMSKey: key})
	_, bucket := only(t, template, "AWS::S3::Bucket")
	rule := at(bucket, "Properties", "BucketEncryption", "ServerSideEncryptionConfiguration", 0)
	if diff := cmp.Diff(any(object{
		"BucketKeyEnabled": true, "ServerSideEncryptionByDefault": object{"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key},
	}), rule); diff != "" {
		t.Errorf("the bucket's encryption (-want +got):\n%s", diff)
	}
	_, role := only(t, template, "AWS::IAM::Role")
	var granted []any
	for _, statement := range at(role, "Properties", "Policies", 1, "PolicyDocument", "Statement").([]any) {
		if at(statement, "Sid") == "UseKeyOfBucket" {
			granted = append(granted, statement)
		}
	}
	if diff := cmp.Diff([]any{object{
		"Sid": "UseKeyOfBucket", "Effect": "Allow", "Action": []any{"kms:Decrypt", "kms:GenerateDataKey"}, "Resource": key,
		"Condition": object{"StringEquals": object{"kms:ViaService": []any{"s3.eu-west-1.amazonaws.com"}}},
	}}, granted); diff != "" {
		t.Errorf("what the function's role may do with the key (-want +got):\n%s", diff)
	}
}
