package alerts

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	apigatewayv2types "github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventbridgetypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	firehosetypes "github.com/aws/aws-sdk-go-v2/service/firehose/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"caretaker/internal/emulator"
	"caretaker/internal/emulator/suite"
	"caretaker/internal/want"
)

// One emulator serves all tests, each of which has an account of its own.
var shared suite.Emulator

func TestMain(m *testing.M) { os.Exit(shared.Run(m)) }

// world is an account, behind the real SDK clients.
type world struct {
	*testing.T
	emulator *emulator.Emulator
	account  string
	config   aws.Config
	alarms   *cloudwatch.Client
	cfg      Config
}

func newWorld(t *testing.T) *world {
	t.Helper()
	e := shared.For(t)
	w := &world{T: t, emulator: e, account: shared.Account(), cfg: Default()}
	w.config = suite.Hasty(e.AWSIn(w.account, "eu-west-1"))
	w.alarms = cloudwatch.NewFromConfig(w.config)
	w.cfg.DryRun = false
	e.ForgetCalls()
	return w
}

func (w *world) must(doing string, err error) {
	w.Helper()
	want.NoError(w.T, doing, err)
}

func (w *world) arn(service, resource string) string {
	return "arn:aws:" + service + ":eu-west-1:" + w.account + ":" + resource
}

// function makes a function. Tags are pairs.
func (w *world) function(name string, tags ...string) string {
	w.Helper()
	suite.Function(w, lambdasvc.NewFromConfig(w.config), name, func(input *lambdasvc.CreateFunctionInput) {
		input.Tags = map[string]string{}
		for at := 0; at < len(tags); at += 2 {
			input.Tags[tags[at]] = tags[at+1]
		}
	})
	return name
}

func (w *world) functions(count int) {
	w.Helper()
	for number := range count {
		w.function(fmt.Sprintf("fn-%03d", number))
	}
}

func (w *world) deleteFunction(name string) {
	w.Helper()
	_, err := lambdasvc.NewFromConfig(w.config).DeleteFunction(w.Context(), &lambdasvc.DeleteFunctionInput{FunctionName: &name})
	w.must("deleting "+name, err)
}

// fleet makes one of each kind, in which everything of the inventory matters.
func (w *world) fleet() {
	w.Helper()
	ctx := w.Context()
	_, err := kinesis.NewFromConfig(w.config).CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: aws.String("clicks"), ShardCount: aws.Int32(1)})
	w.must("making a stream", err)
	w.function("reader", "caretaker:service", "shop")
	_, err = lambdasvc.NewFromConfig(w.config).CreateEventSourceMapping(ctx, &lambdasvc.CreateEventSourceMappingInput{
		FunctionName: aws.String("reader"), EventSourceArn: aws.String(w.arn("kinesis", "stream/clicks")), StartingPosition: lambdatypes.EventSourcePositionLatest,
	})
	w.must("mapping the stream", err)
	w.table("orders", "by-date")
	w.queue("letters", nil)
	w.queue("mail", map[string]string{"VisibilityTimeout": "600", "RedrivePolicy": `{"deadLetterTargetArn":"` + w.arn("sqs", "letters") + `","maxReceiveCount":"3"}`})
	_, err = sns.NewFromConfig(w.config).CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("news")})
	w.must("making a topic", err)
	_, err = sfn.NewFromConfig(w.config).CreateStateMachine(ctx, &sfn.CreateStateMachineInput{
		Name: aws.String("refund"), RoleArn: aws.String("arn:aws:iam::" + w.account + ":role/any"),
		Definition: aws.String(`{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}`),
	})
	w.must("making a state machine", err)
	w.rule("default", "nightly")
	_, err = eventbridge.NewFromConfig(w.config).CreateEventBus(ctx, &eventbridge.CreateEventBusInput{Name: aws.String("shop")})
	w.must("making a bus", err)
	w.rule("shop", "placed")
	w.restAPI("orders", "prod")
	w.httpAPI("carts", "$default")
	w.delivery("audit")
	w.scheduleGroup("nightly")
}

