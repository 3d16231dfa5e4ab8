// Package warmer_test runs the deployed warmer: a real cdk deploy of the real binary into the emulator,
// under its own role, with IAM enforced, and functions with the middleware as real processes.
package warmer_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"caretaker/internal/emulator"
	"caretaker/internal/want"
	"caretaker/test/deployed"
	"caretaker/test/warmer/instrumented"
	"caretaker/warmer"
)

const (
	stack        = "Caretaker-default-Warmer"
	functionName = "caretaker-default-warmer"
)

// configuration is the file that is deployed. A test makes those of its functions that it is about.
const configuration = `
version: 1
warmer:
  enabled: true
  dryRun: false
  byTag: true
  pingTimeout: 6s
  onDeployment: true
  windows: {ever: {from: "00:00", to: "24:00"}, past: {days: mon, from: "00:00", to: "00:01", timeZone: Pacific/Kiritimati}}
  functions:
    - {name: single, warm: {always: 1}}
    - {name: five, qualifier: live, warm: {always: 2, ever: 5}}
    - {name: twenty, warm: {always: 20}}
    - {name: mute, warm: {always: 5}}
    - {name: team-*, warm: {always: 2}}
    - {name: numbered, qualifier: "1", warm: {always: 2}}
    - {name: paid, qualifier: live, provisioned: {ever: 3}}
    - {name: unpaid, qualifier: live, provisioned: {past: 4}}
`

// world is an account with the deployed warmer.
type world struct {
	deployed.Function
	lambdas *lambdasvc.Client
	tables  *dynamodb.Client
	program instrumented.Program
	config  string
}

var shared world

func TestMain(m *testing.M) { os.Exit(deployed.Main(m, 12*time.Minute, build)) }

// root is the checkout's, seen from this folder.
var root, _ = filepath.Abs(filepath.Join("..", ".."))

// build starts the emulator and deploys the warmer.
func build(ctx context.Context, folder string) (stop func(), err error) {
	started, err := emulator.Start(ctx, emulator.Options{Auth: true})
	if err != nil {
		return func() {}, err
	}
	stop = started.Stop
	w := world{lambdas: lambdasvc.NewFromConfig(started.AWS()), tables: dynamodb.NewFromConfig(started.AWS()), config: filepath.Join(folder, "caretaker.yaml")}
	if w.program, err = instrumented.Go(filepath.Join(root, instrumented.Binary)); err != nil {
		return stop, err
	}
	if err := os.WriteFile(w.config, []byte(configuration), 0o600); err != nil {
		return stop, err
	}
	output := filepath.Join(folder, "cdk.out")
	if err := deployed.CDK(ctx, started, root, output, "bootstrap", "--app", "", "aws://"+started.Account()+"/"+started.Region()); err != nil {
		return stop, err
	}
	if err := deployed.CDK(ctx, started, root, output, "deploy", stack, "--require-approval", "never", "-c", "config="+w.config); err != nil {
		return stop, err
	}
	w.Function, err = deployed.Find(ctx, started, functionName)
	shared = w
	return stop, err
}

// make makes functions for a test, and takes them away after it.
func (w world) make(t *testing.T, functions ...instrumented.Function) {
	t.Helper()
	for _, f := range functions {
		if f.Program.Zip == nil {
			f.Program = w.program
		}
		want.NoError(t, "making "+f.Name, instrumented.Create(t.Context(), w.AWS(), f))
		t.Cleanup(func() {
			_, err := w.lambdas.DeleteFunction(context.WithoutCancel(t.Context()), &lambdasvc.DeleteFunctionInput{FunctionName: &f.Name})
			if gone := (*lambdatypes.ResourceNotFoundException)(nil); err != nil && !errors.As(err, &gone) {
				t.Errorf("deleting %s: %v", f.Name, err)
			}
		})
	}
	t.Cleanup(w.ClearFaults)
	w.begin(t)
}

