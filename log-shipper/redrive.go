package logshipper

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Redriver has the deployed shipper send dead letters again: it asks for each object by a message in the
// shipper's own queue. The shipper can reach the destination, which who calls this may not.
type Redriver struct {
	S3  s3.ListObjectsV2APIClient
	SQS sqsAPI
	// Bucket is the name of the stack's bucket, Queue the URL of its queue.
	Bucket, Queue string
}

// Letters are the objects of dead letters, with when each was written.
func (r Redriver) Letters(ctx context.Context) (map[string]time.Time, error) {
	found := map[string]time.Time{}
	pages := s3.NewListObjectsV2Paginator(r.S3, &s3.ListObjectsV2Input{Bucket: &r.Bucket, Prefix: aws.String(DeadLettersPrefix)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("listing the dead letters in %s: %w", r.Bucket, err)
		}
		for _, object := range page.Contents {
			found[aws.ToString(object.Key)] = aws.ToTime(object.LastModified)
		}
	}
	return found, nil
}

// Ask has the shipper send an object again. Asked twice, it finds nothing the second time.
func (r Redriver) Ask(ctx context.Context, key string, written time.Time) error {
	return send(ctx, r.SQS, r.Queue, Waiting{Key: key, Since: written.UnixMilli()}, 0)
}

// Compare says what became of the objects that were there before: gone were delivered as a whole, again
// were refused again, as a whole or in part, and the rest still waits for the shipper.
func Compare(before, after map[string]time.Time) (gone, again, waiting int) {
	for key, written := range before {
		switch now, there := after[key]; {
		case !there:
			gone++
		case !now.Equal(written):
			again++
		default:
			waiting++
		}
	}
	for key := range after {
		if _, old := before[key]; !old {
			again++
		}
	}
	return gone, again, waiting
}
