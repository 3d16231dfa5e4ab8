package notify_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"caretaker/alerts/notify"
	"caretaker/internal/slack"
	"caretaker/internal/want"
	"caretaker/test/deployed"
)

// onBehalf are what AWS does for the function by its role, which the emulator does not ask for.
var onBehalf = []string{"logs:CreateLogStream", "logs:PutLogEvents", "xray", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"}

// move moves an alarm to a state, as CloudWatch would.
func (w world) move(t *testing.T, alarm string, state cloudwatchtypes.StateValue) {
	t.Helper()
	_, err := w.alarms.SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{AlarmName: &alarm, StateValue: state, StateReason: aws.String("the test says so")})
	want.NoError(t, "moving "+alarm, err)
}

// forget empties the notifier's memory.
func (w world) forget(t *testing.T) {
	t.Helper()
	table := w.Variables["TABLE_NAME"]
	_, err := dynamodb.NewFromConfig(w.AWS()).DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: &table, Key: map[string]dynamodbtypes.AttributeValue{
		notify.MemoryKey: &dynamodbtypes.AttributeValueMemberS{Value: "state"},
	}})
	want.NoError(t, "emptying the memory", err)
}

// scheduled runs the function as its schedule does.
func (w world) scheduled(t *testing.T) notify.Report {
	t.Helper()
	var report notify.Report
	want.NoError(t, "a scheduled run", w.Invoke(t.Context(), []byte("{}"), &report))
	return report
}

// brings runs the function as its queue does, and answers the report, and the run's error where it ended in one.
func (w world) brings(t *testing.T, messages ...string) (notify.Report, error) {
	t.Helper()
	var records []map[string]any
	for i, message := range messages {
		envelope, _ := json.Marshal(map[string]string{"TopicArn": w.billing, "MessageId": fmt.Sprint(time.Now().UnixNano(), i), "Message": message})
		records = append(records, map[string]any{"messageId": fmt.Sprint("m", i), "body": string(envelope), "attributes": map[string]string{"ApproximateReceiveCount": "1"}})
	}
	event, _ := json.Marshal(map[string]any{"Records": records})
	var report notify.Report
	err := w.Invoke(t.Context(), event, &report)
	return report, err
}

// told is all that a run says of what went wrong.
func toldOf(report notify.Report, err error) string {
	return fmt.Sprint(strings.Join(report.Errors, "\n"), "\n", err)
}

// rounds is how often everyCall is tried. A run of the function's own schedule, or a heartbeat that was still in
// the queue, may come in between, and then this round sends no heartbeat.
const rounds = 5

// lasts makes an alarm that is on for ten minutes, and answers what CloudWatch published of it.
func (w world) lasts(t *testing.T, service string) string {
	t.Helper()
	name := service + "-errors"
	_, err := w.alarms.PutMetricAlarm(t.Context(), &cloudwatch.PutMetricAlarmInput{
		AlarmName: &name, Namespace: aws.String("AWS/Lambda"), MetricName: aws.String("Errors"), Statistic: cloudwatchtypes.StatisticSum, Period: aws.Int32(60),
		EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(0.5), ComparisonOperator: cloudwatchtypes.ComparisonOperatorGreaterThanThreshold,
	})
	want.NoError(t, "making the alarm", err)
	w.move(t, name, cloudwatchtypes.StateValueAlarm)
	return w.says("ALARM", service, service, time.Now().Add(-10*time.Minute))
}

// logs writes a line into a function's log.
func (w world) logs(t *testing.T, function, line string) {
	t.Helper()
	client, group := cloudwatchlogs.NewFromConfig(w.AWS()), aws.String("/aws/lambda/"+function)
	_, err := client.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: group})
	want.NoError(t, "making a log group", err)
	_, err = client.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: group, LogStreamName: aws.String("s")})
	want.NoError(t, "making a stream", err)
	_, err = client.PutLogEvents(t.Context(), &cloudwatchlogs.PutLogEventsInput{
		LogGroupName: group, LogStreamName: aws.String("s"), LogEvents: []logtypes.InputLogEvent{{Message: &line, Timestamp: aws.Int64(time.Now().UnixMilli())}},
	})
	want.NoError(t, "putting a line", err)
}

