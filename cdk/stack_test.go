package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"

	"caretaker/internal/config"
)

var update = flag.Bool("update", false, "write the golden templates anew")

const account = "111122223333"

// assembly is the folder of the one synthesis that all tests look at.
var assembly string

func TestMain(m *testing.M) {
	// As a process of its own this binary is the app: see runApp.
	if os.Getenv("CARETAKER_TEST_APP") != "" {
		main()
		return
	}
	flag.Parse()
	os.Exit(withAssembly(m.Run))
}

func withAssembly(run func() int) int {
	folder, err := os.MkdirTemp("", "caretaker-cdk-test-")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	defer closeRuntime()
	assembly = filepath.Join(folder, "cdk.out")
	assets := filepath.Join(folder, "dist")
	writeBinary(assets)

	app := awscdk.NewApp(&awscdk.AppProps{
		Outdir: jsii.String(assembly), AnalyticsReporting: jsii.Bool(false), Context: shippedContext(),
	})
	for path, stages := range map[string][]string{
		"../caretaker.yaml":       {config.DefaultStage},
		"testdata/caretaker.yaml": {"prod", "often", "workdays", "weekly", "none"},
	} {
		for _, stage := range stages {
			file, err := config.Load(path, config.Options{Stage: stage})
			if err != nil {
				panic(err)
			}
			clean, err := addStacks(app, input{
				stage: stage, file: file, assets: assets, arch: awslambda.Architecture_ARM_64(), account: account, region: "eu-west-1",
			})
			if err != nil {
				panic(err)
			}
			defer clean()
		}
	}
	app.Synth(nil)
	return run()
}

// writeBinary leaves something to deploy: what it is does not matter to a template.
func writeBinary(assets string) {
	if err := os.MkdirAll(filepath.Join(assets, "janitor"), 0o750); err != nil {
		panic(err)
	}
	if err := os.WriteFile(filepath.Join(assets, "janitor", "bootstrap"), []byte("#!/bin/sh\n"), 0o600); err != nil {
		panic(err)
	}
}

// shippedContext is the context of cdk.json, so that the tests see the templates that are deployed.
func shippedContext() *map[string]any {
	text, err := os.ReadFile("../cdk.json")
	if err != nil {
		panic(err)
	}
	var file struct{ Context map[string]any }
	if err := json.Unmarshal(text, &file); err != nil {
		panic(err)
	}
	return &file.Context
}

// The stacks that most tests look at: what ships, and everything set.
const (
	shipped  = "Caretaker-default-Janitor"
	prod     = "Caretaker-prod-Janitor-eu-central-1"
	often    = "Caretaker-often-Janitor"
	workdays = "Caretaker-workdays-Janitor"
	weekly   = "Caretaker-weekly-Janitor"
)

// everyStack are all templates of the synthesis.
var everyStack = []string{shipped, often, prod, "Caretaker-prod-Janitor-us-east-1", weekly, workdays}

// object is a piece of a template.
type object = map[string]any

func read(t *testing.T, stack string) (text []byte, template object) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(assembly, stack+".template.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &template); err != nil {
		t.Fatal(err)
	}
	return text, template
}

// resources are the properties of all resources of a kind, by logical id.
func resources(t *testing.T, stack, kind string) map[string]object {
	t.Helper()
	_, template := read(t, stack)
	found := map[string]object{}
	for id, resource := range template["Resources"].(object) {
		if resource.(object)["Type"] == kind {
			properties, _ := resource.(object)["Properties"].(object)
			found[id] = properties
		}
	}
	return found
}

// one are the logical id and the properties of the only resource of a kind.
func one(t *testing.T, stack, kind string) (string, object) {
	t.Helper()
	found := resources(t, stack, kind)
	if len(found) != 1 {
		t.Fatalf("%s has %d of %s, want one", stack, len(found), kind)
	}
	for id, properties := range found {
		return id, properties
	}
	return "", nil
}

// at follows keys and indexes into a piece of a template; nil where there is none.
func at(value any, path ...any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			section, _ := value.(object)
			value = section[step]
		case int:
			list, _ := value.([]any)
			if step >= len(list) {
				return nil
			}
			value = list[step]
		}
	}
	return value
}

func attribute(id, name string) any { return object{"Fn::GetAtt": []any{id, name}} }

// assetHash is what differs with the binary and must not make a template another one.
var assetHash = regexp.MustCompile(`[0-9a-f]{64}`)

func TestTemplates_areTheGoldenOnes(t *testing.T) {
	for _, stack := range []string{shipped, prod} {
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

func TestStacks_areOneForEachRegionUnderOneName(t *testing.T) {
	var manifest struct {
		Artifacts map[string]struct {
			Type, Environment string
			Properties        struct{ StackName string }
		}
	}
	text, err := os.ReadFile(filepath.Join(assembly, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for id, artifact := range manifest.Artifacts {
		if artifact.Type == "aws:cloudformation:stack" {
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
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("stacks by id (-want +got):\n%s", diff)
	}
}

func TestStacks_canBeDeployedAlone(t *testing.T) {
	for _, stack := range everyStack {
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
	for _, stack := range everyStack {
		_, template := read(t, stack)
		for id, resource := range template["Resources"].(object) {
			for _, policy := range []string{"DeletionPolicy", "UpdateReplacePolicy"} {
				if kept := at(resource, policy); kept != nil && kept != "Delete" {
					t.Errorf("%s: %s of %s is %v", stack, policy, id, kept)
				}
			}
		}
	}
}

func TestStacks_bearTheTagsOfTheFileAndTheStage(t *testing.T) {
	want := []any{object{"Key": "caretaker:stage", "Value": "prod"}, object{"Key": "team", "Value": "platform"}}
	for _, kind := range []string{
		"AWS::Lambda::Function", "AWS::IAM::Role", "AWS::Logs::LogGroup", "AWS::SQS::Queue", "AWS::SNS::Topic", "AWS::CloudWatch::Alarm",
	} {
		for id, properties := range resources(t, prod, kind) {
			if diff := cmp.Diff(want, properties["Tags"]); diff != "" {
				t.Errorf("tags of %s (-want +got):\n%s", id, diff)
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
		t.Errorf("FirstRun is %v", got)
	}
	for _, name := range []string{"LogGroupName", "TopicArn", "OnFailureQueueUrl", "UndeliveredQueueUrl"} {
		if at(outputs, name, "Value") == nil {
			t.Errorf("the output %s is missing", name)
		}
	}
}

// notes are what synth prints for a stack.
func notes(t *testing.T, stack string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(assembly, stack+".metadata.json"))
	if err != nil {
		t.Fatal(err)
	}
	var entries map[string][]struct {
		Type string
		Data any
	}
	if err := json.Unmarshal(text, &entries); err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, list := range entries {
		for _, entry := range list {
			if entry.Type == "aws:cdk:info" {
				found = append(found, fmt.Sprint(entry.Data))
			}
		}
	}
	slices.Sort(found)
	return found
}
