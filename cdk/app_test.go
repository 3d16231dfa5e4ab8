package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"caretaker/internal/want"
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
			t.Fatalf("making the app: %v\n%s", done.err, done.output)
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

func TestApp_saysWhichStageItIsForWhichAccountAndWhatIsForNothing(t *testing.T) {
	t.Parallel()
	assets := t.TempDir()
	writeBinary(assets)
	output, err := runApp("..", t.TempDir(), map[string]any{"assets": assets})
	for _, line := range []string{
		"caretaker: this is stage default, the base of the file, for account " + account + "; the file's others: -c stage=prod\n",
		"caretaker: note: caretaker.yaml:17: account: no account is named",
	} {
		if err != nil {
			t.Fatalf("making the app: %v\n%s", err, output)
		}
		want.Says(t, "the app", output, line)
	}
}

func TestApp_isMadeForTheAccountOfTheFile(t *testing.T) {
	t.Parallel()
	assets, outdir := t.TempDir(), t.TempDir()
	writeBinary(assets)
	output, err := runApp("..", outdir, map[string]any{"assets": assets, "set": `account="222233334444"`})
	if err != nil {
		t.Fatalf("making the app: %v\n%s", err, output)
	}
	want.Says(t, "the app", output, "for account 222233334444, while these credentials are for account "+account)
	manifest, err := os.ReadFile(filepath.Join(outdir, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	want.Says(t, "the manifest", string(manifest), `"aws://222233334444/eu-west-1"`)
	if strings.Contains(string(manifest), account) {
		t.Errorf("the manifest names the account %s, want that of the file alone:\n%s", account, manifest)
	}
}

func TestApp_saysWhereToStartIt(t *testing.T) {
	output, err := runApp(t.TempDir(), t.TempDir(), nil)
	if err == nil {
		t.Error("the app started in another folder: no error, want one")
	}
	want.Says(t, "the app", output, "in the root of the repository")
	if strings.Contains(output, "goroutine") {
		t.Errorf("the app shows where in the code it failed, want its message alone:\n%s", output)
	}
}
