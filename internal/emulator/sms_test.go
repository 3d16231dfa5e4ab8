package emulator_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"caretaker/internal/emulator"
	"caretaker/internal/want"
)

func TestPublish_sendsSMSToTheNumbersThatSubscribe(t *testing.T) {
	ctx, client := t.Context(), sns.NewFromConfig(fresh(t))
	topic, err := client.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("people")})
	want.NoError(t, "making a topic", err)
	_, err = client.Subscribe(ctx, &sns.SubscribeInput{TopicArn: topic.TopicArn, Protocol: aws.String("sms"), Endpoint: aws.String("+4915112345678")})
	want.NoError(t, "subscribing a number", err)
	for _, one := range []*sns.PublishInput{
		{Message: aws.String("plain")},
		{Message: aws.String(`{"default":"long","sms":"short"}`), MessageStructure: aws.String("json")},
		{Message: aws.String(`{"default":"for all"}`), MessageStructure: aws.String("json")},
	} {
		one.TopicArn = topic.TopicArn
		_, err := client.Publish(ctx, one)
		want.NoError(t, "publishing", err)
	}
	const number = "+4915112345678"
	want.Equal(t, "what was sent", shared.SMS(), []emulator.SMS{{Number: number, Text: "plain"}, {Number: number, Text: "short"}, {Number: number, Text: "for all"}})
}
