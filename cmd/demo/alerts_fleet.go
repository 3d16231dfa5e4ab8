package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	apigatewayv2types "github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	firehosetypes "github.com/aws/aws-sdk-go-v2/service/firehose/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/jedib0t/go-pretty/v6/text"

	"caretaker/alerts"
	"caretaker/internal/config"
	"caretaker/test/warmer/instrumented"
)

const (
	// reconcilerName is what the reconciler's stack calls its function.
	reconcilerName = "caretaker-" + config.DefaultStage + "-alerts"
	// followers are the functions that fail after the first.
	followers = 40
	// firstFunction fails first, anotherFunction while Slack is away.
	firstFunction, anotherFunction = "checkout-api", "returns-api"
)

// service are the functions of the service, the one that fails first at the head.
func service() []string {
	functions := []string{firstFunction}
	for i := range followers {
		functions = append(functions, fmt.Sprintf("checkout-%d", i+1))
	}
	return functions
}

// fleet makes what is watched.
func (a *alertsAct) fleet(ctx context.Context) error {
	a.out.heading("A service of %d functions, and what is around them", followers+1)
	program, err := instrumented.Node()
	if err != nil {
		return err
	}
	for _, name := range append(service(), anotherFunction) {
		service, _, _ := strings.Cut(name, "-")
		function := instrumented.Function{Name: name, Program: program, Tags: map[string]string{"caretaker:service": service}}
		switch name {
		case "checkout-2":
			function.Tags["caretaker:alarm.errors"] = "20%"
		case "checkout-3":
			function.Tags["caretaker:alarm.errors"] = "lots"
		}
		if err := instrumented.Create(ctx, a.AWS(), function); err != nil {
			return err
		}
	}
	if err := a.around(ctx); err != nil {
		return fmt.Errorf("making what is around the functions: %w", err)
	}
	a.out.fact("functions", "%s, checkout-1 ... checkout-%d of the service checkout, and %s", firstFunction, followers, anotherFunction)
	a.out.fact("around", "a stream that checkout-1 reads, a table with an index, a queue with dead letters, a topic, an API, a delivery stream, a group of schedules")
	a.out.fact("tags", "caretaker:alarm.errors: 20%% at checkout-2, which may fail more often; at checkout-3 somebody wrote \"lots\"")
	return nil
}

// around makes one of each other thing.
func (a *alertsAct) around(ctx context.Context) error {
	arn := func(service, resource string) string {
		return "arn:aws:" + service + ":" + a.Region() + ":" + a.Account() + ":" + resource
	}
	key := []dynamodbtypes.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: dynamodbtypes.KeyTypeHash}}
	_, err := dynamodb.NewFromConfig(a.AWS()).CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName: aws.String("checkout-carts"), BillingMode: dynamodbtypes.BillingModePayPerRequest, KeySchema: key,
		AttributeDefinitions: []dynamodbtypes.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: dynamodbtypes.ScalarAttributeTypeS}},
		GlobalSecondaryIndexes: []dynamodbtypes.GlobalSecondaryIndex{{
			IndexName: aws.String("by-day"), KeySchema: key, Projection: &dynamodbtypes.Projection{ProjectionType: dynamodbtypes.ProjectionTypeAll},
		}},
	})
	if err != nil {
		return err
	}
	queues := sqs.NewFromConfig(a.AWS())
	for _, queue := range []struct {
		name       string
		attributes map[string]string
	}{
		{"checkout-letters", nil},
		{"checkout-mail", map[string]string{"RedrivePolicy": fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":"3"}`, arn("sqs", "checkout-letters"))}},
	} {
		if _, err := queues.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &queue.name, Attributes: queue.attributes}); err != nil {
			return err
		}
	}
	if _, err := a.topics.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("checkout-placed")}); err != nil {
		return err
	}
	if err := a.edges(ctx); err != nil {
		return err
	}
	if _, err := kinesis.NewFromConfig(a.AWS()).CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: aws.String("checkout-clicks"), ShardCount: aws.Int32(1)}); err != nil {
		return err
	}
	_, err = lambdasvc.NewFromConfig(a.AWS()).CreateEventSourceMapping(ctx, &lambdasvc.CreateEventSourceMappingInput{
		FunctionName: aws.String("checkout-1"), EventSourceArn: aws.String(arn("kinesis", "stream/checkout-clicks")), StartingPosition: lambdatypes.EventSourcePositionLatest,
	})
	return err
}

// edges makes what leads into the service, out of it, and starts something there by the clock.
func (a *alertsAct) edges(ctx context.Context) error {
	apis := apigatewayv2.NewFromConfig(a.AWS())
	api, err := apis.CreateApi(ctx, &apigatewayv2.CreateApiInput{Name: aws.String("checkout-front"), ProtocolType: apigatewayv2types.ProtocolTypeHttp, Tags: map[string]string{"caretaker:service": "checkout"}})
	if err != nil {
		return err
	}
	if _, err := apis.CreateStage(ctx, &apigatewayv2.CreateStageInput{ApiId: api.ApiId, StageName: aws.String("$default")}); err != nil {
		return err
	}
	_, err = firehose.NewFromConfig(a.AWS()).CreateDeliveryStream(ctx, &firehose.CreateDeliveryStreamInput{
		DeliveryStreamName: aws.String("checkout-audit"), ExtendedS3DestinationConfiguration: &firehosetypes.ExtendedS3DestinationConfiguration{
			BucketARN: aws.String("arn:aws:s3:::checkout-audit"), RoleARN: aws.String("arn:aws:iam::" + a.Account() + ":role/checkout-audit"),
		},
	})
	if err != nil {
		return err
	}
	_, err = scheduler.NewFromConfig(a.AWS()).CreateScheduleGroup(ctx, &scheduler.CreateScheduleGroupInput{Name: aws.String("checkout-nightly")})
	return err
}