func (w *world) restAPI(name string, stages ...string) {
	w.Helper()
	client := apigateway.NewFromConfig(w.config)
	api, err := client.CreateRestApi(w.Context(), &apigateway.CreateRestApiInput{Name: &name, Tags: map[string]string{"caretaker:service": "shop"}})
	w.must("making a REST API", err)
	deployed, err := client.CreateDeployment(w.Context(), &apigateway.CreateDeploymentInput{RestApiId: api.Id})
	w.must("deploying it", err)
	for _, stage := range stages {
		_, err = client.CreateStage(w.Context(), &apigateway.CreateStageInput{RestApiId: api.Id, DeploymentId: deployed.Id, StageName: &stage})
		w.must("making a stage", err)
	}
}

func (w *world) httpAPI(name string, stages ...string) {
	w.Helper()
	client := apigatewayv2.NewFromConfig(w.config)
	api, err := client.CreateApi(w.Context(), &apigatewayv2.CreateApiInput{Name: &name, ProtocolType: apigatewayv2types.ProtocolTypeHttp, Tags: map[string]string{"ms-custom-id": "id-of-" + name}})
	w.must("making an HTTP API", err)
	for _, stage := range stages {
		_, err = client.CreateStage(w.Context(), &apigatewayv2.CreateStageInput{ApiId: api.ApiId, StageName: &stage})
		w.must("making a stage", err)
	}
}

func (w *world) delivery(name string) {
	w.Helper()
	_, err := firehose.NewFromConfig(w.config).CreateDeliveryStream(w.Context(), &firehose.CreateDeliveryStreamInput{
		DeliveryStreamName: &name, ExtendedS3DestinationConfiguration: &firehosetypes.ExtendedS3DestinationConfiguration{
			BucketARN: aws.String("arn:aws:s3:::any"), RoleARN: aws.String("arn:aws:iam::" + w.account + ":role/any"),
		},
	})
	w.must("making a delivery stream", err)
}

func (w *world) scheduleGroup(name string) {
	w.Helper()
	_, err := scheduler.NewFromConfig(w.config).CreateScheduleGroup(w.Context(), &scheduler.CreateScheduleGroupInput{Name: &name})
	w.must("making a schedule group", err)
}

func (w *world) table(name, index string) {
	w.Helper()
	key := []dynamodbtypes.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: dynamodbtypes.KeyTypeHash}}
	_, err := dynamodb.NewFromConfig(w.config).CreateTable(w.Context(), &dynamodb.CreateTableInput{
		TableName: &name, BillingMode: dynamodbtypes.BillingModePayPerRequest, KeySchema: key,
		AttributeDefinitions:   []dynamodbtypes.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: dynamodbtypes.ScalarAttributeTypeS}},
		GlobalSecondaryIndexes: []dynamodbtypes.GlobalSecondaryIndex{{IndexName: &index, KeySchema: key, Projection: &dynamodbtypes.Projection{ProjectionType: dynamodbtypes.ProjectionTypeAll}}},
	})
	w.must("making a table", err)
}

