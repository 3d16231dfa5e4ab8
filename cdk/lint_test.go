package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// linted are the stacks that the linters see: what ships, everything set, and guard rails.
var linted = []string{shipped, prod, raiser, guardedJanitor, guardedRaiser, shipper, shipperAll, notifierHere, warm, watching}

func templates() []string {
	var paths []string
	for _, stack := range linted {
		paths = append(paths, filepath.Join(assembly, stack+".template.json"))
	}
	return paths
}

func TestTemplates_passCfnLint(t *testing.T) {
	t.Parallel()
	arguments := []string{
		"--format", "parseable",
		// W3005, a DependsOn that a reference implies: CDK writes one from a function to its role.
		"--ignore-checks", "W3005", "--",
	}
	command := exec.Command("../.venv/bin/cfn-lint", append(arguments, templates()...)...)
	output, err := command.CombinedOutput()
	known := false
	for line := range strings.Lines(string(output)) {
		// An action of an API of September 2025, which the list that cfn-lint carries lacks.
		if strings.Contains(line, ":W3037:'describealarmcontributors' is not one of ") {
			output, known = bytes.Replace(output, []byte(line), nil, 1), true
		}
	}
	if len(bytes.TrimSpace(output)) > 0 || err != nil && !known {
		t.Errorf("cfn-lint (make sets it up): %v\n%s", err, output)
	}
}

// finding is one that cdk-nag makes: a rule, which may hold what it was found in, and
// the logical id of the resource.
type finding struct{ rule, resource string }

func TestTemplates_haveOnlyTheFindingsThatWereAccepted(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("nag/accepted.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var reviewed []struct{ Rule, Resource, Reason string }
	if err := yaml.UnmarshalWithOptions(text, &reviewed, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	accepted := map[finding]bool{}
	for _, entry := range reviewed {
		one := finding{entry.Rule, entry.Resource}
		if len(entry.Reason) < 20 {
			t.Errorf("%+v is accepted without a reason", one)
		}
		if accepted[one] {
			t.Errorf("%+v is accepted twice", one)
		}
		accepted[one] = true
	}
	found := nag(t)
	for _, one := range found {
		if !accepted[one] {
			t.Errorf("a new finding, to be put right or to be accepted in nag/accepted.yaml with its reason: %+v", one)
		}
	}
	for one := range accepted {
		if !slices.Contains(found, one) {
			t.Errorf("accepted, but found no more: take it out of nag/accepted.yaml: %+v", one)
		}
	}
}

// nag runs cdk-nag over the linted templates. Account and Regions are taken out of
// what it says, so that a finding reads the same in each.
func nag(t *testing.T) []finding {
	t.Helper()
	command := exec.Command("node", append([]string{"nag/check.mjs", t.TempDir()}, templates()...)...)
	var complaints bytes.Buffer
	command.Stderr = &complaints
	output, err := command.Output()
	if err != nil {
		t.Fatalf("cdk-nag (npm ci sets it up): %v\n%s", err, complaints.String())
	}
	var report struct {
		PluginReports []struct {
			PluginName string
			Violations []struct {
				RuleName            string
				ViolatingConstructs []struct{ ConstructPath string }
			}
		}
	}
	if err := json.Unmarshal(output, &report); err != nil {
		t.Fatalf("reading cdk-nag's report: %v\n%s", err, output)
	}
	anywhere := strings.NewReplacer(account, "<Account>", "eu-west-1", "<Region>", "eu-central-1", "<Region>")
	var found []finding
	packs := map[string]bool{}
	for _, pack := range report.PluginReports {
		packs[pack.PluginName] = true
		for _, violation := range pack.Violations {
			for _, construct := range violation.ViolatingConstructs {
				found = append(found, finding{anywhere.Replace(violation.RuleName), filepath.Base(construct.ConstructPath)})
			}
		}
	}
	if !packs["AwsSolutions"] || !packs["Serverless"] {
		t.Fatalf("the packs that ran are %v, want AwsSolutions and Serverless", packs)
	}
	return found
}
