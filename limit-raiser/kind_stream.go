package limitraiser

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"caretaker/internal/alarm"
	"caretaker/internal/iam"
	"caretaker/internal/setting"
)

// streams are Kinesis data streams, whose shards are doubled at most in one call.
type streams struct{ plain }

// KindStream is a Kinesis data stream.
const KindStream Kind = "stream"

// Shards are what a stream has.
const Shards Dimension = "shards"

type kinesisAPI interface {
	DescribeStreamSummary(context.Context, *kinesis.DescribeStreamSummaryInput, ...func(*kinesis.Options)) (*kinesis.DescribeStreamSummaryOutput, error)
	ListTagsForStream(context.Context, *kinesis.ListTagsForStreamInput, ...func(*kinesis.Options)) (*kinesis.ListTagsForStreamOutput, error)
	UpdateShardCount(context.Context, *kinesis.UpdateShardCountInput, ...func(*kinesis.Options)) (*kinesis.UpdateShardCountOutput, error)
}

func (streams) names(metric alarm.Metric) (string, []Part) {
	name := metric.Dimensions["StreamName"]
	if metric.Namespace != "AWS/Kinesis" || name == "" || !shardMetrics[metric.Name] {
		return "", nil
	}
	return name, []Part{{Dimension: Shards}}
}

// shardMetrics speak of how full a stream's shards are. The age of records is not among them: a
// consumer that is slow by itself gets no faster with more shards.
// https://docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html
var shardMetrics = map[string]bool{
	"IncomingBytes": true, "IncomingRecords": true, "WriteProvisionedThroughputExceeded": true,
	"PutRecord.Bytes": true, "PutRecords.Bytes": true, "PutRecords.Records": true, "PutRecords.ThrottledRecords": true,
	"GetRecords.Bytes": true, "GetRecords.Records": true, "ReadProvisionedThroughputExceeded": true,
}

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

// read reads a stream and its load.
func (streams) read(ctx context.Context, r *Raiser, shortage Shortage) (Facts, error) {
	facts := Facts{Resource: shortage.Resource, AlarmAbove: r.cfg.AlarmAbove}
	name := shortage.Resource.Name
	current := Current{Part: Part{Dimension: Shards}, Means: Provisioned}
	listed := false
	for _, stream := range r.cfg.Streams {
		if stream.Name == name {
			current.Max, listed = float64(stream.MaxShards), true
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
	current.Now = float64(aws.ToInt32(stream.OpenShardCount))
	if stream.StreamStatus != kinesistypes.StreamStatusActive {
		facts.Busy = "the stream is " + string(stream.StreamStatus)
	}
	if mode := stream.StreamModeDetails; mode != nil && mode.StreamMode == kinesistypes.StreamModeOnDemand {
		current.Means, current.Note = NoMeans, "it is on demand: AWS scales it by itself"
	}
	if facts.Tags, err = streamTags(ctx, r.aws.Kinesis, name); err != nil {
		return Facts{}, err
	}
	facts.Parts = []Current{current}
	if err := r.readLoads(ctx, facts.Parts, []load{streamLoad(name)}); err != nil {
		return Facts{}, err
	}
	return facts, nil
}

func streamTags(ctx context.Context, client kinesisAPI, name string) (map[string]string, error) {
	tags := map[string]string{}
	input := &kinesis.ListTagsForStreamInput{StreamName: &name}
	for {
		page, err := client.ListTagsForStream(ctx, input)
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

func (streams) raise(ctx context.Context, r *Raiser, facts Facts, decisions []Decision) error {
	_, err := r.aws.Kinesis.UpdateShardCount(ctx, &kinesis.UpdateShardCountInput{
		StreamName: &facts.Resource.Name, TargetShardCount: aws.Int32(int32(decisions[0].To)), ScalingType: kinesistypes.ScalingTypeUniformScaling,
	}, func(o *kinesis.Options) { o.Retryer = retryThrottled() })
	return err
}

// oneCall: a goal that was set stays the highest, since past it begins another raise, with its own
// limits.
func (streams) oneCall(decision Decision, set float64) (Decision, float64) {
	goal := decision.To
	if set > decision.From && goal > set {
		goal = set
		decision.To = goal
		decision.Detail += fmt.Sprintf("; no further than the goal of %s shards", units(goal))
	}
	if most := decision.From * shardFactor; goal > most {
		decision.To = most
		decision.Detail += fmt.Sprintf("; %s shards on the way to %s, since one call at most doubles them", units(most), units(goal))
		return decision, goal
	}
	return decision, 0
}

func (streams) budget(memory Memory, now time.Time) (Reason, string) {
	if memory.since(now.Add(-doublingWindow)) < mostDoublings {
		return "", ""
	}
	return ShardBudget, fmt.Sprintf("the next is possible once the first of %d is 24 hours old", mostDoublings)
}

func (streams) link(name, region string) string {
	return "kinesis/home?region=" + region + "#/streams/details/" + name
}

// PriceShard is the price of a provisioned shard.
const PriceShard = "shardHour"

func (streams) price(Decision, Place) string { return PriceShard }

func (streams) statements(cfg Config) []iam.Statement {
	listed := each(cfg.Streams, func(s Stream) string { return "arn:${Partition}:kinesis:${Region}:${Account}:stream/" + s.Name })
	if len(listed) == 0 {
		return nil
	}
	return []iam.Statement{{
		Sid: "RaiseStreams", Resources: listed,
		Actions: []string{"kinesis:DescribeStreamSummary", "kinesis:ListTagsForStream", "kinesis:UpdateShardCount"},
	}}
}
