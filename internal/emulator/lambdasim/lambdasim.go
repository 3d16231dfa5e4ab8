// Package lambdasim simulates the part of the Lambda API that a janitor calls,
// for fleets that an emulator seeds too slowly: a thousand functions with fifty
// versions each, or three thousand with a hundred.
//
// It stands behind the real SDK client: point AWS_ENDPOINT_URL_LAMBDA, or the
// client's BaseEndpoint, at URL. It answers with the pages, the field sets and the
// error codes of AWS, including the odd ones (204 for a version that does not
// exist), holds everything in memory, about 40 bytes a version, and runs nothing.
// Signatures and permissions are not checked.
//
// Every call is counted by operation and each DELETE is recorded with its
// qualifier, so that a test can say what left the process. On request the control
// plane is limited as AWS limits it, answers late, and fails as the test says.
package lambdasim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Account and Region are where the simulated functions live.
const (
	Account = "000000000000"
	Region  = "us-east-1"
)

// defaultLimit is the code storage of an account that never asked for more, 75 GiB.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const defaultLimit = 75 << 30

// Options say how the simulated Region behaves. The zero value answers at once, refuses
// nothing and has a cap of 75 GiB.
type Options struct {
	// Limit is the Region's cap on code storage in bytes. 0 means 75 GiB.
	Limit int64
	// Rate is how many calls a second are let through, with a burst of one second's worth;
	// the rest is answered 429. GetPolicy has a bucket of its own of the same size. AWS
	// allows 15. 0 means no limit.
	Rate float64
	// Latency is how long each answer takes. 0 means none.
	Latency time.Duration
	// Before is called ahead of each call that is let through and may answer it with a fault, or change the
	// fleet while a run is under way. It is called from many goroutines. Nil means never.
	Before func(Call) *Fault
}

// Call is one request.
type Call struct {
	// Operation is the API's name for it, such as DeleteFunction.
	Operation string
	// Function is the function's name, without a qualifier. Empty where the call names none.
	Function string
	// Qualifier is what the call qualified the function with: a version, an alias or nothing.
	Qualifier string
}

// Fault is an error answer.
type Fault struct {
	// Status is the HTTP status.
	Status int
	// Code is the error's type, such as ServiceException.
	Code string
	// Message is the text for people.
	Message string
}

// Deletion is one DELETE that was let through, whatever it was answered.
type Deletion struct {
	// Function and Qualifier are what should go; an empty qualifier is the whole function.
	Function, Qualifier string
	// Status is the HTTP status of the answer.
	Status int
}

// Server is a running simulation. Its methods may be called from many goroutines.
type Server struct {
	options  Options
	listener net.Listener
	http     *http.Server
	control  *rate.Limiter
	policies *rate.Limiter

	mu        sync.RWMutex
	functions []*Function // by name
	mappings  []Mapping

	callsMu   sync.Mutex
	calls     map[string]int
	throttled int
	deletions []Deletion
}

// Start serves an empty Region on a free port of 127.0.0.1 until Close.
func Start(options Options) (*Server, error) {
	if options.Limit == 0 {
		options.Limit = defaultLimit
	}
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening for the simulated Lambda API: %w", err)
	}
	s := &Server{
		options:  options,
		listener: listener,
		control:  newLimiter(options.Rate),
		policies: newLimiter(options.Rate),
		calls:    map[string]int{},
	}
	s.http = &http.Server{Handler: s.routes(), ReadHeaderTimeout: 10 * time.Second}
	go func() {
		if err := s.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			panic(fmt.Errorf("serving the simulated Lambda API: %w", err))
		}
	}()
	return s, nil
}

func newLimiter(perSecond float64) *rate.Limiter {
	if perSecond == 0 {
		return rate.NewLimiter(rate.Inf, 0)
	}
	return rate.NewLimiter(rate.Limit(perSecond), int(math.Ceil(perSecond)))
}

// URL is the endpoint to give the SDK.
func (s *Server) URL() string { return "http://" + s.listener.Addr().String() }

// ServeHTTP answers a request without a connection, for tests whose clock stands still while
// anybody waits for the network.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.http.Handler.ServeHTTP(w, r) }

// Close ends the simulation and its connections.
func (s *Server) Close() error { return s.http.Close() }

// Calls says how many requests came in, by operation, refused ones included.
func (s *Server) Calls() map[string]int {
	s.callsMu.Lock()
	defer s.callsMu.Unlock()
	return maps.Clone(s.calls)
}

// Throttled says how many requests were answered 429.
func (s *Server) Throttled() int {
	s.callsMu.Lock()
	defer s.callsMu.Unlock()
	return s.throttled
}

// Deletions are the DELETE requests that were let through, in the order of their answers.
func (s *Server) Deletions() []Deletion {
	s.callsMu.Lock()
	defer s.callsMu.Unlock()
	return slices.Clone(s.deletions)
}

