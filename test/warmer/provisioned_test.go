package warmer_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"

	"caretaker/internal/want"
	"caretaker/test/warmer/instrumented"
	"caretaker/warmer"
)

// owesAChange has the next run set provisioned concurrency on paid:live, and take it away from unpaid:live, whose window is
// over and which has what the warmer remembers to have set.
func (w world) owesAChange(t *testing.T) {
	t.Helper()
	w.take(t, "paid")
	modified := w.put(t, "unpaid", 4)
	record, err := json.Marshal(map[string]any{"unpaid:live": map[string]any{"count": 4, "modified": modified, "at": time.Now()}})
	want.NoError(t, "writing what the warmer remembers", err)
	table := w.Variables["TABLE_NAME"]
	text := func(value string) dynamodbtypes.AttributeValue {
		return &dynamodbtypes.AttributeValueMemberS{Value: value}
	}
	_, err = w.tables.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
		TableName: &table, UpdateExpression: aws.String("SET provisioned = :p"), ExpressionAttributeValues: map[string]dynamodbtypes.AttributeValue{":p": text(string(record))},
		Key: map[string]dynamodbtypes.AttributeValue{warmer.LedgerKey: text("run"), warmer.LedgerSort: text("-")},
	})
	want.NoError(t, "writing it down", err)
}

func (w world) put(t *testing.T, function string, count int32) (modified string) {
	t.Helper()
	output, err := w.lambdas.PutProvisionedConcurrencyConfig(t.Context(), &lambdasvc.PutProvisionedConcurrencyConfigInput{FunctionName: &function, Qualifier: aws.String("live"), ProvisionedConcurrentExecutions: &count})
	want.NoError(t, "provisioning "+function, err)
	return aws.ToString(output.LastModified)
}

func (w world) take(t *testing.T, function string) {
	t.Helper()
	_, err := w.lambdas.DeleteProvisionedConcurrencyConfig(context.WithoutCancel(t.Context()), &lambdasvc.DeleteProvisionedConcurrencyConfigInput{FunctionName: &function, Qualifier: aws.String("live")})
	want.NoError(t, "taking it from "+function, err)
}

// provisioned is how much there is on the alias live.
func (w world) provisioned(t *testing.T, function string) (count int) {
	t.Helper()
	output, err := w.lambdas.ListProvisionedConcurrencyConfigs(t.Context(), &lambdasvc.ListProvisionedConcurrencyConfigsInput{FunctionName: &function})
	want.NoError(t, "listing that of "+function, err)
	for _, one := range output.ProvisionedConcurrencyConfigs {
		count += int(aws.ToInt32(one.RequestedProvisionedConcurrentExecutions))
	}
	return count
}

func TestDeployed_provisionsByWindowsAndLeavesWhatPeopleSet(t *testing.T) {
	w := shared
	w.make(t, instrumented.Function{Name: "paid", Alias: "live"}, instrumented.Function{Name: "unpaid", Alias: "live"})
	w.owesAChange(t)
	report := w.good(t)
	acts := map[string]warmer.Act{}
	for _, alias := range report.Provisioned {
		acts[alias.Ref.String()] = alias.Act
	}
	want.Equal(t, "what was done", acts, map[string]warmer.Act{"paid:live": warmer.Put, "unpaid:live": warmer.Withdraw})
	want.Equal(t, "what is there", []int{w.provisioned(t, "paid"), w.provisioned(t, "unpaid")}, []int{3, 0})
	w.put(t, "unpaid", 2) // by hand
	for range 2 {
		w.begin(t)
		w.good(t)
		want.Equal(t, "what is there later", []int{w.provisioned(t, "paid"), w.provisioned(t, "unpaid")}, []int{3, 2})
	}
	want.Equal(t, "calls that change something, of three runs", w.called("PutProvisionedConcurrencyConfig", "")+w.called("DeleteProvisionedConcurrencyConfig", ""), 0)
}

// The event that the rule hands over, as CloudTrail writes it: the function is warmed at once, and nobody else is pinged.
func TestDeployed_warmsAfterADeployment(t *testing.T) {
	w := shared
	w.make(t, instrumented.Function{Name: "five", Alias: "live"}, instrumented.Function{Name: "single"})
	event, err := os.ReadFile(filepath.Join(root, "warmer", "testdata", "changes", "update-alias.json"))
	want.NoError(t, "reading the event", err)
	changed := time.Now().Add(-20 * time.Second).UTC().Format(time.RFC3339)
	of := func(function string) []byte {
		return []byte(strings.NewReplacer("checkout", function, "2026-11-30T10:00:02Z", changed).Replace(string(event)))
	}
	w.rested(t)
	w.ForgetCalls()
	var report warmer.Report
	want.NoError(t, "running for the event", w.Invoke(t.Context(), of("five"), &report))
	want.Equal(t, "what it was for", report.Deployment, "UpdateAlias of five")
	want.Equal(t, "distinct", report.Distinct, 5)
	want.Equal(t, "pings of the other", w.called("Invoke", "single"), 0)
	for _, again := range []struct{ function, says string }{{"five", "a run has looked at it since"}, {"nobody", ""}, {functionName, string(warmer.Own)}} {
		w.ForgetCalls()
		report = warmer.Report{}
		want.NoError(t, "running for "+again.function, w.Invoke(t.Context(), of(again.function), &report))
		want.Says(t, "why "+again.function+" is ignored", report.Ignored, again.says)
		want.Equal(t, "pings", w.called("Invoke", ""), 0)
	}
}
