package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"caretaker/alerts/label"
	"caretaker/alerts/notify"
	"caretaker/internal/emulator"
	"caretaker/internal/slack"
)

// Where make leaves the notifier's binaries: for a deployment, and for this machine.
const (
	notifierBinary = "dist/alerts/notify/bootstrap"
	notifierOnHost = "dist/host/alerts/notify/bootstrap"
)

// measureAlerts measures all figures of the alerts.
func measureAlerts(ctx context.Context, r *results) error {
	if err := measureReconciler(ctx, r); err != nil {
		return fmt.Errorf("the reconciler: %w", err)
	}
	world, err := startNotifierWorld(ctx)
	if err != nil {
		return err
	}
	defer world.stop()
	if err := world.storms(ctx, r); err != nil {
		return fmt.Errorf("a storm of alarms: %w", err)
	}
	if err := world.speed(ctx, r); err != nil {
		return fmt.Errorf("the way from alarm to Slack: %w", err)
	}
	if err := namedSizes(r, "notify_", notifierBinary, notify.Deployed{Config: notify.Default()}, 12, 4.5); err != nil {
		return fmt.Errorf("the notifier's binary: %w", err)
	}
	return nil
}

// notifierWorld is an account with what is around the notifier, and a stand-in for Slack.
type notifierWorld struct {
	emulator *emulator.Emulator
	slack    *slack.Server
	topic    string
}

func startNotifierWorld(ctx context.Context) (*notifierWorld, error) {
	standIn, err := slack.Start()
	if err != nil {
		return nil, err
	}
	started, err := emulator.Start(ctx, emulator.Options{})
	if err != nil {
		standIn.Stop()
		return nil, err
	}
	w := &notifierWorld{emulator: started, slack: standIn}
	made, err := sns.NewFromConfig(started.AWS()).CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("people")})
	if err != nil {
		w.stop()
		return nil, fmt.Errorf("making the topic: %w", err)
	}
	w.topic = aws.ToString(made.TopicArn)
	return w, nil
}

func (w *notifierWorld) stop() {
	w.emulator.Stop()
	w.slack.Stop()
}

// start starts the function's binary with a table and a secret of its own.
func (w *notifierWorld) start(ctx context.Context, name, secret string) (function, error) {
	_, err := dynamodb.NewFromConfig(w.emulator.AWS()).CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName: &name, BillingMode: dynamodbtypes.BillingModePayPerRequest,
		AttributeDefinitions: []dynamodbtypes.AttributeDefinition{{AttributeName: aws.String(notify.MemoryKey), AttributeType: dynamodbtypes.ScalarAttributeTypeS}},
		KeySchema:            []dynamodbtypes.KeySchemaElement{{AttributeName: aws.String(notify.MemoryKey), KeyType: dynamodbtypes.KeyTypeHash}},
	})
	if err != nil {
		return function{}, fmt.Errorf("making the table: %w", err)
	}
	_, err = secretsmanager.NewFromConfig(w.emulator.AWS()).CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: &name, SecretString: &secret})
	if err != nil {
		return function{}, fmt.Errorf("making the secret: %w", err)
	}
	w.slack.Clear()
	config, err := json.Marshal(notify.Deployed{Config: notify.Default(), Target: notify.Target{
		Secret: name, Channel: "#alerts", API: w.slack.API(), Blocks: true, Hosts: []string{w.slack.Host()},
	}})
	if err != nil {
		return function{}, err
	}
	f, _, err := startFunction(ctx, notifierOnHost, string(config), append(w.emulator.Environ(), "STAGE=bench", "TOPIC_ARN="+w.topic,
		"TABLE_NAME="+name, "QUEUE_URL=https://sqs.us-east-1.amazonaws.com/000000000000/none", "SSL_CERT_FILE="+w.slack.CertFile()))
	return f, err
}

// A storm: so many alarms of so many services, each delivered twice, in batches such as Lambda gathers.
const (
	stormAlarms   = 1000
	stormServices = 25
	stormBatch    = 250
)

var alarmsOn = regexp.MustCompile(`(\d+) alarms? (?:are|is) on`)

// storms has all alarms go on within a minute, and then heal, with a webhook and with a bot.
func (w *notifierWorld) storms(ctx context.Context, r *results) error {
	most, lost := 0, 0
	for name, secret := range map[string]string{"webhook": w.slack.Webhook(), "bot": slack.Token} {
		f, err := w.start(ctx, "storm-"+name, secret)
		if err != nil {
			return err
		}
		began := time.Now().UTC().Truncate(time.Millisecond)
		if err := w.storm(f, "ALARM", began); err != nil {
			return err
		}
		on := 0
		for _, message := range w.slack.Messages() {
			if match := alarmsOn.FindStringSubmatch(message.Text); match != nil {
				count, _ := strconv.Atoi(match[1])
				on += count
			}
		}
		opened := len(w.slack.Messages())
		if err := w.storm(f, "OK", began.Add(11*time.Minute)); err != nil {
			return err
		}
		f.Stop()
		closed := w.slack.Messages()
		if name == "bot" {
			lost += stormAlarms - on
		}
		if last := closed[len(closed)-1].Text; !strings.HasPrefix(last, "OK again: ") || !strings.Contains(last, fmt.Sprintf("%d alarms", stormAlarms)) {
			lost++
			r.note("the last message is %q", last)
		}
		r.note("  with a %-8s %d messages while %d alarms go on, %d in all until they are OK again", name+":", opened, stormAlarms, len(closed))
		most = max(most, len(closed))
	}
	r.note("storm_messages: what people get of %d alarms of %d services within a minute, each delivered twice and shuffled, in batches of %d; and of their end. storm_lost: alarms that are not in it", stormAlarms, stormServices, stormBatch)
	r.report(figure{"storm_messages", float64(most), "messages", "<=", 10})
	r.report(figure{"storm_lost", float64(lost), "alarms", "=", 0})
	return nil
}

