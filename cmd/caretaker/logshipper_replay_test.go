package main

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"golang.org/x/sync/errgroup"

	"caretaker/cmd/caretaker/console"
	"caretaker/internal/opensearch"
	"caretaker/internal/want"
	"caretaker/log-shipper/sample"
)

// An archive that begins on the second page of a list goes from S3 into OpenSearch, once.
func TestReplay_bringsAnArchiveIntoTheNodeOnce(t *testing.T) {
	const account, bucket, count, each, empty = "555500000001", "replay-archive", 12, 50, 1000
	to, err := opensearch.Start(t.Context())
	want.NoError(t, "starting OpenSearch", err)
	defer to.Stop()
	objects := s3.NewFromConfig(others.AWSIn(account, "eu-west-1"), func(o *s3.Options) { o.UsePathStyle = true })
	_, err = objects.CreateBucket(t.Context(), &s3.CreateBucketInput{
		Bucket: aws.String(bucket), CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: s3types.BucketLocationConstraintEuWest1},
	})
	want.NoError(t, "making a bucket", err)
	tried := func(key string, data []byte) error {
		_, err := objects.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(bucket), Key: &key, Body: bytes.NewReader(data)})
		return err
	}
	put := func(key string, data []byte) {
		t.Helper()
		want.NoError(t, "writing "+key, tried(key, data))
	}
	var all errgroup.Group
	all.SetLimit(8)
	for i := range empty { // what stands before fills a page of the list
		all.Go(func() error { return tried(fmt.Sprintf("firehose/%04d-empty", i), nil) })
	}
	want.NoError(t, "writing empty objects", all.Wait())
	for i := range count {
		put(fmt.Sprintf("firehose/z%02d", i), sample.Gzip(sample.Payload(uint64(i), each))) // #nosec G115 -- not below 0
	}
	put("exports/aws-logs-write-test", []byte("Permission Check Successful"))
	put("exports/task/2026-11-29-[7]0123456789abcdef0123456789abcdef/000000.gz", sample.Gzip([]byte("2026-11-29T12:00:00.000Z exported\n    and more\n")))
	put("exports/task/picture", []byte("\x89PNG"))

	environ := append(nowhere(), "AWS_ACCESS_KEY_ID="+account, "AWS_REGION=eu-west-1", "AWS_ENDPOINT_URL="+others.Endpoint())
	file := write(t, "caretaker.yaml", "version: 1\nlogShipper:\n  destination: {endpoint: \""+to.URL()+"\", dataStream: logs-lambda-replay, auth: {type: none}}\n")
	replay := func(code console.Code, says string, more ...string) {
		t.Helper()
		caretaker(t, environ, append([]string{"log-shipper", "replay", "--config", file, "--bucket", bucket, "--rate", "0"}, more...)...).expect(t, code, says)
	}
	caretaker(t, environ, "log-shipper", "setup", "--config", file).expect(t, console.Done)
	holds := func(documents int) {
		t.Helper()
		found, err := opensearch.Look(to).Count(t.Context(), "logs-lambda-replay")
		want.NoError(t, "counting", err)
		want.Equal(t, "documents", found, documents)
	}
	total := count * each
	replay(console.Misused, "there is no terminal to ask at", "--prefix", "firehose/")
	replay(console.WorkLeft, fmt.Sprintf("%d events in %d objects: %d would be sent, 0 stood there already", total, count, total), "--prefix", "firehose/", "--dry-run")
	holds(0)
	replay(console.Done, fmt.Sprintf("%d delivered, 0 stood there already", 2*each), "--prefix", "firehose/", "--after", fmt.Sprintf("firehose/z%02d", count-3), "--yes")
	replay(console.Done, fmt.Sprintf("%d events in %d objects: %d delivered, %d stood there already, 0 are left out", total, count, total-2*each, 2*each), "--prefix", "firehose/", "--yes")
	holds(total)
	replay(console.Done, fmt.Sprintf("0 delivered, %d stood there already", total), "--prefix", "firehose/", "--yes")
	holds(total)

	replay(console.WorkLeft, "exports/task/picture: it is no archive of logs", "--prefix", "exports/", "--group", "/aws/lambda/orders", "--yes")
	found, err := opensearch.Look(to).Find(t.Context(), "logs-lambda-replay", "faas.name", "orders")
	want.NoError(t, "searching", err)
	want.Equal(t, "documents of the export", len(found), 1)
	want.Says(t, "it", string(found[0].Source), `"message":"exported\n    and more"`, `"faas.version":"7"`)

	replay(console.Done, "0 objects of 0.0 MiB", "--prefix", "nothing/", "--yes")
	replay(console.Misused, "--rate -1: it must be a number", "--rate=-1", "--yes")
	replay(console.Misused, "logShipper.destination.ids is false", "--set", "logShipper.destination.ids=false", "--yes")
	replay(console.Failed, "NoSuchBucket", "--bucket", "replay-nothing", "--yes")
	caretaker(t, append(environ, "DRY_RUN=1"), "log-shipper", "replay", "--config", file, "--bucket", bucket, "--prefix", "firehose/z01").expect(t, console.WorkLeft, "DRY_RUN=1 is set in the environment: nothing is sent.", "50 would be sent")
	to.Kill()
}
