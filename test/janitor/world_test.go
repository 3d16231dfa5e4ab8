// Package janitor_test runs the deployed janitor: a real cdk deploy of the real
// binary into the emulator, under its own role, with IAM enforced.
package janitor_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	iamsvc "github.com/aws/aws-sdk-go-v2/service/iam"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"caretaker/internal/emulator"
	"caretaker/internal/emulator/fleet"
	"caretaker/janitor"
)

const (
	functionName = "caretaker-default-janitor"
	logGroup     = "/aws/lambda/" + functionName
)

// world is an account with a fleet and the deployed janitor.
type world struct {
	*emulator.Emulator
	fleet  fleet.Fleet
	lambda *lambdasvc.Client
	binary []byte
	role   string
}

var shared world

func TestMain(m *testing.M) { os.Exit(runTests(m)) }

func runTests(m *testing.M) int {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	stop, err := build(ctx)
	defer stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "preparing the account:", err)
		return 1
	}
	return m.Run()
}

// build starts the emulator, seeds the fleet and deploys the janitor.
func build(ctx context.Context) (stop func(), err error) {
	started, err := emulator.Start(ctx, emulator.Options{Auth: true, CloudTrail: true})
	if err != nil {
		return func() {}, err
	}
	shared.Emulator = started
	shared.lambda = lambdasvc.NewFromConfig(started.AWS())
	if shared.fleet, err = fleet.Seed(ctx, started, fleet.Small); err != nil {
		return started.Stop, err
	}
	output, err := os.MkdirTemp("", "caretaker-test-")
	if err != nil {
		return started.Stop, err
	}
	stop = func() { started.Stop(); _ = os.RemoveAll(output) }
	if err := cdk(ctx, output, "bootstrap", "--app", "", "aws://"+started.Account()+"/"+started.Region()); err != nil {
		return stop, err
	}
	if err := cdk(ctx, output, "deploy", "--all", "--require-approval", "never", "-c", "set=janitor.dryRun=false"); err != nil {
		return stop, err
	}
	deployed, err := shared.lambda.GetFunctionConfiguration(ctx, &lambdasvc.GetFunctionConfigurationInput{FunctionName: aws.String(functionName)})
	if err != nil {
		return stop, err
	}
	_, shared.role, _ = strings.Cut(aws.ToString(deployed.Role), ":role/")
	shared.binary, err = os.ReadFile(filepath.Join(root, "dist", "host", "janitor", "bootstrap"))
	return stop, err
}

// root is the checkout's, seen from this folder.
var root, _ = filepath.Abs(filepath.Join("..", ".."))

func cdk(ctx context.Context, output string, arguments ...string) error {
	arch := map[string]string{"amd64": "x86_64", "arm64": "arm64"}[runtime.GOARCH]
	arguments = append(arguments, "--output", output, "-c", "assets=dist/host", "-c", "arch="+arch)
	command := exec.CommandContext(ctx, filepath.Join("node_modules", ".bin", "cdk"), arguments...)
	command.Dir, command.Env = root, shared.Environ()
	if text, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("cdk %s: %w\n%s", arguments[0], err, text)
	}
	return nil
}

// shipped is the policy that ships, in earnest and at AWS's full rate, so that the tests do
// not take longer than they must.
func shipped() janitor.Config {
	cfg := janitor.Default()
	cfg.DryRun, cfg.Rate = false, 15
	return cfg
}

// configure gives the deployed function another config.json beside the same binary.
func (w world) configure(t *testing.T, cfg janitor.Config) {
	t.Helper()
	var archive bytes.Buffer
	writer := zip.NewWriter(&archive)
	text, err := json.Marshal(cfg)
	must(t, err)
	for _, file := range []struct {
		name string
		body []byte
	}{{"bootstrap", w.binary}, {"config.json", text}} {
		header := &zip.FileHeader{Name: file.name, Method: zip.Store}
		header.SetMode(0o755)
		part, err := writer.CreateHeader(header)
		must(t, err)
		_, err = part.Write(file.body)
		must(t, err)
	}
	must(t, writer.Close())
	_, err = w.lambda.UpdateFunctionCode(t.Context(), &lambdasvc.UpdateFunctionCodeInput{
		FunctionName: aws.String(functionName), ZipFile: archive.Bytes(),
	})
	must(t, err)
}

// answer is what an invocation of the deployed function gave: a report, or an error's text.
type answer struct {
	janitor.Report
	failure string
}

// invoke runs the deployed function once.
func (w world) invoke(t *testing.T, payload string) answer {
	t.Helper()
	result, err := w.tryInvoke(t.Context(), payload)
	must(t, err)
	return result
}