// contributes is what CloudWatch publishes of a contributor of an alarm that is on.
func (w world) contributes(t *testing.T, at time.Time) string {
	t.Helper()
	const name = "all-functions"
	_, err := w.alarms.PutMetricAlarm(t.Context(), &cloudwatch.PutMetricAlarmInput{
		AlarmName: aws.String(name), Namespace: aws.String("AWS/Lambda"), MetricName: aws.String("Errors"), Statistic: cloudwatchtypes.StatisticSum, Period: aws.Int32(60),
		EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(0.5), ComparisonOperator: cloudwatchtypes.ComparisonOperatorGreaterThanThreshold,
	})
	want.NoError(t, "making the alarm", err)
	w.move(t, name, cloudwatchtypes.StateValueAlarm)
	var message map[string]any
	want.NoError(t, "reading a message", json.Unmarshal([]byte(w.says("ALARM", "all", "all", at)), &message))
	message["AlarmName"], message["AlarmArn"] = name, "arn:aws:cloudwatch:"+w.Region()+":"+w.Account()+":alarm:"+name
	message["AlarmContributorId"], message["AlarmContributorAttributes"] = "c1", map[string]string{"FunctionName": "f"}
	text, err := json.Marshal(message)
	want.NoError(t, "encoding", err)
	return string(text)
}

// hasLog says whether a function has a log.
func (w world) hasLog(t *testing.T, function string) bool {
	t.Helper()
	found, err := cloudwatchlogs.NewFromConfig(w.AWS()).DescribeLogGroups(t.Context(), &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: aws.String("/aws/lambda/" + function)})
	want.NoError(t, "looking for a log", err)
	for _, group := range found.LogGroups {
		if aws.ToString(group.LogGroupName) == "/aws/lambda/"+function {
			return true
		}
	}
	return false
}

// everyCall has the function make each of its calls at least once: it draws a chart, reads tags, a log and the secret, remembers, is
// refused by Slack, tells people, looks at what is on and at the contributors of that, tells somebody else of what
// stays on, and sends a heartbeat.
func (w world) everyCall(t *testing.T, number int) string {
	t.Helper()
	w.forget(t)
	function, drawn := fmt.Sprintf("unlabelled-%d", number), fmt.Sprintf("drawn-%d", number)
	message := strings.Replace(w.says("ALARM", "any", function, time.Now()), "caretaker: service=any; severity=critical", "", 1)
	for _, name := range []string{function, drawn, "all", "lasting"} {
		if !w.hasLog(t, name) {
			w.logs(t, name, "ERROR")
		}
	}
	said := toldOf(w.brings(t, w.says("ALARM", "drawn", drawn, time.Now())))
	w.slack.Revoke()
	said += toldOf(w.brings(t, message, w.contributes(t, time.Now()), w.lasts(t, "lasting")))
	var report notify.Report
	err := w.Invoke(t.Context(), []byte("{}"), &report)
	said += toldOf(report, err)
	for _, mail := range w.heard(t, w.people) {
		said += "\n" + mail
	}
	w.slack.Heal()
	return said
}