// shownOfPlan are the lines of a plan's table that are shown.
const shownOfPlan = 10

// toCreate is what a plan says of what it would make.
var toCreate = regexp.MustCompile(`(\d+) to create`)

// plan runs the command line as a person would, and shows the head and the sum.
func (a *alertsAct) plan(ctx context.Context) error {
	a.out.heading("The plan, with its cost")
	arguments := []string{"alerts", "plan", "--config", a.config, "--region", a.Region()}
	command := a.command(ctx, filepath.Join("dist", "caretaker"), arguments...)
	a.out.command("dist/caretaker", "alerts", "plan")
	a.out.say("")
	var output, complaints bytes.Buffer
	command.Stdout, command.Stderr = &output, &complaints
	if err := finish(command); err != nil {
		return fmt.Errorf("caretaker alerts plan: %w\n%s", err, complaints.String())
	}
	if match := toCreate.FindStringSubmatch(output.String()); match != nil {
		a.planned, _ = strconv.Atoi(match[1])
	}
	lines := strings.Split(strings.TrimRight(output.String(), "\n"), "\n")
	end := len(lines)
	for at, line := range lines {
		if strings.HasPrefix(line, "Tags that cannot be read") {
			end = at
			break
		}
	}
	for _, line := range lines[:min(end, shownOfPlan)] {
		a.out.say("   %s", line)
	}
	if more := end - shownOfPlan; more > 0 {
		a.out.say("   %s", a.out.paint(fmt.Sprintf("... and %d lines more", more), text.Faint))
	}
	for _, line := range lines[end:] {
		a.out.say("   %s", line)
	}
	return nil
}

// keep has the deployed function make the alarms, and then find nothing to do.
func (a *alertsAct) keep(ctx context.Context) error {
	a.out.heading("The deployed reconciler makes them, under its own role")
	a.out.aside("AWS takes three writes of alarms a second from an account, and refuses two at once, whichever alarms they are about: so it makes one after the other, 2.5 a second.")
	first, took, err := a.reconcile(ctx)
	if err != nil {
		return err
	}
	a.out.fact("result", "%s", a.out.paint(fmt.Sprintf("%d alarms made, $%.2f a month, in %s", first.Outcomes[alerts.Created], first.DollarsAfter, clock(took)), text.Bold))
	a.out.fact("calls", "%d seen by the proxy, %d of them writes, none refused", len(a.Calls()), a.alarmWrites())
	made := first.Outcomes[alerts.Created]
	a.figure("alarms are made as planned", made == a.planned && made == a.alarmWrites(), "%d of %d, each written once", made, a.planned)
	for _, remark := range first.Remarks {
		a.out.fact("a tag", "%s: %s=%s cannot be read, so the default holds; allowed is %s", remark.Resource, remark.Tag, remark.Value, remark.Allowed)
	}
	a.out.heading("The same once more")
	again, took, err := a.reconcile(ctx)
	if err != nil {
		return err
	}
	a.out.fact("result", "%d writes: %d alarms are as they should be, in %s", a.alarmWrites(), again.Outcomes[alerts.Kept], seconds(took))
	a.figure("a second run of the reconciler writes nothing", a.alarmWrites() == 0, "%d writes, %d alarms are as they should be", a.alarmWrites(), again.Outcomes[alerts.Kept])
	a.out.fact("calls", "%d, one a page of each list, one a table and queue", len(a.Calls()))
	return nil
}

// reconcile invokes the deployed function once, and shows meanwhile what the proxy records of it.
func (a *alertsAct) reconcile(ctx context.Context) (alerts.Report, time.Duration, error) {
	a.ForgetCalls()
	a.out.command("aws", "lambda", "invoke", "--function-name", reconcilerName, "/dev/stdout")
	var report alerts.Report
	started := time.Now()
	err := a.out.during(func() string { return fmt.Sprintf("%d alarms written", a.alarmWrites()) }, func() error {
		answer, err := lambdasvc.NewFromConfig(a.AWS()).Invoke(ctx, &lambdasvc.InvokeInput{FunctionName: aws.String(reconcilerName), Payload: []byte("{}")},
			func(o *lambdasvc.Options) { o.Retryer = aws.NopRetryer{} })
		switch {
		case err != nil:
			return fmt.Errorf("invoking %s: %w", reconcilerName, err)
		case answer.FunctionError != nil:
			return fmt.Errorf("%s ended in an error: %s", reconcilerName, answer.Payload)
		}
		return json.Unmarshal(answer.Payload, &report)
	})
	for _, call := range a.Calls() {
		if call.ErrorCode != "" && strings.Contains(call.Principal, reconcilerName) {
			err = errors.Join(err, fmt.Errorf("%s answered %s", call.Operation, call.ErrorCode))
		}
	}
	return report, time.Since(started), err
}

// alarmWrites is how many writes of alarms the proxy has seen.
func (a *alertsAct) alarmWrites() int {
	count := 0
	for _, call := range a.Calls() {
		switch call.Operation {
		case "PutMetricAlarm", "DeleteAlarms", "TagResource":
			count++
		}
	}
	return count
}
