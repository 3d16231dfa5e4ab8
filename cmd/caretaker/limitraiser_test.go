package main

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"caretaker/cmd/caretaker/console"
	"caretaker/internal/config"
	limitraiser "caretaker/limit-raiser"
)

// The events that the limit-raiser's own tests read are of this account and Region, and about the
// write units of the table orders.
const (
	eventAccount = "123456789012"
	eventRegion  = "eu-west-1"
	events       = "../../internal/alarm/testdata/events/"
)

// raising is a Region with a table of 10 units each way, and the file that lets them be raised.
type raising struct {
	settings aws.Config
	tables   *dynamodb.Client
	file     string
	environ  []string
}

const raisingFile = `version: 1
limitRaiser:
  enabled: true
  dryRun: false
  tables: [{name: orders, write: {max: 1000}}]
`

func newRaising(t *testing.T) raising {
	t.Helper()
	r := raising{settings: others.AWSIn(eventAccount, eventRegion), file: write(t, "caretaker.yaml", raisingFile)}
	r.tables = dynamodb.NewFromConfig(r.settings)
	r.environ = append(nowhere(), "AWS_ACCESS_KEY_ID="+eventAccount, "AWS_REGION="+eventRegion, "AWS_ENDPOINT_URL="+others.Endpoint())
	// The events but SNS's do not say how their alarm compares: it is asked.
	_, err := cloudwatch.NewFromConfig(r.settings).PutMetricAlarm(t.Context(), &cloudwatch.PutMetricAlarmInput{
		AlarmName: aws.String("orders-writes"), Namespace: aws.String("AWS/DynamoDB"), MetricName: aws.String("ConsumedWriteCapacityUnits"),
		Statistic: cloudwatchtypes.StatisticSum, Period: aws.Int32(60), EvaluationPeriods: aws.Int32(2), Threshold: aws.Float64(2400),
		ComparisonOperator: cloudwatchtypes.ComparisonOperatorGreaterThanThreshold,
	})
	if err != nil {
		t.Fatal(err)
	}
	r.create(t, &dynamodb.CreateTableInput{
		TableName: aws.String("orders"), AttributeDefinitions: attributes("id"), KeySchema: keys("id"),
		ProvisionedThroughput: &dynamodbtypes.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(10), WriteCapacityUnits: aws.Int64(10)},
	})
	return r
}

func (r raising) create(t *testing.T, input *dynamodb.CreateTableInput) {
	t.Helper()
	if _, err := r.tables.CreateTable(t.Context(), input); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := r.tables.DeleteTable(context.WithoutCancel(t.Context()), &dynamodb.DeleteTableInput{TableName: input.TableName}); err != nil {
			t.Error(err)
		}
	})
}

func attributes(names ...string) (list []dynamodbtypes.AttributeDefinition) {
	for _, name := range names {
		list = append(list, dynamodbtypes.AttributeDefinition{AttributeName: &name, AttributeType: dynamodbtypes.ScalarAttributeTypeS})
	}
	return list
}

func keys(names ...string) (list []dynamodbtypes.KeySchemaElement) {
	for position, name := range names {
		list = append(list, dynamodbtypes.KeySchemaElement{
			AttributeName: &name, KeyType: []dynamodbtypes.KeyType{dynamodbtypes.KeyTypeHash, dynamodbtypes.KeyTypeRange}[position],
		})
	}
	return list
}

// raise deploys the ledger of a stage and has the library answer an event in earnest.
func (r raising) raise(t *testing.T, ledger, event string) {
	t.Helper()
	r.create(t, &dynamodb.CreateTableInput{
		TableName: &ledger, BillingMode: dynamodbtypes.BillingModePayPerRequest,
		AttributeDefinitions: attributes(limitraiser.LedgerKey, limitraiser.LedgerSort), KeySchema: keys(limitraiser.LedgerKey, limitraiser.LedgerSort),
	})
	queue, err := sqs.NewFromConfig(r.settings).CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &ledger})
	if err != nil {
		t.Fatal(err)
	}
	cfg := limitraiser.Default()
	cfg.DryRun, cfg.Tables = false, []limitraiser.Table{{Name: "orders", Write: limitraiser.Capacity{Max: 1000}}}
	options := limitraiser.Options{Home: limitraiser.Home{Partition: "aws", Account: eventAccount, Region: eventRegion}, Table: ledger, Queue: *queue.QueueUrl, AsIfNew: true}
	report, err := limitraiser.New(cfg, limitraiser.Connect(r.settings), options).Handle(t.Context(), read(t, event))
	if err != nil || report.Outcomes[limitraiser.Raised] != 1 {
		t.Fatalf("%+v, %v", report, err)
	}
}

