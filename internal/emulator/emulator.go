// Package emulator is for tests and the demo: it starts the pinned AWS emulator
// (MiniStack) and, in front of it, a recording reverse proxy that corrects
// what the emulator answers differently from AWS, as far as the product can
// meet it.
//
// Clients talk to the proxy, and so do deployed Lambda functions, since the
// emulator's own AWS_ENDPOINT_URL names it. On its way each call is recorded,
// shown to the hooks, delayed, limited and failed as a test asked, authorised by
// the emulator (with Options.Auth), corrected, and answered.
//
// Several emulators run side by side: each has free ports on 127.0.0.1, folders
// and a process group of its own, and leaves nothing behind after Stop.
package emulator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// Options say which emulator to start. The zero value is a good one.
type Options struct {
	// Python is the interpreter of the virtual environment that holds the
	// emulator. Empty: .venv/bin/python beside the go.mod above the working folder.
	Python string
	// Auth enforces IAM: signatures are checked, and each Lambda function runs
	// with its own role.
	Auth bool
	// Account is the account of the root key. Empty: 000000000000.
	Account string
	// Region is where AWS and Environ point. Empty: us-east-1.
	Region string
	// CloudTrail keeps a history of alias changes and answers LookupEvents
	// from it. Without it the history is empty.
	CloudTrail bool
	// FirstRuns has EventBridge Scheduler start the target of a new rate schedule without a start date
	// at once, as AWS's guide says of it. Otherwise the first interval passes before, so that whoever
	// calls a deployed function is alone with it.
	// https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#rate-based
	FirstRuns bool
	// Without leaves out corrections, by their names in Corrections: what the emulator itself
	// answers, make drift compares with AWS's answers.
	Without []string
	// Log receives the emulator's own output. Nil: discarded.
	Log io.Writer
}

// The emulator's defaults, and the root key that it accepts.
const (
	DefaultAccount = "000000000000"
	DefaultRegion  = "us-east-1"
	rootKey        = "test"
)

// Emulator is a running emulator with its proxy. Its methods may be called at
// the same time from several goroutines.
type Emulator struct {
	options  Options
	folder   string
	upstream string // the emulator itself: scheme, host and port
	process  *process
	listener net.Listener
	server   *http.Server
	client   *http.Client // of the proxy, to the emulator

	memory memory
	record recorder
	faults faults
	limits limits

	stop   sync.Once
	detach func() bool // from the context given to Start
	served chan struct{}
}

// Start starts an emulator and waits until it answers. It ends with Stop, with
// ctx, and on Linux with this process, however that ends.
func Start(ctx context.Context, options Options) (*Emulator, error) {
	if options.Account == "" {
		options.Account = DefaultAccount
	}
	if options.Region == "" {
		options.Region = DefaultRegion
	}
	python, err := interpreter(options.Python)
	if err != nil {
		return nil, err
	}
	options.Python = python
	folder, err := privateFolder()
	if err != nil {
		return nil, fmt.Errorf("starting the emulator: %w", err)
	}
	e := &Emulator{options: options, folder: folder, served: make(chan struct{})}
	e.client = &http.Client{Transport: &http.Transport{MaxIdleConns: 256, MaxIdleConnsPerHost: 256, DisableCompression: true}}
	if err := e.start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("starting the emulator: %w", err), os.RemoveAll(folder))
	}
	e.detach = context.AfterFunc(ctx, e.Stop)
	return e, nil
}

// start starts the proxy first, since its address is part of the emulator's
// environment.
func (e *Emulator) start(ctx context.Context) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	e.listener = listener
	if err := e.launch(ctx); err != nil {
		return errors.Join(err, listener.Close())
	}
	e.server = &http.Server{Handler: e.proxy(), ReadHeaderTimeout: 10 * time.Second}
	go func() {
		defer close(e.served)
		_ = e.server.Serve(listener) // ends with Stop
	}()
	return nil
}

// Stop ends the emulator with every process it started, and removes its
// folders. More calls do nothing.
func (e *Emulator) Stop() {
	e.stop.Do(func() {
		e.process.kill()
		_ = e.server.Close()
		<-e.served
		e.client.CloseIdleConnections()
		_ = os.RemoveAll(e.folder)
		if e.detach != nil {
			e.detach()
		}
	})
}

// Endpoint is the proxy's URL.
func (e *Emulator) Endpoint() string { return "http://" + e.listener.Addr().String() }

// Reset empties the emulator and the proxy's memory: resources, dates, marks, history, quotas,
// scalable targets, calls, faults and limits.
func (e *Emulator) Reset(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.upstream+"/_ministack/reset", http.NoBody)
	if err != nil {
		return err
	}
	response, err := e.client.Do(request)
	if err != nil {
		return fmt.Errorf("resetting the emulator: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("resetting the emulator: %s", response.Status)
	}
	e.memory.forget()
	e.ForgetCalls()
	e.ClearFaults()
	e.LimitRates(RateLimits{})
	e.SetLatency(0)
	return nil
}