func (w *world) queue(name string, attributes map[string]string) {
	w.Helper()
	_, err := sqs.NewFromConfig(w.config).CreateQueue(w.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	w.must("making a queue", err)
}

func (w *world) rule(bus, name string) {
	w.Helper()
	_, err := eventbridge.NewFromConfig(w.config).PutRule(w.Context(), &eventbridge.PutRuleInput{
		Name: &name, EventBusName: &bus, EventPattern: aws.String(`{"source":["shop"]}`), State: eventbridgetypes.RuleStateEnabled,
	})
	w.must("making a rule", err)
}

// reconciler is one that need not wait between two writes.
func (w *world) reconciler() *Reconciler {
	w.Helper()
	made, err := New(w.cfg, ConnectPaced(w.config, 100_000), Options{Stage: "prod", Topic: w.arn("sns", "caretaker-prod-alerts")})
	w.must("making the reconciler", err)
	made.settles, made.answerPause = time.Millisecond, time.Millisecond
	return made
}

func (w *world) run() (Report, error) {
	w.Helper()
	w.emulator.ForgetCalls()
	return w.reconciler().Handle(w.Context(), Event{})
}

// runs makes a run that must not fail.
func (w *world) runs() Report {
	w.Helper()
	report, err := w.run()
	w.must("the run", err)
	return report
}

// there are the alarms that stand, by name.
func (w *world) there() map[string]cloudwatchtypes.MetricAlarm {
	w.Helper()
	found := map[string]cloudwatchtypes.MetricAlarm{}
	pages := cloudwatch.NewDescribeAlarmsPaginator(w.alarms, &cloudwatch.DescribeAlarmsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(w.Context())
		w.must("reading the alarms", err)
		for _, alarm := range page.MetricAlarms {
			found[aws.ToString(alarm.AlarmName)] = alarm
		}
	}
	return found
}

// writes are the operations on alarms that change something, since the last run began.
func (w *world) writes() []string {
	made := []string{}
	for _, call := range w.emulator.Calls() {
		if slices.Contains([]string{"PutMetricAlarm", "PutCompositeAlarm", "TagResource", "DeleteAlarms"}, call.Operation) {
			made = append(made, call.Operation)
		}
	}
	return made
}

func (w *world) tagsOf(alarm string) map[string]string {
	w.Helper()
	listed, err := w.alarms.ListTagsForResource(w.Context(), &cloudwatch.ListTagsForResourceInput{ResourceARN: aws.String(w.arn("cloudwatch", "alarm:"+alarm))})
	w.must("reading the tags of "+alarm, err)
	tags := map[string]string{}
	for _, tag := range listed.Tags {
		tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return tags
}

// other puts an alarm that is none of the catalogue's.
func (w *world) other(name string) {
	w.Helper()
	_, err := w.alarms.PutMetricAlarm(w.Context(), &cloudwatch.PutMetricAlarmInput{
		AlarmName: &name, Namespace: aws.String("Mine"), MetricName: aws.String("Orders"), Statistic: cloudwatchtypes.StatisticSum, Period: aws.Int32(60),
		EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1), ComparisonOperator: cloudwatchtypes.ComparisonOperatorLessThanThreshold,
	})
	w.must("putting "+name, err)
}

func (w *world) composite(name, child string) {
	w.Helper()
	_, err := w.alarms.PutCompositeAlarm(w.Context(), &cloudwatch.PutCompositeAlarmInput{AlarmName: &name, AlarmRule: aws.String(`ALARM("` + child + `")`)})
	w.must("putting "+name, err)
}

func (w *world) tagMachine(arn *string) {
	w.Helper()
	_, err := sfn.NewFromConfig(w.config).TagResource(w.Context(), &sfn.TagResourceInput{
		ResourceArn: arn, Tags: []sfntypes.Tag{{Key: aws.String("caretaker:severity"), Value: aws.String("critical")}},
	})
	w.must("tagging the state machine", err)
}

// under are the names that begin so.
func under(alarms map[string]cloudwatchtypes.MetricAlarm, prefix string) (names []string) {
	for _, name := range slices.Sorted(keysOf(alarms)) {
		if strings.HasPrefix(name, prefix) {
			names = append(names, strings.TrimPrefix(name, prefix))
		}
	}
	return names
}

// more makes a second one of those kinds of which the fleet has one.
func (w *world) more() {
	w.Helper()
	ctx := w.Context()
	_, err := kinesis.NewFromConfig(w.config).CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: aws.String("views"), ShardCount: aws.Int32(1)})
	w.must("making a stream", err)
	_, err = lambdasvc.NewFromConfig(w.config).CreateEventSourceMapping(ctx, &lambdasvc.CreateEventSourceMappingInput{
		FunctionName: aws.String("another"), EventSourceArn: aws.String(w.arn("kinesis", "stream/views")), StartingPosition: lambdatypes.EventSourcePositionLatest,
	})
	w.must("mapping the stream", err)
	_, err = sns.NewFromConfig(w.config).CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("offers")})
	w.must("making a topic", err)
	_, err = sfn.NewFromConfig(w.config).CreateStateMachine(ctx, &sfn.CreateStateMachineInput{
		Name: aws.String("ship"), RoleArn: aws.String("arn:aws:iam::" + w.account + ":role/any"),
		Definition: aws.String(`{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}`),
	})
	w.must("making a state machine", err)
	w.rule("shop", "paid")
	w.restAPI("refunds", "test", "prod")
	w.httpAPI("returns", "test", "prod")
	w.delivery("clicks")
	w.scheduleGroup("weekly")
}
