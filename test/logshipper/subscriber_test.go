package logshipper_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"caretaker/internal/opensearch"
	"caretaker/internal/want"
	"caretaker/log-shipper/groups"
	"caretaker/log-shipper/subscriber"
	"caretaker/test/deployed"
)

// subscribing is the deployed subscriber.
type subscribing struct {
	deployed.Function
	world
}

// newSubscribing finds the subscriber and has it act in earnest, on the groups whose names begin so.
func newSubscribing(t *testing.T, names string) subscribing {
	t.Helper()
	found, err := deployed.Find(t.Context(), shared.Emulator, functionName+"-subscriber")
	want.NoError(t, "finding the subscriber", err)
	s := subscribing{found, shared}
	cfg := subscriber.Default()
	cfg.DryRun, cfg.Subscribe.Include.Names, cfg.Subscribe.RetentionDays, cfg.Subscribe.Rate = false, []string{names}, 30, 50
	s.configure(t, cfg)
	t.Cleanup(func() { s.configure(t, subscriber.Default()) })
	return s
}

// configure gives the function another config.json beside the same binary.
func (s subscribing) configure(t *testing.T, cfg subscriber.Config) {
	t.Helper()
	binary, err := os.ReadFile(filepath.Join(root, "dist", "host", "log-shipper", "subscriber", "bootstrap"))
	want.NoError(t, "reading the binary", err)
	text, err := json.Marshal(cfg)
	want.NoError(t, "writing config.json", err)
	_, err = s.lambdas.UpdateFunctionCode(context.WithoutCancel(t.Context()), &lambdasvc.UpdateFunctionCodeInput{
		FunctionName: &s.Function.Name, ZipFile: packed(t, map[string][]byte{"bootstrap": binary, "config.json": text}),
	})
	want.NoError(t, "configuring the subscriber", err)
}

func packed(t *testing.T, files map[string][]byte) []byte {
	t.Helper()
	var archive bytes.Buffer
	writer := zip.NewWriter(&archive)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		header := &zip.FileHeader{Name: name, Method: zip.Store}
		header.SetMode(0o755)
		part, err := writer.CreateHeader(header)
		want.NoError(t, "packing "+name, err)
		_, err = part.Write(files[name])
		want.NoError(t, "packing "+name, err)
	}
	want.NoError(t, "packing", writer.Close())
	return archive.Bytes()
}

// subscribes makes a run of the subscriber.
func (s subscribing) subscribes(t *testing.T, event string) (subscriber.Report, error) {
	t.Helper()
	var report subscriber.Report
	err := s.Function.Invoke(t.Context(), []byte(event), &report)
	return report, err
}

// group makes a log group, gone after the test. Tags are pairs.
func (s subscribing) group(t *testing.T, name string, tags ...string) string {
	t.Helper()
	input := &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &name, Tags: map[string]string{}}
	for position := 0; position < len(tags); position += 2 {
		input.Tags[tags[position]] = tags[position+1]
	}
	_, err := s.logs.CreateLogGroup(t.Context(), input)
	want.NoError(t, "making a log group", err)
	t.Cleanup(func() {
		_, err := s.logs.DeleteLogGroup(context.WithoutCancel(t.Context()), &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: &name})
		want.NoError(t, "deleting a log group", err)
	})
	return name
}

// filters are the names of a group's filters.
func (s subscribing) filters(t *testing.T, group string) []string {
	t.Helper()
	found, err := s.logs.DescribeSubscriptionFilters(t.Context(), &cloudwatchlogs.DescribeSubscriptionFiltersInput{LogGroupName: &group})
	want.NoError(t, "reading filters", err)
	names := []string{}
	for _, filter := range found.SubscriptionFilters {
		names = append(names, aws.ToString(filter.FilterName))
	}
	return names
}

// created is what EventBridge tells of a new log group. The emulator does not.
func (s subscribing) created(group string) string {
	return fmt.Sprintf(`{"version":"0","id":"1","detail-type":"AWS API Call via CloudTrail","source":"aws.logs","account":%q,"region":%q,"resources":[],
		"detail":{"eventSource":"logs.amazonaws.com","eventName":"CreateLogGroup","requestParameters":{"logGroupName":%q}}}`,
		s.Account(), s.Region(), group)
}

