package logshipper

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// errNotThere is an object that is not in the bucket.
var errNotThere = errors.New("it is not in the bucket")

// put writes an object. Its key says what is in it, so that writing it twice changes nothing.
func (s *Shipper) put(ctx context.Context, key string, data []byte) error {
	_, err := s.aws.S3.PutObject(ctx, &s3.PutObjectInput{Bucket: &s.options.Bucket, Key: &key, Body: bytes.NewReader(data)})
	if err != nil {
		return fmt.Errorf("writing %s: %w", key, err)
	}
	return nil
}

// get reads an object; errNotThere says that there is none.
func (s *Shipper) get(ctx context.Context, key string) ([]byte, error) {
	given, err := s.aws.S3.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.options.Bucket, Key: &key})
	if _, missing := errors.AsType[*s3types.NoSuchKey](err); missing {
		return nil, fmt.Errorf("reading %s: %w", key, errNotThere)
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", key, err)
	}
	defer func() { _ = given.Body.Close() }()
	data, err := io.ReadAll(given.Body)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", key, err)
	}
	return data, nil
}

// remove deletes an object; one that is not there is deleted.
func (s *Shipper) remove(ctx context.Context, key string) error {
	if _, err := s.aws.S3.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &s.options.Bucket, Key: &key}); err != nil {
		return fmt.Errorf("deleting %s: %w", key, err)
	}
	return nil
}

// tell sends the shipper a message about what waits.
func (s *Shipper) tell(ctx context.Context, w Waiting) error {
	return send(ctx, s.aws.SQS, s.options.Queue, w, int32(wait(w).Seconds()))
}

func send(ctx context.Context, to sqsAPI, queue string, w Waiting, seconds int32) error {
	text, err := json.Marshal(w)
	if err == nil {
		_, err = to.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &queue, MessageBody: aws.String(string(text)), DelaySeconds: seconds})
	}
	if err != nil {
		return fmt.Errorf("sending a message about %s: %w", w.Key, err)
	}
	return nil
}
