// Package environments is for tests and the bench: a model of Lambda's execution environments behind
// its HTTP API, for the real SDK client and for more environments than a machine has room for.
//
// Each environment has the real middleware of the warmer in front of a handler that does nothing. A
// call takes the environment that was used last of those that are free, or a new one, which has its
// init first; a new one is taken from the moment on at which it is made for a call. Calls arrive
// later than they were sent, each by a delay that a seed decides. Reserved concurrency and the
// account's are kept, time-outs end an environment, and idle ones go after a while.
//
// The clock is the real one, and Elapse lets it jump between calls, with real events in between. Signatures and permissions are not checked.
package environments

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"
)

// Account and Region are where the functions live.
const (
	Account = "000000000000"
	Region  = "us-east-1"
)

// Options say how the modelled Region behaves. The zero value is one without delays, with a concurrency of 1,000.
type Options struct {
	// Seed decides delays and lives: the same seed gives the same ones, in the order of the calls.
	Seed uint64
	// Spread is the longest delay of a call on its way; delays are spread evenly from none to it.
	Spread time.Duration
	// Concurrency is the account's limit. 0 is 1,000.
	Concurrency int
	// IdleLife is how long an environment stays without a call, and Life how long at all: each gets
	// a half to the whole of it. 0 is for ever.
	IdleLife, Life time.Duration
	// Start is what the clock shows at first. Zero is now.
	Start time.Time
}

// Function is a function. It is called without a qualifier or with Alias.
type Function struct {
	Name string
	// Alias is one for its version 1. Empty: there is none, and its version is $LATEST.
	Alias string
	// Init is how long a new environment needs, and Work a real event.
	Init, Work time.Duration
	// Timeout in whole seconds; 0 is AWS's default of 3 s. MemoryMB of 0 is 1024.
	Timeout  time.Duration
	MemoryMB int
	// Reserved is its reserved concurrency; nil is none.
	Reserved *int
	// Tags are those of GetResources.
	Tags map[string]string
	// Accept are the libraries whose pings its middleware answers as well.
	Accept []string
	// Late is how much longer each call takes, before the middleware sees it.
	Late time.Duration
	// Answer is an answer in place of the middleware's and the handler's. Nil: they answer.
	Answer func(ctx context.Context, event []byte) ([]byte, error)
	// Refuse refuses each call by this code and status, such as TooManyRequestsException and 429. Empty: none.
	Refuse       string
	RefuseStatus int
	// Facts are more fields of its configuration, such as State or SnapStart.
	Facts map[string]any
}

// Counts are what happened to a function since they were last forgotten.
type Counts struct {
	// Calls are those that arrived, refused ones included; Throttled those refused for want of concurrency.
	Calls, Throttled int
	// Opened are calls with DryRun.
	Opened int
	// Reached are different environments, Cold the new ones of them, and TimedOut those that a time-out ended.
	Reached, Cold, TimedOut int
	// Billed is the time of all inits and calls.
	Billed time.Duration
	// Most is the most calls at one time.
	Most int
}

// Server is a running model. Its methods may be called from many goroutines.
type Server struct {
	options  Options
	listener net.Listener
	http     *http.Server

	mutex     sync.Mutex
	random    *rand.Rand
	functions map[string]*function
	ahead     time.Duration // of the real clock
	used      int           // in the account, beside what is reserved
	number    int           // of calls, for the order of use
	reads     int
}

// Start serves these functions on a free port of 127.0.0.1 until Close.
func Start(options Options, functions ...Function) (*Server, error) {
	if options.Concurrency == 0 {
		options.Concurrency = 1000
	}
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening for the modelled Lambda API: %w", err)
	}
	s := &Server{options: options, listener: listener, random: rand.New(rand.NewPCG(options.Seed, 0)), functions: map[string]*function{}} // #nosec G404 -- it is to be repeated
	if !options.Start.IsZero() {
		s.ahead = time.Until(options.Start)
	}
	s.Put(functions...)
	s.http = &http.Server{Handler: s.routes(), ReadHeaderTimeout: 10 * time.Second}
	go func() {
		if err := s.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			panic(fmt.Errorf("serving the modelled Lambda API: %w", err))
		}
	}()
	return s, nil
}

// URL is the endpoint to give the SDK.
func (s *Server) URL() string { return "http://" + s.listener.Addr().String() }

// Close ends the model and its connections.
func (s *Server) Close() error { return s.http.Close() }

// Now is the model's time.
func (s *Server) Now() time.Time {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.now()
}

func (s *Server) now() time.Time { return time.Now().Add(s.ahead) }

// Put adds functions, or replaces them with all their environments, as a deployment does.
func (s *Server) Put(functions ...Function) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, f := range functions {
		if f.Timeout == 0 {
			f.Timeout = 3 * time.Second
		}
		if f.MemoryMB == 0 {
			f.MemoryMB = 1024
		}
		deployed := &function{Function: f, deployment: 1, reached: map[*environment]bool{}}
		if before := s.functions[f.Name]; before != nil {
			deployed.deployment += before.deployment
		}
		s.functions[f.Name] = deployed
	}
}

// Change changes a function that keeps its environments. Its name, alias and reserved concurrency stay.
func (s *Server) Change(name string, change func(*Function)) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	f := s.functions[name]
	kept := f.Function
	change(&f.Function)
	f.Name, f.Alias, f.Reserved = kept.Name, kept.Alias, kept.Reserved
}

// Counts are those of a function.
func (s *Server) Counts(name string) Counts {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	f := s.functions[name]
	counts := f.counts
	counts.Reached = len(f.reached)
	return counts
}

// Reads are the calls so far that ran and opened nothing: those for facts.
func (s *Server) Reads() int {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.reads
}

// Forget begins all counts anew.
func (s *Server) Forget() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.reads = 0
	for _, f := range s.functions {
		f.counts, f.reached = Counts{}, map[*environment]bool{}
	}
}

// SetWarm leaves a function so many environments, all idle, that have served an event before.
func (s *Server) SetWarm(name string, count int) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	f := s.functions[name]
	f.environments = nil
	done, cancel := context.WithCancel(context.Background())
	cancel() // the event takes no time
	for range count {
		e := s.environment(f, s.now().Add(-f.Init))
		e.ready(s.now(), time.Now().Add(-time.Hour))
		_, _ = e.handler.Invoke(done, []byte("{}")) // the handler does nothing, so it cannot fail
		s.release(e)
	}
}
