package notify

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"caretaker/internal/emulator"
	"caretaker/internal/slack"
	"caretaker/internal/want"
)

// contributes is what CloudWatch publishes of a contributor of an alarm over all functions.
func contributes(alarm, id string, seconds float64) string {
	message, _ := json.Marshal(map[string]any{
		"AlarmName": alarm, "AlarmDescription": "Calls fail. caretaker: service=checkout; severity=critical", "AWSAccountId": account.Account(),
		"AlarmArn": "arn:aws:cloudwatch:us-east-1:" + account.Account() + ":alarm:" + alarm, "NewStateValue": stateAlarm, "OldStateValue": stateOK, "NewStateReason": "Threshold Crossed",
		"StateChangeTime": at(seconds).Format("2006-01-02T15:04:05.000+0000"), "Region": "US East (N. Virginia)",
		"AlarmContributorId": id, "AlarmContributorAttributes": map[string]string{"FunctionName": "f-" + id},
		"Trigger": map[string]any{"Metrics": []map[string]any{{"Id": "q", "Expression": "SELECT MAX(Errors) ...", "ReturnData": true}}, "Period": 60, "EvaluationPeriods": 1, "ComparisonOperator": "GreaterThanThreshold", "Threshold": 0.5},
	})
	return string(message)
}

// on makes an alarm that is on.
func (w *world) on(name string) {
	w.t.Helper()
	client := cloudwatch.NewFromConfig(account.AWS())
	_, err := client.PutMetricAlarm(w.t.Context(), &cloudwatch.PutMetricAlarmInput{
		AlarmName: &name, Namespace: aws.String("AWS/Lambda"), MetricName: aws.String("Errors"), Statistic: "Sum", Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1),
		Threshold: aws.Float64(0.5), ComparisonOperator: "GreaterThanThreshold",
	})
	want.NoError(w.t, "putting an alarm", err)
	_, err = client.SetAlarmState(w.t.Context(), &cloudwatch.SetAlarmStateInput{AlarmName: &name, StateValue: cloudwatchtypes.StateValueAlarm, StateReason: aws.String("the test says so")})
	want.NoError(w.t, "moving it", err)
}

func TestHandle_closesEachContributorThatIsNotAmongThoseInAlarmAnyMore(t *testing.T) {
	w := newWorld(t, slack.Token)
	const alarm = "all/functions-errors"
	w.on(alarm)
	now := time.Now()
	account.SetContributors(alarm, map[string]time.Time{"a": now, "b": now})
	w.hears(30, contributes(alarm, "a", 0), contributes(alarm, "b", 1))
	report := w.runs(400, json.RawMessage("{}"))
	want.Equal(t, "changes while both are on", report.Looked, 0)
	account.SetContributors(alarm, map[string]time.Time{"b": now})
	report = w.runs(700, json.RawMessage("{}"))
	want.Equal(t, "changes when one is not among them", report.Looked, 1)
	want.Says(t, "the message", standIn.Messages()[0].Text, "Critical: checkout, "+alarm+" is on")
	want.Says(t, "what it shows", standIn.Messages()[0].Shown(), "FunctionName f-b", "OK again: "+alarm)

	// A hundred is all that CloudWatch keeps: one that is not among them may be on.
	many := map[string]time.Time{}
	for number := range mostContributors {
		many[fmt.Sprint("c", number)] = now
	}
	account.SetContributors(alarm, many)
	report = w.runs(1000, json.RawMessage("{}"))
	want.Equal(t, "changes when it is not among a hundred", report.Looked, 0)

	account.Inject(emulator.Fault{Operation: "DescribeAlarmContributors", Status: http.StatusForbidden, Code: "AccessDenied", Times: 1})
	w.clock = at(1300)
	report, err := w.Handle(t.Context(), json.RawMessage("{}"))
	if err == nil || !strings.Contains(err.Error(), "cloudwatch:DescribeAlarmContributors") {
		t.Errorf("the run says %v, want the action that was denied", err)
	}
	want.Equal(t, "changes when nobody knows", report.Looked, 0)

	account.SetContributors(alarm, nil)
	w.runs(1600, json.RawMessage("{}"))
	want.Says(t, "the message in the end", standIn.Messages()[0].Text, "OK again: checkout, 2 alarms")
}