func (w world) tryInvoke(ctx context.Context, payload string) (answer, error) {
	output, err := w.lambda.Invoke(ctx, &lambdasvc.InvokeInput{FunctionName: aws.String(functionName), Payload: []byte(payload)},
		func(o *lambdasvc.Options) { o.Retryer = aws.NopRetryer{} })
	if err != nil {
		return answer{}, err
	}
	var result answer
	if output.FunctionError != nil {
		var failure struct {
			ErrorMessage string `json:"errorMessage"`
		}
		err := json.Unmarshal(output.Payload, &failure)
		result.failure = failure.ErrorMessage
		if result.failure == "" {
			result.failure = string(output.Payload)
		}
		return result, err
	}
	return result, json.Unmarshal(output.Payload, &result.Report)
}

// victim makes a function with so many versions, the oldest of which nothing protects: they
// are published 100 days ago and later.
func (w world) victim(t *testing.T, name string, versions int) string {
	t.Helper()
	role := "arn:aws:iam::" + w.Account() + ":role/" + w.role
	for number := range versions {
		var archive bytes.Buffer
		writer := zip.NewWriter(&archive)
		part, err := writer.Create("bootstrap")
		must(t, err)
		_, err = part.Write([]byte("#!/bin/sh\n# version " + strconv.Itoa(number+1)))
		must(t, err)
		must(t, writer.Close())
		if number == 0 {
			_, err = w.lambda.CreateFunction(t.Context(), &lambdasvc.CreateFunctionInput{
				FunctionName: &name, Role: &role, Runtime: lambdatypes.RuntimeProvidedal2023, Handler: aws.String("bootstrap"),
				Code: &lambdatypes.FunctionCode{ZipFile: archive.Bytes()},
			})
			must(t, err)
		} else {
			_, err = w.lambda.UpdateFunctionCode(t.Context(), &lambdasvc.UpdateFunctionCodeInput{FunctionName: &name, ZipFile: archive.Bytes()})
			must(t, err)
		}
		published, err := w.lambda.PublishVersion(t.Context(), &lambdasvc.PublishVersionInput{FunctionName: &name})
		must(t, err)
		w.Backdate(name, aws.ToString(published.Version), time.Now().AddDate(0, 0, number-100))
	}
	return name
}

// versions are the numbers a function still has.
func (w world) versions(t *testing.T, function string) []int {
	t.Helper()
	all, err := fleet.Versions(t.Context(), w.AWS())
	must(t, err)
	return all[function]
}

// everything is all versions of all functions.
func (w world) everything(t *testing.T) map[string][]int {
	t.Helper()
	all, err := fleet.Versions(t.Context(), w.AWS())
	must(t, err)
	return all
}

// policies are the inline policies of the janitor's role, by name.
func (w world) policies(t *testing.T) map[string]policyDocument {
	t.Helper()
	client := iamsvc.NewFromConfig(w.AWS())
	listed, err := client.ListRolePolicies(t.Context(), &iamsvc.ListRolePoliciesInput{RoleName: &w.role})
	must(t, err)
	documents := map[string]policyDocument{}
	for _, name := range listed.PolicyNames {
		got, err := client.GetRolePolicy(t.Context(), &iamsvc.GetRolePolicyInput{RoleName: &w.role, PolicyName: &name})
		must(t, err)
		text := aws.ToString(got.PolicyDocument)
		if decoded, err := url.QueryUnescape(text); err == nil && strings.HasPrefix(text, "%7B") {
			text = decoded
		}
		var document policyDocument
		must(t, json.Unmarshal([]byte(text), &document))
		documents[name] = document
	}
	return documents
}

func (w world) setPolicy(t *testing.T, name string, document policyDocument) {
	t.Helper()
	text, err := json.Marshal(document)
	must(t, err)
	_, err = iamsvc.NewFromConfig(w.AWS()).PutRolePolicy(context.WithoutCancel(t.Context()), &iamsvc.PutRolePolicyInput{
		RoleName: &w.role, PolicyName: &name, PolicyDocument: aws.String(string(text)),
	})
	must(t, err)
}

type policyDocument struct {
	Version   string
	Statement []policyStatement
}

type policyStatement struct {
	Sid       string `json:",omitempty"`
	Effect    string
	Action    texts
	Resource  texts
	Condition map[string]any `json:",omitempty"`
}

// texts is a list that IAM may write as a single text.
type texts []string

func (t *texts) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		*t = texts{one}
		return nil
	}
	return json.Unmarshal(raw, (*[]string)(t))
}

// without is the document less one action.
func (d policyDocument) without(action string) policyDocument {
	less := policyDocument{Version: d.Version}
	for _, statement := range d.Statement {
		statement.Action = slices.DeleteFunc(slices.Clone(statement.Action), func(a string) bool { return a == action })
		if len(statement.Action) > 0 {
			less.Statement = append(less.Statement, statement)
		}
	}
	return less
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// log is every line the deployed function has written.
func (w world) log(t *testing.T) []string {
	t.Helper()
	var lines []string
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(cloudwatchlogs.NewFromConfig(w.AWS()),
		&cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String(logGroup)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		must(t, err)
		for _, event := range page.Events {
			lines = append(lines, aws.ToString(event.Message))
		}
	}
	return lines
}
