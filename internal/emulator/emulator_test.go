package emulator_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	awslambda "github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/smithy-go"
	"go.uber.org/goleak"

	"caretaker/internal/emulator"
	"caretaker/internal/emulator/suite"
)

// One emulator for all tests, each with an account of its own, and one that
// enforces IAM.
var shared, enforced *emulator.Emulator

// without leaves out one correction: what fails then is what the correction is for.
var without = flag.String("without", "", "a correction to leave out")

// TestMain is also the function that worker_test.go deploys: the test's own binary.
func TestMain(m *testing.M) {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") != "" {
		awslambda.Start(tell)
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	flag.Parse()
	var err error
	if shared, err = emulator.Start(context.Background(), emulator.Options{CloudTrail: true, Without: strings.Fields(*without)}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if enforced, err = emulator.Start(context.Background(), emulator.Options{Auth: true, Without: strings.Fields(*without)}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	shared.Stop()
	enforced.Stop()
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

var accounts atomic.Int64

// fresh is a configuration for an account that nobody else uses.
func fresh(t *testing.T) aws.Config {
	t.Helper()
	return once(shared.AWSIn(fmt.Sprintf("%012d", 100000000000+accounts.Add(1)), "eu-west-1"))
}

// empty empties an emulator, for tests that cannot do with a fresh account.
func empty(t *testing.T, e *emulator.Emulator) {
	t.Helper()
	if err := e.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// once is a configuration without retries.
func once(cfg aws.Config) aws.Config {
	cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	return cfg
}

func lambdas(t *testing.T) *lambdasvc.Client {
	t.Helper()
	return lambdasvc.NewFromConfig(fresh(t))
}

// seed creates a function with so many published versions.
func seed(t testing.TB, client *lambdasvc.Client, name string, versions int) {
	t.Helper()
	create(t, client, name)
	for n := 1; n <= versions; n++ {
		publish(t, client, name, fmt.Sprint("build ", n))
	}
}

func create(t testing.TB, client *lambdasvc.Client, name string) {
	t.Helper()
	suite.Function(t, client, name)
}

// publish changes the code and publishes it.
func publish(t testing.TB, client *lambdasvc.Client, name, code string) {
	t.Helper()
	_, err := client.UpdateFunctionCode(t.Context(), &lambdasvc.UpdateFunctionCodeInput{
		FunctionName: &name, ZipFile: suite.Code(t, code), Publish: true,
	})
	if err != nil {
		t.Fatal(err)
	}
}

// outcome is the error code of a call, or ok.
func outcome(err error) string {
	var failure smithy.APIError
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &failure):
		return failure.ErrorCode()
	}
	return err.Error()
}

// afterColon is what stands behind the function's name in an ARN.
func afterColon(arn *string) string {
	_, after, _ := strings.Cut(aws.ToString(arn), ":function:")
	return after
}
