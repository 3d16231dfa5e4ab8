package stream_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	firehosetypes "github.com/aws/aws-sdk-go-v2/service/firehose/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"caretaker/internal/emulator"
	"caretaker/internal/emulator/suite"
	"caretaker/internal/want"
	"caretaker/log-shipper/document"
	"caretaker/log-shipper/sample"
	"caretaker/log-shipper/stream"
)

// One emulator serves all tests, each of which has an account of its own.
var shared suite.Emulator

func TestMain(m *testing.M) { os.Exit(shared.Run(m)) }

// sink is a stream to send to, in an account of its own.
type sink struct {
	*testing.T
	emulator *emulator.Emulator
	account  string
	// service and call are the API that puts records; throttled is its word for a record that it has no
	// room for.
	service, call, throttled string
	destination              *stream.Destination
	// records are what stands in the stream.
	records func() [][]byte
}

// both runs a test with either kind of stream.
func both(t *testing.T, test func(s *sink)) {
	for name, connect := range map[string]func(*sink, aws.Config){"Kinesis": toKinesis, "Firehose": toFirehose} {
		t.Run(name, func(t *testing.T) {
			s := &sink{T: t, emulator: shared.For(t), account: shared.Account()}
			connect(s, s.emulator.AWSIn(s.account, "us-east-1"))
			test(s)
		})
	}
}

func toKinesis(s *sink, cfg aws.Config) {
	client, name := kinesis.NewFromConfig(cfg), aws.String("logs")
	_, err := client.CreateStream(s.Context(), &kinesis.CreateStreamInput{StreamName: name, ShardCount: aws.Int32(2)})
	want.NoError(s, "creating the stream", err)
	s.service, s.call, s.throttled = "kinesis", "PutRecords", "ProvisionedThroughputExceededException"
	s.destination = stream.NewKinesis(client, *name)
	s.records = func() (records [][]byte) {
		shards, err := client.ListShards(s.Context(), &kinesis.ListShardsInput{StreamName: name})
		want.NoError(s, "listing shards", err)
		for _, shard := range shards.Shards {
			at, err := client.GetShardIterator(s.Context(), &kinesis.GetShardIteratorInput{StreamName: name, ShardId: shard.ShardId, ShardIteratorType: kinesistypes.ShardIteratorTypeTrimHorizon})
			want.NoError(s, "finding the beginning", err)
			for next := at.ShardIterator; next != nil; {
				out, err := client.GetRecords(s.Context(), &kinesis.GetRecordsInput{ShardIterator: next, Limit: aws.Int32(1000)})
				want.NoError(s, "reading records", err)
				for _, record := range out.Records {
					records = append(records, record.Data)
				}
				if next = out.NextShardIterator; len(out.Records) == 0 {
					break
				}
			}
		}
		return records
	}
}

func toFirehose(s *sink, cfg aws.Config) {
	client, name := firehose.NewFromConfig(cfg), aws.String("logs")
	store, bucket := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }), aws.String("logs-"+s.account)
	_, err := store.CreateBucket(s.Context(), &s3.CreateBucketInput{Bucket: bucket})
	want.NoError(s, "creating the bucket", err)
	_, err = client.CreateDeliveryStream(s.Context(), &firehose.CreateDeliveryStreamInput{
		DeliveryStreamName: name, DeliveryStreamType: firehosetypes.DeliveryStreamTypeDirectPut,
		ExtendedS3DestinationConfiguration: &firehosetypes.ExtendedS3DestinationConfiguration{
			BucketARN: aws.String("arn:aws:s3:::" + *bucket), RoleARN: aws.String("arn:aws:iam::" + s.account + ":role/firehose"),
		},
	})
	want.NoError(s, "creating the Firehose stream", err)
	s.service, s.call, s.throttled = "firehose", "PutRecordBatch", "ServiceUnavailableException"
	s.destination = stream.NewFirehose(client, *name)
	s.records = func() (records [][]byte) {
		pages := s3.NewListObjectsV2Paginator(store, &s3.ListObjectsV2Input{Bucket: bucket})
		for pages.HasMorePages() {
			page, err := pages.NextPage(s.Context())
			want.NoError(s, "listing objects", err)
			for _, object := range page.Contents {
				out, err := store.GetObject(s.Context(), &s3.GetObjectInput{Bucket: bucket, Key: object.Key})
				want.NoError(s, "reading an object", err)
				text, err := io.ReadAll(out.Body)
				want.NoError(s, "reading an object", err)
				records = append(records, text)
			}
		}
		return records
	}
}

