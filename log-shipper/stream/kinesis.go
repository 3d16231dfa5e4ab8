package stream

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	types "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// KinesisAPI puts records into a Kinesis stream; a *kinesis.Client does.
type KinesisAPI interface {
	PutRecords(context.Context, *kinesis.PutRecordsInput, ...func(*kinesis.Options)) (*kinesis.PutRecordsOutput, error)
}

// mostKinesis is how many bytes a call may bring, with the keys. By now Kinesis takes 10 MiB; what is
// packed so is far from the one, and safe with the other.
// https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
const mostKinesis = 5 << 20

// NewKinesis makes a destination of a Kinesis stream, by its name.
func NewKinesis(client KinesisAPI, name string) *Destination {
	return &Destination{to: kinesisStream{client, name}}
}

type kinesisStream struct {
	client KinesisAPI
	name   string
}

func (kinesisStream) most() int   { return mostKinesis }
func (kinesisStream) keyed() bool { return true }

func (k kinesisStream) put(ctx context.Context, data [][]byte, keys []string) (failed []int, reason string, again bool, err error) {
	records := make([]types.PutRecordsRequestEntry, len(data))
	for i := range data {
		records[i] = types.PutRecordsRequestEntry{Data: data[i], PartitionKey: &keys[i]}
	}
	out, err := k.client.PutRecords(ctx, &kinesis.PutRecordsInput{StreamName: &k.name, Records: records}, func(o *kinesis.Options) { o.Retryer = once })
	if err == nil && len(out.Records) != len(data) {
		return nil, "", true, errShort
	}
	if err != nil {
		return nil, "", mayPass(ctx, err), fmt.Errorf("sending to the stream %s: %w", k.name, err)
	}
	for i, one := range out.Records {
		if one.ErrorCode != nil {
			failed, reason = append(failed, i), aws.ToString(one.ErrorCode)
		}
	}
	return failed, reason, true, nil
}
