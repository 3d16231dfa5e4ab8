package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"caretaker/internal/emulator"
	"caretaker/internal/slack"
	"caretaker/internal/want"
)

// One emulator and one stand-in for Slack serve the tests, each of which has a table, a topic and a secret of its own.
var (
	account  *emulator.Emulator
	standIn  *slack.Server
	channels sync.Mutex // the stand-in has one channel
)

func TestMain(m *testing.M) { os.Exit(withWorld(m)) }

func withWorld(m *testing.M) int {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	var err error
	if standIn, err = slack.Start(); err == nil {
		defer standIn.Stop()
		// Before the first connection: Go reads it once.
		err = os.Setenv("SSL_CERT_FILE", standIn.CertFile())
	}
	if err == nil {
		account, err = emulator.Start(ctx, emulator.Options{})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "starting the emulator:", err)
		return 1
	}
	defer account.Stop()
	return m.Run()
}

// world is a notifier with what is around it.
type world struct {
	*Notifier
	t      *testing.T
	people string // the URL of a queue that hears what people are told
	queues *sqs.Client
	name   string
	clock  time.Time
}

// theRegion is where the emulator is.
const theRegion = "us-east-1"

// newWorld makes a notifier that posts as the secret says.
func newWorld(t *testing.T, secret string, change ...func(*Deployed)) *world {
	t.Helper()
	channels.Lock()
	standIn.Clear()
	standIn.Heal()
	t.Cleanup(channels.Unlock)
	w := &world{t: t, name: strings.ToLower(strings.NewReplacer("/", "-", "_", "-").Replace(t.Name())), queues: sqs.NewFromConfig(account.AWS()), clock: noon}
	w.name = w.name[max(0, len(w.name)-60):]
	deployed := Deployed{Config: Default(), Target: Target{Secret: w.name, Channel: "#alerts", API: standIn.API(), Blocks: true, Hosts: []string{standIn.Host()}}}
	for _, one := range change {
		one(&deployed)
	}
	_, err := dynamodb.NewFromConfig(account.AWS()).CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: &w.name, BillingMode: dynamodbtypes.BillingModePayPerRequest,
		AttributeDefinitions: []dynamodbtypes.AttributeDefinition{{AttributeName: aws.String(MemoryKey), AttributeType: "S"}},
		KeySchema:            []dynamodbtypes.KeySchemaElement{{AttributeName: aws.String(MemoryKey), KeyType: "HASH"}},
	})
	want.NoError(t, "making the table", err)
	w.keep(secret)
	topics := sns.NewFromConfig(account.AWS())
	topic, err := topics.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: &w.name})
	want.NoError(t, "making the topic", err)
	w.people = w.queue(w.name + "-people")
	_, err = topics.Subscribe(t.Context(), &sns.SubscribeInput{
		TopicArn: topic.TopicArn, Protocol: aws.String("sqs"), Endpoint: aws.String("arn:aws:sqs:" + theRegion + ":" + account.Account() + ":" + w.name + "-people"),
	})
	want.NoError(t, "listening at the topic", err)
	w.Notifier = New(deployed, Connect(account.AWS()), Options{
		Place: Place{Account: account.Account(), Name: "shop", Region: theRegion, Stage: "prod"}, Partition: "aws",
		Table: w.name, Queue: w.queue(w.name + "-inbox"), Topic: aws.ToString(topic.TopicArn), Now: func() time.Time { return w.clock },
	})
	return w
}

func (w *world) queue(name string) string {
	w.t.Helper()
	made, err := w.queues.CreateQueue(w.t.Context(), &sqs.CreateQueueInput{QueueName: &name})
	want.NoError(w.t, "making the queue "+name, err)
	return aws.ToString(made.QueueUrl)
}

// keep writes the secret.
func (w *world) keep(secret string) {
	w.t.Helper()
	client := secretsmanager.NewFromConfig(account.AWS())
	_, err := client.CreateSecret(w.t.Context(), &secretsmanager.CreateSecretInput{Name: &w.name, SecretString: &secret})
	if err != nil {
		_, err = client.PutSecretValue(w.t.Context(), &secretsmanager.PutSecretValueInput{SecretId: &w.name, SecretString: &secret})
	}
	want.NoError(w.t, "keeping the secret", err)
}