// accepted is the answer 202: it will be done.
type accepted struct{}

// operation answers one call: with a value that becomes the JSON body, or with a fault. A nil value is a 204.
type operation func(s *Server, call Call, r *http.Request) (any, *Fault)

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	for _, route := range []struct {
		pattern, name string
		run           operation
	}{
		{"GET /2016-08-19/account-settings", "GetAccountSettings", (*Server).getAccountSettings},
		{"GET /2015-03-31/functions", "ListFunctions", (*Server).listFunctions},
		{"GET /2015-03-31/functions/{name}/versions", "ListVersionsByFunction", (*Server).listVersions},
		{"GET /2015-03-31/functions/{name}/aliases", "ListAliases", (*Server).listAliases},
		{"GET /2015-03-31/event-source-mappings", "ListEventSourceMappings", (*Server).listMappings},
		{"GET /2019-09-30/functions/{name}/provisioned-concurrency", "ListProvisionedConcurrencyConfigs", (*Server).listProvisioned},
		{"GET /2019-09-25/functions/{name}/event-invoke-config/list", "ListFunctionEventInvokeConfigs", (*Server).listInvokeConfigs},
		{"GET /2025-12-01/functions/{name}/durable-executions", "ListDurableExecutionsByFunction", (*Server).listExecutions},
		{"GET /2025-11-30/functions/{name}/function-scaling-config", "GetFunctionScalingConfig", (*Server).getScalingConfig},
		{"GET /2015-03-31/functions/{name}/policy", "GetPolicy", (*Server).getPolicy},
		{"DELETE /2015-03-31/functions/{name}", "DeleteFunction", (*Server).deleteFunction},
	} {
		mux.HandleFunc(route.pattern, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, route.name, route.run) })
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.serve(w, r, r.Method+" "+r.URL.Path, func(*Server, Call, *http.Request) (any, *Fault) {
			return nil, &Fault{http.StatusNotFound, "UnknownOperationException", "the simulation has no " + r.Method + " " + r.URL.Path}
		})
	})
	return mux
}

// serve does what all operations share: it counts, waits, limits and writes the answer.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, name string, run operation) {
	call := Call{Operation: name}
	call.Function, call.Qualifier = splitName(r.PathValue("name"))
	derived := call.Qualifier
	if given := r.URL.Query().Get("Qualifier"); given != "" {
		call.Qualifier = given
	}
	if !wait(r.Context(), s.options.Latency) {
		return
	}
	body, fault := any(nil), s.limit(name)
	if fault == nil && s.options.Before != nil {
		fault = s.options.Before(call)
	}
	if fault == nil && derived != "" && derived != call.Qualifier {
		fault = invalidParameter("The derived qualifier from the function name does not match the specified qualifier.")
	}
	if fault == nil {
		body, fault = run(s, call, r)
	}
	s.record(call, body, fault)
	write(w, body, fault)
}

func wait(ctx context.Context, latency time.Duration) bool {
	if latency == 0 {
		return true
	}
	timer := time.NewTimer(latency)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (s *Server) limit(operation string) *Fault {
	limiter := s.control
	if operation == "GetPolicy" {
		limiter = s.policies
	}
	if limiter.Allow() {
		return nil
	}
	return &Fault{http.StatusTooManyRequests, "TooManyRequestsException", "Rate exceeded"}
}

func (s *Server) record(call Call, body any, fault *Fault) {
	s.callsMu.Lock()
	defer s.callsMu.Unlock()
	s.calls[call.Operation]++
	if fault != nil && fault.Status == http.StatusTooManyRequests {
		s.throttled++
		return
	}
	if call.Operation == "DeleteFunction" {
		status := http.StatusNoContent
		switch {
		case fault != nil:
			status = fault.Status
		case body == accepted{}:
			status = http.StatusAccepted
		}
		s.deletions = append(s.deletions, Deletion{call.Function, call.Qualifier, status})
	}
}

func write(w http.ResponseWriter, body any, fault *Fault) {
	status := http.StatusOK
	switch {
	case fault != nil:
		status = fault.Status
		w.Header().Set("X-Amzn-Errortype", fault.Code)
		body = map[string]string{"Type": "User", "message": fault.Message}
		if status >= http.StatusInternalServerError {
			body = map[string]string{"Type": "Service", "message": fault.Message}
		}
	case body == accepted{}:
		w.WriteHeader(http.StatusAccepted)
		return
	case body == nil:
		w.WriteHeader(http.StatusNoContent)
		return
	}
	text, err := json.Marshal(body)
	if err != nil {
		panic(fmt.Errorf("encoding an answer: %w", err))
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text) // the client is gone: nobody is left to tell
}
