package limitraiser

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"caretaker/internal/setting"
)

// What AWS allows a stream: UpdateShardCount at most doubles, ten times in any 24 hours.
// https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateShardCount.html
const (
	mostDoublings  = 10
	doublingWindow = setting.Day
	shardFactor    = 2
)

// What a shard takes a second in, and gives out:
// https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
const (
	shardBytesIn   = 1 << 20
	shardRecordsIn = 1000
	shardBytesOut  = 2 << 20
)

// readStream reads a stream and its load.
func (r *Raiser) readStream(ctx context.Context, shortage Shortage) (Facts, error) {
	facts := Facts{Resource: shortage.Resource, AlarmAbove: r.cfg.AlarmAbove}
	name := shortage.Resource.Name
	have := Have{Part: Part{Dimension: Shards}, Means: Provisioned}
	listed := false
	for _, stream := range r.cfg.Streams {
		if stream.Name == name {
			have.Max, listed = float64(stream.MaxShards), true
		}
	}
	if !listed {
		return unlisted(facts, shortage.Parts), nil
	}
	output, err := r.aws.Kinesis.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: &name})
	var absent *kinesistypes.ResourceNotFoundException
	if errors.As(err, &absent) {
		return facts, nil
	}
	if err != nil {
		return Facts{}, err
	}
	stream := output.StreamDescriptionSummary
	if stream == nil {
		return Facts{}, errors.New("describing the stream: the answer holds none")
	}
	facts.ARN = aws.ToString(stream.StreamARN)
	have.Now = float64(aws.ToInt32(stream.OpenShardCount))
	if stream.StreamStatus != kinesistypes.StreamStatusActive {
		facts.Busy = "the stream is " + string(stream.StreamStatus)
	}
	if mode := stream.StreamModeDetails; mode != nil && mode.StreamMode == kinesistypes.StreamModeOnDemand {
		have.Means, have.Note = NoMeans, "it is on demand: AWS scales it by itself"
	}
	if facts.Tags, err = r.streamTags(ctx, name); err != nil {
		return Facts{}, err
	}
	facts.Parts = []Have{have}
	if err := r.readLoads(ctx, facts.Parts, []load{streamLoad(name)}); err != nil {
		return Facts{}, err
	}
	return facts, nil
}

func (r *Raiser) streamTags(ctx context.Context, name string) (map[string]string, error) {
	tags := map[string]string{}
	input := &kinesis.ListTagsForStreamInput{StreamName: &name}
	for {
		page, err := r.aws.Kinesis.ListTagsForStream(ctx, input)
		if err != nil {
			return nil, err
		}
		for _, tag := range page.Tags {
			tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
			input.ExclusiveStartTagKey = tag.Key
		}
		if !aws.ToBool(page.HasMoreTags) || len(page.Tags) == 0 {
			return tags, nil
		}
	}
}

// streamLoad reckons in shards: of bytes in, records in and bytes out, what needs the most.
func streamLoad(name string) load {
	of := map[string]string{"StreamName": name}
	return load{
		tell: 4,
		series: []series{
			{"AWS/Kinesis", "IncomingBytes", "Sum", of},
			{"AWS/Kinesis", "IncomingRecords", "Sum", of},
			{"AWS/Kinesis", "GetRecords.Bytes", "Sum", of},
			{"AWS/Kinesis", "WriteProvisionedThroughputExceeded", "Sum", of},
		},
		sample: func(values []float64) Sample {
			return Sample{
				Consumed: max(values[0]/shardBytesIn, values[1]/shardRecordsIn, values[2]/shardBytesOut),
				Requests: values[1], Throttled: values[3],
			}
		},
	}
}

func (r *Raiser) updateShards(ctx context.Context, name string, shards float64) error {
	_, err := r.aws.Kinesis.UpdateShardCount(ctx, &kinesis.UpdateShardCountInput{
		StreamName: &name, TargetShardCount: aws.Int32(int32(shards)), ScalingType: kinesistypes.ScalingTypeUniformScaling,
	}, func(o *kinesis.Options) { o.Retryer = once() })
	return err
}
