// Package logshipper_test runs the deployed log-shipper: a real cdk deploy of the real binary into the
// emulator, under its own role, with IAM enforced, and in front of it the subscriptions of log groups. The
// destination is the server that answers as OpenSearch does: what it answers only now and then can be
// asked of it.
package logshipper_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	cloudwatchlogstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"caretaker/internal/emulator"
	"caretaker/internal/opensearch"
	"caretaker/internal/want"
	logshipper "caretaker/log-shipper"
	"caretaker/log-shipper/bulk"
	"caretaker/test/deployed"
)

const (
	stack        = "Caretaker-default-LogShipper"
	functionName = "caretaker-default-log-shipper"
	dataStream   = "logs-lambda-default"
)

// configuration is the file that is deployed, but for the destination's port. The time-out is short, so
// that a test in which the destination is away does not wait for long.
const configuration = `
version: 1
janitor: {enabled: false}
logShipper:
  enabled: true
  function: {timeout: 8s}
  subscribe: {retentionDays: 30}
  destination:
    endpoint: %s
    auth: {type: none}
`

// world is an account with the deployed log-shipper and the destination of its documents.
type world struct {
	deployed.Function
	node    *opensearch.StandIn
	gate    *opensearch.Gate // in front of it
	logs    *cloudwatchlogs.Client
	objects *s3.Client
	queues  *sqs.Client
	lambdas *lambdasvc.Client
	arn     string
}

var shared world

func TestMain(m *testing.M) { os.Exit(deployed.Main(m, 12*time.Minute, build)) }

// build starts the emulator and the destination, and deploys the log-shipper.
func build(ctx context.Context, folder string) (stop func(), err error) {
	node, err := opensearch.StartStandIn(ctx)
	if err != nil {
		return func() {}, err
	}
	gate, err := opensearch.OpenGate(ctx, node.URL(), false)
	if err != nil {
		return node.Stop, err
	}
	started, err := emulator.Start(ctx, emulator.Options{Auth: true})
	if err != nil {
		return node.Stop, err
	}
	stop = func() { started.Stop(); gate.Close(); node.Stop() }
	to, err := bulk.New(bulk.Options{Endpoint: gate.URL(), DataStream: dataStream, Auth: bulk.Auth{Type: bulk.None}, IDs: true})
	if err != nil {
		return stop, err
	}
	if _, err := to.Setup(ctx); err != nil {
		return stop, err
	}
	cfg := started.AWS()
	w := world{
		node: node, gate: gate, logs: cloudwatchlogs.NewFromConfig(cfg), queues: sqs.NewFromConfig(cfg), lambdas: lambdasvc.NewFromConfig(cfg),
		objects: s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }),
	}
	config, output := filepath.Join(folder, "caretaker.yaml"), filepath.Join(folder, "cdk.out")
	if err := os.WriteFile(config, fmt.Appendf(nil, configuration, gate.URL()), 0o600); err != nil {
		return stop, err
	}
	if err := deployed.CDK(ctx, started, root, output, "bootstrap", "--app", "", "aws://"+started.Account()+"/"+started.Region()); err != nil {
		return stop, err
	}
	if err := deployed.CDK(ctx, started, root, output, "deploy", stack, "--require-approval", "never", "-c", "config="+config); err != nil {
		return stop, err
	}
	w.Function, err = deployed.Find(ctx, started, functionName)
	w.arn = "arn:aws:lambda:" + started.Region() + ":" + started.Account() + ":function:" + functionName
	shared = w
	return stop, err
}

// root is the checkout's, seen from this folder.
var root, _ = filepath.Abs(filepath.Join("..", ".."))

// line is one log event.
type line struct {
	ID        string `json:"id"`
	Timestamp int64  `json:"timestamp"`
	Message   string `json:"message"`
}

// lines are so many events with ids of their own, as AWS makes them: 56 digits.
func lines(name string, messages ...string) []line {
	all := make([]line, 0, len(messages))
	now := time.Now()
	for i, message := range messages {
		all = append(all, line{ID: fmt.Sprintf("%040d%s%08d", now.UnixNano(), digits(name), i), Timestamp: now.UnixMilli(), Message: message})
	}
	return all
}

// digits are eight that a name comes to.
func digits(name string) string {
	sum := 0
	for _, b := range []byte(name) {
		sum = (sum*31 + int(b)) % 100_000_000
	}
	return fmt.Sprintf("%08d", sum)
}

// payload is what CloudWatch Logs makes of events.
func payload(t testing.TB, group string, events []line) []byte {
	t.Helper()
	text, err := json.Marshal(map[string]any{
		"messageType": "DATA_MESSAGE", "owner": "111122223333", "logGroup": group, "logStream": "2026/11/28/[$LATEST]abcdef",
		"subscriptionFilters": []string{"caretaker-default"}, "logEvents": events,
	})
	want.NoError(t, "making a payload", err)
	return text
}

func gzipped(t testing.TB, parts ...[]byte) []byte {
	t.Helper()
	var packed bytes.Buffer
	for _, part := range parts { // each a member of its own
		writer := gzip.NewWriter(&packed)
		_, err := writer.Write(part)
		want.NoError(t, "compressing", err)
		want.NoError(t, "compressing", writer.Close())
	}
	return packed.Bytes()
}

