package policy

import (
	"encoding/json"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"caretaker/internal/config"
	"caretaker/internal/iam"
)

// account is the one that the golden templates are for.
const account = "111122223333"

// statement is one of a policy's, with lists for what may be one text.
type statement struct {
	Sid, Effect      string
	Action, Resource any
	Condition        map[string]map[string]any
}

// Each part that has a template has a case here, and each template that grants a part something.
var cases = []struct{ name, stage, region, template, file string }{
	{"janitor", "default", "eu-west-1", "Caretaker-default-Janitor", "../../../caretaker.yaml"},
	{"janitor", "prod", "eu-central-1", "Caretaker-prod-Janitor-eu-central-1", ""},
	{"limit-raiser", "raise", "eu-central-1", "Caretaker-raise-LimitRaiser-eu-central-1", ""},
	{"warmer", "warm", "eu-central-1", "Caretaker-warm-Warmer-eu-central-1", ""},
	{"alerts", "watch", "eu-central-1", "Caretaker-watch-Alerts-eu-central-1", ""},
	{"notify", "heard", "eu-west-1", "Caretaker-heard-Notify", ""},
	{"log-shipper", "ship", "eu-west-1", "Caretaker-ship-LogShipper", ""},
	{"log-shipper-subscriber", "ship", "eu-west-1", "Caretaker-ship-LogShipper", ""},
	{"log-shipper-subscriber", "ship-all", "eu-central-1", "Caretaker-ship-all-LogShipper-eu-central-1", ""},
}

func TestPolicy_isWhatTheRoleIsGranted(t *testing.T) {
	tried := map[string]bool{"status": true} // of which nothing is deployed
	for _, test := range cases {
		tried[test.name] = true
		t.Run(test.template+"/"+test.name, func(t *testing.T) {
			source := test.file
			if source == "" {
				source = "../../../cdk/testdata/caretaker.yaml"
			}
			file, err := config.Load(source, config.Options{Stage: test.stage})
			if err != nil {
				t.Fatal(err)
			}
			one := parts[test.name]
			fill := place{account, test.region, test.stage}.fill(test.name, one.title)
			printed := read(t, iam.Document(one.run(file, test.stage), fill))
			granted := inRole(t, test.template, test.name, test.region)
			if len(printed) != len(granted) {
				t.Fatalf("the policy has %d statements, the role %d", len(printed), len(granted))
			}
			for i, is := range granted {
				says := printed[i]
				on, granted := sorted(says.Resource), sorted(is.Resource)
				if len(on) != len(granted) {
					t.Fatalf("%s is about %q, and the role about %q", is.Sid, on, granted)
				}
				for j, arn := range granted {
					// CloudFormation makes up the end of some names, where the policy has a *.
					if fits, _ := path.Match(strings.ReplaceAll(on[j], "/", "|"), strings.ReplaceAll(arn, "/", "|")); !fits && on[j] != arn {
						t.Errorf("%s is about %s, and the role about %s", is.Sid, on[j], arn)
					}
				}
				is.Resource, says.Resource = nil, nil
				is.Action, says.Action = sorted(is.Action), sorted(says.Action)
				if diff := cmp.Diff(is, says); diff != "" {
					t.Errorf("%s (-role +policy):\n%s", is.Sid, diff)
				}
			}
		})
	}
	for name := range parts {
		if !tried[name] {
			t.Errorf("nothing compares the policy of %s with its role", name)
		}
	}
}

