package main

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"caretaker/cmd/caretaker/console"
	"caretaker/internal/emulator"
	"caretaker/internal/want"
)

// shelfTemplate has of the log-shipper's stack what redrive looks for.
const shelfTemplate = `{"Resources":{"Bucket":{"Type":"AWS::S3::Bucket"},"Queue":{"Type":"AWS::SQS::Queue"}},
"Outputs":{"BucketName":{"Value":{"Ref":"Bucket"}},"QueueUrl":{"Value":{"Ref":"Queue"}}}}`

// shelf is an account with what redrive looks for of the log-shipper's stack, and an empty bucket.
type shelf struct {
	queues  *sqs.Client
	objects *s3.Client
	environ []string
	file    string
	outputs map[string]string
}

// put makes the stack in an account that has none.
func (s *shelf) put(t *testing.T, account string) {
	t.Helper()
	stacks, name := cloudformation.NewFromConfig(others.AWSIn(account, "eu-west-1")), "Caretaker-default-LogShipper"
	_, err := stacks.CreateStack(t.Context(), &cloudformation.CreateStackInput{StackName: &name, TemplateBody: aws.String(shelfTemplate)})
	want.NoError(t, "making the stack", err)
	s.outputs = map[string]string{}
	for deadline := time.Now().Add(time.Minute); len(s.outputs) < 2 && time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		given, err := stacks.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{StackName: &name})
		want.NoError(t, "looking at the stack", err)
		for _, output := range given.Stacks[0].Outputs {
			s.outputs[aws.ToString(output.OutputKey)] = aws.ToString(output.OutputValue)
		}
	}
}

func newShelf(t *testing.T, account string) *shelf {
	t.Helper()
	cfg := others.AWSIn(account, "eu-west-1")
	return &shelf{
		queues: sqs.NewFromConfig(cfg), objects: s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }),
		environ: append(nowhere(), "AWS_ACCESS_KEY_ID="+account, "AWS_REGION=eu-west-1", "AWS_ENDPOINT_URL="+others.Endpoint()),
		file:    write(t, "caretaker.yaml", "version: 1\n"),
	}
}

// write writes objects into the bucket.
func (s *shelf) write(t *testing.T, keys ...string) {
	t.Helper()
	for _, key := range keys {
		_, err := s.objects.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(s.outputs["BucketName"]), Key: &key, Body: strings.NewReader("x")})
		want.NoError(t, "writing an object", err)
	}
}

func TestRedrive_asksTheDeployedShipperForEachObject(t *testing.T) {
	s := newShelf(t, "555500000000")
	redrive := func(code console.Code, says string, more ...string) {
		t.Helper()
		caretaker(t, s.environ, append([]string{"log-shipper", "redrive", "--wait", "0s", "--config", s.file}, more...)...).expect(t, code, says)
	}
	redrive(console.Failed, "there is no stack Caretaker-default-LogShipper")
	s.put(t, "555500000000")
	redrive(console.Done, "eu-west-1: there are no dead letters.")

	s.write(t, "dead-letters/2026-11-28/a.ndjson.gz", "dead-letters/undated/b.ndjson.gz", "parked/c")
	redrive(console.WorkLeft, "the shipper sends 2 objects of dead letters again")
	given, err := s.queues.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: aws.String(s.outputs["QueueUrl"]), MaxNumberOfMessages: 10})
	want.NoError(t, "reading the queue", err)
	var bodies string
	for _, message := range given.Messages {
		bodies += aws.ToString(message.Body)
	}
	want.Equal(t, "messages", len(given.Messages), 2)
	want.Says(t, "the messages", bodies, `"key":"dead-letters/2026-11-28/a.ndjson.gz"`, `"key":"dead-letters/undated/b.ndjson.gz"`)

	s.write(t, "dead-letters/search/2026-11-28/d.ndjson.gz")
	redrive(console.WorkLeft, "the shipper sends 3 objects of dead letters again: 1 of search.")
	redrive(console.WorkLeft, "the shipper sends 1 objects of dead letters again: 1 of search.", "--destination", "search")
	redrive(console.Done, "there are no dead letters.", "--destination", "archive")
}

// The shipper does the work: who stops the command hears what it was asked, and what it goes on with.
func TestRedrive_interruptedSaysWhatTheShipperGoesOnWith(t *testing.T) {
	s := newShelf(t, "555500000001")
	s.put(t, "555500000001")
	s.write(t, "dead-letters/2026-11-28/a.ndjson.gz", "dead-letters/2026-11-28/b.ndjson.gz", "dead-letters/2026-11-28/c.ndjson.gz")
	t.Cleanup(others.ClearFaults)
	for _, c := range []struct {
		when, operation string
		says            []string
		messages        int
	}{
		{"while it asks", "SendMessage", []string{
			"What is under way is finished and checked.",
			"you stopped the command before it was through: eu-west-1: the shipper sends 1 of 3 objects of dead letters again; the same command hands it the rest",
		}, 1},
		{"while it waits", "", []string{"What is under way is finished and checked.", "eu-west-1: 0 are delivered, 0 were refused again, 3 still wait; the shipper goes on with them."}, 3},
	} {
		t.Run(c.when, func(t *testing.T) {
			others.ClearFaults()
			var asking <-chan struct{}
			if c.operation != "" {
				asking = slowed(func(call emulator.Call) bool { return call.Operation == c.operation })
			}
			p := begin(t, s.environ, "log-shipper", "redrive", "--config", s.file)
			var got result
			if c.operation == "" {
				eventually(t, "it waits", func() bool {
					return strings.Contains(p.err.String(), "the shipper sends 3 objects of dead letters again.")
				})
				got = p.interrupt(t)
			} else {
				got = p.interruptedBy(t, asking)
			}
			got.expect(t, console.WorkLeft, c.says...)
			if strings.Contains(got.err, "canceled") || strings.Contains(got.err, "othing has been changed") {
				t.Errorf("it says what is not so:\n%s", got.err)
			}
			given, err := s.queues.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: aws.String(s.outputs["QueueUrl"]), MaxNumberOfMessages: 10})
			want.NoError(t, "reading the queue", err)
			want.Equal(t, "the messages that were sent", len(given.Messages), c.messages)
			for _, message := range given.Messages {
				_, err := s.queues.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: aws.String(s.outputs["QueueUrl"]), ReceiptHandle: message.ReceiptHandle})
				want.NoError(t, "taking a message off the queue", err)
			}
		})
	}
}