// direct is the event of a subscription straight to the function.
func direct(data []byte) []byte {
	return fmt.Appendf(nil, `{"awslogs":{"data":%q}}`, base64.StdEncoding.EncodeToString(data))
}

// record is one of a Kinesis stream.
func record(number int, data []byte) map[string]any {
	return map[string]any{
		"eventSource": "aws:kinesis", "eventID": fmt.Sprint("shardId-000000000000:", number),
		"kinesis": map[string]any{
			"sequenceNumber": sequence(number), "data": base64.StdEncoding.EncodeToString(data), "approximateArrivalTimestamp": 1764400000.123,
		},
	}
}

func sequence(number int) string { return fmt.Sprintf("4954%052d", number) }

func records(t testing.TB, list ...map[string]any) []byte {
	t.Helper()
	text, err := json.Marshal(map[string]any{"Records": list})
	want.NoError(t, "making an event", err)
	return text
}

// run calls the function and waits for its report.
func (w world) run(t testing.TB, event []byte) (logshipper.Report, error) {
	t.Helper()
	var report logshipper.Report
	err := w.Invoke(t.Context(), event, &report)
	return report, err
}

// meets has the requests to the destination meet a fault until the test ends.
func (w world) meets(t testing.TB, fault opensearch.Fault) {
	t.Helper()
	w.gate.Inject(fault)
	t.Cleanup(w.gate.ClearFaults)
}

// waits is whether something is in the function's queue, or on its way out of it.
func (w world) waits(t testing.TB) bool {
	t.Helper()
	given, err := w.queues.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{
		QueueUrl: aws.String(w.Variables["QUEUE_URL"]), AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameAll},
	})
	want.NoError(t, "asking for the queue", err)
	return given.Attributes["ApproximateNumberOfMessages"] != "0" || given.Attributes["ApproximateNumberOfMessagesNotVisible"] != "0" ||
		given.Attributes["ApproximateNumberOfMessagesDelayed"] != "0"
}

// comesBack lets time pass until nothing is parked any more.
func (w world) comesBack(t testing.TB) {
	t.Helper()
	eventually(t, "everything that was parked is delivered", func() bool {
		want.NoError(t, "letting time pass", w.Elapse(t.Context(), 15*time.Minute))
		return len(w.kept(t, "parked/")) == 0 && !w.waits(t)
	})
}

// ships calls the function, which must end without an error.
func (w world) ships(t testing.TB, event []byte) logshipper.Report {
	t.Helper()
	report, err := w.run(t, event)
	want.NoError(t, "shipping", err)
	want.Equal(t, "events of which nobody knows what became", report.Imbalance(), 0)
	return report
}

// found is how many of the events stand in the node, by their ids.
func (w world) found(t testing.TB, events []line) int {
	t.Helper()
	documents, count := w.node.Documents(dataStream), 0
	for _, event := range events {
		if _, there := documents[event.ID]; there {
			count++
		}
	}
	return count
}

// kept are the keys of the bucket that begin so.
func (w world) kept(t testing.TB, prefix string) []string {
	t.Helper()
	given, err := w.objects.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(w.Variables["BUCKET_NAME"]), Prefix: &prefix})
	want.NoError(t, "listing the bucket", err)
	keys := make([]string, 0, len(given.Contents))
	for _, object := range given.Contents {
		keys = append(keys, aws.ToString(object.Key))
	}
	return keys
}

// letters are the dead letters under a key.
func (w world) letters(t testing.TB, key string) (all []logshipper.Letter) {
	t.Helper()
	given, err := w.objects.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(w.Variables["BUCKET_NAME"]), Key: &key})
	want.NoError(t, "reading dead letters", err)
	var packed bytes.Buffer
	_, err = packed.ReadFrom(given.Body)
	want.NoError(t, "reading dead letters", err)
	want.NoError(t, "reading dead letters", logshipper.ReadLetters(packed.Bytes(), func(letter logshipper.Letter) { all = append(all, letter) }))
	return all
}

// subscribe has a log group's lines go to the function.
func (w world) subscribe(t testing.TB, group string) {
	t.Helper()
	_, err := w.logs.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &group})
	want.NoError(t, "making the log group", err)
	_, err = w.logs.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &group, LogStreamName: aws.String("one")})
	want.NoError(t, "making the log stream", err)
	_, err = w.logs.PutSubscriptionFilter(t.Context(), &cloudwatchlogs.PutSubscriptionFilterInput{
		LogGroupName: &group, FilterName: aws.String("caretaker-default"), FilterPattern: aws.String(""), DestinationArn: &w.arn,
	})
	want.NoError(t, "subscribing", err)
}

// log writes lines to a log group.
func (w world) log(t testing.TB, group string, messages ...string) {
	t.Helper()
	events := make([]cloudwatchlogstypes.InputLogEvent, 0, len(messages))
	for _, message := range messages {
		events = append(events, cloudwatchlogstypes.InputLogEvent{Timestamp: aws.Int64(time.Now().UnixMilli()), Message: aws.String(message)})
	}
	_, err := w.logs.PutLogEvents(t.Context(), &cloudwatchlogs.PutLogEventsInput{LogGroupName: &group, LogStreamName: aws.String("one"), LogEvents: events})
	want.NoError(t, "logging", err)
}

// eventually polls until something holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("within a minute it was not so: %s", what)
}
