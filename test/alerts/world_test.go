package alerts_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	apigatewayv2types "github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	firehosetypes "github.com/aws/aws-sdk-go-v2/service/firehose/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"caretaker/alerts"
	"caretaker/internal/emulator"
	"caretaker/internal/want"
	"caretaker/test/deployed"
)

const (
	stack        = "Caretaker-default-Alerts"
	functionName = "caretaker-default-alerts"
)

const configuration = `
version: 1
janitor: {enabled: false}
alerts:
  enabled: true
  dryRun: false
  logPatterns:
    - {name: refused, pattern: '"card declined"', functions: [shop-*]}
  composites: {enabled: true}
`

// world is an account with the deployed reconciler, a queue, a table, two APIs and a delivery stream.
type world struct {
	deployed.Function
	alarms *cloudwatch.Client
	config string
}

var shared world

func TestMain(m *testing.M) { os.Exit(deployed.Main(m, 12*time.Minute, build)) }

// root is the checkout's, seen from this folder.
var root, _ = filepath.Abs(filepath.Join("..", ".."))

// build starts the emulator and deploys the reconciler.
func build(ctx context.Context, folder string) (stop func(), err error) {
	started, err := emulator.Start(ctx, emulator.Options{Auth: true})
	if err != nil {
		return func() {}, err
	}
	stop = started.Stop
	w := world{alarms: cloudwatch.NewFromConfig(started.AWS()), config: filepath.Join(folder, "caretaker.yaml")}
	if err := os.WriteFile(w.config, []byte(configuration), 0o600); err != nil {
		return stop, err
	}
	if _, err := sqs.NewFromConfig(started.AWS()).CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("mail")}); err != nil {
		return stop, err
	}
	if _, err := dynamodb.NewFromConfig(started.AWS()).CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName: aws.String("orders"), BillingMode: dynamodbtypes.BillingModePayPerRequest,
		AttributeDefinitions: []dynamodbtypes.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: dynamodbtypes.ScalarAttributeTypeS}},
		KeySchema:            []dynamodbtypes.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: dynamodbtypes.KeyTypeHash}},
	}); err != nil {
		return stop, err
	}
	if err := w.edges(ctx, started); err != nil {
		return stop, err
	}
	output := filepath.Join(folder, "cdk.out")
	if err := deployed.CDK(ctx, started, root, output, "bootstrap", "--app", "", "aws://"+started.Account()+"/"+started.Region()); err != nil {
		return stop, err
	}
	if err := deployed.CDK(ctx, started, root, output, "deploy", stack, "--require-approval", "never", "-c", "config="+w.config); err != nil {
		return stop, err
	}
	if w.Function, err = deployed.Find(ctx, started, functionName); err != nil {
		return stop, err
	}
	shared = w
	return stop, w.use(ctx)
}

// edges makes APIs of both versions, and a delivery stream.
func (world) edges(ctx context.Context, started *emulator.Emulator) error {
	rest, http := apigateway.NewFromConfig(started.AWS()), apigatewayv2.NewFromConfig(started.AWS())
	one, err := rest.CreateRestApi(ctx, &apigateway.CreateRestApiInput{Name: aws.String("orders")})
	if err != nil {
		return err
	}
	if _, err := rest.CreateDeployment(ctx, &apigateway.CreateDeploymentInput{RestApiId: one.Id, StageName: aws.String("prod")}); err != nil {
		return err
	}
	other, err := http.CreateApi(ctx, &apigatewayv2.CreateApiInput{Name: aws.String("carts"), ProtocolType: apigatewayv2types.ProtocolTypeHttp})
	if err != nil {
		return err
	}
	if _, err := http.CreateStage(ctx, &apigatewayv2.CreateStageInput{ApiId: other.ApiId, StageName: aws.String("$default")}); err != nil {
		return err
	}
	_, err = firehose.NewFromConfig(started.AWS()).CreateDeliveryStream(ctx, &firehose.CreateDeliveryStreamInput{
		DeliveryStreamName: aws.String("audit"), Tags: []firehosetypes.Tag{{Key: aws.String("caretaker:service"), Value: aws.String("shop")}}, ExtendedS3DestinationConfiguration: &firehosetypes.ExtendedS3DestinationConfiguration{
			BucketARN: aws.String("arn:aws:s3:::audit"), RoleARN: aws.String("arn:aws:iam::" + started.Account() + ":role/audit"),
		},
	})
	return err
}

