package main

import (
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/jsii-runtime-go"
)

// reading says how Lambda reads a stream for a function.
type reading struct {
	// batch is the most records of a run, window how long Lambda waits for so many.
	batch  int
	window time.Duration
	// retries are for a batch that failed, and oldest is how old a record may be; what is given up
	// then waits in the function's on-failure queue, without the records themselves.
	retries int
	oldest  time.Duration
}

// addStream lets Lambda read the part's stream for the function: a run says itself which records
// failed, and a batch that fails as a whole is halved, so that one bad record holds up only itself.
// https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
func (fn function) addStream(how reading) {
	awslambda.NewCfnEventSourceMapping(fn.scope, jsii.String("Stream"), &awslambda.CfnEventSourceMappingProps{
		FunctionName:                   fn.FunctionName(),
		EventSourceArn:                 fn.stream,
		StartingPosition:               jsii.String("TRIM_HORIZON"),
		BatchSize:                      jsii.Number(how.batch),
		MaximumBatchingWindowInSeconds: jsii.Number(how.window.Seconds()),
		MaximumRetryAttempts:           jsii.Number(how.retries),
		MaximumRecordAgeInSeconds:      jsii.Number(how.oldest.Seconds()),
		BisectBatchOnFunctionError:     jsii.Bool(true),
		FunctionResponseTypes:          jsii.Strings("ReportBatchItemFailures"),
		DestinationConfig: &awslambda.CfnEventSourceMapping_DestinationConfigProperty{
			OnFailure: &awslambda.CfnEventSourceMapping_OnFailureProperty{Destination: fn.onFailure.QueueArn()},
		},
	})
}

// service is that of a stream's ARN, such as kinesis; empty for none. One that the deployment only comes
// to know does not tell whose it is, and the role would lack the right to read it.
func service(stream *string) string {
	if stream == nil {
		return ""
	}
	parsed, err := arn.Parse(*stream)
	if err != nil {
		panic("the stream " + *stream + ": " + err.Error())
	}
	return parsed.Service
}