const printing = `
import json
def handler(event, context):
    print(json.dumps({"order": event["order"], "level": "info"}))
    return context.aws_request_id
`

// The core: a function logs, its log group is subscribed, and its lines stand in the node, found by the
// request's id.
func TestDeployed_subscribesAFunctionWhoseLinesThenArrive(t *testing.T) {
	s := newSubscribing(t, "/aws/lambda/shop-*")
	role := "arn:aws:iam::" + s.Account() + ":role/" + s.Function.Role // any will do: it calls nothing
	_, err := s.lambdas.CreateFunction(t.Context(), &lambdasvc.CreateFunctionInput{
		FunctionName: aws.String("shop-checkout"), Role: &role, Runtime: lambdatypes.RuntimePython312, Handler: aws.String("index.handler"),
		Code: &lambdatypes.FunctionCode{ZipFile: packed(t, map[string][]byte{"index.py": []byte(printing)})},
	})
	want.NoError(t, "making the function", err)
	t.Cleanup(func() {
		_, err := s.lambdas.DeleteFunction(context.WithoutCancel(t.Context()), &lambdasvc.DeleteFunctionInput{FunctionName: aws.String("shop-checkout")})
		want.NoError(t, "deleting the function", err)
	})
	group := s.group(t, "/aws/lambda/shop-checkout")
	report, err := s.subscribes(t, s.created(group))
	want.NoError(t, "the run for the new group", err)
	want.Equal(t, "groups subscribed now", report.Outcomes[groups.Made], 1)
	answer, err := s.lambdas.Invoke(t.Context(), &lambdasvc.InvokeInput{FunctionName: aws.String("shop-checkout"), Payload: []byte(`{"order":"A-4711"}`)})
	want.NoError(t, "calling the function", err)
	var request string // the function's own: the emulator gives the call another
	want.NoError(t, "reading its answer", json.Unmarshal(answer.Payload, &request))
	var documents []opensearch.Document
	eventually(t, "the lines of the request stand in the node", func() bool {
		documents, err = opensearch.Look(s.node).Find(t.Context(), dataStream, "faas.execution", request)
		return err == nil && len(documents) >= 4
	})
	var all strings.Builder
	for _, document := range documents {
		all.Write(document.Source)
	}
	want.Says(t, "the documents", all.String(), "START RequestId: "+request, "A-4711", "END RequestId: "+request, "REPORT RequestId: "+request, `"/aws/lambda/shop-checkout"`)
}

func TestDeployed_subscribesWhatTheFileChoosesAndNothingElse(t *testing.T) {
	s := newSubscribing(t, "/choice/*")
	chosen, off, aside := s.group(t, "/choice/orders"), s.group(t, "/choice/off", "caretaker:logs", "off"), s.group(t, "/elsewhere/orders")
	report, err := s.subscribes(t, "{}")
	want.NoError(t, "the run", err)
	want.Equal(t, "groups subscribed now", report.Outcomes[groups.Made], 1)
	for group, filters := range map[string][]string{
		chosen: {"caretaker-default"}, off: {}, aside: {}, "/aws/lambda/" + functionName: {}, "/aws/lambda/" + functionName + "-subscriber": {},
	} {
		want.Equal(t, "the filters of "+group, s.filters(t, group), filters)
	}
	report, err = s.subscribes(t, "{}")
	want.NoError(t, "the next run", err)
	want.Equal(t, "groups subscribed by the next run", report.Outcomes[groups.Made], 0)
}

// The brake is the function's environment, for who has no time to deploy.
func TestDeployed_brakedSubscriberChangesNothing(t *testing.T) {
	s := newSubscribing(t, "/braked/*")
	group := s.group(t, "/braked/orders")
	braked := maps.Clone(s.Function.Variables)
	braked["DRY_RUN"] = "yes"
	want.NoError(t, "braking", s.SetVariables(t.Context(), braked))
	t.Cleanup(func() {
		want.NoError(t, "releasing the brake", s.SetVariables(context.WithoutCancel(t.Context()), s.Function.Variables))
	})
	report, err := s.subscribes(t, "{}")
	want.NoError(t, "the run", err)
	want.Equal(t, "it is a dry run", report.DryRun, true)
	want.Equal(t, "the filters", s.filters(t, group), []string{})
}

