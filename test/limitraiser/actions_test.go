package limitraiser_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	autoscalingtypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"caretaker/internal/alarm"
	"caretaker/internal/want"
	limitraiser "caretaker/limit-raiser"
	"caretaker/test/deployed"
)

// onBehalf are the actions of the role that AWS uses on the function's behalf, for its queue, its
// log and its traces. The emulator does not ask for them; the template's tests assert them.
var onBehalf = []string{
	"logs", "xray", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueUrl", "sqs:GetQueueAttributes",
}

// events are messages that together need every action: a table, a stream, a function and a quota
// that are short, a table that auto scaling manages, a quota that is known by its default only, and
// looks at an alarm and at a contributor that are still on.
func (w world) events(t *testing.T, at time.Time) map[string]string {
	t.Helper()
	short := alarmOf("table-permitted-write")
	table := func(name string) string {
		return w.message(t, name+"-short", "AWS/DynamoDB", "WriteThrottleEvents", map[string]string{"TableName": name}, at)
	}
	look := func(contributor string) string {
		raw, err := limitraiser.Look{
			Resource: "table/permitted", Step: 1,
			Alarm: alarm.Alarm{
				Name: short, Account: w.Account(), Region: w.Region(), Contributor: contributor, State: "ALARM", ChangedAt: at,
				Metrics: []alarm.Metric{{Namespace: "AWS/DynamoDB", Name: "WriteThrottleEvents", Dimensions: map[string]string{"TableName": "permitted"}}},
			},
		}.Encode()
		must(t, err)
		return string(raw)
	}
	w.SetContributors(short, map[string]time.Time{"permitted": at})
	return map[string]string{
		"table": table("permitted"), "managed": table("managed"), "look": look(""), "contributor": look("permitted"),
		"kinesis": w.message(t, "clicks-short", "AWS/Kinesis", "WriteProvisionedThroughputExceeded", map[string]string{"StreamName": "clicks"}, at),
		"lambda":  w.message(t, "checkout-short", "AWS/Lambda", "Throttles", map[string]string{"FunctionName": "checkout"}, at),
		"quota":   w.message(t, "vpcs-short", "AWS/Usage", "ResourceCount", counted("VPCs"), at),
		"default": w.message(t, "gateways-short", "AWS/Usage", "ResourceCount", counted("InternetGateways"), at),
	}
}

// needing is the event that an action is needed for.
func needing(action string) string {
	service, _, _ := strings.Cut(action, ":")
	switch {
	case action == "cloudwatch:DescribeAlarms":
		return "look"
	case action == "cloudwatch:DescribeAlarmContributors":
		return "contributor"
	case action == "servicequotas:GetAWSDefaultServiceQuota":
		return "default"
	case service == "servicequotas":
		return "quota"
	case service == "application-autoscaling":
		return "managed"
	case service == "kinesis" || service == "lambda":
		return service
	}
	return "table"
}

// said is all that a report says of what went wrong.
func said(report limitraiser.Report) string {
	all := slices.Clone(report.Errors)
	for _, answer := range report.Answers {
		for _, decision := range answer.Decisions {
			all = append(all, decision.Detail)
		}
	}
	return strings.Join(all, "\n")
}

// stillOn leaves the alarm of the looks on.
func (w world) stillOn(t *testing.T) {
	t.Helper()
	w.move(t, alarmOf("table-permitted-write"), cloudwatchtypes.StateValueAlarm)
	w.idle(t)
}

// begin brings what the events raise back to where it began.
func (w world) begin(t *testing.T) {
	t.Helper()
	table := "permitted"
	if w.writes(t, table)[0] != 50 { // else AWS would refuse
		_, err := w.tables.UpdateTable(t.Context(), &dynamodb.UpdateTableInput{
			TableName: &table, ProvisionedThroughput: &dynamodbtypes.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(5), WriteCapacityUnits: aws.Int64(50)},
		})
		must(t, err)
	}
	_, err := applicationautoscaling.NewFromConfig(w.AWS()).RegisterScalableTarget(t.Context(), &applicationautoscaling.RegisterScalableTargetInput{
		ServiceNamespace: autoscalingtypes.ServiceNamespaceDynamodb, ResourceId: aws.String("table/managed"),
		ScalableDimension: autoscalingtypes.ScalableDimensionDynamoDBTableWriteCapacityUnits, MinCapacity: aws.Int32(5), MaxCapacity: aws.Int32(50),
	})
	must(t, err)
	for _, quota := range quotas {
		w.SetQuota(quota)
		w.forget(t, "quota/"+quota.Service+"/"+quota.Code)
	}
}

