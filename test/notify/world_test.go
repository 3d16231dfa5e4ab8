// Package notify_test runs the deployed notifier: a real cdk deploy of the real binary into the
// emulator, under its own role, with IAM enforced, and a stand-in for Slack on this machine. What
// alarms say is published as CloudWatch publishes it; from there on everything goes the way it goes
// on AWS.
package notify_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"caretaker/internal/emulator"
	"caretaker/internal/slack"
	"caretaker/internal/want"
	"caretaker/test/deployed"
)

const (
	stack        = "Caretaker-default-Notify"
	functionName = "caretaker-default-notify"
	secretName   = "caretaker/slack" // #nosec G101 -- its name
)

// configuration is the file that is deployed: a bot, and a window so short that nobody waits for it.
const configuration = `
version: 1
janitor: {enabled: true}
notify:
  accountName: shop
  hosts: ["%[1]s"]
  sms: ["+4915112345678"]
  slack: {secret: caretaker/slack, channel: "#alerts", api: "https://%[1]s/api"}
alerts:
  notify: {enabled: true, window: 2s, topics: [billing], logLines: 3, chart: 3h, amazonQ: {topic: teams}, escalate: {after: 5m, topic: management}}
`

// world is an account with the deployed notifier, and the janitor, whose topic it hears.
type world struct {
	deployed.Function
	slack   *slack.Server
	alarms  *cloudwatch.Client
	queues  *sqs.Client
	topics  *sns.Client
	secrets *secretsmanager.Client
	billing string // the ARN of a topic of the account
	people  string // the URL of a queue that hears what people are told
	higher  string // the URL of a queue that hears what stays on
	teams   string // the URL of a queue that hears what Amazon Q would
}

var shared world

func TestMain(m *testing.M) { os.Exit(deployed.Main(m, 12*time.Minute, build)) }

var root, _ = filepath.Abs(filepath.Join("..", ".."))

// build starts the emulator and the stand-in, and deploys: the janitor first, which subscribes a queue
// that is not there yet.
func build(ctx context.Context, folder string) (stop func(), err error) {
	standIn, err := slack.Start()
	if err != nil {
		return func() {}, err
	}
	started, err := emulator.Start(ctx, emulator.Options{Auth: true})
	if err != nil {
		return standIn.Stop, err
	}
	stop = func() { started.Stop(); standIn.Stop() }
	cfg := started.AWS()
	w := world{
		slack: standIn, alarms: cloudwatch.NewFromConfig(cfg), queues: sqs.NewFromConfig(cfg), topics: sns.NewFromConfig(cfg), secrets: secretsmanager.NewFromConfig(cfg),
	}
	path := filepath.Join(folder, "caretaker.yaml")
	if err := os.WriteFile(path, fmt.Appendf(nil, configuration, standIn.Host()), 0o600); err != nil {
		return stop, err
	}
	billing, err := w.topics.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("billing")})
	if err != nil {
		return stop, err
	}
	w.billing = aws.ToString(billing.TopicArn)
	if _, err := w.secrets.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: aws.String(secretName), SecretString: aws.String(slack.Token)}); err != nil {
		return stop, err
	}
	output := filepath.Join(folder, "cdk.out")
	if err := deployed.CDK(ctx, started, root, output, "bootstrap", "--app", "", "aws://"+started.Account()+"/"+started.Region()); err != nil {
		return stop, err
	}
	for _, name := range []string{"Caretaker-default-Janitor", stack} {
		if err := deployed.CDK(ctx, started, root, output, "deploy", name, "--require-approval", "never", "-c", "config="+path); err != nil {
			return stop, err
		}
	}
	if w.Function, err = deployed.Find(ctx, started, functionName); err != nil {
		return stop, err
	}
	// The function trusts the stand-in's authority, as a company's function trusts the company's.
	variables := maps.Clone(w.Variables)
	variables["SSL_CERT_FILE"] = standIn.CertFile()
	if err := w.SetVariables(ctx, variables); err != nil {
		return stop, err
	}
	if w.people, err = w.listen(ctx, "people", w.Variables["TOPIC_ARN"]); err != nil {
		return stop, err
	}
	management, err := w.topics.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("management")})
	if err != nil {
		return stop, err
	}
	if w.higher, err = w.listen(ctx, "higher", aws.ToString(management.TopicArn)); err != nil {
		return stop, err
	}
	teams, err := w.topics.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("teams")})
	if err != nil {
		return stop, err
	}
	w.teams, err = w.listen(ctx, "teams", aws.ToString(teams.TopicArn))
	shared = w
	return stop, err
}

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
	_, err = w.topics.Subscribe(ctx, &sns.SubscribeInput{TopicArn: &topic, Protocol: aws.String("sqs"), Endpoint: &arn})
	return aws.ToString(queue.QueueUrl), err
}