// send sends with plenty of time.
func (s *sink) send(b *document.Batch) document.Fates {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), 2*time.Minute)
	defer cancel()
	return s.destination.Send(ctx, b)
}

// lines counts the lines in the stream by themselves.
func (s *sink) lines() map[string]int {
	s.Helper()
	lines := map[string]int{}
	for _, record := range s.records() {
		for line := range bytes.Lines(record) {
			lines[string(line)]++
		}
	}
	return lines
}

// calls are how many were made to put records.
func (s *sink) calls() (count int) {
	for _, call := range s.emulator.Calls() {
		if call.AccessKey == s.account && call.Operation == s.call {
			count++
		}
	}
	return count
}

func (s *sink) inject(fault emulator.Fault) {
	fault.Service, fault.Operation = s.service, s.call
	s.emulator.Inject(fault)
}

// documents are those of a payload.
func documents(t *testing.T, events int) *document.Batch {
	t.Helper()
	m, err := document.NewMaker(document.Config{}, document.Options{Region: "eu-west-1"})
	want.NoError(t, "making the maker", err)
	var b document.Batch
	m.Begin(sample.Payload(1, events))
	m.Fill(&b, 1<<30)
	return &b
}

// each is every document of a batch as a line, so often.
func each(b *document.Batch, often int) map[string]int {
	lines := map[string]int{}
	for i := range b.Len() {
		lines[string(b.Body(i))+"\n"] = often
	}
	return lines
}

func fates(b *document.Batch, fate document.Fate) document.Fates {
	of := make([]document.Fate, b.Len())
	for i := range of {
		of[i] = fate
	}
	return document.Fates{Of: of}
}

func TestSend_bringsEachDocumentOnceAsALine(t *testing.T) {
	both(t, func(s *sink) {
		b := documents(s.T, 3000)
		want.Equal(s, "fates", s.send(b), fates(b, document.Delivered))
		want.Equal(s, "lines", s.lines(), each(b, 1))
		want.Equal(s, "calls", s.calls(), 1)
		if records := len(s.records()); records > 3000/20 {
			s.Errorf("%d records for 3,000 documents", records)
		}
	})
}

func TestSend_makesSeveralCallsOfWhatIsTooMuchForOne(t *testing.T) {
	both(t, func(s *sink) {
		b := documents(s.T, 14_000)
		want.Equal(s, "fates", s.send(b), fates(b, document.Delivered))
		want.Equal(s, "lines", s.lines(), each(b, 1))
		if calls := s.calls(); calls < 2 || calls > 4 {
			s.Errorf("%d calls for %d bytes", calls, b.Bytes())
		}
	})
}

// AWS answers 200 and says of each record whether it was taken: HTTP alone tells nothing.
func TestSend_repeatsOnlyTheRecordsThatWereNotTaken(t *testing.T) {
	both(t, func(s *sink) {
		b := documents(s.T, 1000)
		s.inject(emulator.Fault{Refuse: func(place int) bool { return place%3 == 1 }, Code: s.throttled, Times: 1})
		s.inject(emulator.Fault{Refuse: func(place int) bool { return place == 0 }, Code: "InternalFailure", Times: 2})
		want.Equal(s, "fates", s.send(b), fates(b, document.Delivered))
		want.Equal(s, "lines", s.lines(), each(b, 1))
		want.Equal(s, "calls", s.calls(), 4)
	})
}

func TestSend_triesAgainAfterWhatMayPass(t *testing.T) {
	for name, fault := range map[string]emulator.Fault{
		"throttled":            {Status: 400, Code: "ProvisionedThroughputExceededException"},
		"KMS throttled":        {Status: 400, Code: "KMSThrottlingException"},
		"unavailable":          {Status: 503, Code: "ServiceUnavailableException"},
		"broken":               {Status: 500, Code: "InternalFailure"},
		"a cut connection":     {Drop: true},
		"a gateway in between": {Status: 502, Code: "Whatever"},
	} {
		t.Run(name, func(t *testing.T) {
			both(t, func(s *sink) {
				b := documents(s.T, 100)
				fault := fault
				fault.Times = 2
				s.inject(fault)
				want.Equal(s, "fates", s.send(b), fates(b, document.Delivered))
				want.Equal(s, "lines", s.lines(), each(b, 1))
				want.Equal(s, "calls", s.calls(), 3)
			})
		})
	}
}

