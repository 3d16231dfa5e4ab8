package main

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"

	"caretaker/cmd/caretaker/console"
	"caretaker/internal/want"
	"caretaker/test/warmer/instrumented"
	"caretaker/warmer"
)

const warmingAccount = "555566667777"

// warming is a Region with functions to keep warm, and the file that lists them.
type warming struct {
	settings aws.Config
	file     string
	environ  []string
}

const warmingFile = `version: 1
warmer:
  enabled: true
  windows:
    ever: {from: "00:00", to: "24:00"}
    never: {days: mon, from: "00:00", to: "00:01", timeZone: UTC}
  functions:
    - {name: checkout, qualifier: live, warm: {always: 2, ever: 3, never: 100}}
    - {name: absent, warm: {always: 5}}
    - {name: plain, warm: {always: 2}}
    - {name: nightly, warm: {never: 4}}
`

func newWarming(t *testing.T) warming {
	t.Helper()
	w := warming{settings: others.AWSIn(warmingAccount, eventRegion), file: write(t, "caretaker.yaml", warmingFile)}
	w.environ = append(nowhere(), "AWS_ACCESS_KEY_ID="+warmingAccount, "AWS_REGION="+eventRegion, "AWS_ENDPOINT_URL="+others.Endpoint())
	program, err := instrumented.Go("../../" + instrumented.Binary)
	want.NoError(t, "packing the program", err)
	for _, function := range []instrumented.Function{
		{Name: "checkout", Alias: "live"},
		{Name: "plain", Variables: map[string]string{"MIDDLEWARE": "none"}},
		{Name: "nightly"},
	} {
		function.Program = program
		want.NoError(t, "making "+function.Name, instrumented.Create(t.Context(), w.settings, function))
		t.Cleanup(func() {
			_, _ = lambdasvc.NewFromConfig(w.settings).DeleteFunction(context.WithoutCancel(t.Context()), &lambdasvc.DeleteFunctionInput{FunctionName: &function.Name})
		})
	}
	return w
}

// ledger makes the table that a deployment would have made.
func (w warming) ledger(t *testing.T) {
	t.Helper()
	_, err := dynamodb.NewFromConfig(w.settings).CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: aws.String("caretaker-default-warmer"), BillingMode: dynamodbtypes.BillingModePayPerRequest,
		AttributeDefinitions: attributes(warmer.LedgerKey, warmer.LedgerSort), KeySchema: keys(warmer.LedgerKey, warmer.LedgerSort),
	})
	want.NoError(t, "making the ledger", err)
	t.Cleanup(func() {
		_, err := dynamodb.NewFromConfig(w.settings).DeleteTable(context.WithoutCancel(t.Context()), &dynamodb.DeleteTableInput{TableName: aws.String("caretaker-default-warmer")})
		want.NoError(t, "deleting the ledger", err)
	})
}

func TestWarmer_planAndRun(t *testing.T) {
	w := newWarming(t)
	others.ForgetCalls()
	got := caretaker(t, w.environ, "warmer", "plan", "--config", w.file)
	got.expect(t, console.Done,
		"What is kept warm in eu-west-1", "checkout:live    3       2     3     50  1024 MB", "not asked yet whether it has the middleware",
		"nightly          0                    4", "absent    there is no such function or qualifier",
		"Only this is a guarantee", "in dry run: warmer.dryRun is true", "There is no table caretaker-default-warmer in eu-west-1")
	for _, call := range others.Calls() {
		if call.Operation == "Invoke" || call.Operation == "UpdateItem" {
			t.Errorf("a plan calls %s", call.Operation)
		}
	}
	w.ledger(t)
	caretaker(t, w.environ, "warmer", "run", "--config", w.file).expect(t, console.Done,
		"checkout:live  1             3         3", "plain     not instrumented", "3 wanted, 3 distinct environments answered, 3 of them were cold, 0 short; 5 pings")
	caretaker(t, w.environ, "warmer", "plan", "--config", w.file).expect(t, console.Done, "plain     not instrumented")

	got = caretaker(t, w.environ, "warmer", "run", "--config", w.file, "--function", "checkout:live", "--json")
	got.expect(t, console.Done)
	var document struct {
		Schema  int
		Regions []struct {
			Region                                              string
			Wanted, Distinct, Cold, Shortfall, Pings, SkipCount int
			Targets                                             []warmer.Warmed
		}
	}
	want.NoError(t, "reading the document", json.Unmarshal([]byte(got.out), &document))
	if len(document.Regions) != 1 || document.Regions[0].Cold != 0 || document.Regions[0].Pings != 3 || document.Regions[0].Distinct != 3 || document.Regions[0].SkipCount != 0 {
		t.Errorf("the second run's document is\n%s", got.out)
	}
}

// Before an alias moves to a version, that version is made warm by its number.
func TestWarmer_runsAVersionBeforeItsAliasMoves(t *testing.T) {
	w := newWarming(t)
	client := lambdasvc.NewFromConfig(w.settings)
	_, err := client.UpdateFunctionConfiguration(t.Context(), &lambdasvc.UpdateFunctionConfigurationInput{FunctionName: aws.String("checkout"), Description: aws.String("anew")})
	want.NoError(t, "changing the function", err)
	published, err := client.PublishVersion(t.Context(), &lambdasvc.PublishVersionInput{FunctionName: aws.String("checkout")})
	want.NoError(t, "publishing", err)
	version := aws.ToString(published.Version)
	got := caretaker(t, w.environ, "warmer", "run", "--config", w.file, "--function", "checkout", "--qualifier", version, "--wait")
	got.expect(t, console.Done, fmt.Sprintf("checkout:%s  %[1]s             3         3     3", version), "3 wanted, 3 distinct")
}

func TestWarmer_usageIsRefusedBeforeAnythingIsAsked(t *testing.T) {
	w := warming{file: write(t, "caretaker.yaml", warmingFile), environ: append(nowhere(), "AWS_ACCESS_KEY_ID="+warmingAccount, "AWS_REGION="+eventRegion, "AWS_ENDPOINT_URL="+others.Endpoint())}
	caretaker(t, w.environ, "warmer", "run", "--config", w.file, "--wait").expect(t, console.Misused, "name it with --function")
	caretaker(t, w.environ, "warmer", "run", "--config", w.file, "--qualifier", "3").expect(t, console.Misused, "name it with --function")
	caretaker(t, w.environ, "warmer", "run", "--config", w.file, "--function", "nobody").expect(t, console.Failed, "nobody is neither in warmer.functions nor tagged with caretaker:warm")
	caretaker(t, w.environ, "warmer", "run").expect(t, console.Misused, "there is no caretaker.yaml here")
}
