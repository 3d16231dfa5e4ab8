package emulator_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"caretaker/internal/emulator"
	"caretaker/internal/want"
)

// putThree puts three records and says of each what became of it.
func putThree(t *testing.T, client *kinesis.Client) string {
	t.Helper()
	records := make([]kinesistypes.PutRecordsRequestEntry, 3)
	for i := range records {
		records[i] = kinesistypes.PutRecordsRequestEntry{Data: fmt.Append(nil, i), PartitionKey: aws.String("k")}
	}
	out, err := client.PutRecords(t.Context(), &kinesis.PutRecordsInput{StreamName: aws.String("some"), Records: records})
	want.NoError(t, "putting records", err)
	words := []string{fmt.Sprint(*out.FailedRecordCount, " failed:")}
	for _, record := range out.Records {
		if record.SequenceNumber != nil {
			words = append(words, "taken")
		} else {
			words = append(words, *record.ErrorCode)
		}
	}
	return strings.Join(words, " ")
}

func TestFault_refusesSomeRecordsOfABatchAndCarriesOutTheOthers(t *testing.T) {
	cfg := fresh(t)
	client := kinesis.NewFromConfig(cfg)
	_, err := client.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: aws.String("some"), ShardCount: aws.Int32(1)})
	want.NoError(t, "creating the stream", err)
	key, err := cfg.Credentials.Retrieve(t.Context())
	want.NoError(t, "reading the key", err)
	ours := func(call emulator.Call) bool { return call.AccessKey == key.AccessKeyID }
	for _, refused := range []func(int) bool{func(place int) bool { return place == 1 }, func(int) bool { return true }} {
		shared.Inject(emulator.Fault{Operation: "PutRecords", Match: ours, Refuse: refused, Code: "Full", Times: 1})
	}
	want.Equal(t, "the first answer", putThree(t, client), "1 failed: taken Full taken")
	want.Equal(t, "the second", putThree(t, client), "3 failed: Full Full Full")
	want.Equal(t, "the third", putThree(t, client), "0 failed: taken taken taken")
	shared.Inject(emulator.Fault{Operation: "ListStreams", Match: ours, Refuse: func(int) bool { return true }, Times: 1})
	if _, err := client.ListStreams(t.Context(), &kinesis.ListStreamsInput{}, func(o *kinesis.Options) { o.Retryer = aws.NopRetryer{} }); err == nil || !strings.Contains(err.Error(), "which brings none") {
		t.Errorf("a call that brings no records: %v", err)
	}
}
