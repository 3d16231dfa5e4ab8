package replay

import (
	"context"
	"fmt"
	"path"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// object is what the list says of one.
type object struct {
	key   string
	bytes int64
	// skip says that it holds no logs, unread why it cannot be read.
	skip   bool
	unread string
}

// list gives the objects of the archive, page by page.
func (r *Replayer) list(ctx context.Context, each func(object) error) error {
	in := &s3.ListObjectsV2Input{Bucket: &r.options.Bucket, Prefix: &r.options.Prefix}
	if r.options.After != "" {
		in.StartAfter = &r.options.After
	}
	pages := s3.NewListObjectsV2Paginator(r.s3, in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("listing s3://%s/%s: %w", r.options.Bucket, r.options.Prefix, err)
		}
		for _, one := range page.Contents {
			o := object{key: aws.ToString(one.Key), bytes: aws.ToInt64(one.Size)}
			// An export begins with an object by which CloudWatch Logs tries whether it may write.
			// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/S3ExportTasksConsole.html
			o.skip = o.bytes == 0 || strings.HasSuffix(o.key, "/") || path.Base(o.key) == "aws-logs-write-test"
			if one.StorageClass == s3types.ObjectStorageClassGlacier || one.StorageClass == s3types.ObjectStorageClassDeepArchive {
				o.unread = fmt.Sprintf("it is in the storage class %s: restore it first", one.StorageClass)
			}
			if err := each(o); err != nil {
				return err
			}
		}
	}
	return nil
}

// Count is how much there is: objects that may hold logs, and their bytes as they lie there.
func (r *Replayer) Count(ctx context.Context) (objects int, bytes int64, err error) {
	err = r.list(ctx, func(o object) error {
		if !o.skip {
			objects, bytes = objects+1, bytes+o.bytes
		}
		return nil
	})
	return objects, bytes, err
}
