package logshipper_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	firehosetypes "github.com/aws/aws-sdk-go-v2/service/firehose/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"caretaker/internal/setting"
	"caretaker/internal/want"
	logshipper "caretaker/log-shipper"
	"caretaker/test/deployed"
)

// into is a stream that a deployed shipper sends to.
type into struct {
	kind, action string
	make         func(t *testing.T, w world, name string)
	// text is all that came out of it by now.
	text func(t *testing.T, w world, name string) []byte
}

var streams = []into{
	{logshipper.Kinesis, "kinesis:PutRecords", makeStream, streamText},
	{logshipper.Firehose, "firehose:PutRecordBatch", makeDelivery, deliveryText},
}

func makeStream(t *testing.T, w world, name string) {
	t.Helper()
	_, err := kinesis.NewFromConfig(w.AWS()).CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: &name, ShardCount: aws.Int32(2)})
	want.NoError(t, "making the stream", err)
}

func streamText(t *testing.T, w world, name string) (text []byte) {
	t.Helper()
	client := kinesis.NewFromConfig(w.AWS())
	shards, err := client.ListShards(t.Context(), &kinesis.ListShardsInput{StreamName: &name})
	want.NoError(t, "listing shards", err)
	for _, shard := range shards.Shards {
		at, err := client.GetShardIterator(t.Context(), &kinesis.GetShardIteratorInput{StreamName: &name, ShardId: shard.ShardId, ShardIteratorType: kinesistypes.ShardIteratorTypeTrimHorizon})
		want.NoError(t, "finding the beginning", err)
		out, err := client.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: at.ShardIterator})
		want.NoError(t, "reading records", err)
		for _, record := range out.Records {
			text = append(text, record.Data...)
		}
	}
	return text
}

func makeDelivery(t *testing.T, w world, name string) {
	t.Helper()
	_, err := w.objects.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name})
	want.NoError(t, "making the bucket", err)
	_, err = firehose.NewFromConfig(w.AWS()).CreateDeliveryStream(t.Context(), &firehose.CreateDeliveryStreamInput{
		DeliveryStreamName: &name, DeliveryStreamType: firehosetypes.DeliveryStreamTypeDirectPut,
		ExtendedS3DestinationConfiguration: &firehosetypes.ExtendedS3DestinationConfiguration{
			BucketARN: aws.String("arn:aws:s3:::" + name), RoleARN: aws.String("arn:aws:iam::" + w.Account() + ":role/firehose"),
		},
	})
	want.NoError(t, "making the Firehose stream", err)
}

func deliveryText(t *testing.T, w world, name string) (text []byte) {
	t.Helper()
	given, err := w.objects.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &name})
	want.NoError(t, "listing what was delivered", err)
	for _, object := range given.Contents {
		got, err := w.objects.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &name, Key: object.Key})
		want.NoError(t, "reading what was delivered", err)
		var whole bytes.Buffer
		_, err = whole.ReadFrom(got.Body)
		want.NoError(t, "reading what was delivered", err)
		text = append(text, whole.Bytes()...)
	}
	return text
}

// The deployed binary sends to Kinesis and to Firehose under its own role: without the one action that the role
// has for that everything is parked, and with it everything arrives, by calls of which each is granted, and each
// grant is used.
func TestDeployed_sendsToStreamsUnderItsRole(t *testing.T) {
	for _, to := range streams {
		t.Run(to.kind, func(t *testing.T) {
			name := "caretaker-logs-" + to.kind
			to.make(t, shared, name)
			cfg := logshipper.Default()
			cfg.Enabled, cfg.Function.Timeout = true, setting.Duration(8*time.Second)
			cfg.Destination.Type, cfg.Destination.Stream = to.kind, name
			w := shared.deployTo(t, "to"+to.kind, cfg)
			policies, err := w.Policies(t.Context())
			want.NoError(t, "reading the role", err)
			granted := deployed.Granted(policies, onBehalf...)
			wanted := []string{to.action, "s3:DeleteObject", "s3:GetObject", "s3:PutObject", "sqs:SendMessage"}
			slices.Sort(wanted)
			want.Equal(t, "the actions of the role", granted, wanted)

			called := map[string]bool{}
			collect := func() (refused []string) {
				for _, call := range w.Own() {
					called[call.Service+":"+call.Operation] = true
					if call.ErrorCode != "" && call.ErrorCode != "NoSuchKey" { // a message may come twice
						refused = append(refused, call.Service+":"+call.Operation+" "+call.ErrorCode)
					}
				}
				w.ForgetCalls()
				return slices.Compact(refused)
			}
			w.ForgetCalls()
			events := lines(t.Name(), "one", "two", "three")
			event := direct(gzipped(t, payload(t, "/aws/lambda/orders", events)))
			want.NoError(t, "taking the action away", w.SetPolicies(t.Context(), deployed.Without(policies, to.action)))
			report, failure := w.run(t, event)
			want.NoError(t, "giving it back", w.SetPolicies(context.WithoutCancel(t.Context()), policies))
			want.Says(t, "what the run says without it", fmt.Sprint(failure, report.Unsent), to.action)
			want.Equal(t, "parked", report.Parked, 3)
			want.Equal(t, "what arrived", len(to.text(t, w, name)), 0)

			want.Equal(t, "the calls that were refused", collect(), []string{to.action + " AccessDeniedException"})
			w.comesBack(t) // reads, sends, and deletes
			more := lines(t.Name()+"more", "four")
			want.Equal(t, "delivered", w.ships(t, direct(gzipped(t, payload(t, "/aws/lambda/orders", more)))).Delivered, 1)
			want.Equal(t, "dead letters", w.ships(t, direct(gzipped(t, []byte("no JSON at all")))).DeadLettered, 1)
			want.Equal(t, "the calls that were refused with all actions", collect(), []string(nil))
			for _, action := range wanted {
				if !called[action] {
					t.Errorf("%s is granted and never called", action)
				}
				delete(called, action)
			}
			for action := range called {
				t.Errorf("%s is called and not granted", action)
			}
			// A stream takes the same document twice: where a run is cut off after its call, the message comes again.
			text, all := to.text(t, w, name), 0
			for _, one := range append(events, more...) {
				arrived := bytes.Count(text, []byte(`"event.id":"`+one.ID+`"`))
				if arrived == 0 {
					t.Errorf("document %s did not arrive", one.Message)
				}
				all += arrived
			}
			want.Equal(t, "lines", bytes.Count(text, []byte("\n")), all)
		})
	}
}
