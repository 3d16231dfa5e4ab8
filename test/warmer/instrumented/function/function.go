// Package function is a function that is kept warm: for tests, demo and bench. Its own work is to
// answer with the event. What it does otherwise is in its environment:
//
//	INIT=3s             its init takes so long
//	MIDDLEWARE=none     it is not instrumented; "stream" has it ask ping.Answer and stream
//	WITNESS=/tmp/calls  it notes each call in that file, ping or not, with the number of its process
package function

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"caretaker/warmer/ping"
)

// Serve is the function's main. It does not return.
func Serve() {
	if took, err := time.ParseDuration(os.Getenv("INIT")); err == nil {
		time.Sleep(took)
	}
	work := lambda.NewHandler(func(_ context.Context, event json.RawMessage) (json.RawMessage, error) { return event, noted("event") })
	switch os.Getenv("MIDDLEWARE") {
	case "none":
		lambda.Start(work)
	case "stream":
		lambda.Start(streamed)
	default:
		lambda.Start(noting{ping.Wrap(work)})
	}
}

// streamed is a handler that answers with a reader.
func streamed(ctx context.Context, event json.RawMessage) (any, error) {
	if pong, is := ping.Answer(ctx, event); is {
		return json.RawMessage(pong), noted("ping")
	}
	return strings.NewReader("streamed: " + string(event)), noted("event")
}

// noting notes what the middleware answers, too.
type noting struct{ next lambda.Handler }

func (n noting) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	if strings.HasPrefix(string(event), `{"caretakerPing"`) {
		if err := noted("ping"); err != nil {
			return nil, err
		}
	}
	return n.next.Invoke(ctx, event)
}

// noted adds a line to the file that all processes share.
func noted(what string) error {
	log.Print(what)
	path := os.Getenv("WITNESS")
	if path == "" {
		return nil
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600) // #nosec G304 G703 -- the tests' own
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(file, "%d %s\n", os.Getpid(), what); err != nil {
		return err
	}
	return file.Close()
}
