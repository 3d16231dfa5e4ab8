package replay_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"caretaker/internal/want"
	logshipper "caretaker/log-shipper"
	"caretaker/log-shipper/document"
	"caretaker/log-shipper/replay"
	"caretaker/log-shipper/sample"
)

// shelf is a bucket in memory, whose list has pages of three.
type shelf struct {
	objects map[string][]byte
	classes map[string]s3types.ObjectStorageClass
	refuses error
	lists   int
}

func (s *shelf) ListObjectsV2(_ context.Context, in *s3.ListObjectsV2Input, _ ...func(*s3.Options)) (*s3.ListObjectsV2Output, error) {
	s.lists++
	after := max(aws.ToString(in.StartAfter), aws.ToString(in.ContinuationToken))
	out := &s3.ListObjectsV2Output{}
	for _, key := range slices.Sorted(maps.Keys(s.objects)) {
		if key <= after || !strings.HasPrefix(key, aws.ToString(in.Prefix)) {
			continue
		}
		if len(out.Contents) == 3 {
			out.IsTruncated, out.NextContinuationToken = aws.Bool(true), out.Contents[2].Key
			break
		}
		out.Contents = append(out.Contents, s3types.Object{Key: aws.String(key), Size: aws.Int64(int64(len(s.objects[key]))), StorageClass: s.classes[key]})
	}
	return out, nil
}

func (s *shelf) GetObject(_ context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	if s.refuses != nil {
		return nil, s.refuses
	}
	data, there := s.objects[aws.ToString(in.Key)]
	if !there {
		return nil, &s3types.NoSuchKey{}
	}
	return &s3.GetObjectOutput{Body: io.NopCloser(bytes.NewReader(data))}, nil
}

// node keeps documents by their ids, as a node does.
type node struct {
	held map[string]string
	// down is after how many documents it takes no more; 0 is never.
	down int
	// refuses is what a document holds that it refuses.
	refuses string
	largest int // batch, in bytes
}

func (n *node) Send(ctx context.Context, b *document.Batch) document.Fates {
	n.largest = max(n.largest, b.Bytes())
	fates := document.Fates{Of: make([]document.Fate, b.Len()), Reasons: map[int]string{}}
	for i := range fates.Of {
		_, there := n.held[string(b.ID(i))]
		switch {
		case n.down > 0 && len(n.held) >= n.down || ctx.Err() != nil:
			fates.Err = errors.New("it is down")
		case n.refuses != "" && strings.Contains(string(b.Body(i)), n.refuses):
			fates.Of[i], fates.Reasons[i] = document.Refused, "mapper_parsing_exception: "+n.refuses
		case there:
			fates.Of[i] = document.Already
		default:
			fates.Of[i] = document.Delivered
			n.held[string(b.ID(i))] = string(b.Body(i))
		}
	}
	return fates
}

func newNode() *node { return &node{held: map[string]string{}} }

// holds counts the documents that hold a text.
func (n *node) holds(text string) (count int) {
	for _, body := range n.held {
		if strings.Contains(body, text) {
			count++
		}
	}
	return count
}

func replayer(t *testing.T, from replay.S3, to logshipper.Sender, options replay.Options) *replay.Replayer {
	t.Helper()
	cfg := logshipper.Default()
	cfg.Drop.Patterns = []string{"heartbeat"}
	options.Bucket = "archive"
	r, err := replay.New(cfg, "eu-west-1", from, to, options)
	want.NoError(t, "making a replayer", err)
	return r
}

// ran replays, and looks at the account.
func ran(t *testing.T, r *replay.Replayer) (replay.Result, error) {
	t.Helper()
	result, err := r.Run(t.Context())
	want.Equal(t, "events of which nobody knows what became", result.Imbalance(), 0)
	return result, err
}

const noon = 1_795_953_600_000

// payloadOf is a payload of a subscription.
func payloadOf(number int, messages ...string) []byte {
	var events []any
	for i, message := range messages {
		events = append(events, map[string]any{"id": fmt.Sprintf("%056d", number*1000+i), "timestamp": noon + i, "message": message})
	}
	return sample.Of("/aws/lambda/checkout", "2026/11/29/[7]0123456789abcdef0123456789abcdef", events)
}

// line is one of an export.
func line(second int, message string) string {
	return time.UnixMilli(noon+int64(second)*1000).UTC().Format("2006-01-02T15:04:05.000Z") + " " + message + "\n"
}