// What a plan needs is a part of what a run may do, and changes nothing.
func TestPolicy_toPlanIsNoMoreThanToRun(t *testing.T) {
	file, err := config.Load("../../../cdk/testdata/caretaker.yaml", config.Options{Stage: "raise"})
	if err != nil {
		t.Fatal(err)
	}
	for name, look := range parts["alerts"].looks {
		var all []string
		for _, s := range look(file, "raise") {
			all = append(all, s.Actions...)
		}
		for _, s := range parts["alerts"].plan(file, "raise") {
			for _, action := range s.Actions {
				if !slices.Contains(all, action) {
					t.Errorf("alerts %s lacks %s, which a plan needs", name, action)
				}
			}
		}
		var reading []string
		for _, s := range iam.Reading(look(file, "raise")) {
			reading = append(reading, s.Actions...)
		}
		if diff := cmp.Diff(reading, all); diff != "" {
			t.Errorf("alerts %s asks for what does not only read (-reads +asks):\n%s", name, diff)
		}
	}
	for name, one := range parts {
		if one.plan == nil || one.run == nil {
			continue
		}
		run := one.run
		if name == "log-shipper" { // whose plan is the subscriber's work
			run = subscribing
		}
		var allowed []string
		for _, s := range run(file, "raise") {
			allowed = append(allowed, s.Actions...)
		}
		if len(one.plan(file, "raise")) == 0 {
			t.Errorf("%s plan needs nothing at all", name)
		}
		for _, s := range one.plan(file, "raise") {
			for _, action := range s.Actions {
				if !slices.Contains(allowed, action) || strings.Contains(action, "Delete") || strings.Contains(action, "Put") || strings.Contains(action, "Update") {
					t.Errorf("%s plan asks for %s", name, action)
				}
			}
		}
	}
}

func read(t *testing.T, text []byte) []statement {
	t.Helper()
	var document struct{ Statement []statement }
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	return document.Statement
}

// inRole are the statements that a golden template grants a function under its name, the names of what is in the
// stack filled in: where the template gives none, as CloudFormation would make one up.
func inRole(t *testing.T, stack, policy, region string) []statement {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../../cdk/testdata", stack+".template.golden.json"))
	if err != nil {
		t.Fatal(err)
	}
	var template struct {
		Resources map[string]struct {
			Type       string
			Properties map[string]any
		}
	}
	if err := json.Unmarshal(text, &template); err != nil {
		t.Fatal(err)
	}
	name := strings.TrimSuffix(stack, "-"+region)
	var resolve func(any) any
	resolve = func(value any) any {
		switch value := value.(type) {
		case []any:
			for i := range value {
				value[i] = resolve(value[i])
			}
			return value
		case map[string]any:
			if join, is := value["Fn::Join"].([]any); is {
				return strings.Join(list(resolve(join[1])), join[0].(string))
			}
			id, _ := value["Ref"].(string)
			if get, is := value["Fn::GetAtt"].([]any); is {
				id = get[0].(string)
			}
			if one, is := template.Resources[id]; is {
				return arnOf(one.Type, one.Properties, name+"-"+id+"-1A2B3C", region)
			}
			for key := range value {
				value[key] = resolve(value[key])
			}
			return value
		}
		return value
	}
	for _, resource := range template.Resources {
		if resource.Type != "AWS::IAM::Role" {
			continue
		}
		inline, _ := resource.Properties["Policies"].([]any)
		for _, one := range inline {
			if one := one.(map[string]any); one["PolicyName"] == policy {
				document, err := json.Marshal(resolve(one["PolicyDocument"]))
				if err != nil {
					t.Fatal(err)
				}
				return read(t, document)
			}
		}
	}
	t.Fatalf("%s has no policy %s", stack, policy)
	return nil
}

func arnOf(kind string, properties map[string]any, made, region string) string {
	named := func(key string) string {
		if name, is := properties[key].(string); is {
			return name
		}
		return made
	}
	at := ":" + region + ":" + account + ":"
	switch kind {
	case "AWS::SNS::Topic":
		return "arn:aws:sns" + at + named("TopicName")
	case "AWS::SQS::Queue":
		return "arn:aws:sqs" + at + named("QueueName")
	case "AWS::DynamoDB::Table":
		return "arn:aws:dynamodb" + at + "table/" + named("TableName")
	case "AWS::S3::Bucket":
		return "arn:aws:s3:::" + strings.ToLower(made)
	}
	return "arn:aws:iam::" + account + ":role/" + made
}

// list is what may be one text or several.
func list(value any) []string {
	if text, is := value.(string); is {
		return []string{text}
	}
	var all []string
	for _, one := range value.([]any) {
		all = append(all, one.(string))
	}
	return all
}

// sorted is a list as the CDK writes it, which is in the order of the alphabet.
func sorted(value any) []string { return slices.Sorted(slices.Values(list(value))) }