// storm brings the changes of all alarms, each twice, shuffled.
func (w *notifierWorld) storm(f function, state string, began time.Time) error {
	var messages []string
	for i := range stormAlarms {
		message := alarmMessage(state, fmt.Sprintf("service-%d", i%stormServices), fmt.Sprintf("function-%d", i), began.Add(time.Duration(i)*60*time.Millisecond))
		messages = append(messages, message, message)
	}
	chance := rand.New(rand.NewPCG(12, 1)) // #nosec G404 -- the same storm each time
	chance.Shuffle(len(messages), func(i, j int) { messages[i], messages[j] = messages[j], messages[i] })
	for batch := range slices.Chunk(messages, stormBatch) {
		report, err := bring(f, batch)
		if err != nil {
			return err
		}
		if len(report.BatchItemFailures) > 0 || len(report.Errors) > 0 {
			return fmt.Errorf("%d messages were not handled: %q", len(report.BatchItemFailures), report.Errors)
		}
	}
	return nil
}

// bring invokes the function as its queue does.
func bring(f function, messages []string) (notify.Report, error) {
	var records []map[string]any
	for i, message := range messages {
		envelope, err := json.Marshal(map[string]string{"TopicArn": "arn:aws:sns:us-east-1:000000000000:alarms", "MessageId": strconv.Itoa(i), "Message": message})
		if err != nil {
			return notify.Report{}, err
		}
		records = append(records, map[string]any{"messageId": strconv.Itoa(i), "body": string(envelope)})
	}
	event, err := json.Marshal(map[string]any{"Records": records})
	if err != nil {
		return notify.Report{}, err
	}
	body, _, err := f.invoke(string(event), time.Minute)
	if err != nil {
		return notify.Report{}, err
	}
	var report notify.Report
	return report, json.Unmarshal(body, &report)
}

// alarmMessage is what CloudWatch publishes of an alarm on the errors of a function.
func alarmMessage(state, service, function string, at time.Time) string {
	name := function + "-errors"
	text, err := json.Marshal(map[string]any{
		"AlarmName": name, "AlarmDescription": label.Labels{Service: service, Severity: label.Critical}.String(), "AWSAccountId": "000000000000",
		"AlarmArn": "arn:aws:cloudwatch:us-east-1:000000000000:alarm:" + name, "NewStateValue": state, "OldStateValue": map[string]string{"ALARM": "OK", "OK": "ALARM"}[state],
		"NewStateReason": "Threshold Crossed: 1 datapoint [20.0 (29/11/26 11:59:00)] was greater than the threshold (5.0).", "StateChangeTime": at.Format("2006-01-02T15:04:05.000+0000"),
		"Region": "US East (N. Virginia)", "Trigger": map[string]any{
			"MetricName": "Errors", "Namespace": "AWS/Lambda", "Statistic": "SUM", "Period": 60, "EvaluationPeriods": 1, "ComparisonOperator": "GreaterThanThreshold", "Threshold": 5,
			"Dimensions": []map[string]string{{"name": "FunctionName", "value": function}},
		},
	})
	if err != nil {
		panic("bench: " + err.Error()) // there are texts and numbers in it
	}
	return string(text)
}

// timed is how many alarms the median is taken of.
const timed = 11

// speed is the time from a run's start until the message stands in the channel.
func (w *notifierWorld) speed(ctx context.Context, r *results) error {
	f, err := w.start(ctx, "speed", slack.Token)
	if err != nil {
		return err
	}
	defer f.Stop()
	took := make([]float64, timed)
	for i := range took {
		began := time.Now()
		report, err := bring(f, []string{alarmMessage("ALARM", "one", fmt.Sprintf("timed-%d", i), began)})
		if err != nil {
			return err
		}
		if len(report.Errors) > 0 || report.Sent[notify.Opened]+report.Sent[notify.Changed] != 1 {
			return fmt.Errorf("nothing was told: %+v", report)
		}
		took[i] = time.Since(began).Seconds()
	}
	first := took[0]
	slices.Sort(took)
	r.note("alarm_to_slack: from the queue to the channel, the median of %d runs of %s with the emulator's answers and a second between two messages; the first took %.2f s, the slowest %.2f", timed, notifierOnHost, first, took[timed-1])
	r.report(figure{"alarm_to_slack", took[timed/2], "s", "<=", 2})
	return nil
}