// The call was carried out and its answer lost: to send it again makes duplicates, not to send it might
// lose all. The docs say so.
func TestSend_sendsAgainWhatWasNotAnsweredWhole(t *testing.T) {
	both(t, func(s *sink) {
		b := documents(s.T, 100)
		s.inject(emulator.Fault{Truncate: true, Times: 1})
		want.Equal(s, "fates", s.send(b), fates(b, document.Delivered))
		want.Equal(s, "lines", s.lines(), each(b, 2))
	})
}

func TestSend_givesUpAtOnceOnWhatDoesNotPass(t *testing.T) {
	for name, fault := range map[string]emulator.Fault{
		"no permission":       {Status: 400, Code: "AccessDeniedException", Message: "no"},
		"no such stream":      {Status: 400, Code: "ResourceNotFoundException", Message: "no"},
		"expired credentials": {Status: 400, Code: "ExpiredTokenException", Message: "no"},
		"a key out of order":  {Status: 400, Code: "KMSDisabledException", Message: "no"},
	} {
		t.Run(name, func(t *testing.T) {
			both(t, func(s *sink) {
				b := documents(s.T, 100)
				s.inject(fault)
				got := s.send(b)
				want.Equal(s, "fates", got.Of, fates(b, document.Unsent).Of)
				want.Equal(s, "calls", s.calls(), 1)
				want.Says(s, "the error", fmt.Sprint(got.Err), "sending to the ", "stream logs", fault.Code)
			})
		})
	}
}

// stingy takes the first call's records but two, and nothing after that. It keeps what it took.
type stingy struct{ lines map[string]int }

func (s *stingy) PutRecords(_ context.Context, in *kinesis.PutRecordsInput, _ ...func(*kinesis.Options)) (*kinesis.PutRecordsOutput, error) {
	out := &kinesis.PutRecordsOutput{Records: make([]kinesistypes.PutRecordsResultEntry, len(in.Records))}
	first := s.lines == nil
	if first {
		s.lines = map[string]int{}
	}
	for i, record := range in.Records {
		if !first || i == 2 || i == 3 {
			out.Records[i].ErrorCode = aws.String("ProvisionedThroughputExceededException")
			continue
		}
		for line := range bytes.Lines(record.Data) {
			s.lines[string(line)]++
		}
	}
	return out, nil
}

func TestSend_saysWhatIsUnsentWhenTheTimeIsUp(t *testing.T) {
	b, to := documents(t, 1000), &stingy{}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	got := stream.NewKinesis(to, "logs").Send(ctx, b)
	unsent := 0
	for i, fate := range got.Of {
		if fate == document.Unsent {
			unsent++
		}
		want.Equal(t, "whether a document that is delivered is there", to.lines[string(b.Body(i))+"\n"], int(fate))
	}
	if unsent == 0 || unsent > 200 {
		t.Errorf("%d documents are unsent", unsent)
	}
	want.Equal(t, "the error", fmt.Sprint(got.Err), "2 of 2 records were not taken: ProvisionedThroughputExceededException")
}

func TestSend_sendsNothingAfterTheEnd(t *testing.T) {
	both(t, func(s *sink) {
		b := documents(s.T, 10)
		ctx, cancel := context.WithCancel(s.Context())
		cancel()
		got := s.destination.Send(ctx, b)
		want.Equal(s, "fates", got.Of, fates(b, document.Unsent).Of)
		want.Equal(s, "calls", s.calls(), 0)
		if got.Err == nil {
			s.Error("nothing is said of why")
		}
		var none document.Batch
		want.Equal(s, "an empty batch", s.send(&none).Err, nil)
	})
}

// An answer that is about fewer records than were sent tells of none.
type forgetful struct{}

func (forgetful) PutRecords(context.Context, *kinesis.PutRecordsInput, ...func(*kinesis.Options)) (*kinesis.PutRecordsOutput, error) {
	return &kinesis.PutRecordsOutput{}, nil
}

func (forgetful) PutRecordBatch(context.Context, *firehose.PutRecordBatchInput, ...func(*firehose.Options)) (*firehose.PutRecordBatchOutput, error) {
	return &firehose.PutRecordBatchOutput{}, nil
}

func TestSend_believesNoAnswerThatIsTooShort(t *testing.T) {
	for _, d := range []*stream.Destination{stream.NewKinesis(forgetful{}, "logs"), stream.NewFirehose(forgetful{}, "logs")} {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		b := documents(t, 10)
		got := d.Send(ctx, b)
		want.Equal(t, "fates", got.Of, fates(b, document.Unsent).Of)
		want.Equal(t, "the error", fmt.Sprint(got.Err), "the answer is not about all records")
	}
}
