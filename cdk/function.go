package main

import (
	"maps"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"caretaker/internal/iam"
	"caretaker/internal/setting"
)

// part is what the shared construct has to know of a part.
type part struct {
	// name is the part's folder, such as janitor, and section its section of caretaker.yaml; does
	// says what its function does.
	name, section, does string
	// recovery says, in the alarms, what becomes of the work of a failed run.
	recovery string
	stage    string
	// asset is the staged folder with bootstrap and config.json.
	asset      string
	arch       awslambda.Architecture
	size       setting.Function
	statements []iam.Statement
	// arns fill in what the statements leave open beside the topic: {"${Queue}": ...}.
	arns map[string]*string
	// environment holds the variables beside those of every part.
	environment map[string]*string
	// source is the queue that Lambda reads for the function, and stream the ARN of the Kinesis stream,
	// or of the stream of a table; nil where none feeds it.
	source awssqs.Queue
	stream *string
	// bucket is where the function keeps what it could not hand on: statements call it ${Bucket}, and the
	// function finds its name as BUCKET_NAME. nil for a part without one.
	bucket awss3.Bucket
	// loops is true for a part that sends itself messages to look again later.
	loops bool
	async async
	// network is where the function has its network addresses; empty is in no VPC of the account.
	network network
	// stopsItself is true for a part that stops at its deadline with the rest reported:
	// a run close to its timeout is then no alarm.
	stopsItself bool
	// tells is true for a part that changes nothing: it has no brake.
	tells bool
	// emails are subscribed to the part's topic.
	emails []string
	// runbook is the page that alarms send people to; empty is the repository's.
	runbook string
	// key is the ARN of the key that encrypts what stands around the function; empty is AWS's own.
	key string
}

// network is where a function has its network addresses, by the ids of subnets and security groups.
type network struct{ subnets, securityGroups []string }

// async is what Lambda does with an asynchronous invocation that failed.
type async struct {
	// retries are 0 to 2.
	retries int
	// maxAge is how long an event may wait for its run, 60 s to 6 h:
	// https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html
	maxAge time.Duration
}

// eventAsync is how a part is invoked that answers events: what it did not manage is
// tried twice more, for as long as the news is worth something.
var eventAsync = async{retries: 2, maxAge: time.Hour}

// function is a deployed part: its function and what stands around it.
type function struct {
	part
	awslambda.Function
	stack awscdk.Stack
	// scope is what everything of the function is built in: the stack itself, or a construct of its
	// own for a further function.
	scope     constructs.Construct
	fullName  string
	logs      awslogs.CfnLogGroup
	topic     awssns.Topic
	onFailure awssqs.Queue
}

// newFunction adds a function of a part to the part's stack, with its role, its
// log group, its topic, its on-failure queue and the alarms that every function has. The scope is
// the stack for the first function, and further(stack, "Subscriber") for another one, whose ids and
// outputs then begin with that.
func newFunction(scope constructs.Construct, p part) function {
	stack := awscdk.Stack_Of(scope)
	fn := function{part: p, stack: stack, scope: scope, fullName: "caretaker-" + p.stage + "-" + p.name}
	if scope == constructs.Construct(stack) { // the list of stacks in the console shows it
		stack.TemplateOptions().SetDescription(jsii.String("Caretaker's " + p.name + ": " + p.does))
	}
	// CDK would make a second log group for the function, kept for two years and left behind by
	// the stack, were useCdkManagedLogGroup in cdk.json not false.
	fn.logs = awslogs.NewCfnLogGroup(scope, jsii.String("Logs"), &awslogs.CfnLogGroupProps{
		LogGroupName:    jsii.String("/aws/lambda/" + fn.fullName),
		RetentionInDays: jsii.Number(p.size.LogRetentionDays),
	})
	fn.logs.ApplyRemovalPolicy(awscdk.RemovalPolicy_DESTROY, nil)
	fn.topic = newTopic(scope, "Topic", fn.fullName, p.emails)
	fn.onFailure = newDeadLetters(scope, "OnFailure")

	props := awslambda.FunctionProps{
		FunctionName: jsii.String(fn.fullName),
		Description:  jsii.String(p.does),
		Code:         awslambda.Code_FromAsset(jsii.String(p.asset), nil),
		Handler:      jsii.String("bootstrap"),
		Runtime:      awslambda.Runtime_PROVIDED_AL2023(),
		Architecture: p.arch,
		MemorySize:   jsii.Number(p.size.Memory),
		Timeout:      awscdk.Duration_Seconds(jsii.Number(p.size.Timeout.Std().Seconds())),
		Tracing:      awslambda.Tracing_ACTIVE,
		// The role is whole before the function is made: what CDK would add to it by itself stays out.
		Role:        newRole(fn).WithoutPolicyUpdates(nil),
		Environment: fn.variables(),
	}
	if p.size.ReservedConcurrency > 0 {
		props.ReservedConcurrentExecutions = jsii.Number(p.size.ReservedConcurrency)
	}
	if p.loops {
		// Lambda takes a function that has called itself some 16 times in a row for one that ran
		// away, and drops the message: https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
		props.RecursiveLoop = awslambda.RecursiveLoop_ALLOW
	}
	fn.Function = awslambda.NewFunction(scope, jsii.String("Function"), &props)
	if len(p.network.subnets) > 0 { // by its ids alone: CDK's own VPCs are looked up in the account
		fn.Function.Node().DefaultChild().(awslambda.CfnFunction).SetVpcConfig(&awslambda.CfnFunction_VpcConfigProperty{
			SubnetIds: jsii.Strings(p.network.subnets...), SecurityGroupIds: jsii.Strings(p.network.securityGroups...),
		})
	}
	awslambda.NewCfnEventInvokeConfig(scope, jsii.String("Async"), &awslambda.CfnEventInvokeConfigProps{
		FunctionName:             fn.FunctionName(),
		Qualifier:                jsii.String("$LATEST"),
		MaximumRetryAttempts:     jsii.Number(p.async.retries),
		MaximumEventAgeInSeconds: jsii.Number(p.async.maxAge.Seconds()),
		DestinationConfig: &awslambda.CfnEventInvokeConfig_DestinationConfigProperty{
			OnFailure: &awslambda.CfnEventInvokeConfig_OnFailureProperty{Destination: fn.onFailure.QueueArn()},
		},
	})
	addFunctionAlarms(fn)
	fn.nameItself()
	return fn
}

