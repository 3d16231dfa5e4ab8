package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// assetHash is what differs with the binary and must not make a template another one.
var assetHash = regexp.MustCompile(`[0-9a-f]{64}`)

func TestTemplates_areTheGoldenOnes(t *testing.T) {
	for _, stack := range linted {
		text, _ := read(t, stack)
		got := assetHash.ReplaceAllString(string(text), "ASSET") + "\n"
		path := filepath.Join("testdata", stack+".template.golden.json")
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		golden, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(strings.Split(string(golden), "\n"), strings.Split(got, "\n")); diff != "" {
			t.Errorf("%s is not the reviewed template; go test ./cdk -update accepts it (-golden +now):\n%s", stack, diff)
		}
	}
}

// artifact is an entry of the assembly's manifest: a stack, or CDK's report on its feature flags.
type artifact struct {
	Type, Environment string
	Properties        struct {
		StackName string
		Tags      map[string]string
		Flags     map[string]struct{ UserValue, RecommendedValue any }
	}
}

func artifacts(t *testing.T) map[string]artifact {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(assembly, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct{ Artifacts map[string]artifact }
	if err := json.Unmarshal(text, &manifest); err != nil {
		t.Fatal(err)
	}
	return manifest.Artifacts
}

// CDK counts the flags that are not set after each command.
func TestFlags_areAllSetAsCDKRecommends(t *testing.T) {
	otherwise := map[string]any{
		"@aws-cdk/aws-lambda:useCdkManagedLogGroup": false, // it would add a second log group, which outlives the stack
	}
	flags := artifacts(t)["aws-cdk-lib/feature-flag-report"].Properties.Flags
	if len(flags) < 80 {
		t.Fatalf("CDK reports on %d flags, want 80 at least", len(flags))
	}
	for name, flag := range flags {
		want := flag.RecommendedValue
		if own, is := otherwise[name]; is {
			want = own
		}
		if diff := cmp.Diff(want, flag.UserValue); diff != "" {
			t.Errorf("cdk.json: %s (-recommended +set):\n%s", name, diff)
		}
	}
}

func TestStacks_areOneForEachRegionUnderOneName(t *testing.T) {
	got := map[string]string{}
	for id, artifact := range artifacts(t) {
		if artifact.Type == "aws:cloudformation:stack" && !empty(t, id) {
			name := artifact.Properties.StackName
			if name == "" {
				name = id
			}
			got[id] = name + " " + artifact.Environment
		}
	}
	want := map[string]string{
		shipped:                            "Caretaker-default-Janitor aws://111122223333/eu-west-1",
		often:                              "Caretaker-often-Janitor aws://111122223333/eu-west-1",
		workdays:                           "Caretaker-workdays-Janitor aws://111122223333/eu-west-1",
		weekly:                             "Caretaker-weekly-Janitor aws://111122223333/eu-west-1",
		prod:                               "Caretaker-prod-Janitor aws://111122223333/eu-central-1",
		"Caretaker-prod-Janitor-us-east-1": "Caretaker-prod-Janitor aws://111122223333/us-east-1",

		raiser:                                  "Caretaker-raise-LimitRaiser aws://111122223333/eu-central-1",
		"Caretaker-raise-LimitRaiser-us-east-1": "Caretaker-raise-LimitRaiser aws://111122223333/us-east-1",
		raiserDry:                               "Caretaker-raise-dry-LimitRaiser aws://111122223333/eu-west-1",
		raiserOwn:                               "Caretaker-raise-own-LimitRaiser aws://111122223333/eu-west-1",

		shipper:    "Caretaker-ship-LogShipper aws://111122223333/eu-west-1",
		shipperAll: "Caretaker-ship-all-LogShipper aws://111122223333/eu-central-1",
		"Caretaker-ship-all-LogShipper-us-east-1": "Caretaker-ship-all-LogShipper aws://111122223333/us-east-1",

		notifierHere: "Caretaker-heard-Notify aws://111122223333/eu-west-1",
		heardJanitor: "Caretaker-heard-Janitor aws://111122223333/eu-west-1",
		heardRaiser:  "Caretaker-heard-LimitRaiser aws://111122223333/eu-west-1",
		heardShipper: "Caretaker-heard-LogShipper aws://111122223333/eu-west-1",

		warm:                              "Caretaker-warm-Warmer aws://111122223333/eu-central-1",
		"Caretaker-warm-Warmer-us-east-1": "Caretaker-warm-Warmer aws://111122223333/us-east-1",

		watching:                           "Caretaker-watch-Alerts aws://111122223333/eu-central-1",
		"Caretaker-watch-Alerts-us-east-1": "Caretaker-watch-Alerts aws://111122223333/us-east-1",

		guardedJanitor:                            "Caretaker-guarded-Janitor aws://111122223333/eu-central-1",
		"Caretaker-guarded-Janitor-us-east-1":     "Caretaker-guarded-Janitor aws://111122223333/us-east-1",
		guardedRaiser:                             "Caretaker-guarded-LimitRaiser aws://111122223333/eu-central-1",
		"Caretaker-guarded-LimitRaiser-us-east-1": "Caretaker-guarded-LimitRaiser aws://111122223333/us-east-1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("stacks by id (-want +got):\n%s", diff)
	}
}

func TestStacks_canBeDeployedAlone(t *testing.T) {
	for _, stack := range slices.Concat(everyStack, everyRaiser, everyHeard, everyWarmer, everyWatching) {
		text, template := read(t, stack)
		if strings.Contains(string(text), "Fn::ImportValue") {
			t.Errorf("%s imports from another stack", stack)
		}
		for name, output := range template["Outputs"].(object) {
			if at(output, "Export") != nil {
				t.Errorf("%s exports %s", stack, name)
			}
		}
	}
}

func TestStacks_leaveNothingBehind(t *testing.T) {
	for _, stack := range slices.Concat(everyStack, everyRaiser, everyHeard, everyWarmer, everyWatching) {
		_, template := read(t, stack)
		for id, resource := range template["Resources"].(object) {
			for _, policy := range []string{"DeletionPolicy", "UpdateReplacePolicy"} {
				if kept := at(resource, policy); kept != nil && kept != "Delete" {
					t.Errorf("%s: %s of %s is %v, want Delete", stack, policy, id, kept)
				}
			}
		}
	}
}

func TestStacks_bearTheTagsOfTheFileAndTheStage(t *testing.T) {
	for stack, stage := range map[string]string{prod: "prod", raiser: "raise"} {
		if diff := cmp.Diff(map[string]string{"caretaker:stage": stage, "team": "platform"}, artifacts(t)[stack].Properties.Tags); diff != "" {
			t.Errorf("%s: the stack's own tags (-want +got):\n%s", stack, diff)
		}
		want := []any{object{"Key": "caretaker:stage", "Value": stage}, object{"Key": "team", "Value": "platform"}}
		for _, kind := range []string{
			"AWS::Lambda::Function", "AWS::IAM::Role", "AWS::Logs::LogGroup", "AWS::SQS::Queue", "AWS::SNS::Topic", "AWS::CloudWatch::Alarm",
			"AWS::DynamoDB::Table",
		} {
			for id, properties := range resources(t, stack, kind) {
				if diff := cmp.Diff(want, properties["Tags"]); diff != "" {
					t.Errorf("%s: tags of %s (-want +got):\n%s", stack, id, diff)
				}
			}
		}
	}
}

func TestStacks_sayWhatOneNeedsNext(t *testing.T) {
	_, template := read(t, prod)
	outputs := template["Outputs"].(object)
	function, _ := one(t, prod, "AWS::Lambda::Function")
	if diff := cmp.Diff(object{"Ref": function}, at(outputs, "FunctionName", "Value")); diff != "" {
		t.Errorf("FunctionName (-want +got):\n%s", diff)
	}
	const command = "aws lambda invoke --region eu-central-1 --function-name caretaker-prod-janitor --cli-read-timeout 0 /dev/stdout"
	if got := at(outputs, "FirstRun", "Value"); got != command {
		t.Errorf("FirstRun is %v, want %s", got, command)
	}
	for _, name := range []string{"LogGroupName", "TopicArn", "OnFailureQueueUrl", "UndeliveredQueueUrl"} {
		if at(outputs, name, "Value") == nil {
			t.Errorf("the output %s is missing", name)
		}
	}
}

// The list of stacks in the console shows what each is for.
func TestStack_saysWhatItsPartDoes(t *testing.T) {
	for stack, want := range map[string]string{
		shipped: "Caretaker's janitor: Deletes the Lambda function versions that nothing refers to",
		"Caretaker-raise-LimitRaiser-eu-central-1": "Caretaker's limit-raiser: Raises what a CloudWatch alarm says is short, up to the maxima of caretaker.yaml",
	} {
		_, template := read(t, stack)
		if template["Description"] != want {
			t.Errorf("%s says %q, want %q", stack, template["Description"], want)
		}
	}
}
