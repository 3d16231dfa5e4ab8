package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
)

// mostSMS keeps an SMS in one piece: https://docs.aws.amazon.com/sns/latest/dg/sms_publish-to-phone.html
const mostSMS = 140

// tellPeople publishes to the topic of people, by mail and SMS. Why says why it comes this way.
func (n *Notifier) tellPeople(ctx context.Context, m Message, why string) error {
	if n.options.Topic == "" {
		return errors.New("telling people: there is no topic")
	}
	return n.publish(ctx, n.options.Topic, m, why)
}

// publish publishes a message to a topic, for mail, SMS and whatever else listens there.
func (n *Notifier) publish(ctx context.Context, topic string, m Message, why string) error {
	text := n.options.Place.text(m, why)
	forms, err := json.Marshal(map[string]string{"default": text.Body, "sms": shorten(text.Subject, mostSMS)})
	if err != nil {
		return fmt.Errorf("telling people: %w", err)
	}
	_, err = n.aws.SNS.Publish(ctx, &sns.PublishInput{
		TopicArn: &topic, Subject: aws.String(subject(text.Subject)), Message: aws.String(string(forms)), MessageStructure: aws.String("json"),
	})
	if err != nil {
		return fmt.Errorf("telling people (sns:Publish): %w", err)
	}
	return nil
}

// subject is a headline as SNS takes it: up to 100 ASCII characters in one line, the first no blank.
// https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
func subject(headline string) string {
	ascii := strings.TrimSpace(strings.Map(func(char rune) rune {
		if char < ' ' || char > '~' {
			return '?'
		}
		return char
	}, headline))
	if len(ascii) > 100 {
		return ascii[:97] + "..."
	}
	return ascii
}
