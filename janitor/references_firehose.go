package janitor

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	firehosetypes "github.com/aws/aws-sdk-go-v2/service/firehose/types"
)

// readDeliveryStreams reads which functions Firehose transforms records with, under a role of
// its own. Each kind of destination has its own place for them, so every ARN of a function
// anywhere in a stream's description counts.
func (j *Janitor) readDeliveryStreams(ctx context.Context, in scope) (Findings, error) {
	var names []string
	for last, more := (*string)(nil), true; more; {
		page, err := j.aws.Firehose.ListDeliveryStreams(ctx, &firehose.ListDeliveryStreamsInput{
			Limit: aws.Int32(1000), ExclusiveStartDeliveryStreamName: last,
		})
		if err != nil {
			return Findings{}, fmt.Errorf("listing Firehose streams: %w", err)
		}
		names = append(names, page.DeliveryStreamNames...)
		more = aws.ToBool(page.HasMoreDeliveryStreams)
		if len(page.DeliveryStreamNames) == 0 {
			if more {
				return Findings{}, errors.New("listing Firehose streams: AWS says that there are more, and names none")
			}
			break
		}
		last = &names[len(names)-1]
	}
	var found gathered
	err := each(ctx, names, func(ctx context.Context, name string) error {
		called, err := j.transforms(ctx, name)
		var gone *firehosetypes.ResourceNotFoundException
		if err != nil && !errors.As(err, &gone) {
			return fmt.Errorf("reading Firehose stream %s: %w", name, err)
		}
		found.with(func(all *Findings) { all.named(in, DeliveryStream, name, called) })
		return nil
	})
	return found.Findings, err
}

func (j *Janitor) transforms(ctx context.Context, name string) (calls, error) {
	described, err := j.aws.Firehose.DescribeDeliveryStream(ctx, &firehose.DescribeDeliveryStreamInput{DeliveryStreamName: &name})
	if err != nil {
		return calls{}, err
	}
	static, err := arnsAnywhere(described.DeliveryStreamDescription)
	return calls{static: static}, err
}
