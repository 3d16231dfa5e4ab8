package limitraiser_test

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"caretaker/internal/emulator"
	"caretaker/internal/want"
	limitraiser "caretaker/limit-raiser"
	"caretaker/test/deployed"
)

// count counts the function's calls of an operation, those that were refused among them.
func (w world) count(operation string) int {
	count := 0
	for _, call := range w.Own() {
		if call.Operation == operation {
			count++
		}
	}
	return count
}

// DynamoDB refuses a change while another is under way: the proxy plays that twice.
func TestDeployed_raisesATableThatIsUpdatingOnceItIsNot(t *testing.T) {
	w := shared
	defer w.ClearFaults()
	w.ForgetCalls()
	w.Inject(emulator.Fault{
		Service: "dynamodb", Operation: "UpdateTable", Times: 2,
		Status: http.StatusBadRequest, Code: "ResourceInUseException", Message: "Attempt to change a resource which is still in use: Table is being updated: updating",
	})
	alarm := alarmOf("table-updating-write")
	w.move(t, alarm, cloudwatchtypes.StateValueAlarm)
	defer w.move(t, alarm, cloudwatchtypes.StateValueOk)
	for tries := 1; tries <= 3; tries++ {
		eventually(t, "it is tried", func() bool { return w.count("UpdateTable") == tries })
		w.idle(t)
		writes := int64(50)
		if tries == 3 {
			writes = 75
		}
		if got := w.writes(t, "updating")[0]; got != writes {
			t.Fatalf("after %d tries the table has %d write units, want %d", tries, got, writes)
		}
		must(t, w.Elapse(t.Context(), time.Minute))
	}
	w.idle(t)
	want.Equal(t, "calls that raised it", w.raises("UpdateTable"), 1)
	if trail := w.trail(t, "table/updating"); len(trail) != 1 || trail[0].Outcome != limitraiser.Raised {
		t.Errorf("the audit trail is %q, want one entry, of a raise", lines(trail))
	}
}

// A run that fails leaves its message in the queue, which brings it again.
func TestDeployed_losesNoAlarmWhenARunFails(t *testing.T) {
	w := shared
	policies, err := w.Policies(t.Context())
	must(t, err)
	restore := func() { must(t, w.SetPolicies(context.WithoutCancel(t.Context()), policies)) }
	defer restore()
	must(t, w.SetPolicies(t.Context(), deployed.Without(policies, "cloudwatch:GetMetricData")))
	w.ForgetCalls()
	alarm := alarmOf("table-failing-write")
	w.move(t, alarm, cloudwatchtypes.StateValueAlarm)
	defer w.move(t, alarm, cloudwatchtypes.StateValueOk)
	eventually(t, "a run fails and its message waits", func() bool { return w.count("GetMetricData") > 0 && w.inFlight(t) == "1" })
	want.Equal(t, "the table's writes", w.writes(t, "failing")[0], 50)
	restore()
	must(t, w.Elapse(t.Context(), 6*time.Minute)) // for which the queue hides a message that failed
	eventually(t, "the table is raised", func() bool { return w.writes(t, "failing")[0] == 75 })
	w.idle(t)
}

// The brake in the console stops an armed raiser.
func TestDeployed_raisesNothingWithTheBrakePulled(t *testing.T) {
	w := shared
	pulled := maps.Clone(w.Variables)
	pulled["DRY_RUN"] = "yes"
	must(t, w.SetVariables(t.Context(), pulled))
	defer func() { must(t, w.SetVariables(context.WithoutCancel(t.Context()), w.Variables)) }()
	w.ForgetCalls()
	w.received(t, w.people)
	alarm := alarmOf("table-braked-write")
	w.move(t, alarm, cloudwatchtypes.StateValueAlarm)
	defer w.move(t, alarm, cloudwatchtypes.StateValueOk)
	eventually(t, "the event is answered", func() bool { return len(w.trail(t, "table/braked")) > 0 })
	w.idle(t)
	want.Equal(t, "the table's writes", w.writes(t, "braked")[0], 50)
	want.Equal(t, "calls of UpdateTable", w.count("UpdateTable"), 0)
	entry := w.trail(t, "table/braked")[0]
	want.Equal(t, "the outcome in the audit trail", entry.Outcome, limitraiser.WouldRaise)
	want.Equal(t, "the audit trail's to", entry.To, 75)
	want.Says(t, "what people are told", strings.Join(w.received(t, w.people), "\n"), "would raise write from 50 to 75")
}

