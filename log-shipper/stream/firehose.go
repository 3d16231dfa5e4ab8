package stream

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/firehose/types"
)

// FirehoseAPI puts records into a Firehose stream; a *firehose.Client does.
type FirehoseAPI interface {
	PutRecordBatch(context.Context, *firehose.PutRecordBatchInput, ...func(*firehose.Options)) (*firehose.PutRecordBatchOutput, error)
}

// mostFirehose is how many bytes a call may bring. Firehose refuses more for ever.
// https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecordBatch.html
const mostFirehose = 4 << 20

// NewFirehose makes a destination of a Firehose stream, by its name.
func NewFirehose(client FirehoseAPI, name string) *Destination {
	return &Destination{to: firehoseStream{client, name}}
}

type firehoseStream struct {
	client FirehoseAPI
	name   string
}

func (firehoseStream) most() int   { return mostFirehose }
func (firehoseStream) keyed() bool { return false }

func (f firehoseStream) put(ctx context.Context, data [][]byte, _ []string) (failed []int, reason string, again bool, err error) {
	records := make([]types.Record, len(data))
	for i := range data {
		records[i] = types.Record{Data: data[i]}
	}
	out, err := f.client.PutRecordBatch(ctx, &firehose.PutRecordBatchInput{DeliveryStreamName: &f.name, Records: records}, func(o *firehose.Options) { o.Retryer = once })
	if err == nil && len(out.RequestResponses) != len(data) {
		return nil, "", true, errShort
	}
	if err != nil {
		return nil, "", mayPass(ctx, err), fmt.Errorf("sending to the Firehose stream %s: %w", f.name, err)
	}
	for i, one := range out.RequestResponses {
		if one.ErrorCode != nil {
			failed, reason = append(failed, i), aws.ToString(one.ErrorCode)
		}
	}
	return failed, reason, true, nil
}
