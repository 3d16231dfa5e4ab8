package main

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"

	"caretaker/internal/iam"
)

// openPlaceholder is one that nothing filled in; a token of CDK's looks like ${Token[...]}.
var openPlaceholder = regexp.MustCompile(`\$\{[A-Z][A-Za-z]*\}`)

// filledIn are the keys of a condition with their values, placeholders filled in.
func filledIn(keys map[string][]string, fill *strings.Replacer) map[string][]string {
	filled := map[string][]string{}
	for key, values := range keys {
		for _, value := range values {
			filled[key] = append(filled[key], fill.Replace(value))
		}
	}
	return filled
}

// policy turns a part's statements into a policy document, in their order.
func (fn function) policy(statements []iam.Statement) awsiam.PolicyDocument {
	pairs := []string{
		"${Partition}", *fn.stack.Partition(),
		"${Region}", *fn.stack.Region(),
		"${Account}", *fn.stack.Account(),
		"${Topic}", *fn.topic.TopicArn(),
		"${LogGroup}", *fn.logs.AttrArn(),
		"${OnFailure}", *fn.onFailure.QueueArn(),
		"${Key}", fn.key,
	}
	if fn.stream != nil {
		pairs = append(pairs, "${Stream}", *fn.stream)
	}
	if fn.bucket != nil {
		pairs = append(pairs, "${Bucket}", *fn.bucket.BucketArn())
	}
	for placeholder, arn := range fn.arns {
		pairs = append(pairs, placeholder, *arn)
	}
	fill := strings.NewReplacer(pairs...)
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
			filled := fill.Replace(resource)
			if open := openPlaceholder.FindString(filled); open != "" {
				panic(fmt.Sprintf("%s: nothing stands for %s in the statement %s", fn.name, open, statement.Sid))
			}
			resources = append(resources, filled)
		}
		props.Resources = jsii.Strings(resources...)
		if len(statement.Conditions) > 0 {
			conditions := map[string]any{}
			for operator, keys := range statement.Conditions {
				conditions[operator] = filledIn(keys, fill)
			}
			props.Conditions = &conditions
		}
		document.AddStatements(awsiam.NewPolicyStatement(&props))
	}
	return document
}
