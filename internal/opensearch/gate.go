package opensearch

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Gate stands in front of a Service: it checks who calls, records each call, and answers as a busy, slow
// or broken service would where a test asked for that. Its methods may be called at the same time.
type Gate struct {
	upstream  string
	address   string
	authority string // in PEM; empty where it speaks plain http
	server    *http.Server
	client    *http.Client
	closed    chan struct{}
	once      sync.Once

	mutex  sync.Mutex
	caller Caller
	faults []*Fault
	calls  []GateCall
}

// GateCall is one request that came to a gate.
type GateCall struct {
	Method, Path, Query string
	// Scheme is the first word of Authorization: Basic, ApiKey, Bearer, AWS4-HMAC-SHA256, or nothing.
	Scheme string
	// Bytes are those of the body, decompressed; Sent those that came.
	Bytes, Sent int
	// IDs are the documents of a _bulk request; empty where a document has none.
	IDs []string
	// Body is what came, decompressed, where it is no _bulk request.
	Body string
	// Status is what was answered; 0 where nothing was.
	Status int
}

// OpenGate opens a gate in front of the service at a URL, with TLS and a certificate authority of its own
// where secure is set. It ends with Close, and with ctx.
func OpenGate(ctx context.Context, upstream string, secure bool) (*Gate, error) {
	g := &Gate{upstream: upstream, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16, DisableCompression: true}}, closed: make(chan struct{})}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("opening a gate: %w", err)
	}
	g.address = listener.Addr().String()
	g.server = &http.Server{Handler: g, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	serve := g.server.Serve
	if secure {
		if g.server.TLSConfig, g.authority, err = Certificates(); err != nil {
			return nil, fmt.Errorf("opening a gate: %w", err)
		}
		serve = func(l net.Listener) error { return g.server.ServeTLS(l, "", "") }
	}
	go func() { _ = serve(listener) }() // ends with Close
	context.AfterFunc(ctx, g.Close)
	return g, nil
}

// Close ends it with all its connections. More calls do nothing.
func (g *Gate) Close() {
	g.once.Do(func() {
		close(g.closed)
		_ = g.server.Close()
		g.client.CloseIdleConnections()
	})
}

// URL is what to send to.
func (g *Gate) URL() string {
	if g.authority != "" {
		return "https://" + g.address
	}
	return "http://" + g.address
}

// CA is the certificate of the authority that signed the gate's, in PEM.
func (g *Gate) CA() string { return g.authority }

// Calls are the requests that came so far.
func (g *Gate) Calls() []GateCall {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	return slices.Clone(g.calls)
}

// ServeHTTP lets a request through, or not.
func (g *Gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	sent, err := io.ReadAll(r.Body)
	if err != nil {
		return // the caller is gone
	}
	body := plain(r.Header, sent)
	scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	call := GateCall{Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Scheme: scheme, Bytes: len(body), Sent: len(sent)}
	for _, one := range pairsOf(body) {
		call.IDs = append(call.IDs, one.id)
	}
	if call.IDs == nil {
		call.Body = string(body)
	}
	g.mutex.Lock()
	caller, fault := g.caller, g.take(call)
	g.mutex.Unlock()
	defer func() {
		g.mutex.Lock()
		defer g.mutex.Unlock()
		g.calls = append(g.calls, call)
	}()
	if caller != nil {
		if err := caller(r, sent); err != nil {
			call.Status = http.StatusForbidden
			if scheme != signing {
				call.Status = http.StatusUnauthorized
			}
			write(w, call.Status, nil, []byte(`{"error":{"type":"security_exception","reason":"`+err.Error()+`"},"status":`+fmt.Sprint(call.Status)+`}`))
			return
		}
	}
	call.Status = g.pass(w, r, body, fault)
}

// pass answers a request that may come in, and says what was answered.
func (g *Gate) pass(w http.ResponseWriter, r *http.Request, body []byte, fault Fault) int {
	if fault.Delay > 0 {
		g.wait(r.Context(), time.After(fault.Delay))
	}
	switch {
	case fault.Silent:
		g.wait(r.Context(), nil)
		panic(http.ErrAbortHandler)
	case fault.Drop:
		panic(http.ErrAbortHandler)
	case fault.Status != 0:
		write(w, fault.Status, fault.Header, []byte(fault.Body))
		return fault.Status
	}
	refused := pairsOf(body).refused(fault.Item)
	status, header, answer, err := g.forward(r, body, refused)
	if err != nil {
		write(w, http.StatusBadGateway, nil, []byte(`{"error":"`+strings.ReplaceAll(err.Error(), `"`, `'`)+`"}`))
		return http.StatusBadGateway
	}
	if fault.After != nil {
		fault.After()
	}
	if fault.Truncate {
		w.Header().Set("Content-Length", fmt.Sprint(len(answer)))
		write(w, status, header, answer[:len(answer)/2])
		panic(http.ErrAbortHandler)
	}
	write(w, status, header, answer)
	return status
}

// wait waits for a time, for the caller to go, or for the gate to close.
func (g *Gate) wait(ctx context.Context, until <-chan time.Time) {
	select {
	case <-until:
	case <-ctx.Done():
	case <-g.closed:
	}
}

// forward sends what is not refused to the service, and puts what is into its answer.
func (g *Gate) forward(r *http.Request, body []byte, refused map[int]int) (int, http.Header, []byte, error) {
	pairs := pairsOf(body)
	if len(refused) > 0 && len(refused) == len(pairs) {
		answer, err := pairs.answer(nil, refused)
		return http.StatusOK, nil, answer, err
	}
	if len(refused) > 0 {
		body = pairs.without(refused)
	}
	request, err := http.NewRequestWithContext(r.Context(), r.Method, g.upstream+r.URL.RequestURI(), bytes.NewReader(body)) // #nosec G704 -- a gate hands on what the tests ask
	if err != nil {
		return 0, nil, nil, err
	}
	if kind := r.Header.Get("Content-Type"); kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	given, err := g.client.Do(request) // #nosec G704 -- to the node that the tests started
	if err != nil {
		return 0, nil, nil, err
	}
	defer func() { _ = given.Body.Close() }()
	answer, err := io.ReadAll(given.Body)
	if err == nil && len(refused) > 0 && given.StatusCode == http.StatusOK {
		answer, err = pairs.answer(answer, refused)
	}
	return given.StatusCode, given.Header, answer, err
}

func write(w http.ResponseWriter, status int, header http.Header, body []byte) {
	for name, values := range header {
		if name != "Content-Length" {
			w.Header()[name] = values
		}
	}
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // #nosec G705 -- no browser reads it, and the caller may be gone
	if flusher, can := w.(http.Flusher); can {
		flusher.Flush()
	}
}
