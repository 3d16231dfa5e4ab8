// Package policy_test gives a person no more than what caretaker policy prints, and has each plan carried out
// where IAM is enforced.
package policy_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	iamsvc "github.com/aws/aws-sdk-go-v2/service/iam"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"caretaker/internal/emulator"
	"caretaker/internal/emulator/suite"
	"caretaker/internal/want"
	"caretaker/test/deployed"
)

const configuration = `
version: 1
account: "000000000000"
regions: [us-east-1]
janitor: {checks: {aliasHistory: false}}
warmer: {enabled: true, functions: [{name: shop, qualifier: live, warm: {always: 1}}]}
alerts: {enabled: true}
logShipper: {enabled: true, destination: {endpoint: "https://127.0.0.1:1"}}
`

// workLeft is what coverage and lint end with where they found something.
const workLeft = 4

// desk is a person with a key of their own.
type desk struct {
	*testing.T
	ctx context.Context
	*emulator.Emulator
	folder string
	key    *iamsvc.CreateAccessKeyOutput
}

func newDesk(ctx context.Context, t *testing.T) desk {
	t.Helper()
	e, err := emulator.Start(ctx, emulator.Options{Auth: true})
	want.NoError(t, "starting the emulator", err)
	t.Cleanup(e.Stop)
	d := desk{T: t, ctx: ctx, Emulator: e, folder: t.TempDir()}
	build := exec.CommandContext(ctx, "go", "build", "-o", filepath.Join(d.folder, "caretaker"), "./cmd/caretaker") // #nosec G204 -- the test's own
	build.Dir, _ = filepath.Abs(filepath.Join("..", ".."))
	text, err := build.CombinedOutput()
	want.NoError(t, "building the command line: "+string(text), err)
	want.NoError(t, "writing the file", os.WriteFile(filepath.Join(d.folder, "caretaker.yaml"), []byte(configuration), 0o600))
	client := iamsvc.NewFromConfig(e.AWS())
	_, err = client.CreateUser(ctx, &iamsvc.CreateUserInput{UserName: aws.String("person")})
	want.NoError(t, "making a user", err)
	d.key, err = client.CreateAccessKey(ctx, &iamsvc.CreateAccessKeyInput{UserName: aws.String("person")})
	want.NoError(t, "making a key", err)
	d.fill()
	return d
}

// fill puts something into the account for each plan to look at.
func (d desk) fill() {
	d.Helper()
	role, err := iamsvc.NewFromConfig(d.AWS()).CreateRole(d.ctx, &iamsvc.CreateRoleInput{
		RoleName:                 aws.String("run"),
		AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`),
	})
	want.NoError(d.T, "making a role", err)
	lambdas := lambdasvc.NewFromConfig(d.AWS())
	suite.Function(d, lambdas, "shop", func(input *lambdasvc.CreateFunctionInput) { input.Role, input.Publish = role.Role.Arn, true })
	_, err = lambdas.CreateAlias(d.ctx, &lambdasvc.CreateAliasInput{FunctionName: aws.String("shop"), Name: aws.String("live"), FunctionVersion: aws.String("1")})
	want.NoError(d.T, "making an alias", err)
	_, err = cloudwatchlogs.NewFromConfig(d.AWS()).CreateLogGroup(d.ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("/aws/lambda/shop")})
	want.NoError(d.T, "making a log group", err)
	_, err = sqs.NewFromConfig(d.AWS()).CreateQueue(d.ctx, &sqs.CreateQueueInput{QueueName: aws.String("mail")})
	want.NoError(d.T, "making a queue", err)
}

// run carries a command out with the person's key.
func (d desk) run(arguments ...string) (out, said string, code int) {
	d.Helper()
	command := exec.CommandContext(d.ctx, filepath.Join(d.folder, "caretaker"), arguments...) // #nosec G204 -- the test's own
	var complaints bytes.Buffer
	command.Dir, command.Stderr = d.folder, &complaints
	command.Env = append(d.Environ(), "AWS_ACCESS_KEY_ID="+*d.key.AccessKey.AccessKeyId, "AWS_SECRET_ACCESS_KEY="+*d.key.AccessKey.SecretAccessKey)
	text, err := command.Output()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		d.Fatal(err)
	}
	return string(text), complaints.String(), command.ProcessState.ExitCode()
}

// allow gives the person this policy and no other.
func (d desk) allow(policy string) {
	d.Helper()
	_, err := iamsvc.NewFromConfig(d.AWS()).PutUserPolicy(d.ctx, &iamsvc.PutUserPolicyInput{
		UserName: aws.String("person"), PolicyName: aws.String("only"), PolicyDocument: &policy,
	})
	want.NoError(d.T, "setting the policy", err)
}

func TestPolicy_isEnoughForEachCommandThatOnlyReads(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 9*time.Minute)
	defer cancel()
	d := newDesk(ctx, t)
	for _, plan := range [][]string{
		{"janitor", "plan"},
		{"warmer", "plan"},
		{"alerts", "plan"},
		{"alerts", "coverage"},
		{"alerts", "lint"},
		{"alerts", "backtest"},
		{"alerts", "preview"},
		{"log-shipper", "plan"},
		{"status", "--region", "us-east-1"},
	} {
		reason := "plan"
		if plan[0] == "alerts" {
			reason = plan[1]
		}
		t.Run(plan[0]+"_"+reason, func(t *testing.T) {
			d.T = t
			policy, said, code := d.run("policy", plan[0], "--for", reason)
			if code != 0 || said != "" {
				t.Fatalf("caretaker policy %s --for %s ends with %d and says %s", plan[0], reason, code, said)
			}
			d.allow(policy)
			out, said, code := d.run(plan...)
			found := plan[0] == "status" && code != 1 || code == workLeft && (reason == "coverage" || reason == "lint")
			if strings.Contains(out+said, "denied") || code != 0 && !found {
				t.Errorf("with that policy alone, %s ends with %d, want all of it allowed:\n%s%s", strings.Join(plan, " "), code, out, said)
			}
		})
	}
}

// One right after the other, with a run in between, is how people otherwise find them out.
func TestDenied_saysAtOnceAllThatIsNeeded(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 9*time.Minute)
	defer cancel()
	d := newDesk(ctx, t)
	printed, _, _ := d.run("policy", "janitor")
	var policy deployed.Policy
	want.NoError(t, "reading the policy", json.Unmarshal([]byte(printed), &policy))
	less, err := json.Marshal(policy.Without("lambda:ListFunctions"))
	want.NoError(t, "writing a policy", err)
	d.allow(string(less))
	_, said, code := d.run("janitor", "plan")
	if code == 0 {
		t.Errorf("a plan ends well though AWS denied it lambda:ListFunctions:\n%s", said)
	}
	want.Equal(t, "how often it says what is needed", strings.Count(said, "In all, janitor plan needs"), 1)
	for _, text := range []string{"AWS denied these credentials: Lambda ListFunctions.", "lambda:ListFunctions, lambda:ListProvisionedConcurrencyConfigs", "states:ListStateMachines", "policy janitor --for plan"} {
		if !strings.Contains(said, text) {
			t.Errorf("it does not say %q, but:\n%s", text, said)
		}
	}
}