// eventually polls until something holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(90 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("within a minute and a half it was not so: %s", what)
}

// told are the mails that people got, without heartbeats.
func (w world) told(t *testing.T) []string {
	t.Helper()
	return slices.DeleteFunc(w.heard(t, w.people), isHeartbeat)
}

// isHeartbeat tells a heartbeat, which the schedule sends when its time has come, whatever a test does meanwhile.
func isHeartbeat(text string) bool { return strings.HasPrefix(text, "Caretaker's heartbeat") }

// heard is what a queue got from a topic.
func (w world) heard(t *testing.T, queue string) (mails []string) {
	t.Helper()
	for {
		output, err := w.queues.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &queue, MaxNumberOfMessages: 10})
		want.NoError(t, "reading what people were told", err)
		if len(output.Messages) == 0 {
			slices.Sort(mails)
			return mails
		}
		for _, message := range output.Messages {
			var envelope struct{ Subject, Message string }
			want.NoError(t, "reading a mail", json.Unmarshal([]byte(aws.ToString(message.Body)), &envelope))
			mails = append(mails, envelope.Subject+"\n"+envelope.Message)
			_, err := w.queues.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: &queue, ReceiptHandle: message.ReceiptHandle})
			want.NoError(t, "taking a mail", err)
		}
	}
}

// messages are those that stand in the channel, without heartbeats and the charts in threads.
func (w world) messages() []slack.Message {
	return slices.DeleteFunc(w.slack.Messages(), func(m slack.Message) bool { return len(m.Files) > 0 || isHeartbeat(m.Text) })
}

// heartbeats are those that stand in the channel.
func (w world) heartbeats() (texts []string) {
	for _, message := range w.slack.Messages() {
		if isHeartbeat(message.Text) {
			texts = append(texts, message.Text)
		}
	}
	return texts
}

// charts are the threads in which pictures stand.
func (w world) charts() (threads []string) {
	for _, message := range w.slack.Messages() {
		for _, file := range message.Files {
			if _, err := png.DecodeConfig(bytes.NewReader(file.Content)); err == nil {
				threads = append(threads, message.Thread)
			}
		}
	}
	return threads
}

// texts is the first line of each of them.
func (w world) texts() (lines []string) {
	for _, message := range w.messages() {
		lines = append(lines, message.Text)
	}
	return lines
}

// says is what CloudWatch publishes of an alarm on the errors of a function of a service, as its records of
// 2026 have it.
func (w world) says(state, service, function string, at time.Time) string {
	name := function + "-errors"
	message, _ := json.Marshal(map[string]any{
		"AlarmName": name, "AlarmDescription": "Calls fail. caretaker: service=" + service + "; severity=critical", "AWSAccountId": w.Account(),
		"AlarmConfigurationUpdatedTimestamp": "2026-02-26T09:00:00.000+0000", "AlarmArn": "arn:aws:cloudwatch:" + w.Region() + ":" + w.Account() + ":alarm:" + name,
		"NewStateValue": state, "OldStateValue": map[string]string{"ALARM": "OK", "OK": "ALARM"}[state],
		"NewStateReason":  "Threshold Crossed: 1 datapoint [20.5 (29/11/26 11:59:00)] was greater than the threshold (0.5).",
		"StateChangeTime": at.UTC().Format("2006-01-02T15:04:05.000+0000"), "Region": "US East (N. Virginia)",
		"OKActions": []string{}, "AlarmActions": []string{w.billing}, "InsufficientDataActions": []string{}, "ActionExecutedAfterMuteWindow": false,
		"Trigger": map[string]any{
			"MetricName": "Errors", "Namespace": "AWS/Lambda", "StatisticType": "Statistic", "Statistic": "SUM", "Unit": nil, "Period": 60, "EvaluationPeriods": 1, "DatapointsToAlarm": 1,
			"ComparisonOperator": "GreaterThanThreshold", "Threshold": 0.5, "TreatMissingData": "notBreaching", "EvaluateLowSampleCountPercentile": "",
			"Dimensions": []map[string]string{{"name": "FunctionName", "value": function}},
		},
	})
	return string(message)
}

// publish has CloudWatch publish to a topic of the account.
func (w world) publish(t *testing.T, topic string, messages ...string) {
	t.Helper()
	for _, message := range messages {
		want.NoError(t, "publishing", w.Announce(t.Context(), topic, "arn:aws:cloudwatch:"+w.Region()+":"+w.Account()+":alarm:any", message))
	}
}

// fresh empties the channel and the mails.
func (w world) fresh(t *testing.T) {
	t.Helper()
	w.slack.Heal()
	w.slack.Clear()
	w.told(t)
	w.heard(t, w.teams)
}
