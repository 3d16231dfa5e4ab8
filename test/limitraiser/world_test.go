// Package limitraiser_test runs the deployed limit-raiser: a real cdk deploy of the real binary
// into the emulator, under its own role, with IAM enforced. Alarms are moved with SetAlarmState,
// since the emulator evaluates none; from there on everything goes the way it goes on AWS.
package limitraiser_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	iamsvc "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"caretaker/internal/emulator"
	"caretaker/test/deployed"
)

const (
	stack        = "Caretaker-default-LimitRaiser"
	functionName = "caretaker-default-limit-raiser"
)

// configuration is the file that is deployed. Each scenario has a table of its own. There is no
// cooldown, so that nobody waits five minutes for a step that comes after five minutes.
const configuration = `
version: 1
limitRaiser:
  enabled: true
  dryRun: false
  limits: {cooldown: 0s, raisesADay: 100, addedCostAMonth: 100000}
  tables:
    - name: orders
      write: {max: 1000}
      indexes: [{name: by-customer, write: {max: 1000}}]
    - {name: managed, write: {max: 4000}}
    - {name: copied, write: {max: 4000}}
    - {name: failing, write: {max: 4000}}
    - {name: updating, write: {max: 4000}}
    - {name: braked, write: {max: 4000}}
    - {name: permitted, write: {max: 4000}}
  streams: [{name: clicks, maxShards: 64}]
  functions: [{name: checkout, maxConcurrency: 400}]
  quotas:
    - {service: vpc, code: L-F678F1CE, max: 50, usage: {service: VPC, resource: VPCs}}
    - {service: vpc, code: L-A4707A72, max: 50}
`

// quotas are what AWS says of those of the configuration. The second is one that was never
// changed, of which it knows no more than the default.
var quotas = []emulator.Quota{
	{Service: "vpc", Code: "L-F678F1CE", Metric: "ResourceCount", Dimensions: counted("VPCs")},
	{Service: "vpc", Code: "L-A4707A72", Metric: "ResourceCount", Dimensions: counted("InternetGateways"), DefaultOnly: true},
}

// counted are the dimensions of the metric that counts what there is of a resource.
func counted(resource string) map[string]string {
	return map[string]string{"Service": "VPC", "Type": "Resource", "Resource": resource, "Class": "None"}
}

// world is an account with resources to raise and the deployed limit-raiser.
type world struct {
	deployed.Function
	tables   *dynamodb.Client
	alarms   *cloudwatch.Client
	queues   *sqs.Client
	topics   *sns.Client
	streams  *kinesis.Client
	lambdas  *lambdasvc.Client
	config   string // the path of the configuration
	callers  string // the ARN of the topic that the alarms publish to
	people   string // the URL of a queue that the people's topic feeds
	listened string // and of one that the alarms' topic feeds
}

var shared world

func TestMain(m *testing.M) { os.Exit(deployed.Main(m, 10*time.Minute, build)) }