// forget clears what the ledger knows of a resource: what AWS refused of a quota is not asked for
// again for a day.
func (w world) forget(t *testing.T, resource string) {
	t.Helper()
	table := w.Variables["TABLE_NAME"]
	_, err := w.tables.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: &table, Key: map[string]dynamodbtypes.AttributeValue{
		limitraiser.LedgerKey:  &dynamodbtypes.AttributeValueMemberS{Value: "resource#" + resource},
		limitraiser.LedgerSort: &dynamodbtypes.AttributeValueMemberS{Value: "-"},
	}})
	must(t, err)
}

func TestDeployed_needsEachActionOfItsRole(t *testing.T) {
	w := shared
	w.stillOn(t)
	policies, err := w.Policies(t.Context())
	must(t, err)
	actions := deployed.Granted(policies, onBehalf...)
	if len(actions) < 24 {
		t.Fatalf("the role grants %d actions, want 24 at least: %v", len(actions), actions)
	}
	for number, action := range actions {
		t.Run(action, func(t *testing.T) {
			w.begin(t)
			at := time.Now().Add(time.Duration(number) * time.Millisecond)
			message := w.events(t, at)[needing(action)]
			must(t, w.SetPolicies(t.Context(), deployed.Without(policies, action)))
			report, failure := w.tryToBring(t, message)
			must(t, w.SetPolicies(context.WithoutCancel(t.Context()), policies))
			if failure != nil {
				// What cannot be told fails the run; the raise is made, and its event is done.
				again := w.bring(t, message)
				want.Says(t, "the failure", failure.Error(), action)
				want.Equal(t, "duplicates, once the event comes again", again.Duplicates, 1)
				want.Equal(t, "the table's writes", w.writes(t, "permitted")[0], 75)
				return
			}
			want.Says(t, "the report", said(report), action)
			if refused := report.Outcomes[limitraiser.Failed] == 1; refused == (len(report.BatchItemFailures) == 1) {
				t.Fatalf("the raise failed: %t, and events come again: %d; want one of both:\n%s", refused, len(report.BatchItemFailures), said(report))
			} else if refused {
				w.forget(t, "quota/"+quotas[0].Service+"/"+quotas[0].Code)
				message = w.events(t, at.Add(time.Hour))[needing(action)]
			}
			again := w.bring(t, message)
			if raised := report.Outcomes[limitraiser.Raised] + again.Outcomes[limitraiser.Raised]; raised == 0 {
				t.Errorf("with it nothing is raised:\n%s", said(again))
			}
			want.Equal(t, "errors with it", again.Errors, nil)
			if writes := w.writes(t, "permitted")[0]; writes > 75 { // a raise goes by half
				t.Errorf("raised from 50 to %d writes, want once, to 75", writes)
			}
		})
	}
}

// A whole run calls nothing that is not granted, and everything that is.
func TestDeployed_callsExactlyWhatItsRoleGrants(t *testing.T) {
	w := shared
	w.stillOn(t)
	w.begin(t)
	w.ForgetCalls()
	report := w.bring(t, slices.Collect(maps.Values(w.events(t, time.Now())))...)
	want.Equal(t, "raises", report.Outcomes[limitraiser.Raised], 8)
	want.Equal(t, "errors", report.Errors, nil)
	called := map[string]bool{}
	for _, call := range w.Own() {
		called[call.Service+":"+call.Operation] = true
		if call.ErrorCode != "" && call.ErrorCode != "ConditionalCheckFailedException" && call.Operation != "GetServiceQuota" {
			t.Errorf("%s:%s answered %s", call.Service, call.Operation, call.ErrorCode)
		}
	}
	policies, err := w.Policies(t.Context())
	must(t, err)
	want.Equal(t, "the actions that are called, as those that are granted", slices.Sorted(maps.Keys(called)), deployed.Granted(policies, onBehalf...))
	want.Equal(t, "the writes of the table that auto scaling manages", w.writes(t, "managed")[0], 50)
	for _, quota := range quotas {
		if got := w.QuotaRequests(quota.Service, quota.Code); want.Equal(t, "requests to raise the quota "+quota.Code, len(got), 1) {
			want.Equal(t, "what was asked for of "+quota.Code, got[0].Value, 8)
			want.Equal(t, "a support case is opened for "+quota.Code, got[0].SupportCase, false)
		}
	}
}