// nameItself puts into the stack's outputs what people and commands look for.
func (fn function) nameItself() {
	fn.output("FunctionName", "The function", fn.FunctionName())
	fn.output("LogGroupName", "Its log group", fn.logs.Ref())
	fn.output("TopicArn", "Where alarms and summaries are published", fn.topic.TopicArn())
	fn.output("OnFailureQueueUrl", "Runs that failed", fn.onFailure.QueueUrl())
	if fn.bucket != nil {
		fn.output("BucketName", "What could not be handed on. It stays when the stack goes", fn.bucket.BucketName())
	}
}

// further is the scope of a further function in a part's stack.
func further(stack awscdk.Stack, id string) constructs.Construct {
	return constructs.NewConstruct(stack, jsii.String(id))
}

// variables are the function's environment.
func (fn function) variables() *map[string]*string {
	variables := map[string]*string{
		"STAGE":     jsii.String(fn.stage),
		"TOPIC_ARN": fn.topic.TopicArn(),
	}
	if !fn.tells {
		// The emergency brake, where somebody in the console sees it: any value but 0 and false stops all changes.
		variables["DRY_RUN"] = jsii.String("")
	}
	if fn.bucket != nil {
		variables["BUCKET_NAME"] = fn.bucket.BucketName()
	}
	maps.Copy(variables, fn.environment)
	return &variables
}

// newRole makes the function's own role: the part's statements under the part's
// name, and what any function needs under the name "function". No managed policy.
func newRole(fn function) awsiam.Role {
	return awsiam.NewRole(fn.scope, jsii.String("Role"), &awsiam.RoleProps{
		AssumedBy:   awsiam.NewServicePrincipal(jsii.String("lambda.amazonaws.com"), nil),
		Description: jsii.String("What " + fn.fullName + " may do"),
		InlinePolicies: &map[string]awsiam.PolicyDocument{
			fn.name: fn.policy(fn.statements),
			"function": fn.policy(iam.OfFunction(iam.Around{
				Queue: fn.source != nil, Stream: service(fn.stream),
				Table: fn.arns["${Ledger}"] != nil, Bucket: fn.bucket != nil, VPC: len(fn.network.subnets) > 0, Key: fn.key != "",
			})),
		},
	})
}

func (fn function) output(id, description string, value *string) {
	output := awscdk.NewCfnOutput(fn.scope, jsii.String(id), &awscdk.CfnOutputProps{Description: jsii.String(description), Value: value})
	if fn.scope != constructs.Construct(fn.stack) { // people type these names: no hash in them
		output.OverrideLogicalId(jsii.String(*fn.scope.Node().Id() + id))
	}
}

// newDeadLetters makes a queue for what could not be done: encrypted with SQS's own
// key, over SSL only, and kept for SQS's longest time.
func newDeadLetters(scope constructs.Construct, id string) awssqs.Queue {
	return awssqs.NewQueue(scope, jsii.String(id), &awssqs.QueueProps{
		Encryption:      awssqs.QueueEncryption_SQS_MANAGED,
		EnforceSSL:      jsii.Bool(true),
		RetentionPeriod: awscdk.Duration_Days(jsii.Number(14)),
		RemovalPolicy:   awscdk.RemovalPolicy_DESTROY,
	})
}