// message is what an alarm on a metric publishes when it changes to ALARM, in short.
func (w world) message(t *testing.T, alarm, namespace, metric string, dimensions map[string]string, at time.Time) string {
	t.Helper()
	var list []map[string]string
	for name, value := range dimensions {
		list = append(list, map[string]string{"name": name, "value": value})
	}
	text, err := json.Marshal(map[string]any{
		"AlarmName": alarm, "AWSAccountId": w.Account(), "Region": "US East (N. Virginia)",
		"AlarmArn":      "arn:aws:cloudwatch:" + w.Region() + ":" + w.Account() + ":alarm:" + alarm,
		"NewStateValue": "ALARM", "OldStateValue": "OK", "NewStateReason": "the test says so",
		"StateChangeTime": at.UTC().Format("2006-01-02T15:04:05.000-0700"),
		"Trigger": map[string]any{
			"Namespace": namespace, "MetricName": metric, "Statistic": "SUM", "Period": 60, "Dimensions": list,
			"EvaluationPeriods": 1, "ComparisonOperator": "GreaterThanThreshold", "Threshold": 1.0,
		},
	})
	must(t, err)
	return string(text)
}

// bring runs the function with messages as its queue brings them.
func (w world) bring(t *testing.T, messages ...string) limitraiser.Report {
	t.Helper()
	report, failure := w.tryToBring(t, messages...)
	must(t, failure)
	return report
}

// tryToBring is bring for a run that may end in an error, and then has no report.
func (w world) tryToBring(t *testing.T, messages ...string) (limitraiser.Report, error) {
	t.Helper()
	var records []map[string]string
	for number, message := range messages {
		records = append(records, map[string]string{"messageId": string(rune('a' + number)), "body": message, "eventSource": "aws:sqs"})
	}
	payload, err := json.Marshal(map[string]any{"Records": records})
	must(t, err)
	var report limitraiser.Report
	failure := w.Invoke(t.Context(), payload, &report)
	return report, failure
}

func TestDeployed_actsOnNothingFromElsewhereAndOnNoNoise(t *testing.T) {
	w := shared
	w.ForgetCalls()
	before := w.writes(t, "permitted")[0]
	own := w.message(t, "theirs", "AWS/DynamoDB", "WriteThrottleEvents", map[string]string{"TableName": "permitted"}, time.Now())
	report := w.bring(t,
		strings.ReplaceAll(own, w.Account(), "111122223333"),
		strings.ReplaceAll(own, w.Region(), "eu-west-1"),
		`{"a": "message that is not an alarm"}`, `{`, "",
	)
	want.Equal(t, "events refused", report.EventsRefused, 5)
	want.Equal(t, "events that come again", len(report.BatchItemFailures), 0)
	want.Equal(t, "errors", report.Errors, nil)
	for _, call := range w.Own() {
		t.Errorf("it called %s:%s, want no call", call.Service, call.Operation)
	}
	must(t, w.publish(t.Context(), strings.ReplaceAll(own, w.Account(), "111122223333")))
	w.idle(t)
	want.Equal(t, "the table's writes, as before", w.writes(t, "permitted")[0], before)
}

// A forged alarm would raise whatever the file allows.
func TestDeployed_nobodyButCloudWatchSpeaksForAlarms(t *testing.T) {
	w := shared
	own := w.message(t, "forged", "AWS/DynamoDB", "WriteThrottleEvents", map[string]string{"TableName": "permitted"}, time.Now())
	if _, err := w.topics.Publish(t.Context(), &sns.PublishInput{TopicArn: &w.callers, Message: &own}); err == nil || !strings.Contains(err.Error(), "AuthorizationError") {
		t.Errorf("the account's own root publishes with the error %v, want an AuthorizationError", err)
	}
}

// inFlight is how many messages of the function's queue are hidden from it.
func (w world) inFlight(t *testing.T) string {
	t.Helper()
	return w.attributes(t)["ApproximateNumberOfMessagesNotVisible"]
}