func read(t *testing.T, event string) []byte {
	t.Helper()
	text, err := os.ReadFile(events + event)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// reading is all that a plan may call.
var reading = []string{
	"GetCallerIdentity", "DescribeAlarms", "GetMetricData", "DescribeTable", "DescribeScalableTargets", "ListTagsOfResource", "GetItem",
}

func TestRaisePlan_saysWhatEachShapeOfEventComesToAndChangesNothing(t *testing.T) {
	r := newRaising(t)
	for _, event := range []string{"sns.json", "sqs-sns.json", "invocation.json", "eventbridge.json", "sqs-eventbridge.json", "failure-record.json"} {
		others.ForgetCalls()
		got := caretaker(t, r.environ, "limit-raiser", "plan", "--config", r.file, "--event", write(t, event, string(read(t, event))))
		got.expect(t, console.Done, "table/orders  write  provisioned    10  15", "would raise  dry run: by 50% for lack of metrics",
			"Alarm           orders-writes: ALARM since 2026-02-26 10:15:02 UTC", "There is no table caretaker-default-limit-raiser in eu-west-1")
		if strings.Contains(got.out, "Not acted on") {
			t.Errorf("%s would raise, and is not acted on, both at once:\n%s", event, got.out)
		}
		for _, call := range others.Calls() {
			if !slices.Contains(reading, call.Operation) {
				t.Errorf("%s: the plan called %s:%s", event, call.Service, call.Operation)
			}
		}
	}
	got := caretaker(t, r.environ, "limit-raiser", "plan", "--config", r.file, "--event", write(t, "ok.json", strings.ReplaceAll(string(read(t, "invocation.json")), `"value": "ALARM"`, `"value": "OK"`)))
	got.expect(t, console.Done, "OK since 2026-02-26 10:15:02 UTC; only ALARM is acted on")
	got = caretaker(t, append(r.environ, "AWS_ACCESS_KEY_ID=210987654321"), "limit-raiser", "plan", "--config", r.file, "--event", write(t, "sns.json", string(read(t, "sns.json"))))
	got.expect(t, console.Done, "Not acted on    orders-writes: it is from account 123456789012, Region eu-west-1")
}

func TestRaisePlan_knowsWhatWasRaisedAndHistoryShowsIt(t *testing.T) {
	r := newRaising(t)
	r.raise(t, "caretaker-default-limit-raiser", "sns.json")
	event := write(t, "event.json", strings.ReplaceAll(string(read(t, "invocation.json")), "10:15:02.123", "10:16:02.123"))
	got := caretaker(t, r.environ, "limit-raiser", "plan", "--config", r.file, "--event", event, "--json")
	got.expect(t, console.Done)
	var plan struct {
		Region          string
		Enabled, DryRun bool
		Answers         []limitraiser.Answer
	}
	if err := json.Unmarshal([]byte(got.out), &plan); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(got.out, "null") {
		t.Errorf("an empty list is null:\n%s", got.out)
	}
	if len(plan.Answers) != 1 || plan.Region != eventRegion || !plan.Enabled || plan.DryRun {
		t.Fatalf("%s", got.out)
	}
	for _, d := range plan.Answers[0].Decisions {
		if d.Short && (d.Outcome != limitraiser.Refused || d.Reason != limitraiser.InCooldown || d.From != 15) {
			t.Errorf("decided %+v, though it was raised just now", d)
		}
	}

	caretaker(t, r.environ, "limit-raiser", "history", "--config", r.file).expect(t, console.Done,
		"table/orders  write  raised     10  15", "orders-writes  short: by 50% for lack of metrics")
	for _, none := range [][]string{{"--resource", "carts"}, {"--resource", "stream/orders"}} {
		caretaker(t, r.environ, append([]string{"limit-raiser", "history", "--config", r.file}, none...)...).expect(t, console.Done, "has no entry that matches")
	}
	got = caretaker(t, r.environ, "limit-raiser", "history", "--config", "none", "--resource", "orders", "--since", "1h", "--limit", "1", "--json")
	got.expect(t, console.Done)
	var trail struct {
		Entries []struct {
			Region string
			limitraiser.Entry
		}
	}
	if err := json.Unmarshal([]byte(got.out), &trail); err != nil {
		t.Fatal(err)
	}
	if len(trail.Entries) != 1 || trail.Entries[0].Region != eventRegion || trail.Entries[0].To != 15 || time.Since(trail.Entries[0].At) > time.Hour {
		t.Errorf("%s", got.out)
	}
	caretaker(t, r.environ, "limit-raiser", "history", "--config", "none", "--region", "eu-west-1,eu-central-1").expect(t, console.Done,
		"There is no table caretaker-default-limit-raiser in eu-central-1", "eu-west-1  table/orders")
	caretaker(t, r.environ, "limit-raiser", "history", "--config", "none", "--table", "absent").expect(t, console.Failed,
		"There is no table absent in eu-west-1", "caretaker: there is no audit trail to show")
	caretaker(t, r.environ, "limit-raiser", "history", "--config", "none", "--table", "orders").expect(t, console.Misused,
		"--table: orders in eu-west-1 is not a limit-raiser's table")
}

func TestRaisePlan_readsTheEventFromStdin(t *testing.T) {
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), binary, "limit-raiser", "plan", "--config", "none", "--event", "-") // #nosec G204 -- this very binary
	command.Env = append(nowhere(), "AWS_ACCESS_KEY_ID="+eventAccount, "AWS_REGION="+eventRegion, "AWS_ENDPOINT_URL="+others.Endpoint())
	command.Stdin = strings.NewReader(string(read(t, "sns.json")))
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"refused  not listed in the file: list it in caretaker.yaml", "Deployed        nothing: limitRaiser.enabled is false"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("nothing says %q:\n%s", want, out)
		}
	}
}

