package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"caretaker/internal/config"
)

// guard lays a company's guard rails over everything in a stack at once, so that nothing that is added to
// a part can be without them.
func guard(stack awscdk.Stack, asked config.Deployment, region string) error {
	if allowed := asked.KeyIn(region, false); allowed != "" {
		return fmt.Errorf("deployment.kmsKey: %q is not allowed: %s", asked.KMSKey, allowed)
	}
	for _, construct := range *stack.Node().FindAll(constructs.ConstructOrder_PREORDER) {
		resource, is := construct.(awscdk.CfnResource)
		if !is {
			continue
		}
		for property, value := range guards(resource, stack, asked) {
			resource.AddPropertyOverride(jsii.String(property), value)
		}
	}
	return nil
}

// guards are the properties that the guard rails give a resource.
func guards(resource awscdk.CfnResource, stack awscdk.Stack, asked config.Deployment) map[string]any {
	kind := *resource.CfnResourceType()
	if kind == "AWS::IAM::Role" {
		return ofRole(resource, stack, asked)
	}
	if asked.KMSKey == "" {
		return nil
	}
	key := keyOf(stack, asked)
	switch kind {
	case "AWS::SNS::Topic":
		return map[string]any{"KmsMasterKeyId": key}
	case "AWS::SQS::Queue":
		resource.AddPropertyDeletionOverride(jsii.String("SqsManagedSseEnabled")) // the one or the other
		return map[string]any{"KmsMasterKeyId": key}
	case "AWS::Logs::LogGroup":
		return map[string]any{"KmsKeyId": key}
	case "AWS::DynamoDB::Table":
		return map[string]any{"SSESpecification": map[string]any{"SSEEnabled": true, "SSEType": "KMS", "KMSMasterKeyId": key}}
	case "AWS::S3::Bucket":
		// The bucket's own key asks KMS once for many objects:
		// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html
		return map[string]any{"BucketEncryption": map[string]any{"ServerSideEncryptionConfiguration": []any{map[string]any{
			"BucketKeyEnabled":              true,
			"ServerSideEncryptionByDefault": map[string]any{"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key},
		}}}}
	}
	return nil
}

func ofRole(role awscdk.CfnResource, stack awscdk.Stack, asked config.Deployment) map[string]any {
	properties := map[string]any{}
	if asked.PermissionsBoundary != "" {
		properties["PermissionsBoundary"] = boundaryOf(stack, asked.PermissionsBoundary)
	}
	if asked.RolePath != "/" {
		properties["Path"] = asked.RolePath
	}
	if asked.RoleNamePrefix != "" {
		// IAM has no Regions: without its own, a role would meet that of the next stack.
		region := "-" + *stack.Region()
		room := longestRole - len(region)
		if *awscdk.Token_IsUnresolved(stack.Region()) {
			room = longestRole - len("-ap-southeast-2")
		}
		name := asked.RoleNamePrefix + *stack.StackName() + "-" + *role.Node().Scope().Node().Id()
		properties["RoleName"] = shortened(name, room) + region
	}
	return properties
}

// longestRole is the longest name of a role:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const longestRole = 64

// shortened is the name, or, where that is too long, its beginning with a hash of it all.
func shortened(name string, most int) string {
	if len(name) <= most {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	return name[:most-9] + "-" + hex.EncodeToString(sum[:4])
}

// boundaryOf is the ARN of a managed policy of the account, where only its name is given.
func boundaryOf(stack awscdk.Stack, policy string) string {
	if strings.HasPrefix(policy, "arn:") {
		return policy
	}
	return *stack.FormatArn(&awscdk.ArnComponents{
		Service: jsii.String("iam"), Region: jsii.String(""), Resource: jsii.String("policy"), ResourceName: jsii.String(strings.TrimPrefix(policy, "/")),
	})
}

// keyOf is the ARN of the key that encrypts what is in a stack; empty is none of the company's.
func keyOf(stack awscdk.Stack, asked config.Deployment) string {
	if asked.KMSKey == "" || strings.HasPrefix(asked.KMSKey, "arn:") {
		return asked.KMSKey
	}
	return *stack.FormatArn(&awscdk.ArnComponents{
		Service: jsii.String("kms"), Resource: jsii.String("key"), ResourceName: jsii.String(asked.KMSKey),
	})
}

// synthesizer is the one for the bootstrap that the file names; nil is the CDK's own.
func synthesizer(asked config.Deployment) awscdk.IStackSynthesizer {
	if asked.BootstrapQualifier == "" {
		return nil
	}
	return awscdk.NewDefaultStackSynthesizer(&awscdk.DefaultStackSynthesizerProps{Qualifier: jsii.String(asked.BootstrapQualifier)})
}

// checkGuards refuses what the CDK's own context would rule without a word of it: of a boundary that is
// given on the command line, as a text, the CDK makes nothing, and what the file names comes first.
func checkGuards(node constructs.Node, asked config.Deployment) error {
	for _, rule := range []struct{ context, key, set string }{
		{"@aws-cdk/core:permissionsBoundary", "deployment.permissionsBoundary", asked.PermissionsBoundary},
		{"@aws-cdk/core:bootstrapQualifier", "deployment.bootstrapQualifier", asked.BootstrapQualifier},
	} {
		value := node.TryGetContext(jsii.String(rule.context))
		text, isText := value.(string)
		switch {
		case value == nil:
		case rule.set != "":
			return fmt.Errorf("reading context %s: %s is set too: leave out one of them", rule.context, rule.key)
		case isText && rule.key == "deployment.permissionsBoundary":
			return fmt.Errorf("reading context %s: the CDK takes no text there and would do without a boundary: write %s in caretaker.yaml, or -c set=%[2]s=%s", rule.context, rule.key, text)
		}
	}
	return nil
}
