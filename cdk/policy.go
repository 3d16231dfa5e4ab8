package main

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"

	"caretaker/internal/iam"
)

// policy turns a part's statements into a policy document, in their order.
func policy(stack awscdk.Stack, topicARN *string, statements []iam.Statement) awsiam.PolicyDocument {
	fill := strings.NewReplacer(
		"${Partition}", *stack.Partition(),
		"${Region}", *stack.Region(),
		"${Account}", *stack.Account(),
		"${Topic}", *topicARN,
	)
	document := awsiam.NewPolicyDocument(nil)
	for _, statement := range statements {
		props := awsiam.PolicyStatementProps{
			Sid:     optional(statement.Sid),
			Effect:  awsiam.Effect_ALLOW,
			Actions: jsii.Strings(statement.Actions...),
		}
		if statement.Effect == "Deny" {
			props.Effect = awsiam.Effect_DENY
		}
		resources := make([]string, 0, len(statement.Resources))
		for _, resource := range statement.Resources {
			resources = append(resources, fill.Replace(resource))
		}
		props.Resources = jsii.Strings(resources...)
		if len(statement.Conditions) > 0 {
			conditions := map[string]any{}
			for operator, keys := range statement.Conditions {
				conditions[operator] = keys
			}
			props.Conditions = &conditions
		}
		document.AddStatements(awsiam.NewPolicyStatement(&props))
	}
	return document
}
