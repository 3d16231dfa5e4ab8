package main

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// mail is what goes to and fro around the deployed limit-raiser.
type mail struct {
	*stage
	queues *sqs.Client
	topics *sns.Client
	// callers is the topic that alarms publish to, queue the function's own.
	callers, queue string
	// people and overheard are queues of the demo that get what people and what the function get.
	people, overheard string
}

func newMail(s *stage) mail {
	return mail{stage: s, queues: sqs.NewFromConfig(s.AWS()), topics: sns.NewFromConfig(s.AWS())}
}

// subscribe listens at both topics of the stack.
func (m *mail) subscribe(ctx context.Context) error {
	function, err := lambdasvc.NewFromConfig(m.AWS()).GetFunctionConfiguration(ctx, &lambdasvc.GetFunctionConfigurationInput{FunctionName: aws.String(raiserName)})
	if err != nil {
		return fmt.Errorf("looking up %s: %w", raiserName, err)
	}
	topic := function.Environment.Variables["TOPIC_ARN"]
	m.queue, m.callers = function.Environment.Variables["QUEUE_URL"], topic+"-alarms"
	if m.people, err = m.listen(ctx, "people", topic); err != nil {
		return err
	}
	m.overheard, err = m.listen(ctx, "overheard", m.callers)
	return err
}

// listen makes a queue that a topic feeds.
func (m *mail) listen(ctx context.Context, name, topic string) (string, error) {
	arn := "arn:aws:sqs:" + m.Region() + ":" + m.Account() + ":" + name
	allow := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":%q}]}`, arn)
	made, err := m.queues.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name, Attributes: map[string]string{"Policy": allow}})
	if err != nil {
		return "", fmt.Errorf("making the queue %s: %w", name, err)
	}
	_, err = m.topics.Subscribe(ctx, &sns.SubscribeInput{
		TopicArn: &topic, Protocol: aws.String("sqs"), Endpoint: &arn, Attributes: map[string]string{"RawMessageDelivery": "true"},
	})
	if err != nil {
		return "", fmt.Errorf("listening at %s: %w", topic, err)
	}
	return aws.ToString(made.QueueUrl), nil
}

// read takes what a queue holds.
func (m *mail) read(ctx context.Context, queue string) ([]string, error) {
	var bodies []string
	for wait := int32(10); ; wait = 0 {
		output, err := m.queues.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &queue, MaxNumberOfMessages: 10, WaitTimeSeconds: wait})
		if err != nil {
			return nil, fmt.Errorf("receiving messages: %w", err)
		}
		if len(output.Messages) == 0 {
			return bodies, nil
		}
		for _, message := range output.Messages {
			bodies = append(bodies, aws.ToString(message.Body))
		}
	}
}

// publish has CloudWatch say again what an alarm said.
func (m *mail) publish(ctx context.Context, message string) error {
	return m.Announce(ctx, m.callers, "arn:aws:cloudwatch:"+m.Region()+":"+m.Account()+":alarm:any", message)
}

// patience is how long something that takes a second may take on a busy machine.
const patience = time.Minute

// answered waits until something holds and the function has answered every event that is not delayed.
func (m *mail) answered(ctx context.Context, what string, holds func() (bool, error)) error {
	return m.out.during(func() string { return "waiting until " + what }, func() error {
		for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
			done, err := holds()
			if err == nil && done {
				done, err = m.idle(ctx)
			}
			if err != nil || done {
				return err
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(100 * time.Millisecond):
			}
		}
		return fmt.Errorf("waited a minute in vain until %s", what)
	})
}

func (m *mail) idle(ctx context.Context) (bool, error) {
	output, err := m.queues.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: &m.queue, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameAll},
	})
	if err != nil {
		return false, fmt.Errorf("looking into the function's queue: %w", err)
	}
	has := output.Attributes
	return has["ApproximateNumberOfMessages"] == "0" && has["ApproximateNumberOfMessagesNotVisible"] == "0", nil
}
