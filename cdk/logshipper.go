package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"

	"caretaker/internal/emf"
	logshipper "caretaker/log-shipper"
)

// addLogShipper fills the log-shipper's stack.
//
// CloudWatch Logs calls the function for each subscribed log group, asynchronously, and Lambda for the
// stream of the file, where it names one. What could not be delivered waits in the bucket, and a message of
// the queue brings it back. The bucket stays when the stack goes.
func addLogShipper(stack awscdk.Stack, in input, asset string) error {
	cfg := in.file.LogShipper
	kept, back := newBucket(stack, "Bucket", cfg.KeepDays), newReturns(stack, cfg.Function.Timeout)
	fn := newFunction(stack, part{
		name:     "log-shipper",
		section:  "logShipper",
		does:     "Brings log events to the destination of caretaker.yaml, each of them once",
		recovery: "What is not delivered waits in the stack's bucket, or in the stream, and comes again.",
		stage:    in.stage,
		asset:    asset,
		arch:     in.arch,
		size:     cfg.Function,

		statements:  logshipper.Statements(cfg),
		arns:        map[string]*string{"${Queue}": back.queue.QueueArn()},
		environment: map[string]*string{"QUEUE_URL": back.queue.QueueUrl()},
		bucket:      kept,
		source:      back.queue,
		stream:      streamOf(stack, cfg.Source.Stream),
		loops:       true, // what waits comes back by a message until it is delivered, or is too old
		network:     network{cfg.VPC.Subnets, cfg.VPC.SecurityGroups},
		stopsItself: true, // what it did not deliver is parked
		async:       logsAsync,
		emails:      in.file.Notify.Email,
		runbook:     in.file.Runbook,
		key:         keyOf(stack, in.file.Deployment),
	})
	fn.addReturns(back)
	if fn.stream != nil {
		fn.addStream(reading{batch: cfg.Source.Records, window: time.Second, retries: cfg.Source.Retries, oldest: cfg.Source.MaxAge.Std()})
		fn.addIteratorAlarm()
	}
	fn.letLogsCall()
	fn.addShippingAlarms(*kept.BucketName(), slices.Sorted(maps.Keys(cfg.Targets())))
	return fn.addSubscriber(in)
}

// logsAsync is how CloudWatch Logs' own calls are kept: a payload that nobody took is lost, so that Lambda
// tries for as long as it can.
// https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html
var logsAsync = async{retries: 2, maxAge: 6 * time.Hour}

// streamOf is the ARN of a Kinesis stream that is given by its name or its ARN; nil for none.
func streamOf(stack awscdk.Stack, stream string) *string {
	switch {
	case stream == "":
		return nil
	case strings.HasPrefix(stream, "arn:"):
		return jsii.String(stream)
	}
	return stack.FormatArn(&awscdk.ArnComponents{Service: jsii.String("kinesis"), Resource: jsii.String("stream"), ResourceName: jsii.String(stream)})
}

// letLogsCall lets CloudWatch Logs call the function for any log group of the account and Region: a
// permission for each would soon be more than a function's policy takes.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html#LambdaFunctionExample
func (fn function) letLogsCall() {
	awslambda.NewCfnPermission(fn.scope, jsii.String("LogsMayCall"), &awslambda.CfnPermissionProps{
		FunctionName:  fn.FunctionArn(),
		Action:        jsii.String("lambda:InvokeFunction"),
		Principal:     jsii.String("logs.amazonaws.com"),
		SourceAccount: fn.stack.Account(),
		SourceArn: fn.stack.FormatArn(&awscdk.ArnComponents{
			Service: jsii.String("logs"), Resource: jsii.String("log-group"), ResourceName: jsii.String("*"),
			ArnFormat: awscdk.ArnFormat_COLON_RESOURCE_NAME,
		}),
	})
}