// brings is an event of the queue: messages of SNS, each received so often.
func brings(received int, messages ...string) json.RawMessage {
	type record struct {
		MessageID  string            `json:"messageId"`
		Body       string            `json:"body"`
		Attributes map[string]string `json:"attributes"`
		Source     string            `json:"eventSource"`
	}
	var batch struct{ Records []record }
	for i, message := range messages {
		envelope, _ := json.Marshal(map[string]string{"Type": "Notification", "MessageId": fmt.Sprintf("%x", message), "TopicArn": "arn:aws:sns:us-east-1:000000000000:alarms", "Message": message})
		batch.Records = append(batch.Records, record{fmt.Sprintf("m%d", i), string(envelope), map[string]string{"ApproximateReceiveCount": fmt.Sprint(received)}, "aws:sqs"})
	}
	event, _ := json.Marshal(batch)
	return event
}

// says is what CloudWatch publishes of an alarm on the errors of a function, so many seconds after noon.
func says(state, function string, seconds float64) string {
	old := map[string]string{stateAlarm: stateOK, stateOK: stateAlarm, stateNoData: stateAlarm}[state]
	message, _ := json.Marshal(map[string]any{
		"AlarmName": function + "-errors", "AlarmDescription": "Calls fail. caretaker: service=checkout; severity=critical", "AWSAccountId": "000000000000",
		"AlarmArn": "arn:aws:cloudwatch:us-east-1:000000000000:alarm:" + function + "-errors", "NewStateValue": state, "OldStateValue": old,
		"NewStateReason":  "Threshold Crossed: 1 datapoint [20.5 (29/11/26 11:59:00)] was greater than the threshold (0.5).",
		"StateChangeTime": at(seconds).Format("2006-01-02T15:04:05.000+0000"), "Region": "US East (N. Virginia)",
		"Trigger": map[string]any{
			"MetricName": "Errors", "Namespace": "AWS/Lambda", "Statistic": "SUM", "Period": 60, "EvaluationPeriods": 1, "ComparisonOperator": "GreaterThanThreshold", "Threshold": 0.5,
			"Dimensions": []map[string]string{{"name": "FunctionName", "value": function}},
		},
	})
	return string(message)
}

// hears runs the notifier with messages, so many seconds after noon.
func (w *world) hears(seconds float64, messages ...string) Report {
	w.t.Helper()
	return w.hearsAgain(seconds, 1, messages...)
}

func (w *world) hearsAgain(seconds float64, received int, messages ...string) Report {
	w.t.Helper()
	return w.runs(seconds, brings(received, messages...))
}

// runs runs it once, with a minute of time, and expects no error of the run.
func (w *world) runs(seconds float64, event json.RawMessage) Report {
	w.t.Helper()
	w.clock = at(seconds)
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	report, err := w.Handle(ctx, event)
	want.NoError(w.t, "running the notifier", err)
	return report
}

// told are the mails that people got, subject and text.
func (w *world) told() (mails []string) {
	w.t.Helper()
	for {
		output, err := w.queues.ReceiveMessage(w.t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &w.people, MaxNumberOfMessages: 10})
		want.NoError(w.t, "reading what people were told", err)
		if len(output.Messages) == 0 {
			slices.Sort(mails)
			return mails
		}
		for _, message := range output.Messages {
			var envelope struct{ Subject, Message string }
			want.NoError(w.t, "reading a mail", json.Unmarshal([]byte(aws.ToString(message.Body)), &envelope))
			mails = append(mails, envelope.Subject+"\n"+envelope.Message)
			_, err := w.queues.DeleteMessage(w.t.Context(), &sqs.DeleteMessageInput{QueueUrl: &w.people, ReceiptHandle: message.ReceiptHandle})
			want.NoError(w.t, "taking a mail", err)
		}
	}
}

// channel is the first line of each message that stands there.
func channel() (lines []string) {
	for _, message := range standIn.Messages() {
		line := message.Text
		if message.Edits > 0 {
			line += fmt.Sprintf(" (edited %d)", message.Edits)
		}
		if message.Thread != "" {
			line = "  " + line
		}
		lines = append(lines, line)
	}
	return lines
}

// received takes what a queue holds.
func (w *world) received(queue string) (bodies []string) {
	w.t.Helper()
	for {
		output, err := w.queues.ReceiveMessage(w.t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &queue, MaxNumberOfMessages: 10})
		want.NoError(w.t, "receiving", err)
		if len(output.Messages) == 0 {
			return bodies
		}
		for _, message := range output.Messages {
			bodies = append(bodies, aws.ToString(message.Body))
			_, err := w.queues.DeleteMessage(w.t.Context(), &sqs.DeleteMessageInput{QueueUrl: &queue, ReceiptHandle: message.ReceiptHandle})
			want.NoError(w.t, "deleting", err)
		}
	}
}