// begin makes the next run one of a new process, which remembers nothing but what is in the table.
func (w world) begin(t *testing.T) {
	t.Helper()
	variables := maps.Clone(w.Variables)
	variables["TEST"] = strconv.FormatInt(time.Now().UnixNano(), 10)
	want.NoError(t, "ending the process", w.SetVariables(context.WithoutCancel(t.Context()), variables))
	w.ForgetCalls()
}

// run runs the warmer once, however short ago the last run was.
func (w world) run(t *testing.T) (warmer.Report, error) {
	t.Helper()
	w.rested(t)
	var report warmer.Report
	err := w.Invoke(t.Context(), []byte("{}"), &report)
	return report, err
}

// rested ends the time after a run in which another one does nothing; what runs leave to the next one stays.
func (w world) rested(t *testing.T) {
	t.Helper()
	table := w.Variables["TABLE_NAME"]
	_, err := w.tables.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
		TableName: &table, UpdateExpression: aws.String("REMOVE #until"), ExpressionAttributeNames: map[string]string{"#until": "until"},
		Key: map[string]dynamodbtypes.AttributeValue{
			warmer.LedgerKey: &dynamodbtypes.AttributeValueMemberS{Value: "run"}, warmer.LedgerSort: &dynamodbtypes.AttributeValueMemberS{Value: "-"},
		},
	})
	want.NoError(t, "ending the rest after a run", err)
}

// forget takes a record out of the ledger.
func (w world) forget(t *testing.T, key, sort string) {
	t.Helper()
	table := w.Variables["TABLE_NAME"]
	_, err := w.tables.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: &table, Key: map[string]dynamodbtypes.AttributeValue{
		warmer.LedgerKey: &dynamodbtypes.AttributeValueMemberS{Value: key}, warmer.LedgerSort: &dynamodbtypes.AttributeValueMemberS{Value: sort},
	}})
	want.NoError(t, "forgetting "+key+" "+sort, err)
}

// good runs the warmer, which must not fail.
func (w world) good(t *testing.T) warmer.Report {
	t.Helper()
	report, err := w.run(t)
	want.NoError(t, "running the warmer", err)
	return report
}

// delayed makes each call of Invoke come late by up to half a second, by chance: without a hold, few pings of a
// function would be in flight together.
func (w world) delayed() {
	chance := rand.New(rand.NewPCG(13, 2026)) // #nosec G404 -- a test's
	delays := make(chan time.Duration, 4096)
	for range cap(delays) {
		delays <- time.Duration(chance.IntN(500)) * time.Millisecond
	}
	w.OnCall(func(call emulator.Call) {
		if call.Operation == "Invoke" && call.Function != functionName {
			time.Sleep(<-delays)
		}
	})
}

// called counts the warmer's own calls of an operation on a function; empty is any function.
func (w world) called(operation, function string) int {
	count := 0
	for _, call := range w.Own() {
		count += b2i(call.Operation == operation && (function == "" || call.Function == function))
	}
	return count
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// of is what a report says of a target, and skipped why one is not pinged.
func of(t *testing.T, report warmer.Report, target string) warmer.Warmed {
	t.Helper()
	for _, warmed := range report.Targets {
		if warmed.Ref.String() == target {
			return warmed
		}
	}
	t.Fatalf("%s is none of the targets:\n%s", target, shown(report))
	return warmer.Warmed{}
}

func skipped(t *testing.T, report warmer.Report, target string) warmer.Skip {
	t.Helper()
	for _, skip := range report.Skips {
		if skip.Ref.String() == target {
			return skip
		}
	}
	t.Fatalf("%s is none of those that are skipped:\n%s", target, shown(report))
	return warmer.Skip{}
}

func shown(report warmer.Report) string {
	text, err := json.MarshalIndent(report, "", " ")
	return strings.TrimSpace(fmt.Sprintf("%s %v", text, err))
}
