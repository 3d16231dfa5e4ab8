package emulator_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"caretaker/internal/emulator"
	"caretaker/internal/want"
)

func TestStart_namesMakeSetupWhenTheInterpreterIsMissing(t *testing.T) {
	_, err := emulator.Start(t.Context(), emulator.Options{Python: filepath.Join(t.TempDir(), "python")})
	want.Says(t, "the error", fmt.Sprint(err), "make setup")
}

func TestStart_showsWhyTheEmulatorEnded(t *testing.T) {
	python := filepath.Join(t.TempDir(), "python")
	if err := os.WriteFile(python, []byte("#!/bin/sh\necho no such module >&2\nexit 3\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := emulator.Start(t.Context(), emulator.Options{Python: python})
	want.Says(t, "the error", fmt.Sprint(err), "no such module", "exit status 3")
}

func TestStart_runsSideBySideAndLeavesNothingBehind(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	t.Setenv("DRY_RUN", "of the developer")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var log bytes.Buffer
	other, err := emulator.Start(ctx, emulator.Options{Account: "123456789012", Region: "eu-central-1", Log: &log})
	if err != nil {
		t.Fatal(err)
	}
	who, err := sts.NewFromConfig(other.AWS()).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	want.NoError(t, "asking who calls", err)
	want.Equal(t, "the account", aws.ToString(who.Account), "123456789012")
	if _, err := iam.NewFromConfig(other.AWS()).CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("here")}); err != nil {
		t.Fatal(err)
	}
	if _, err := iam.NewFromConfig(shared.AWS()).GetUser(ctx, &iam.GetUserInput{UserName: aws.String("here")}); outcome(err) != "NoSuchEntity" {
		t.Errorf("the other emulator's user: %v, want that it is not there", err)
	}
	environment := other.Environ()
	if !slices.Contains(environment, "AWS_ENDPOINT_URL="+other.Endpoint()) || slices.Contains(environment, "DRY_RUN=of the developer") {
		t.Errorf("the environment: %q, want the other emulator's address in it and nothing of DRY_RUN", environment)
	}
	cancel()
	other.Stop() // waits for the end that the context began
	other.Stop()
	if response, err := http.Get(other.Endpoint()); err == nil {
		_ = response.Body.Close()
		t.Error("the proxy answers after the end, want it closed")
	}
	left, err := os.ReadDir(folder)
	want.NoError(t, "reading the folder", err)
	if len(left) != 0 {
		t.Errorf("left in the folder: %v, want nothing", left)
	}
	if log.Len() == 0 {
		t.Error("the emulator's output: none came, want some")
	}
}

func TestStart_removesTheFoldersOfKilledProcesses(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	ended := exec.Command("true")
	if err := ended.Run(); err != nil {
		t.Fatal(err)
	}
	stale := filepath.Join(folder, fmt.Sprint("caretaker-emulator-", ended.Process.Pid, "-1"))
	alive := filepath.Join(folder, fmt.Sprint("caretaker-emulator-", os.Getpid(), "-1"))
	if err := errors.Join(os.Mkdir(stale, 0o700), os.Mkdir(alive, 0o700)); err != nil {
		t.Fatal(err)
	}
	other, err := emulator.Start(t.Context(), emulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	other.Stop()
	left, err := filepath.Glob(filepath.Join(folder, "*"))
	want.NoError(t, "reading the folder", err)
	want.Equal(t, "what is left in the folder", left, []string{alive})
}

func TestReset_emptiesTheEmulatorAndTheProxy(t *testing.T) {
	other, err := emulator.Start(t.Context(), emulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Stop()
	client := lambdasvc.NewFromConfig(once(other.AWS()))
	seed(t, client, "fn", 1)
	other.SetCodeStorageLimit(1)
	other.Inject(emulator.Fault{Drop: true})
	if err := other.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	want.Equal(t, "calls left", len(other.Calls()), 0)
	out, err := client.GetAccountSettings(t.Context(), &lambdasvc.GetAccountSettingsInput{})
	want.NoError(t, "reading the account's settings", err)
	want.Equal(t, "the bytes of code", out.AccountUsage.TotalCodeSize, 0)
	if out.AccountLimit.TotalCodeSize < 2 {
		t.Errorf("the limit of code storage: %d, want that of an account, not the 1 that was set", out.AccountLimit.TotalCodeSize)
	}
}

// Another version of the emulator may have renamed what launcher.py uses or puts something in place of.
func TestLauncher_namesAllThatTheEmulatorLacksBeforeItStarts(t *testing.T) {
	python, err := filepath.Abs("../../.venv/bin/python")
	want.NoError(t, "finding Python", err)
	const renamed = "import runpy\n" +
		"from ministack.core import iam_actions\nfrom ministack.services import cloudwatch, sqs\n" +
		"del iam_actions.extract_iam_action, cloudwatch._evaluate_alarm, sqs._queues\n" +
		"runpy.run_path('launcher.py')\n"
	output, err := exec.CommandContext(t.Context(), python, "-c", renamed).CombinedOutput() // #nosec G204 -- the text above
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		t.Fatalf("it starts all the same, with %v: %s", err, output)
	}
	want.Equal(t, "what it says", string(output), "this version of the emulator has no ministack.core.iam_actions.extract_iam_action, "+
		"ministack.services.cloudwatch._evaluate_alarm, ministack.services.sqs._queues: launcher.py needs them\n")
}
