package boot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/rs/zerolog"

	"caretaker/internal/emf"
	"caretaker/internal/release"
)

const (
	leastMargin   = 2 * time.Second
	longestMargin = 20 * time.Second
)

// invoker is the lambda.Handler around a part's Handler.
type invoker[E any, R Report] struct {
	handle     Handler[E, R]
	logger     zerolog.Logger
	metrics    io.Writer
	dimensions map[string]string
}

// Invoke decodes the event, runs the part and writes down what came of it. A panic
// passes through: aws-lambda-go reports it with its stack and ends the process.
func (i invoker[E, R]) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	started := time.Now()
	logger := i.logger
	if call, ok := lambdacontext.FromContext(ctx); ok {
		logger = logger.With().Str("request_id", call.AwsRequestID).Logger()
	}
	ctx, cancel := endEarly(logger.WithContext(ctx), started)
	defer cancel()

	event, err := decode[E](payload)
	if err != nil {
		err = fmt.Errorf("decoding the event: %w", err)
		summarise(logger, started, nil, err)
		return nil, err
	}
	report, err := i.handle(ctx, event)
	answer, encoding := json.Marshal(report)
	if encoding != nil {
		err = errors.Join(err, fmt.Errorf("encoding the report: %w", encoding))
	}
	answer = versioned(answer)
	if writing := emf.Write(i.metrics, time.Now(), i.dimensions, report.Metrics()); writing != nil {
		err = errors.Join(err, writing)
	}
	summarise(logger, started, answer, err)
	if err != nil {
		return nil, err
	}
	return answer, nil
}

// versioned is a report with the version of the function in it, as caretaker.
func versioned(report []byte) []byte {
	rest, is := bytes.CutPrefix(report, []byte("{"))
	if !is {
		return report
	}
	with := append([]byte(`{"caretaker":"`+release.Version()+`"`), ',')
	if bytes.Equal(rest, []byte("}")) {
		with = with[:len(with)-1]
	}
	return append(with, rest...)
}

// decode reads the event, unless the part takes it as it is: that part reads it by itself, and
// checking it here would be a second pass over what may be megabytes.
func decode[E any](payload []byte) (event E, err error) {
	if raw, is := any(&event).(*json.RawMessage); is {
		*raw = payload
		return event, nil
	}
	return event, json.Unmarshal(payload, &event)
}

// summarise logs the one event that says how a run went.
func summarise(logger zerolog.Logger, started time.Time, report []byte, err error) {
	event := logger.Info()
	if err != nil {
		event = logger.Error().Err(err)
	}
	if len(report) > 0 {
		event = event.RawJSON("report", report)
	}
	event.Int64("duration_ms", time.Since(started).Milliseconds()).Msg("run completed")
}

// endEarly ends the context before Lambda's deadline, at which the process is
// killed and its last lines are lost: by 10 % of the time there is, at least 2 s.
// At most 20 s, though: what happens after the end is the last call coming back
// and the report being written, and 10 % of a run of 15 minutes, 90 s of
// deletions not done, would be given away for that. Never more than half, so
// that a function with a time-out of 3 s can do something.
func endEarly(ctx context.Context, now time.Time) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-margin(deadline.Sub(now))))
}

func margin(left time.Duration) time.Duration {
	return min(max(left/10, leastMargin), longestMargin, max(left, 0)/2)
}