// addShippingAlarms adds the alarms on what the shipper measures: those of a destination for each that has a
// name.
func (fn function) addShippingAlarms(bucket string, destinations []string) {
	fn.addShippingAlarm(shipping{name: "imbalance", metric: "Imbalance", statistic: "Maximum", periods: 1}, "", fmt.Sprintf("In a run of %s the account did not balance: of some log events nobody knows what became. It is a defect of Caretaker: the run failed, so that Lambda brings its events again. Keep the log group's lines with \"level\":\"error\", and report them. ", fn.fullName))
	fn.addShippingAlarm(shipping{name: "own-groups", metric: "OwnEvents", statistic: "Sum", periods: 1}, "", fmt.Sprintf("Log groups that must not be shipped are subscribed to %s: those that the shipper itself, Firehose or the domain write. Their events are dropped, since each would bring about another. The field ownGroups of its log lines names them; take their subscription filters away. ", fn.fullName))
	for _, destination := range destinations {
		fn.addDestinationAlarms(bucket, destination)
	}
}

// addDestinationAlarms adds those of a destination, whose name is empty where it has none.
func (fn function) addDestinationAlarms(bucket, destination string) {
	the, folder := "the destination", "dead-letters/"
	redrive := fmt.Sprintf("caretaker log-shipper redrive --stage %s --region %s", fn.part.stage, *fn.stack.Region())
	if destination != "" {
		the, folder = "the destination "+destination, "dead-letters/"+destination+"/"
		redrive += " --destination " + destination
	}
	fn.addShippingAlarm(shipping{name: "dead-letters", metric: "EventsDeadLettered", statistic: "Sum", periods: 1}, destination, fmt.Sprintf("%s has log events that %s will never take as they are. They are in the bucket %s under %s, each with its reason; their neighbours arrived. Read the reasons, put right the template or the log line, and send them again: %s. ", fn.fullName, the, bucket, folder, redrive))
	fn.addShippingAlarm(shipping{name: "parked-age", metric: "ParkedAge", statistic: "Maximum", threshold: 3600, periods: 1}, destination, fmt.Sprintf("Log events have been waiting for more than an hour for %s of %s. The field unsent of its newest log lines says why it takes none: it is down, full, or refuses the credentials. They come back by themselves. ", the, fn.fullName))
	fn.addShippingAlarm(shipping{name: "lag", metric: "Lag", statistic: "Maximum", threshold: 900, periods: 3}, destination, fmt.Sprintf("For 15 minutes %s has delivered log events to %s that are more than 15 minutes old. It is slow or was down, or functions log times of the past. Look at the alarms parked-age, throttles and errors. ", fn.fullName, the))
}

// shipping is an alarm on one metric of the shipper's own.
type shipping struct {
	name, metric, statistic string
	threshold               float64
	// periods are those of five minutes that must all be over it.
	periods int
}

func (fn function) addShippingAlarm(s shipping, destination, description string) {
	id, name, dimensions := s.metric, s.name, fn.ownMetric()
	if destination != "" {
		id, name = id+"Of"+destination, name+"-"+destination
		dimensions["Destination"] = jsii.String(destination)
	}
	fn.addAlarm(id+"Alarm", alarm{
		name: name, section: s.name, description: description,
		namespace: emf.Namespace, metric: s.metric, dimensions: dimensions, statistic: s.statistic,
		comparison: over, threshold: s.threshold, period: 5 * time.Minute, periods: s.periods, datapoints: s.periods,
		missing: awscloudwatch.TreatMissingData_NOT_BREACHING,
	})
}

// addIteratorAlarm tells when the stream is read late.
func (fn function) addIteratorAlarm() {
	fn.addAlarm("IteratorAgeAlarm", alarm{
		name:        "iterator-age",
		description: fmt.Sprintf("%s is half an hour behind the stream that it reads: its runs fail, or take too long. Look at the alarms errors and throttles. Records wait until the age of %s.source.maxAge, then Lambda gives them up. ", fn.fullName, fn.section),
		namespace:   "AWS/Lambda", metric: "IteratorAge", dimensions: map[string]*string{"FunctionName": fn.FunctionName()}, statistic: "Maximum",
		comparison: over, threshold: float64((30 * time.Minute).Milliseconds()), period: 5 * time.Minute, periods: 1, datapoints: 1,
		missing: awscloudwatch.TreatMissingData_NOT_BREACHING,
	})
}
