package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"caretaker/internal/config"
	"caretaker/internal/iam"
	"caretaker/janitor"
)

// functionRole is the role of a stack's function.
func functionRole(t *testing.T, stack string) object {
	t.Helper()
	_, function := one(t, stack, "AWS::Lambda::Function")
	id, _ := at(function, "Role", "Fn::GetAtt", 0).(string)
	return resources(t, stack, "AWS::IAM::Role")[id]
}

// inline are the statements of one of a role's policies.
func inline(t *testing.T, role object, name string) []any {
	t.Helper()
	policies, _ := role["Policies"].([]any)
	for _, policy := range policies {
		if at(policy, "PolicyName") == name {
			return at(policy, "PolicyDocument", "Statement").([]any)
		}
	}
	t.Fatalf("the role has no policy %s", name)
	return nil
}

func TestRoles_haveNoManagedPolicyAndNoPolicyFromElsewhere(t *testing.T) {
	for _, stack := range slices.Concat(everyStack, everyRaiser, everyHeard, everyWarmer, everyWatching) {
		for id, role := range resources(t, stack, "AWS::IAM::Role") {
			if role["ManagedPolicyArns"] != nil {
				t.Errorf("%s: %s has managed policies: %v", stack, id, role["ManagedPolicyArns"])
			}
		}
		for _, kind := range []string{"AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy"} {
			if found := resources(t, stack, kind); len(found) > 0 {
				t.Errorf("%s: %v adds to a role that should be whole by itself", stack, found)
			}
		}
		if len(functionRole(t, stack)["Policies"].([]any)) != 2 {
			t.Errorf("%s: the function's role has other policies than the part's and the function's", stack)
		}
	}
}

func TestRole_holdsExactlyTheStatementsOfTheJanitor(t *testing.T) {
	for stack, stage := range map[string]string{prod: "prod", often: "often"} {
		file, err := config.Load("testdata/caretaker.yaml", config.Options{Stage: stage})
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		topic, _ := one(t, stack, "AWS::SNS::Topic")
		for _, statement := range janitor.Statements(file.Janitor) {
			want = append(want, rendered(t, stack, "Ref "+topic, statement))
		}
		var got []string
		for _, statement := range inline(t, functionRole(t, stack), "janitor") {
			got = append(got, plain(t, strings.NewReplacer(`{"Ref":"`+topic+`"}`, `"Ref `+topic+`"`), statement))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-janitor.Statements +role):\n%s", stack, diff)
		}
	}
}

// rendered is a statement as its JSON should be, placeholders filled.
func rendered(t *testing.T, stack, topic string, s iam.Statement) string {
	t.Helper()
	fill := strings.NewReplacer("${Partition}", "aws", "${Region}", regionOf(stack), "${Account}", account, "${Topic}", topic)
	statement := object{"Sid": s.Sid, "Effect": "Allow", "Action": s.Actions}
	if s.Effect != "" {
		statement["Effect"] = s.Effect
	}
	var resources []string
	for _, resource := range s.Resources {
		resources = append(resources, fill.Replace(resource))
	}
	statement["Resource"] = resources
	if len(s.Conditions) > 0 {
		statement["Condition"] = s.Conditions
	}
	return normal(t, statement)
}

// plain is a statement of a template with its references written out, in the form of rendered.
func plain(t *testing.T, references *strings.Replacer, statement any) string {
	t.Helper()
	text, err := json.Marshal(statement)
	if err != nil {
		t.Fatal(err)
	}
	var back object
	if err := json.Unmarshal([]byte(references.Replace(string(text))), &back); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"Action", "Resource"} {
		if single, is := back[key].(string); is {
			back[key] = []any{single}
		}
	}
	conditions, _ := back["Condition"].(object)
	for _, keys := range conditions {
		for key, value := range keys.(object) {
			if single, is := value.(string); is {
				keys.(object)[key] = []any{single}
			}
		}
	}
	return normal(t, back)
}

