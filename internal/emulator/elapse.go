package emulator

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// Elapse lets so much time pass for the messages in the queues of the root key's account and
// Region: those come at once that were to wait no longer, after a delay or a failed receive. What a
// function is at work on is not handed out a second time. All else, such as a function's own clock,
// goes on as before.
func (e *Emulator) Elapse(ctx context.Context, d time.Duration) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, e.upstream+"/?Action=ListQueues&Version=2012-11-05", http.NoBody)
	if err != nil {
		return err
	}
	request.Header.Set("X-Emulator-Elapse", strconv.FormatFloat(d.Seconds(), 'f', -1, 64))
	given, err := (&exchange{Emulator: e, request: request}).asRoot(request, "sqs", nil)
	if err == nil && !given.ok() {
		err = fmt.Errorf("status %d", given.status)
	}
	if err != nil {
		return fmt.Errorf("letting time pass: %w", err)
	}
	return nil
}
