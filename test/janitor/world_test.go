// Package janitor_test runs the deployed janitor: a real cdk deploy of the real
// binary into the emulator, under its own role, with IAM enforced.
package janitor_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"

	"caretaker/internal/emulator"
	"caretaker/internal/emulator/suite"
	"caretaker/janitor"
	"caretaker/test/deployed"
	"caretaker/test/janitor/fleet"
)

const (
	functionName = "caretaker-default-janitor"
	logGroup     = "/aws/lambda/" + functionName
)

// world is an account with a fleet and the deployed janitor.
type world struct {
	deployed.Function
	fleet  fleet.Fleet
	lambda *lambdasvc.Client
	binary []byte
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
	shared.lambda = lambdasvc.NewFromConfig(started.AWS())
	if shared.fleet, err = fleet.Seed(ctx, started, fleet.Small); err != nil {
		return started.Stop, err
	}
	output, err := os.MkdirTemp("", "caretaker-test-")
	if err != nil {
		return started.Stop, err
	}
	stop = func() { started.Stop(); _ = os.RemoveAll(output) }
	if err := deployed.CDK(ctx, started, root, output, "bootstrap", "--app", "", "aws://"+started.Account()+"/"+started.Region()); err != nil {
		return stop, err
	}
	if err := deployed.CDK(ctx, started, root, output, "deploy", "--all", "--require-approval", "never", "-c", "set=janitor.dryRun=false"); err != nil {
		return stop, err
	}
	if shared.Function, err = deployed.Find(ctx, started, functionName); err != nil {
		return stop, err
	}
	shared.binary, err = os.ReadFile(filepath.Join(root, "dist", "host", "janitor", "bootstrap"))
	return stop, err
}

// root is the checkout's, seen from this folder.
var root, _ = filepath.Abs(filepath.Join("..", ".."))

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
	role := "arn:aws:iam::" + w.Account() + ":role/" + w.Role
	for number := range versions {
		if number == 0 {
			suite.Function(t, w.lambda, name, func(input *lambdasvc.CreateFunctionInput) { input.Role = &role })
		} else {
			code := suite.Code(t, "version "+strconv.Itoa(number+1))
			_, err := w.lambda.UpdateFunctionCode(t.Context(), &lambdasvc.UpdateFunctionCodeInput{FunctionName: &name, ZipFile: code})
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
