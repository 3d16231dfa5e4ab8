package emulator_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
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