func (w world) run(t *testing.T) (alerts.Report, error) {
	t.Helper()
	w.ForgetCalls()
	var report alerts.Report
	err := w.Invoke(t.Context(), []byte("{}"), &report)
	return report, err
}

// runAndLeave makes a run, and has the function asked to leave, with a stack that is said to be deleted and alarms
// that are to stay: so it makes every call that it ever makes. The answer is what failed; empty is nothing.
func (w world) runAndLeave(t *testing.T) string {
	t.Helper()
	_, err := w.run(t)
	w.SetStackStatus(stack, "DELETE_IN_PROGRESS")
	defer w.SetStackStatus(stack, "")
	answers := make(chan string, 1)
	waiting := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		answers <- string(body)
	}))
	defer waiting.Close()
	request := fmt.Sprintf(`{"RequestType":"Delete","ResponseURL":%q,"StackId":%q,"RequestId":"1","LogicalResourceId":"AlarmsGoAlong","ResourceProperties":{"DeleteAlarms":"false"}}`, waiting.URL, w.stackID(t))
	failures := []error{err, w.Invoke(t.Context(), []byte(request), &alerts.Report{})}
	select {
	case answer := <-answers:
		if !strings.Contains(answer, `"SUCCESS"`) {
			failures = append(failures, errors.New(answer))
		}
	default:
		failures = append(failures, errors.New("CloudFormation has no answer"))
	}
	for _, call := range w.Own() {
		if call.ErrorCode != "" {
			failures = append(failures, fmt.Errorf("%s:%s answered %s", call.Service, call.Operation, call.ErrorCode))
		}
	}
	if err := errors.Join(failures...); err != nil {
		return err.Error()
	}
	return ""
}

// stackID is the id of the stack that the function is deployed in.
func (w world) stackID(t *testing.T) string {
	t.Helper()
	found, err := cloudformation.NewFromConfig(w.AWS()).DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{StackName: aws.String(stack)})
	want.NoError(t, "looking up the stack", err)
	return aws.ToString(found.Stacks[0].StackId)
}

func (w world) good(t *testing.T) alerts.Report {
	t.Helper()
	report, err := w.run(t)
	want.NoError(t, "the run", err)
	return report
}

const (
	age     = "caretaker/default/queue/mail/age"
	tables  = "caretaker/default/table/orders/throttles"
	foreign = "mine"
	shop    = "caretaker/default/service/shop/critical"
	fleet   = "caretaker_default_us-east-1_fleet"
	gone    = "caretaker_default_us-east-1_service_gone"
)

// disorder leaves something to create, to tag, to change and to delete, of alarms and of dashboards.
func (w world) disorder(t *testing.T) {
	t.Helper()
	_, err := w.alarms.DeleteAlarms(t.Context(), &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{age, shop}})
	want.NoError(t, "deleting an alarm", err)
	for _, name := range []string{"caretaker/default/function/gone/errors", "caretaker/default/function/gone/failing", tables, foreign} {
		_, err = w.alarms.PutMetricAlarm(t.Context(), &cloudwatch.PutMetricAlarmInput{
			AlarmName: &name, AlarmDescription: aws.String("caretaker: service=other; severity=critical"), Namespace: aws.String("Mine"), MetricName: aws.String("Orders"),
			Statistic: cloudwatchtypes.StatisticSum, Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1),
			ComparisonOperator: cloudwatchtypes.ComparisonOperatorLessThanThreshold,
		})
		want.NoError(t, "putting "+name, err)
	}
	for _, name := range []string{fleet, gone, foreign} {
		_, err = w.alarms.PutDashboard(t.Context(), &cloudwatch.PutDashboardInput{
			DashboardName: &name, DashboardBody: aws.String(`{"widgets":[{"type":"text","properties":{"markdown":"mine"}}]}`),
		})
		want.NoError(t, "putting the dashboard "+name, err)
	}
	w.disorderLogs(t)
	w.afresh(t)
}

