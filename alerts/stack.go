package alerts

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/rs/zerolog"
)

// StackRequest is what CloudFormation asks of the reconciler as a custom resource of its stack.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html
type StackRequest struct {
	// RequestType is Create, Update or Delete; empty is a run like any other.
	RequestType string `json:"RequestType"`
	// ResponseURL takes the answer. Whoever has it can give it: it is in no log and no error.
	ResponseURL        string `json:"ResponseURL"`
	StackID            string `json:"StackId"`
	RequestID          string `json:"RequestId"`
	LogicalResourceID  string `json:"LogicalResourceId"`
	PhysicalResourceID string `json:"PhysicalResourceId"`
	ResourceProperties struct {
		// DeleteAlarms is alerts.deleteWithStack as it was deployed. CloudFormation sends text.
		DeleteAlarms string `json:"DeleteAlarms"`
	} `json:"ResourceProperties"`
}

// stackAnswer is what CloudFormation waits for, up to an hour; it refuses one of over 4096 bytes.
type stackAnswer struct {
	Status             string
	Reason             string `json:",omitempty"`
	PhysicalResourceID string `json:"PhysicalResourceId"`
	StackID            string `json:"StackId"`
	RequestID          string `json:"RequestId"`
	LogicalResourceID  string `json:"LogicalResourceId"`
}

// longestReason leaves room for the ids, in bytes.
const longestReason = 2000

// answerStack does what CloudFormation asks, and answers whatever becomes of it: without an answer the stack
// hangs.
func (r *Reconciler) answerStack(ctx context.Context, asked StackRequest) (report Report, err error) {
	defer func() {
		if broken := recover(); broken != nil {
			err = fmt.Errorf("the run broke off: %v", broken)
		}
		// The time that is left before Lambda ends the process is for this.
		answering, end := context.WithTimeout(context.WithoutCancel(ctx), answerWithin)
		defer end()
		err = errors.Join(err, r.answer(answering, asked, err))
	}()
	if asked.RequestType != "Delete" {
		return Report{}, nil
	}
	return r.depart(ctx, asked)
}

const (
	// answerWithin is less than the margin that boot leaves before the timeout.
	answerWithin = 15 * time.Second
	// answerTries are so many, a second apart and then twice as long each time.
	answerTries = 4
)

// answer gives the answer, and tries again where it does not arrive.
func (r *Reconciler) answer(ctx context.Context, asked StackRequest, failure error) error {
	given := stackAnswer{
		// The id never changes, or CloudFormation would take that for another resource and have this one deleted.
		Status: "SUCCESS", PhysicalResourceID: Prefix(r.options.Stage), StackID: asked.StackID, RequestID: asked.RequestID, LogicalResourceID: asked.LogicalResourceID,
	}
	if asked.PhysicalResourceID != "" {
		given.PhysicalResourceID = asked.PhysicalResourceID
	}
	if failure != nil {
		given.Status, given.Reason = "FAILED", failure.Error()
		given.Reason = given.Reason[:min(len(given.Reason), longestReason)]
	}
	body, err := json.Marshal(given)
	if err != nil {
		return fmt.Errorf("encoding the answer to CloudFormation: %w", err)
	}
	pause := r.answerPause
	for try := 1; ; try++ {
		if err = deliver(ctx, asked.ResponseURL, body); err == nil {
			return nil
		}
		zerolog.Ctx(ctx).Error().Err(err).Int("try", try).Msg("CloudFormation did not take the answer")
		if try == answerTries {
			break
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("answering CloudFormation: %w", err)
		case <-time.After(pause):
			pause *= 2
		}
	}
	return fmt.Errorf("answering CloudFormation: %w", err)
}

// deliver puts the answer where CloudFormation looks for it. Its address takes it only without a content type.
func deliver(ctx context.Context, address string, body []byte) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPut, address, bytes.NewReader(body))
	if err != nil {
		return errors.New("the address for the answer is none")
	}
	answered, err := http.DefaultClient.Do(request)
	if err != nil {
		var failed *url.Error // it says the address, too
		if errors.As(err, &failed) {
			err = failed.Err
		}
		return err
	}
	defer func() { _ = answered.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(answered.Body, 1<<16)) // so that the connection can be used again
	if answered.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("status %d", answered.StatusCode)
	}
	return nil
}
