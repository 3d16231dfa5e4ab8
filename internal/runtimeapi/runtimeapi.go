// Package runtimeapi is for tests and the bench: it runs a Lambda function's binary as a process
// of this machine and is Lambda's Runtime API to it, so that the very binary that is deployed can be
// invoked without an emulator.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
package runtimeapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Options say which function to run.
type Options struct {
	// Binary is the path of the function's program.
	Binary string
	// Config is its config.json. Empty leaves none beside it.
	Config string
	// ARN is the function's, by which its name is known too.
	ARN string
	// Environ is all of its environment but what Lambda itself sets: NAME=value.
	Environ []string
	// Stdout and Stderr take what it prints. Nil drops it.
	Stdout, Stderr io.Writer
}

// Function is a running process. It answers one invocation at a time.
type Function struct {
	folder  string
	arn     string
	command *exec.Cmd
	server  *http.Server
	begun   time.Time
	polled  chan time.Time
	events  chan event
	answers chan Answer
	exited  chan struct{}
	err     error // of the process, once it has exited
}

type event struct {
	payload  string
	deadline time.Time
}

// Answer is what the function said to an invocation.
type Answer struct {
	Body []byte
	// Failed says that Body is an error and not a result.
	Failed bool
	// Took is the time from the invocation to the answer.
	Took time.Duration
	at   time.Time
}

// requestID is that of every invocation.
const requestID = "request-1"

// Start starts the process beside its config.json, as a zip file has them. It ends with ctx or Stop.
func Start(ctx context.Context, options Options) (*Function, error) {
	folder, err := os.MkdirTemp("", "caretaker-function-")
	if err != nil {
		return nil, err
	}
	f := &Function{
		folder: folder, arn: options.ARN, polled: make(chan time.Time, 1), events: make(chan event, 1), answers: make(chan Answer, 1), exited: make(chan struct{}),
	}
	if err := f.start(ctx, options); err != nil {
		return nil, errors.Join(fmt.Errorf("starting %s: %w", options.Binary, err), os.RemoveAll(folder))
	}
	return f, nil
}

func (f *Function) start(ctx context.Context, options Options) error {
	content, err := os.ReadFile(options.Binary) // #nosec G304 -- a path of the build
	if err != nil {
		return err
	}
	path := filepath.Join(f.folder, "bootstrap")
	err = os.WriteFile(path, content, 0o700) // #nosec G306 G703 -- it is a program, in the folder of a test
	if err == nil && options.Config != "" {
		err = os.WriteFile(filepath.Join(f.folder, "config.json"), []byte(options.Config), 0o600)
	}
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	f.server = &http.Server{Handler: f, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = f.server.Serve(listener) }() // ends with Stop
	f.command = exec.CommandContext(ctx, path)   // #nosec G204 -- the file written above
	f.command.Stdout, f.command.Stderr = options.Stdout, options.Stderr
	f.command.Env = append([]string{
		"AWS_LAMBDA_RUNTIME_API=" + listener.Addr().String(),
		"AWS_LAMBDA_FUNCTION_NAME=" + f.arn[strings.LastIndex(f.arn, ":")+1:], "AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
	}, options.Environ...)
	f.begun = time.Now()
	if err := f.command.Start(); err != nil {
		return errors.Join(err, f.server.Close())
	}
	go func() {
		f.err = f.command.Wait()
		close(f.exited)
	}()
	return nil
}

// ServeHTTP is the Runtime API.
func (f *Function) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now := time.Now()
	const invocation = "/2018-06-01/runtime/invocation/"
	switch path := r.URL.Path; {
	case path == invocation+"next":
		select {
		case f.polled <- now:
		default:
		}
		select {
		case e := <-f.events:
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", requestID)
			w.Header().Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(e.deadline.UnixMilli(), 10))
			w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", f.arn)
			_, _ = io.WriteString(w, e.payload) // a process that is gone shows by its exit
		case <-r.Context().Done():
		}
	case path == invocation+requestID+"/response" || path == invocation+requestID+"/error":
		body, _ := io.ReadAll(r.Body) // half an answer is not JSON
		w.WriteHeader(http.StatusAccepted)
		f.answers <- Answer{Body: body, Failed: strings.HasSuffix(path, "/error"), at: now}
	default:
		http.NotFound(w, r)
	}
}

// Ready waits until the function asks for work, and says how long that took from its start.
func (f *Function) Ready() (time.Duration, error) {
	select {
	case at := <-f.polled:
		return at.Sub(f.begun), nil
	case <-f.exited:
		return 0, errors.Join(errors.New("the function ended before it asked for work"), f.err)
	}
}

// Invoke hands over an event and waits for the answer, which is to come before the deadline. It is
// an error only where the process ends without one.
func (f *Function) Invoke(payload string, deadline time.Time) (Answer, error) {
	begun := time.Now()
	f.events <- event{payload, deadline}
	select {
	case answer := <-f.answers:
		answer.Took = answer.at.Sub(begun)
		return answer, nil
	case <-f.exited:
		select {
		case answer := <-f.answers: // its last word
			return answer, nil
		default:
			return Answer{}, errors.Join(errors.New("the function ended without an answer"), f.err)
		}
	}
}

// PID is the process's number.
func (f *Function) PID() int { return f.command.Process.Pid }

// Exit waits until the process has ended by itself, and answers its exit code.
func (f *Function) Exit() int {
	<-f.exited
	return f.command.ProcessState.ExitCode()
}

// Stop ends the process, which would wait for work for ever, and removes its folder. All that it
// printed has arrived then.
func (f *Function) Stop() {
	_ = f.command.Process.Kill() // it may have ended by itself
	<-f.exited
	_ = f.server.Close()
	_ = os.RemoveAll(f.folder)
}