func TestDeployed_needsEachActionOfItsRole(t *testing.T) {
	w := shared
	w.fresh(t)
	policies, err := w.Policies(t.Context())
	want.NoError(t, "reading the role", err)
	actions := deployed.Granted(policies, onBehalf...)
	want.Equal(t, "the actions that the role grants", actions, []string{
		"cloudwatch:DescribeAlarmContributors", "cloudwatch:DescribeAlarms", "cloudwatch:GetMetricWidgetImage", "dynamodb:UpdateItem", "logs:FilterLogEvents", "secretsmanager:GetSecretValue", "sns:Publish", "sqs:SendMessage", "tag:GetResources",
	})
	for number, action := range actions {
		t.Run(action, func(t *testing.T) {
			less := policies
			if action == "sqs:SendMessage" { // it stands twice: for the queue of failures too
				less = maps.Clone(policies)
			}
			want.NoError(t, "taking the action away", w.SetPolicies(t.Context(), deployed.Without(less, action)))
			said := ""
			for round := 0; round < rounds && !strings.Contains(said, action); round++ {
				said += w.everyCall(t, 1000*round+number)
			}
			want.NoError(t, "giving it back", w.SetPolicies(context.WithoutCancel(t.Context()), policies))
			want.Says(t, "what was told of the run", said, action)
			// What a run was refused before, it may still mail now.
			with := w.everyCall(t, 100+number)
			for round := 1; round < rounds && strings.Contains(with, action); round++ {
				with = w.everyCall(t, 1000*round+100+number)
			}
			if strings.Contains(with, action) {
				t.Errorf("with it the run says:\n%s", with)
			}
		})
	}
}

func TestDeployed_callsExactlyWhatItsRoleGrants(t *testing.T) {
	w := shared
	w.fresh(t)
	w.ForgetCalls()
	policies, err := w.Policies(t.Context())
	want.NoError(t, "reading the role", err)
	granted := deployed.Granted(policies, onBehalf...)
	called := map[string]bool{}
	for round := 0; round < rounds && len(called) < len(granted); round++ {
		w.everyCall(t, 10_000+round)
		called = w.called(t)
	}
	want.Equal(t, "the actions that are called, as those that are granted", slices.Sorted(maps.Keys(called)), granted)
}

// called is what the function has called.
func (w world) called(t *testing.T) map[string]bool {
	t.Helper()
	called := map[string]bool{}
	for _, call := range w.Own() {
		service := map[string]string{"tagging": "tag", "monitoring": "cloudwatch", "resourcegroupstaggingapi": "tag"}[call.Service]
		if service == "" {
			service = call.Service
		}
		called[service+":"+call.Operation] = true
		if call.ErrorCode != "" && call.ErrorCode != "ConditionalCheckFailedException" {
			t.Errorf("%s:%s answered %s", call.Service, call.Operation, call.ErrorCode)
		}
	}
	return called
}

// Whatever goes wrong, the secret stands in no log, no mail and no report, and not in the memory.
func TestDeployed_tellsNobodyTheSecret(t *testing.T) {
	w := shared
	w.fresh(t)
	var all strings.Builder
	number := 2000
	for _, spoil := range []func(){
		func() {},
		w.slack.Revoke,
		func() { w.slack.Inject(slack.Fault{Status: 500, Body: slack.Token}) },
		func() { w.slack.Inject(slack.Fault{Drop: true}) },
		func() { w.slack.Inject(slack.Fault{Location: w.slack.Webhook()}) },
		func() { w.slack.Inject(slack.Fault{Word: "ratelimited", RetryAfter: "9999"}) },
		func() { w.slack.Inject(slack.Fault{Status: 200, Body: `{"ok":false,"error":"` + slack.Token + `"}`}) },
	} {
		number++
		spoil()
		report, err := w.brings(t, w.says("ALARM", "secretive", fmt.Sprintf("secretive-%d", number), time.Now()), "a notice")
		text, _ := json.Marshal(report)
		fmt.Fprintln(&all, string(text), err, w.heard(t, w.people))
		w.slack.Heal()
	}
	group := "/aws/lambda/" + functionName
	logs, err := cloudwatchlogs.NewFromConfig(w.AWS()).FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &group, Limit: aws.Int32(10_000)})
	want.NoError(t, "reading the log", err)
	if len(logs.Events) < 10 {
		t.Errorf("the log has %d lines, want more", len(logs.Events))
	}
	for _, event := range logs.Events {
		all.WriteString(aws.ToString(event.Message))
	}
	for _, secret := range []string{slack.Token, strings.TrimPrefix(w.slack.Webhook(), "https://"+w.slack.Host())} {
		if at := strings.Index(all.String(), secret); at >= 0 {
			t.Errorf("the secret is told:\n%s", all.String()[max(0, at-300):at+100])
		}
	}
}
