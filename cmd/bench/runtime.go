package main

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

// function is a part's Lambda binary, running as a process of this machine.
type function struct {
	// started is how long it took from the start of the process to its first poll for work.
	started time.Duration
	folder  string
	command *exec.Cmd
	exited  chan error
	api     *runtimeAPI
	server  *http.Server
}

// runtimeAPI is Lambda's Runtime API for one process and one invocation:
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
type runtimeAPI struct {
	polled  chan time.Time
	events  chan event
	answers chan answer
}

type event struct {
	payload  string
	deadline time.Time
}

type answer struct {
	body   []byte
	failed bool
	at     time.Time
}

func (a *runtimeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now := time.Now()
	const invocation = "/2018-06-01/runtime/invocation/"
	switch path := r.URL.Path; {
	case path == invocation+"next":
		select {
		case a.polled <- now:
		default:
		}
		select {
		case e := <-a.events:
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", "1")
			w.Header().Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(e.deadline.UnixMilli(), 10))
			w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:000000000000:function:bench")
			_, _ = io.WriteString(w, e.payload) // a process that is gone shows by its exit
		case <-r.Context().Done():
		}
	case path == invocation+"1/response" || path == invocation+"1/error":
		body, _ := io.ReadAll(r.Body) // half an answer is no JSON
		w.WriteHeader(http.StatusAccepted)
		a.answers <- answer{body, strings.HasSuffix(path, "/error"), now}
	default:
		http.NotFound(w, r)
	}
}

// startFunction starts a binary beside its config.json, as a zip file has them, and waits
// until it asks for work.
func startFunction(ctx context.Context, binary, config string, environ []string) (*function, error) {
	folder, err := os.MkdirTemp("", "caretaker-bench-")
	if err != nil {
		return nil, err
	}
	f := &function{folder: folder, exited: make(chan error, 1), api: &runtimeAPI{
		polled: make(chan time.Time, 1), events: make(chan event, 1), answers: make(chan answer, 1),
	}}
	if err := f.start(ctx, binary, config, environ); err != nil {
		return nil, errors.Join(fmt.Errorf("starting %s: %w", binary, err), os.RemoveAll(folder))
	}
	return f, nil
}

func (f *function) start(ctx context.Context, binary, config string, environ []string) error {
	content, err := os.ReadFile(binary) // #nosec G304 -- a path of the build
	if err != nil {
		return fmt.Errorf("%w (make bench builds it)", err)
	}
	path := filepath.Join(f.folder, "bootstrap")
	err = os.WriteFile(path, content, 0o700) // #nosec G306 -- it is a program
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(f.folder, "config.json"), []byte(config), 0o600); err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	f.server = &http.Server{Handler: f.api, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = f.server.Serve(listener) }() // ends with stop
	f.command = exec.CommandContext(ctx, path)   // #nosec G204 -- the file written above
	f.command.Stderr = os.Stderr
	f.command.Env = append([]string{
		"AWS_LAMBDA_RUNTIME_API=" + listener.Addr().String(), "AWS_LAMBDA_FUNCTION_NAME=bench", "AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
	}, environ...)
	begun := time.Now()
	if err := f.command.Start(); err != nil {
		return errors.Join(err, f.server.Close())
	}
	go func() { f.exited <- f.command.Wait() }()
	select {
	case at := <-f.api.polled:
		f.started = at.Sub(begun)
		return nil
	case err := <-f.exited:
		return errors.Join(errors.New("it ended before it asked for work"), err, f.server.Close())
	}
}

// invoke hands over an event and waits for the answer and how long it took.
func (f *function) invoke(payload string, timeout time.Duration) ([]byte, time.Duration, error) {
	begun := time.Now()
	f.api.events <- event{payload, begun.Add(timeout)}
	select {
	case a := <-f.api.answers:
		if a.failed {
			return nil, 0, fmt.Errorf("the run ended in an error: %s", a.body)
		}
		return a.body, a.at.Sub(begun), nil
	case err := <-f.exited:
		f.exited <- err
		return nil, 0, errors.Join(errors.New("the function ended without an answer"), err)
	}
}

// stop ends the process, which would wait for work for ever.
func (f *function) stop() {
	_ = f.command.Process.Kill() // it may have ended by itself
	<-f.exited
	_ = f.server.Close()
	_ = os.RemoveAll(f.folder)
}
