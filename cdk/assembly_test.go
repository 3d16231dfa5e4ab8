package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"

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
		"testdata/caretaker.yaml": {"prod", "often", "workdays", "weekly", "none", "raise", "raise-dry", "raise-own", "guarded", "warm", "ship", "ship-all", "heard", "watch"},
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
	for _, part := range []string{"alerts", "alerts/notify", "janitor", "limit-raiser", "log-shipper", "log-shipper/subscriber", "warmer"} {
		if err := os.MkdirAll(filepath.Join(assets, part), 0o750); err != nil {
			panic(err)
		}
		if err := os.WriteFile(filepath.Join(assets, part, "bootstrap"), []byte("#!/bin/sh\n"), 0o600); err != nil {
			panic(err)
		}
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

	raiser    = "Caretaker-raise-LimitRaiser-eu-central-1"
	raiserDry = "Caretaker-raise-dry-LimitRaiser"
	raiserOwn = "Caretaker-raise-own-LimitRaiser"

	warm = "Caretaker-warm-Warmer-eu-central-1"

	watching = "Caretaker-watch-Alerts-eu-central-1"

	shipper    = "Caretaker-ship-LogShipper"
	shipperAll = "Caretaker-ship-all-LogShipper-eu-central-1"

	notifierHere = "Caretaker-heard-Notify"
	heardJanitor = "Caretaker-heard-Janitor"
	heardRaiser  = "Caretaker-heard-LimitRaiser"
	heardShipper = "Caretaker-heard-LogShipper"

	guardedJanitor = "Caretaker-guarded-Janitor-eu-central-1"
	guardedRaiser  = "Caretaker-guarded-LimitRaiser-eu-central-1"
)

// everyRaiser are the limit-raiser's templates of the synthesis, everyStack the janitor's.
var everyRaiser = []string{raiser, "Caretaker-raise-LimitRaiser-us-east-1", raiserDry, raiserOwn}

// everyWarmer are the warmer's.
var everyWarmer = []string{warm, "Caretaker-warm-Warmer-us-east-1"}

// everyWatching are those of the alarms' reconciler.
var everyWatching = []string{watching, "Caretaker-watch-Alerts-us-east-1"}

// everyShipper are the log-shipper's.
var everyShipper = []string{shipper, shipperAll, "Caretaker-ship-all-LogShipper-us-east-1"}

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