// The file's own example is deployed as an alarm on its usage, which must be the metric that AWS names.
func TestShippedFile_namesTheQuotasMetricAsAWSDoes(t *testing.T) {
	text, err := os.ReadFile("../../caretaker.yaml")
	if err != nil {
		t.Fatal(err)
	}
	examples, section := "version: 1\nlimitRaiser:\n", ""
	for line := range strings.Lines(string(text)) {
		if name, _, begins := strings.Cut(line, ":"); begins && !strings.HasPrefix(name, " ") {
			section = name
		}
		if example, ok := strings.CutPrefix(line, "  #     "); ok && section == "limitRaiser" {
			examples += "  " + example
		}
	}
	file, err := config.Load(write(t, "caretaker.yaml", examples), config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	quota := file.LimitRaiser.Quotas[0]
	watched, named := quota.Usage.Watched()
	answer, err := servicequotas.NewFromConfig(others.AWS()).GetServiceQuota(t.Context(), &servicequotas.GetServiceQuotaInput{ServiceCode: &quota.Service, QuotaCode: &quota.Code})
	if err != nil {
		t.Fatal(err)
	}
	usage := answer.Quota.UsageMetric
	if !named || watched.Namespace != aws.ToString(usage.MetricNamespace) || watched.Name != aws.ToString(usage.MetricName) || len(watched.Dimensions) != len(usage.MetricDimensions) {
		t.Errorf("the example's alarm is on %+v, and AWS counts %s %s %v", watched, aws.ToString(usage.MetricNamespace), aws.ToString(usage.MetricName), usage.MetricDimensions)
	}
}

func TestRaiserUsage_isRefusedBeforeAnythingIsAsked(t *testing.T) {
	junk := write(t, "junk.json", `{"hello": "world"}`)
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"plan"}, "missing flags: --event=FILE"},
		{[]string{"plan", "--event", "absent.json"}, "reading the event: open absent.json"},
		{[]string{"plan", "--event", junk}, "decoding the event: it is not the state change of an alarm and does not hold one"},
		{[]string{"history", "--limit", "0"}, "--limit: 0 is not allowed: a whole number from 1 to 10000"},
		{[]string{"history", "--limit", "x"}, `--limit: expected a whole number but got "x"`},
		{[]string{"history", "--since", "-1d"}, `--since: expected a value but got "-1d"; perhaps`},
		{[]string{"history", "--since", "lately"}, "is not a duration"},
		{[]string{"simulate", "--trace", "hurricane"}, "there is no file hurricane and no built-in load of that name; there are: step 50 to 250, ramp"},
		{[]string{"simulate", "--trace", junk}, "reading the trace "},
		{[]string{"simulate", "--maximum", "0"}, "--maximum: 0 is not allowed"},
		{[]string{"simulate", "--present", "NaN"}, "--present: NaN is not allowed"},
		{[]string{"simulate", "--target", "95%"}, "--target: 95% is not allowed"},
		{[]string{"simulate", "--rows", "0"}, "--rows: 0 is not allowed"},
		{[]string{"simulate", "--units", "wishes"}, "--units must be one of"},
	} {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			caretaker(t, nowhere(), append([]string{"limit-raiser"}, test.args...)...).expect(t, console.Misused, test.want)
		})
	}
}
