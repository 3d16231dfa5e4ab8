package emulator_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"caretaker/internal/emulator"
	"caretaker/internal/want"
)

func TestElapse_bringsDelayedMessagesOnceTheirTimeIsUp(t *testing.T) {
	empty(t, shared)
	client := sqs.NewFromConfig(shared.AWS())
	made, err := client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("delayed")})
	if err != nil {
		t.Fatal(err)
	}
	for body, delay := range map[string]int32{"soon": 300, "later": 900} {
		if _, err := client.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: made.QueueUrl, MessageBody: aws.String(body), DelaySeconds: delay}); err != nil {
			t.Fatal(err)
		}
	}
	received := func() string {
		output, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: made.QueueUrl, MaxNumberOfMessages: 10})
		if err != nil {
			t.Fatal(err)
		}
		bodies := ""
		for _, message := range output.Messages {
			bodies += aws.ToString(message.Body)
		}
		return bodies
	}
	for _, step := range []struct {
		elapse time.Duration
		want   string
	}{{0, ""}, {4 * time.Minute, ""}, {time.Minute, "soon"}} {
		if err := shared.Elapse(t.Context(), step.elapse); err != nil {
			t.Fatal(err)
		}
		if got := received(); got != step.want {
			t.Errorf("after %s more there is %q in the queue, want %q", step.elapse, got, step.want)
		}
	}
}

func TestElapse_handsNothingOutTwiceThatAFunctionIsAtWorkOn(t *testing.T) {
	empty(t, enforced)
	client := sqs.NewFromConfig(enforced.AWS())
	made, err := client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("work")})
	want.NoError(t, "making a queue", err)
	arn := "arn:aws:sqs:" + enforced.Region() + ":" + enforced.Account() + ":work"
	_, err = deployTeller(t).CreateEventSourceMapping(t.Context(), &lambdasvc.CreateEventSourceMappingInput{FunctionName: aws.String("teller"), EventSourceArn: &arn})
	want.NoError(t, "making an event source mapping", err)
	t.Cleanup(enforced.ClearFaults)
	enforced.Inject(emulator.Fault{Service: "sts", Operation: "GetCallerIdentity", Before: func(emulator.Call) { // in the middle of the run
		if err := enforced.Elapse(t.Context(), time.Hour); err != nil {
			t.Error(err)
		}
		time.Sleep(3 * time.Second) // longer than it takes for a message to be handed out
	}})
	_, err = client.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: made.QueueUrl, MessageBody: aws.String("do it")})
	want.NoError(t, "sending a message", err)
	deadline := time.Now().Add(time.Minute)
	for left := ""; left != "0 0"; time.Sleep(100 * time.Millisecond) {
		given, err := client.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: made.QueueUrl, AttributeNames: []sqstypes.QueueAttributeName{"All"}})
		want.NoError(t, "asking for the queue", err)
		left = given.Attributes["ApproximateNumberOfMessages"] + " " + given.Attributes["ApproximateNumberOfMessagesNotVisible"]
		if time.Now().After(deadline) {
			t.Fatal("the message was not done with within a minute")
		}
	}
	want.Equal(t, "the calls of the function", calledByTeller(), []string{"sts:GetCallerIdentity 200", "lambda:ListFunctions 403"})
}
