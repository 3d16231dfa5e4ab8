package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// runApp runs the app as the CDK command line does, as a process of its own.
func runApp(folder, outdir string, context map[string]any) (string, error) {
	text, err := json.Marshal(context)
	if err != nil {
		return "", err
	}
	command := exec.Command(os.Args[0])
	command.Dir = folder
	command.Env = append(os.Environ(), "CARETAKER_TEST_APP=1", "CDK_OUTDIR="+outdir, "CDK_CONTEXT_JSON="+string(text),
		"CDK_DEFAULT_ACCOUNT="+account, "CDK_DEFAULT_REGION=eu-west-1")
	output, err := command.CombinedOutput()
	return string(output), err
}

func TestApp_twoAtOnceDoNotDisturbEachOther(t *testing.T) {
	t.Parallel()
	assets := t.TempDir()
	writeBinary(assets)
	type result struct {
		outdir, output string
		err            error
	}
	results := make(chan result)
	for range 2 {
		outdir := t.TempDir()
		go func() {
			output, err := runApp("..", outdir, map[string]any{"assets": assets})
			results <- result{outdir, output, err}
		}()
	}
	var made []string
	for range 2 {
		done := <-results
		if done.err != nil {
			t.Fatalf("%v\n%s", done.err, done.output)
		}
		text, err := os.ReadFile(filepath.Join(done.outdir, shipped+".template.json"))
		if err != nil {
			t.Fatal(err)
		}
		made = append(made, string(text))
	}
	if made[0] != made[1] {
		t.Error("two syntheses of the same differ")
	}
}

func TestApp_notesARegionThatIsNone(t *testing.T) {
	t.Parallel()
	assets := t.TempDir()
	writeBinary(assets)
	output, err := runApp("..", t.TempDir(), map[string]any{"assets": assets, "set": "regions=[eu-wst-1]"})
	if err != nil || !strings.Contains(output, "caretaker: note: eu-wst-1 is not one of the Regions") {
		t.Errorf("%v\n%s", err, output)
	}
}

func TestApp_saysWhereToStartIt(t *testing.T) {
	output, err := runApp(t.TempDir(), t.TempDir(), nil)
	if err == nil || !strings.Contains(output, "in the root of the repository") || strings.Contains(output, "goroutine") {
		t.Errorf("%v\n%s", err, output)
	}
}
