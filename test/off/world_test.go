package off_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	iamsvc "github.com/aws/aws-sdk-go-v2/service/iam"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"

	"caretaker/cmd/caretaker/status"
	"caretaker/internal/emulator"
	"caretaker/internal/emulator/suite"
	"caretaker/test/deployed"
)

var root, _ = filepath.Abs(filepath.Join("..", ".."))

// account is an account in the emulator that Caretaker is deployed into.
type account struct {
	*testing.T
	ctx context.Context
	*emulator.Emulator
	folder string
	// reader is the key of a user who has the permissions that status needs, and no other.
	reader *iamsvc.CreateAccessKeyOutput
}

func newAccount(ctx context.Context, t *testing.T) account {
	t.Helper()
	e, err := emulator.Start(ctx, emulator.Options{Auth: true, FirstRuns: true})
	must(t, err)
	t.Cleanup(e.Stop)
	a := account{T: t, ctx: ctx, Emulator: e, folder: t.TempDir()}
	a.cdk("bootstrap", "--app", "", "aws://"+e.Account()+"/us-east-1", "aws://"+e.Account()+"/eu-west-1")
	build := exec.CommandContext(ctx, "go", "build", "-o", filepath.Join(a.folder, "caretaker"), "./cmd/caretaker") // #nosec G204 -- the test's own
	build.Dir = root
	text, err := build.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	client := iamsvc.NewFromConfig(e.AWS())
	_, err = client.CreateUser(ctx, &iamsvc.CreateUserInput{UserName: aws.String("reader")})
	must(t, err)
	a.reader, err = client.CreateAccessKey(ctx, &iamsvc.CreateAccessKeyInput{UserName: aws.String("reader")})
	must(t, err)
	a.allow(status.Actions...)
	return a
}

// allow gives the reader these permissions.
func (a account) allow(actions ...string) {
	a.Helper()
	text, err := json.Marshal(deployed.Policy{Version: "2012-10-17", Statement: []deployed.Statement{{Effect: "Allow", Action: actions, Resource: deployed.Texts{"*"}}}})
	must(a.T, err)
	_, err = iamsvc.NewFromConfig(a.AWS()).PutUserPolicy(a.ctx, &iamsvc.PutUserPolicyInput{
		UserName: aws.String("reader"), PolicyName: aws.String("only"), PolicyDocument: aws.String(string(text)),
	})
	must(a.T, err)
}

func (a account) cdk(arguments ...string) {
	a.Helper()
	must(a.T, deployed.CDK(a.ctx, a.Emulator, root, filepath.Join(a.folder, "cdk.out"), arguments...))
}

// deploy deploys as README says, with these keys in the file.
func (a account) deploy(keys ...string) {
	a.Helper()
	a.cdk("deploy", "--all", "--require-approval", "never", "-c", "set="+strings.Join(keys, ","))
}

// status runs the command as the reader, with these keys in the file.
func (a account) status(keys ...string) (report status.Report, text string, code int) {
	a.Helper()
	run := func(more ...string) ([]byte, string, int) {
		arguments := []string{"status"}
		for _, key := range keys {
			arguments = append(arguments, "--set", key)
		}
		command := exec.CommandContext(a.ctx, filepath.Join(a.folder, "caretaker"), append(arguments, more...)...) // #nosec G204 -- the test's own
		var complaints bytes.Buffer
		command.Dir, command.Stderr = root, &complaints
		command.Env = append(a.Environ(), "AWS_ACCESS_KEY_ID="+*a.reader.AccessKey.AccessKeyId, "AWS_SECRET_ACCESS_KEY="+*a.reader.AccessKey.SecretAccessKey)
		out, err := command.Output()
		var ended *exec.ExitError
		if err != nil && !errors.As(err, &ended) {
			a.Fatal(err)
		}
		return out, complaints.String(), command.ProcessState.ExitCode()
	}
	out, complaints, _ := run()
	text = string(out) + complaints
	out, complaints, code = run("--json")
	if len(out) > 0 {
		must(a.T, json.Unmarshal(out, &report))
	} else {
		text += complaints
	}
	if os.Getenv("CARETAKER_SHOW") != "" {
		a.Logf("status %q: %d\n%s", keys, code, text)
	}
	return report, text, code
}

// expect runs status and compares how it ends.
func (a account) expect(code int, says string, keys ...string) status.Report {
	a.Helper()
	report, text, got := a.status(keys...)
	if got != code || !strings.Contains(text, says) {
		a.Errorf("status ends with %d, not %d, and should say %q:\n%s", got, code, says, text)
	}
	return report
}

// deleteStack is what the command of a stray does.
func (a account) deleteStack(stray status.Stray) {
	a.Helper()
	client := cloudformation.NewFromConfig(a.AWSIn(a.Account(), stray.Region))
	_, err := client.DeleteStack(a.ctx, &cloudformation.DeleteStackInput{StackName: &stray.Stack})
	must(a.T, err)
	must(a.T, cloudformation.NewStackDeleteCompleteWaiter(client).Wait(a.ctx, &cloudformation.DescribeStacksInput{StackName: &stray.Stack}, time.Minute))
}

// publish makes a function that nothing refers to, with so many versions.
func (a account) publish(name string, versions int) {
	a.Helper()
	client := lambdasvc.NewFromConfig(a.AWS())
	_, err := iamsvc.NewFromConfig(a.AWS()).CreateRole(a.ctx, &iamsvc.CreateRoleInput{
		RoleName: &name, AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`),
	})
	must(a.T, err)
	role := "arn:aws:iam::" + a.Account() + ":role/" + name
	suite.Function(a.T, client, name, func(input *lambdasvc.CreateFunctionInput) { input.Role = &role })
	for number := range versions {
		code := suite.Code(a.T, fmt.Sprint("version ", number+1))
		_, err = client.UpdateFunctionCode(a.ctx, &lambdasvc.UpdateFunctionCodeInput{FunctionName: &name, ZipFile: code, Publish: true})
		must(a.T, err)
	}
}

func (a account) eventually(what string, holds func() bool) {
	a.Helper()
	for deadline := time.Now().Add(3 * time.Minute); time.Now().Before(deadline); time.Sleep(time.Second) {
		if holds() {
			return
		}
	}
	a.Fatalf("within three minutes it was not so: %s", what)
}

// in are the names of all that bears Caretaker's name in a Region. IAM has no Regions: its roles count in the first.
func (a account) in(region string) []string {
	a.Helper()
	all, err := deployed.Leftovers(a.ctx, a.AWSIn(a.Account(), region))
	must(a.T, err)
	if region != "us-east-1" {
		all = slices.DeleteFunc(all, func(one string) bool { return strings.HasPrefix(one, "role ") })
	}
	return all
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