const shopLogs, bankLogs = "/aws/lambda/shop-cart", "/aws/lambda/bank"

// disorderLogs leaves a metric filter to make and one to delete, beside somebody's.
func (w world) disorderLogs(t *testing.T) {
	t.Helper()
	client := cloudwatchlogs.NewFromConfig(w.AWS())
	for _, group := range []string{shopLogs, bankLogs} {
		_, err := client.DeleteLogGroup(t.Context(), &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: &group})
		var absent *logtypes.ResourceNotFoundException
		if !errors.As(err, &absent) {
			want.NoError(t, "deleting the log group "+group, err)
		}
		_, err = client.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &group})
		want.NoError(t, "making the log group "+group, err)
	}
	for _, name := range []string{foreign, "caretaker/default/refused"} {
		_, err := client.PutMetricFilter(t.Context(), &cloudwatchlogs.PutMetricFilterInput{
			LogGroupName: aws.String(bankLogs), FilterName: &name, FilterPattern: aws.String("any"),
			MetricTransformations: []logtypes.MetricTransformation{{MetricNamespace: aws.String("Mine"), MetricName: aws.String("Lines"), MetricValue: aws.String("1")}},
		})
		want.NoError(t, "putting the metric filter "+name, err)
	}
}

// filters are the names of the metric filters of a log group.
func (w world) filters(t *testing.T, group string) (names []string) {
	t.Helper()
	found, err := cloudwatchlogs.NewFromConfig(w.AWS()).DescribeMetricFilters(t.Context(), &cloudwatchlogs.DescribeMetricFiltersInput{LogGroupName: &group})
	want.NoError(t, "listing metric filters", err)
	for _, filter := range found.MetricFilters {
		names = append(names, aws.ToString(filter.FilterName))
	}
	return names
}

// afresh has the next run begin in a new environment: in an old one, what it read of quotas is good for a day.
func (w world) afresh(t *testing.T) {
	t.Helper()
	variables := maps.Clone(w.Variables)
	variables["AFRESH"] = fmt.Sprint(time.Now().UnixNano())
	want.NoError(t, "taking a new environment", w.SetVariables(t.Context(), variables))
}

// tablesQuota is the quota of tables, of which something is used.
var tablesQuota = emulator.Quota{
	Service: "dynamodb", Code: "L-F98FE922", Name: "Maximum number of tables", OfService: "Amazon DynamoDB", Default: 2500, Metric: "ResourceCount",
	Dimensions: map[string]string{"Resource": "TableCount"},
}

// use uses something of the quota of tables.
func (w world) use(ctx context.Context) error {
	w.SetQuota(tablesQuota)
	_, err := w.alarms.PutMetricData(ctx, &cloudwatch.PutMetricDataInput{Namespace: aws.String("AWS/Usage"), MetricData: []cloudwatchtypes.MetricDatum{{
		MetricName: &tablesQuota.Metric, Value: aws.Float64(1), Dimensions: []cloudwatchtypes.Dimension{{Name: aws.String("Resource"), Value: aws.String("TableCount")}},
	}}})
	return err
}

// body is what a dashboard shows, empty where there is none.
func (w world) body(t *testing.T, name string) string {
	t.Helper()
	read, err := w.alarms.GetDashboard(t.Context(), &cloudwatch.GetDashboardInput{DashboardName: &name})
	if err != nil {
		want.Says(t, "the answer", err.Error(), "ResourceNotFound")
		return ""
	}
	return aws.ToString(read.DashboardBody)
}

// names are those of all alarms that are not of the stack.
func (w world) names(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	pages := cloudwatch.NewDescribeAlarmsPaginator(w.alarms, &cloudwatch.DescribeAlarmsInput{
		AlarmTypes: []cloudwatchtypes.AlarmType{cloudwatchtypes.AlarmTypeMetricAlarm, cloudwatchtypes.AlarmTypeCompositeAlarm},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		want.NoError(t, "reading the alarms", err)
		for _, alarm := range page.CompositeAlarms {
			names[aws.ToString(alarm.AlarmName)] = true
		}
		for _, alarm := range page.MetricAlarms {
			names[aws.ToString(alarm.AlarmName)] = true
		}
	}
	return names
}