// build starts the emulator, makes what is to be raised and deploys the limit-raiser.
func build(ctx context.Context, folder string) (stop func(), err error) {
	started, err := emulator.Start(ctx, emulator.Options{Auth: true})
	if err != nil {
		return func() {}, err
	}
	stop = started.Stop
	cfg := started.AWS()
	w := world{
		tables: dynamodb.NewFromConfig(cfg), alarms: cloudwatch.NewFromConfig(cfg), queues: sqs.NewFromConfig(cfg), topics: sns.NewFromConfig(cfg),
		streams: kinesis.NewFromConfig(cfg), lambdas: lambdasvc.NewFromConfig(cfg), config: filepath.Join(folder, "caretaker.yaml"),
	}
	if err := os.WriteFile(w.config, []byte(configuration), 0o600); err != nil {
		return stop, err
	}
	if err := w.makeResources(ctx, cfg); err != nil {
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
	w.callers = "arn:aws:sns:" + w.Region() + ":" + w.Account() + ":" + functionName + "-alarms"
	if w.people, err = w.listen(ctx, "people", w.Variables["TOPIC_ARN"]); err != nil {
		return stop, err
	}
	w.listened, err = w.listen(ctx, "listened", w.callers)
	shared = w
	return stop, err
}

// root is the checkout's, seen from this folder.
var root, _ = filepath.Abs(filepath.Join("..", ".."))

// makeResources makes the tables of the configuration with 50 write units each, the stream with
// 2 shards and the function with 10 reserved runs.
func (w world) makeResources(ctx context.Context, cfg aws.Config) error {
	for _, name := range []string{"orders", "managed", "copied", "failing", "updating", "braked", "permitted"} {
		units := &dynamodbtypes.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(5), WriteCapacityUnits: aws.Int64(50)}
		table := &dynamodb.CreateTableInput{
			TableName: &name, ProvisionedThroughput: units,
			AttributeDefinitions: []dynamodbtypes.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: "S"}},
			KeySchema:            []dynamodbtypes.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: "HASH"}},
		}
		if name == "orders" {
			table.AttributeDefinitions = append(table.AttributeDefinitions, dynamodbtypes.AttributeDefinition{AttributeName: aws.String("customer"), AttributeType: "S"})
			table.GlobalSecondaryIndexes = []dynamodbtypes.GlobalSecondaryIndex{{
				IndexName: aws.String("by-customer"), ProvisionedThroughput: units, Projection: &dynamodbtypes.Projection{ProjectionType: "ALL"},
				KeySchema: []dynamodbtypes.KeySchemaElement{{AttributeName: aws.String("customer"), KeyType: "HASH"}},
			}}
		}
		if _, err := w.tables.CreateTable(ctx, table); err != nil {
			return err
		}
	}
	if _, err := w.streams.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: aws.String("clicks"), ShardCount: aws.Int32(2)}); err != nil {
		return err
	}
	role, err := iamsvc.NewFromConfig(cfg).CreateRole(ctx, &iamsvc.CreateRoleInput{
		RoleName:                 aws.String("checkout"),
		AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`),
	})
	if err != nil {
		return err
	}
	if _, err := w.lambdas.CreateFunction(ctx, &lambdasvc.CreateFunctionInput{
		FunctionName: aws.String("checkout"), Role: role.Role.Arn, Runtime: lambdatypes.RuntimeProvidedal2023, Handler: aws.String("bootstrap"),
		Code: &lambdatypes.FunctionCode{ZipFile: emptyArchive},
	}); err != nil {
		return err
	}
	_, err = w.lambdas.PutFunctionConcurrency(ctx, &lambdasvc.PutFunctionConcurrencyInput{
		FunctionName: aws.String("checkout"), ReservedConcurrentExecutions: aws.Int32(10),
	})
	return err
}

// emptyArchive is a zip file of nothing: checkout never runs.
var emptyArchive = append([]byte("PK\x05\x06"), make([]byte, 18)...)

// listen makes a queue that a topic feeds.
func (w world) listen(ctx context.Context, name, topic string) (string, error) {
	queue, err := w.queues.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name})
	if err != nil {
		return "", err
	}
	arn := "arn:aws:sqs:" + w.Region() + ":" + w.Account() + ":" + name
	allow := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"sqs:SendMessage","Resource":%q}]}`, arn)
	if _, err := w.queues.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{QueueUrl: queue.QueueUrl, Attributes: map[string]string{"Policy": allow}}); err != nil {
		return "", err
	}
	_, err = w.topics.Subscribe(ctx, &sns.SubscribeInput{
		TopicArn: &topic, Protocol: aws.String("sqs"), Endpoint: &arn, Attributes: map[string]string{"RawMessageDelivery": "true"},
	})
	return aws.ToString(queue.QueueUrl), err
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// alarmOf is the name of a deployed alarm.
func alarmOf(name string) string { return functionName + "-" + name }

// writes are the write units of a table and, where there is one, of its index.
func (w world) writes(t *testing.T, table string) (units []int64) {
	t.Helper()
	output, err := w.tables.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: &table})
	must(t, err)
	units = append(units, aws.ToInt64(output.Table.ProvisionedThroughput.WriteCapacityUnits))
	for _, index := range output.Table.GlobalSecondaryIndexes {
		units = append(units, aws.ToInt64(index.ProvisionedThroughput.WriteCapacityUnits))
	}
	return units
}

// raises counts the function's calls that raise, and were carried out.
func (w world) raises(operation string) int {
	count := 0
	for _, call := range w.Own() {
		if call.Operation == operation && call.Status == 200 {
			count++
		}
	}
	return count
}

// eventually polls until something holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("within half a minute it was not so: %s", what)
}

// attributes tell how many messages are in the function's queue.
func (w world) attributes(t *testing.T) map[string]string {
	t.Helper()
	queue := w.Variables["QUEUE_URL"]
	output, err := w.queues.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{
		QueueUrl: &queue, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameAll},
	})
	must(t, err)
	return output.Attributes
}

// idle waits until the function's queue holds nothing but what is delayed: every event was answered.
func (w world) idle(t *testing.T) {
	t.Helper()
	eventually(t, "every event is answered", func() bool {
		has := w.attributes(t)
		return has["ApproximateNumberOfMessages"] == "0" && has["ApproximateNumberOfMessagesNotVisible"] == "0"
	})
}

// received takes all that has come into a queue, once something has.
func (w world) received(t *testing.T, queue string) []string {
	t.Helper()
	var bodies []string
	for wait := int32(20); ; wait = 0 {
		output, err := w.queues.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &queue, MaxNumberOfMessages: 10, WaitTimeSeconds: wait})
		must(t, err)
		if len(output.Messages) == 0 {
			return bodies
		}
		for _, message := range output.Messages {
			bodies = append(bodies, aws.ToString(message.Body))
			_, err := w.queues.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: &queue, ReceiptHandle: message.ReceiptHandle})
			must(t, err)
		}
	}
}

// publish has CloudWatch send a message to the topic that alarms publish to.
func (w world) publish(ctx context.Context, message string) error {
	return w.Announce(ctx, w.callers, "arn:aws:cloudwatch:"+w.Region()+":"+w.Account()+":alarm:any", message)
}
