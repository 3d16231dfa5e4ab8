package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"caretaker/internal/config"
	"caretaker/internal/iam"
)

// sections are what a stack of the synthesis was made of.
func sections(t *testing.T, stack string) config.Sections {
	t.Helper()
	path, stage := "testdata/caretaker.yaml", strings.TrimPrefix(stack, "Caretaker-")
	stage, _, _ = strings.Cut(strings.NewReplacer("-LimitRaiser", "-Janitor", "-Notify", "-Janitor", "-Warmer", "-Janitor", "-Alerts", "-Janitor").Replace(stage), "-Janitor")
	if stage == config.DefaultStage {
		path = "../caretaker.yaml"
	}
	file, err := config.Load(path, config.Options{Stage: stage})
	if err != nil {
		t.Fatal(err)
	}
	return file.Sections
}

// What validate and synth refuse is reckoned from the file alone: this holds it against what the
// app really makes.
func TestSizes_areThoseOfTheTemplates(t *testing.T) {
	for _, stack := range slices.Concat(everyStack, everyRaiser, everyGuarded, everyHeard, everyWarmer, everyWatching) {
		made := sections(t, stack)
		reckoned := made.JanitorSize()
		if strings.Contains(stack, "LimitRaiser") {
			reckoned = made.LimitRaiserSize()
		}
		if stack == notifierHere {
			reckoned = made.NotifierSize()
		}
		if strings.Contains(stack, "Warmer") {
			reckoned = made.WarmerSize()
		}
		if strings.Contains(stack, "-Alerts") {
			reckoned = made.AlertsSize()
		}
		_, template := read(t, stack)
		// Two alarms look at a schedule's runs, where CloudWatch can look back so far.
		if got := len(template["Resources"].(object)); got > reckoned.Resources || got < reckoned.Resources-2 {
			t.Errorf("%s has %d resources, and %d are reckoned with", stack, got, reckoned.Resources)
		}
		role := roleSize(t, stack)
		// The names of Regions are not equally long, and each ARN has one.
		if slack := reckoned.Role - role; slack < 0 || slack > 350 {
			t.Errorf("%s: the function's role has %d characters, and %d are reckoned with", stack, role, reckoned.Role)
		}
		if role > iam.MostInRole {
			t.Errorf("%s: the function's role has %d characters of %d", stack, role, iam.MostInRole)
		}
	}
}

// roleSize is how many characters IAM counts in the function's role once CloudFormation has filled in
// the references.
func roleSize(t *testing.T, stack string) int {
	t.Helper()
	size := 0
	for _, policy := range functionRole(t, stack)["Policies"].([]any) {
		text, err := json.Marshal(filled(t, stack, at(policy, "PolicyDocument")))
		if err != nil {
			t.Fatal(err)
		}
		size += len(text)
	}
	return size
}

// filled is a piece of a template with the ARNs that its references stand for.
func filled(t *testing.T, stack string, value any) any {
	t.Helper()
	switch value := value.(type) {
	case []any:
		list := make([]any, 0, len(value))
		for _, item := range value {
			list = append(list, filled(t, stack, item))
		}
		return list
	case object:
		id, _ := value["Ref"].(string)
		if id == "" {
			id, _ = at(value, "Fn::GetAtt", 0).(string)
		}
		if id != "" {
			return arnOf(t, stack, id)
		}
		filledIn := object{}
		for key, item := range value {
			filledIn[key] = filled(t, stack, item)
		}
		return filledIn
	}
	return value
}

func arnOf(t *testing.T, stack, id string) string {
	t.Helper()
	_, template := read(t, stack)
	resource := at(template, "Resources", id)
	name := func(property string) string { return fmt.Sprint(at(resource, "Properties", property)) }
	service, rest := "", ""
	switch kind := at(resource, "Type"); kind {
	case "AWS::SNS::Topic":
		service, rest = "sns", name("TopicName")
	case "AWS::SQS::Queue": // CloudFormation names it
		generated := strings.TrimSuffix(strings.TrimSuffix(stack, "-"+regionOf(stack)), "-us-east-1") + "-" + id + "-0123456789ab"
		service, rest = "sqs", generated[:min(80, len(generated))]
	case "AWS::Logs::LogGroup":
		service, rest = "logs", "log-group:"+name("LogGroupName")+":*"
	case "AWS::DynamoDB::Table":
		service, rest = "dynamodb", "table/"+name("TableName")
	default:
		t.Fatalf("%s: the role refers to %s, which is %v", stack, id, kind)
	}
	return "arn:aws:" + service + ":" + regionOf(stack) + ":" + account + ":" + rest
}