// needs makes groups that together need each action of the role, and runs the subscriber over them: one to
// subscribe and to retain, one to unsubscribe, and one that was made just now.
func (s subscribing) needs(t *testing.T) error {
	t.Helper()
	s.group(t, "/needs/orders")
	off := s.group(t, "/needs/off", "caretaker:logs", "off")
	_, err := s.logs.PutSubscriptionFilter(t.Context(), &cloudwatchlogs.PutSubscriptionFilterInput{
		LogGroupName: &off, FilterName: aws.String("caretaker-default"), FilterPattern: aws.String(""), DestinationArn: &s.arn,
	})
	want.NoError(t, "subscribing", err)
	_, whole := s.subscribes(t, "{}")
	_, single := s.subscribes(t, s.created(s.group(t, "/needs/new")))
	if whole != nil {
		return whole
	}
	return single
}

// onBehalfOfSubscriber are the services that AWS uses with the role on the function's behalf, which the emulator does
// not check; the template's tests assert their actions. Of CloudWatch Logs it is the log lines.
var onBehalfOfSubscriber = []string{"logs:CreateLogStream", "logs:PutLogEvents", "xray", "sqs"}

func TestDeployed_subscriberWithoutAnyOneActionEndsInAnErrorNamingIt(t *testing.T) {
	s := newSubscribing(t, "/needs/*")
	policies, err := s.Policies(t.Context())
	want.NoError(t, "reading the role", err)
	actions := deployed.Granted(policies, onBehalfOfSubscriber...)
	want.Equal(t, "the actions that are granted", actions, []string{
		"logs:DeleteSubscriptionFilter", "logs:DescribeLogGroups", "logs:DescribeSubscriptionFilters", "logs:ListTagsForResource",
		"logs:PutRetentionPolicy", "logs:PutSubscriptionFilter", "tag:GetResources",
	})
	for _, action := range actions {
		t.Run(action, func(t *testing.T) {
			want.NoError(t, "taking the action away", s.SetPolicies(t.Context(), deployed.Without(policies, action)))
			defer func() {
				want.NoError(t, "giving it back", s.SetPolicies(context.WithoutCancel(t.Context()), policies))
			}()
			want.Says(t, "the run's error", fmt.Sprint(s.needs(t)), action)
		})
	}
}

func TestDeployed_subscriberCallsExactlyWhatItsRoleGrants(t *testing.T) {
	s := newSubscribing(t, "/needs/*")
	s.ForgetCalls()
	want.NoError(t, "the runs", s.needs(t))
	called := map[string]bool{}
	for _, call := range s.Function.Own() {
		called[call.Service+":"+call.Operation] = true
		want.Equal(t, "the error of "+call.Operation, call.ErrorCode, "")
	}
	policies, err := s.Policies(t.Context())
	want.NoError(t, "reading the role", err)
	want.Equal(t, "the actions that are called, as those that are granted", slices.Sorted(maps.Keys(called)), deployed.Granted(policies, onBehalfOfSubscriber...))
}

// What the code would never do, the role may not either.
func TestDeployed_subscriberMayNotSubscribeItsOwn(t *testing.T) {
	s := newSubscribing(t, "/needs/*")
	policies, err := s.Policies(t.Context())
	want.NoError(t, "reading the role", err)
	var denied deployed.Texts
	for _, policy := range policies {
		for _, statement := range policy.Statement {
			if statement.Effect == "Deny" && slices.Equal(statement.Action, deployed.Texts{"logs:PutSubscriptionFilter"}) {
				denied = append(denied, statement.Resource...)
			}
		}
	}
	want.Says(t, "what is denied", strings.Join(denied, "\n"), ":log-group:/aws/lambda/caretaker-*-log-shipper", ":log-group:/aws/kinesisfirehose/*")
}