// normal is a statement as text. CDK sorts the actions and resources.
func normal(t *testing.T, statement object) string {
	t.Helper()
	for _, key := range []string{"Action", "Resource"} {
		switch list := statement[key].(type) {
		case []string:
			statement[key] = slices.Sorted(slices.Values(list))
		case []any:
			slices.SortFunc(list, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		}
	}
	text, err := json.MarshalIndent(statement, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func regionOf(stack string) string {
	for _, region := range []string{"eu-central-1", "us-east-1"} {
		if strings.HasSuffix(stack, region) {
			return region
		}
	}
	return "eu-west-1"
}

func TestRole_deniesTheExcludedNames(t *testing.T) {
	var denied []any
	for _, statement := range inline(t, functionRole(t, prod), "janitor") {
		if at(statement, "Effect") == "Deny" && at(statement, "Action") == "lambda:DeleteFunction" {
			denied = append(denied, at(statement, "Resource").([]any)...)
		}
	}
	for _, name := range []string{"checkout-*", "checkout-*:*", "billing", "billing:*"} {
		if !slices.Contains(denied, any("arn:aws:lambda:eu-central-1:"+account+":function:"+name)) {
			t.Errorf("DeleteFunction on %s is not denied: %v", name, denied)
		}
	}
	for _, statement := range inline(t, functionRole(t, shipped), "janitor") {
		if at(statement, "Effect") == "Deny" {
			t.Errorf("nothing is excluded, yet there is %v", statement)
		}
	}
}

func TestRole_hasAReasonWhereverItAsksForEverything(t *testing.T) {
	for _, statement := range janitor.Statements(config.Default().Janitor) {
		if slices.Contains(statement.Resources, "*") != (statement.WhyStar != "") {
			t.Errorf("%s: resources %v, reason %q, want a reason where * is among them, and only there", statement.Sid, statement.Resources, statement.WhyStar)
		}
		for _, action := range statement.Actions {
			if strings.Contains(action, "*") {
				t.Errorf("%s grants %s, want each action by its name", statement.Sid, action)
			}
		}
	}
}

// What follows is granted to services, or used by Lambda itself in the function's
// name. No emulator notices its absence, so that it is asserted here.

func TestGrants_letTheSchedulerRunTheFunctionAndNothingElse(t *testing.T) {
	for _, stack := range everyStack {
		function, _ := one(t, stack, "AWS::Lambda::Function")
		_, schedule := one(t, stack, "AWS::Scheduler::Schedule")
		id, _ := at(schedule, "Target", "RoleArn", "Fn::GetAtt", 0).(string)
		role := resources(t, stack, "AWS::IAM::Role")[id]
		want := []any{
			object{"Sid": "Run", "Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": attribute(function, "Arn")},
			object{"Sid": "KeepUndelivered", "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": at(schedule, "Target", "DeadLetterConfig", "Arn")},
		}
		if diff := cmp.Diff(want, inline(t, role, "schedule")); diff != "" {
			t.Errorf("%s: what the schedule's role grants (-want +got):\n%s", stack, diff)
		}
		trust := object{
			"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": object{"Service": "scheduler.amazonaws.com"},
			"Condition": object{"StringEquals": object{
				"aws:SourceAccount": account,
				"aws:SourceArn":     "arn:aws:scheduler:" + regionOf(stack) + ":" + account + ":schedule-group/default",
			}},
		}
		if diff := cmp.Diff(trust, at(role, "AssumeRolePolicyDocument", "Statement", 0)); diff != "" {
			t.Errorf("%s: who may take the role (-want +got):\n%s", stack, diff)
		}
	}
}

func TestGrants_letTheFunctionLogTraceAndKeepItsFailures(t *testing.T) {
	for _, stack := range everyStack {
		group, _ := one(t, stack, "AWS::Logs::LogGroup")
		_, async := one(t, stack, "AWS::Lambda::EventInvokeConfig")
		want := []any{
			object{"Sid": "WriteLogs", "Effect": "Allow", "Action": []any{"logs:CreateLogStream", "logs:PutLogEvents"}, "Resource": attribute(group, "Arn")},
			object{"Sid": "Trace", "Effect": "Allow", "Action": []any{"xray:PutTelemetryRecords", "xray:PutTraceSegments"}, "Resource": "*"},
			object{"Sid": "KeepFailures", "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": at(async, "DestinationConfig", "OnFailure", "Destination")},
		}
		if diff := cmp.Diff(want, inline(t, functionRole(t, stack), "function")); diff != "" {
			t.Errorf("%s: what the function's role grants for the function itself (-want +got):\n%s", stack, diff)
		}
	}
}

// The janitor is run by its schedule alone: no topic and no queue feeds it, so that
// neither lambda:InvokeFunction for SNS nor sqs:ReceiveMessage is granted anywhere.
func TestGrants_areNoneForTopicsAndQueuesAsSources(t *testing.T) {
	for _, stack := range everyStack {
		for _, kind := range []string{"AWS::Lambda::Permission", "AWS::Lambda::EventSourceMapping"} {
			if found := resources(t, stack, kind); len(found) > 0 {
				t.Errorf("%s: of %s there is %v, want none", stack, kind, found)
			}
		}
		for id, subscription := range resources(t, stack, "AWS::SNS::Subscription") {
			if subscription["Protocol"] != "email" {
				t.Errorf("%s: %s is a subscription of %v, want those of email alone", stack, id, subscription["Protocol"])
			}
		}
	}
}
