// Package shelf is a bucket and a queue in memory, for tests, simulations and measurements in which it is not about S3
// and SQS. The deployed tests use those of the emulator.
package shelf

import (
	"bytes"
	"context"
	"io"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// Shelf is empty at first. Its calls may be made by several goroutines at the same time; its fields are for when none is
// under way.
type Shelf struct {
	// Objects are those of the bucket, by key.
	Objects map[string][]byte
	// Messages are the bodies of those in the queue, in the order in which they were sent.
	Messages []string
	// Refuse is asked before each call, and its error is the answer. Nil refuses nothing.
	Refuse func() error
	// Sent takes a message in place of Messages. Nil leaves it there.
	Sent func(body string, delay time.Duration)

	mutex sync.Mutex
}

// call makes one call, alone.
func (s *Shelf) call(do func() error) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.Refuse != nil {
		if err := s.Refuse(); err != nil {
			return err
		}
	}
	return do()
}

// PutObject is that of S3.
func (s *Shelf) PutObject(_ context.Context, in *s3.PutObjectInput, _ ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	err := s.call(func() error {
		data, err := io.ReadAll(in.Body)
		if err != nil {
			return err
		}
		if s.Objects == nil {
			s.Objects = map[string][]byte{}
		}
		s.Objects[aws.ToString(in.Key)] = data
		return nil
	})
	return &s3.PutObjectOutput{}, err
}

// GetObject is that of S3.
func (s *Shelf) GetObject(_ context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	out := &s3.GetObjectOutput{}
	err := s.call(func() error {
		data, there := s.Objects[aws.ToString(in.Key)]
		if !there {
			return &s3types.NoSuchKey{}
		}
		out.Body = io.NopCloser(bytes.NewReader(data))
		return nil
	})
	return out, err
}

// DeleteObject is that of S3.
func (s *Shelf) DeleteObject(_ context.Context, in *s3.DeleteObjectInput, _ ...func(*s3.Options)) (*s3.DeleteObjectOutput, error) {
	err := s.call(func() error {
		delete(s.Objects, aws.ToString(in.Key))
		return nil
	})
	return &s3.DeleteObjectOutput{}, err
}

// SendMessage is that of SQS.
func (s *Shelf) SendMessage(_ context.Context, in *sqs.SendMessageInput, _ ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	err := s.call(func() error {
		if s.Sent != nil {
			s.Sent(aws.ToString(in.MessageBody), time.Duration(in.DelaySeconds)*time.Second)
			return nil
		}
		s.Messages = append(s.Messages, aws.ToString(in.MessageBody))
		return nil
	})
	return &sqs.SendMessageOutput{}, err
}

// Take takes the oldest message; it is false where there is none.
func (s *Shelf) Take() (body string, there bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if len(s.Messages) == 0 {
		return "", false
	}
	body, s.Messages = s.Messages[0], s.Messages[1:]
	return body, true
}
