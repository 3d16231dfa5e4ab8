package subscriber

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"

	"caretaker/internal/emulator"
	"caretaker/internal/emulator/suite"
	"caretaker/internal/want"
	"caretaker/log-shipper/groups"
)

// One emulator serves all tests, each of which has an account of its own.
var shared suite.Emulator

func TestMain(m *testing.M) { os.Exit(shared.Run(m)) }

// world is an account with a shipper that CloudWatch Logs may call, behind the real SDK clients.
type world struct {
	*testing.T
	emulator *emulator.Emulator
	account  string
	config   aws.Config
	logs     *cloudwatchlogs.Client
	options  Options
	cfg      Config
}

const stage = "prod"

func newWorld(t *testing.T) *world {
	t.Helper()
	e := shared.For(t)
	w := &world{T: t, emulator: e, account: shared.Account(), cfg: Default()}
	w.config = suite.Hasty(e.AWSIn(w.account, "eu-west-1"))
	w.logs = cloudwatchlogs.NewFromConfig(w.config)
	w.options = Options{Stage: stage, Target: groups.Target{Destination: "arn:aws:lambda:eu-west-1:" + w.account + ":function:caretaker-prod-log-shipper"}}
	w.cfg.DryRun, w.cfg.Subscribe.Rate = false, 10_000
	suite.Function(w, lambdasvc.NewFromConfig(w.config), "caretaker-prod-log-shipper")
	w.permit("caretaker-prod-log-shipper")
	e.ForgetCalls()
	return w
}

func (w *world) must(doing string, err error) {
	w.Helper()
	want.NoError(w.T, doing, err)
}

func (w *world) permit(function string) {
	w.Helper()
	_, err := lambdasvc.NewFromConfig(w.config).AddPermission(w.Context(), &lambdasvc.AddPermissionInput{
		FunctionName: &function, StatementId: aws.String("logs"), Action: aws.String("lambda:InvokeFunction"), Principal: aws.String("logs.amazonaws.com"),
		SourceAccount: &w.account, SourceArn: aws.String("arn:aws:logs:eu-west-1:" + w.account + ":log-group:*"),
	})
	w.must("letting CloudWatch Logs call the function", err)
}

// group makes a log group. Tags are pairs.
func (w *world) group(name string, tags ...string) string {
	w.Helper()
	input := &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &name, Tags: map[string]string{}}
	for position := 0; position < len(tags); position += 2 {
		input.Tags[tags[position]] = tags[position+1]
	}
	_, err := w.logs.CreateLogGroup(w.Context(), input)
	w.must("making a log group", err)
	return name
}

// groups makes so many, and names them.
func (w *world) groups(count int) []string {
	w.Helper()
	var names []string
	for number := range count {
		names = append(names, w.group(fmt.Sprintf("/aws/lambda/fn-%03d", number)))
	}
	return names
}

const security = "arn:aws:firehose:eu-west-1:111122223333:deliverystream/security"

// filter puts a filter of somebody.
func (w *world) filter(group, name, destination string) {
	w.Helper()
	_, err := w.logs.PutSubscriptionFilter(w.Context(), &cloudwatchlogs.PutSubscriptionFilterInput{
		LogGroupName: &group, FilterName: &name, FilterPattern: aws.String(""), DestinationArn: &destination,
	})
	w.must("putting a filter", err)
}

// filters are the names of a group's filters, each with the last part of where it points.
func (w *world) filters(group string) []string {
	w.Helper()
	found, err := w.logs.DescribeSubscriptionFilters(w.Context(), &cloudwatchlogs.DescribeSubscriptionFiltersInput{LogGroupName: &group})
	w.must("reading the filters of "+group, err)
	names := []string{}
	for _, filter := range found.SubscriptionFilters {
		arn := aws.ToString(filter.DestinationArn)
		names = append(names, aws.ToString(filter.FilterName)+" to "+arn[strings.LastIndexAny(arn, ":/")+1:])
	}
	slices.Sort(names)
	return names
}

const ours = "caretaker-prod to caretaker-prod-log-shipper"

// subscribed counts those of the groups that have our filter.
func (w *world) subscribed(names []string) int {
	w.Helper()
	count := 0
	for _, name := range names {
		if slices.Contains(w.filters(name), ours) {
			count++
		}
	}
	return count
}

func (w *world) retention(group string) int32 {
	w.Helper()
	found, err := w.logs.DescribeLogGroups(w.Context(), &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &group, Limit: aws.Int32(1)})
	w.must("reading "+group, err)
	return aws.ToInt32(found.LogGroups[0].RetentionInDays)
}

func (w *world) subscriber() *Subscriber {
	return New(w.cfg, Connect(w.config, w.cfg.Subscribe.Rate), w.options)
}

// run makes a run and tells its report.
func (w *world) run() (Report, error) {
	w.Helper()
	return w.subscriber().Handle(w.Context(), Event{})
}

// runs makes a run that must not fail.
func (w *world) runs() Report {
	w.Helper()
	report, err := w.run()
	w.must("the run", err)
	return report
}

// calls counts the calls of an operation, those that AWS refused too, since the world began.
func (w *world) calls(operation string) int {
	count := 0
	for _, call := range w.emulator.Calls() {
		if call.Operation == operation {
			count++
		}
	}
	return count
}

// changes are the operations among the calls that change something.
func (w *world) changes() []string {
	made := []string{}
	for _, call := range w.emulator.Calls() {
		if strings.HasPrefix(call.Operation, "Put") || strings.HasPrefix(call.Operation, "Delete") {
			made = append(made, call.Operation)
		}
	}
	return made
}

// created is the event of a new log group of the world.
func (w *world) created(group string) Event {
	w.Helper()
	text, err := os.ReadFile("testdata/createloggroup.json")
	w.must("reading the event", err)
	replaced := strings.NewReplacer("111122223333", w.account, "/aws/lambda/checkout", group).Replace(string(text))
	var event Event
	w.must("reading the event", json.Unmarshal([]byte(replaced), &event))
	return event
}

func (w *world) delete(group string) {
	_, err := w.logs.DeleteLogGroup(context.WithoutCancel(w.Context()), &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: &group})
	if err != nil {
		w.Error(err)
	}
}

// infrequent makes a log group of another class.
func (w *world) infrequent(name string) {
	w.Helper()
	_, err := w.logs.CreateLogGroup(w.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &name, LogGroupClass: logstypes.LogGroupClassInfrequentAccess})
	w.must("making a log group", err)
}
