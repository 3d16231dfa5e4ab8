package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"caretaker/internal/runtimeapi"
)

// function is a part's Lambda binary, running as a process of this machine.
type function struct{ *runtimeapi.Function }

// startFunction starts a binary and waits until it asks for work, and says how long that took.
func startFunction(ctx context.Context, binary, config string, environ []string) (function, time.Duration, error) {
	started, err := runtimeapi.Start(ctx, runtimeapi.Options{
		Binary: binary, Config: config, ARN: "arn:aws:lambda:us-east-1:000000000000:function:bench", Environ: environ, Stderr: os.Stderr,
	})
	if err != nil {
		return function{}, 0, fmt.Errorf("%w (make bench builds it)", err)
	}
	took, err := started.Ready()
	if err != nil {
		started.Stop()
		return function{}, 0, err
	}
	return function{started}, took, nil
}

// invoke hands over an event and waits for the answer and how long it took. An answer that is an
// error is one here.
func (f function) invoke(payload string, timeout time.Duration) ([]byte, time.Duration, error) {
	answer, err := f.Invoke(payload, time.Now().Add(timeout))
	if err == nil && answer.Failed {
		err = fmt.Errorf("the run ended in an error: %s", answer.Body)
	}
	return answer.Body, answer.Took, err
}
