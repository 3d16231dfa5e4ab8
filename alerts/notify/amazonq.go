package notify

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/smithy-go"
	"github.com/rs/zerolog"
)

// tellQ publishes a message to the topic that Amazon Q hears. What the topic does not take for now comes again through the
// queue; what it does not take for good, or not by the third time, goes to people by mail and SMS, with the reason.
func (n *Notifier) tellQ(ctx context.Context, m Message, received int, report *Report) (receipt, error) {
	err := n.publishQ(ctx, m)
	if err == nil || passes(err) && received < patience {
		return receipt{}, err
	}
	zerolog.Ctx(ctx).Error().Err(err).Msg("the topic of Amazon Q does not take it: telling people another way")
	report.list(err)
	return receipt{}, n.people(ctx, m, err.Error(), report)
}

func (n *Notifier) publishQ(ctx context.Context, m Message) error {
	text, err := n.options.Place.notification(m, n.cfg.AmazonQ.CustomActions)
	if err != nil {
		return fmt.Errorf("telling Amazon Q: %w", err)
	}
	topic := topicARN(n.cfg.AmazonQ.Topic, n.options.Partition, n.options.Place.Region, n.options.Place.Account)
	if _, err := n.aws.SNS.Publish(ctx, &sns.PublishInput{TopicArn: &topic, Subject: aws.String(subject(m.headline())), Message: &text}); err != nil {
		return fmt.Errorf("telling Amazon Q (sns:Publish): %w", err)
	}
	return nil
}

// passingCodes are SNS's words for what is over by itself.
// https://docs.aws.amazon.com/sns/latest/api/API_Publish.html#API_Publish_Errors
var passingCodes = []string{"InternalError", "InternalFailure", "ServiceUnavailable", "Throttled", "Throttling", "ThrottlingException", "KMSThrottling", "KMSThrottlingException", "RequestLimitExceeded"}

// passes tells whether an error of AWS is over by itself: one without an answer is.
func passes(err error) bool {
	var answer smithy.APIError
	return !errors.As(err, &answer) || slices.Contains(passingCodes, answer.ErrorCode())
}
