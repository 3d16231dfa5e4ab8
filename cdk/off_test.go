package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"caretaker/internal/config"
	"caretaker/internal/want"
)

// empty says whether a stack is one that cdk deploy deletes where it stands.
func empty(t *testing.T, stack string) bool {
	t.Helper()
	_, template := read(t, stack)
	resources, _ := template["Resources"].(object)
	return len(resources) == 0
}

func TestOff_aPartHasAnEmptyStackForEachRegion(t *testing.T) {
	for id, where := range map[string]string{
		"Caretaker-none-Janitor":               "Caretaker-none-Janitor aws://111122223333/eu-west-1",
		"Caretaker-none-LimitRaiser":           "Caretaker-none-LimitRaiser aws://111122223333/eu-west-1",
		"Caretaker-default-LimitRaiser":        "Caretaker-default-LimitRaiser aws://111122223333/eu-west-1",
		"Caretaker-raise-Janitor-us-east-1":    "Caretaker-raise-Janitor aws://111122223333/us-east-1",
		"Caretaker-prod-LimitRaiser-us-east-1": "Caretaker-prod-LimitRaiser aws://111122223333/us-east-1",
	} {
		artifact := artifacts(t)[id]
		name := artifact.Properties.StackName
		if name == "" {
			name = id
		}
		if got := name + " " + artifact.Environment; got != where {
			t.Errorf("%s is %s, want %s", id, got, where)
		}
		_, template := read(t, id)
		delete(template, "Description")
		if diff := cmp.Diff([]string(nil), slices.Sorted(maps.Keys(template))); diff != "" {
			t.Errorf("%s holds something (-want +got):\n%s", id, diff)
		}
	}
}

func TestOff_eachPartSaysWhatGoesWithItsStack(t *testing.T) {
	for _, part := range config.Default().Parts() {
		if adding[part.Folder] == nil || lost[part.Folder] == "" {
			t.Errorf("%s is missing in adding or in lost, want it in both", part.Folder)
		}
	}
}

func TestOff_synthSaysWhatGoesWithTheStack(t *testing.T) {
	for stack, text := range map[string]string{
		"Caretaker-none-Janitor":     "janitor.dryRun: true",
		"Caretaker-none-LimitRaiser": "a backup for 35 days",
	} {
		said := strings.Join(notes(t, stack), "\n")
		want.Says(t, "what synth says of "+stack, said, "deletes its stack "+stack, text)
	}
}

// CDK warns of a stack without resources; whoever reads that at each deployment reads no other warning.
func TestOff_isNoWarning(t *testing.T) {
	t.Parallel()
	assets, outdir := t.TempDir(), t.TempDir()
	writeBinary(assets)
	output, err := runApp("..", outdir, map[string]any{"assets": assets, "set": "janitor.enabled=false"})
	if err != nil {
		t.Fatalf("making the app: %v\n%s", err, output)
	}
	if strings.Contains(output, "F0001") || strings.Contains(output, "WARNING") {
		t.Errorf("the app warns, want no warning:\n%s", output)
	}
	report, err := os.ReadFile(filepath.Join(outdir, "validation-report.json"))
	want.NoError(t, "reading the report", err)
	if strings.Contains(string(report), "no resources") {
		t.Errorf("the validation report tells of a stack without resources, want nothing of it:\n%s", report)
	}
}
