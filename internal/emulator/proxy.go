package emulator

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"slices"
	"time"
)

// answer is a whole answer, read into memory.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a *answer) ok() bool { return a.status < http.StatusMultipleChoices }

// exchange is one call on its way.
type exchange struct {
	*Emulator
	call    Call
	request *http.Request // to the emulator; its body is in body
	body    []byte
}

// proxy is the handler in front of the emulator.
func (e *Emulator) proxy() http.Handler {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = "http", e.upstream[len("http://"):]
			r.Out.Host = r.In.Host // the signature covers it
			// Buckets and queues that refuse plain http judge by this.
			r.Out.Header.Set("X-Forwarded-Proto", "https")
		},
		Transport: carrier{e},
		ErrorLog:  log.New(io.Discard, "", 0), // connections are cut on purpose
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			if errors.Is(err, errCut) || errors.Is(err, context.Canceled) {
				panic(http.ErrAbortHandler) // cuts the connection
			}
			http.Error(w, err.Error(), http.StatusBadGateway)
		},
	}
}

// carrier carries calls through the proxy's stations.
type carrier struct{ *Emulator }

func (c carrier) RoundTrip(request *http.Request) (*http.Response, error) {
	body, err := readBody(request)
	if err != nil {
		return nil, err
	}
	x := &exchange{Emulator: c.Emulator, call: describe(request, body), request: request, body: body}
	given, err := x.answer()
	x.call.Duration = time.Since(x.call.Start)
	var cut bool
	if err == nil {
		x.call.Status = given.status
		if !given.ok() {
			x.call.ErrorCode = errorCode(given)
		}
		cut = given.header.Get(truncated) != ""
	}
	c.record.add(x.call)
	if err != nil {
		return nil, fmt.Errorf("passing on %s %s: %w", x.call.Service, x.call.Operation, err)
	}
	return response(request, given, cut), nil
}

// answer is the way of a call: limits and faults stand before the emulator, as
// AWS's do, and before the corrections.
func (x *exchange) answer() (*answer, error) {
	if refused := x.limit(); refused != nil {
		return refused, nil
	}
	if err := x.delay(x.latency()); err != nil {
		return nil, err
	}
	return x.withFault(func() (*answer, error) {
		name := x.call.Service + ":" + x.call.Operation
		if rule := rules[name]; rule != nil && !slices.Contains(x.options.Without, name) {
			return rule(x)
		}
		return x.forward()
	})
}

// forward passes the call on to the emulator, as it came.
func (x *exchange) forward() (*answer, error) {
	return x.send(x.request.Clone(x.request.Context()))
}

// authorise asks the emulator whether the caller may make this call, without
// having it carried out. The answer is nil when it may.
func (x *exchange) authorise() (refused *answer, err error) {
	request := x.request.Clone(x.request.Context())
	request.Header.Set("X-Emulator-Authorise-Only", "true")
	given, err := x.send(request)
	if err != nil {
		return nil, err
	}
	if given.header.Get("X-Emulator-Authorised") == "" {
		return given, nil
	}
	return nil, nil
}

func (x *exchange) send(request *http.Request) (*answer, error) {
	request.Body, request.ContentLength = io.NopCloser(bytes.NewReader(x.body)), int64(len(x.body))
	given, err := x.round(request)
	if err != nil {
		return nil, err
	}
	if principal := given.header.Get("X-Emulator-Principal"); principal != "" {
		x.call.Principal = principal
	}
	return given, nil
}

// round carries one request to the emulator.
func (e *Emulator) round(request *http.Request) (*answer, error) {
	response, err := e.client.Transport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	return &answer{status: response.StatusCode, header: response.Header, body: body}, nil
}

func (x *exchange) delay(d time.Duration) error {
	if d <= 0 {
		return nil
	}
	select {
	case <-x.request.Context().Done():
		return x.request.Context().Err()
	case <-time.After(d):
		return nil
	}
}

func readBody(request *http.Request) ([]byte, error) {
	if request.Body == nil {
		return nil, nil
	}
	defer func() { _ = request.Body.Close() }()
	return io.ReadAll(request.Body)
}

// response turns an answer into what the reverse proxy copies to the client. One
// that is cut announces the whole length and ends in the middle.
func response(request *http.Request, given *answer, cut bool) *http.Response {
	body := given.body
	header := given.header.Clone()
	for _, own := range []string{truncated, "X-Emulator-Principal", "X-Emulator-Authorised"} {
		header.Del(own)
	}
	header.Del("Content-Length")
	length := int64(len(body))
	var reader io.Reader = bytes.NewReader(body)
	if cut {
		reader = io.MultiReader(bytes.NewReader(body[:len(body)/2]), failing{})
	}
	if request.Method == http.MethodHead { // its length speaks of a body that does not come
		length = -1
		if announced := given.header.Get("Content-Length"); announced != "" {
			header.Set("Content-Length", announced)
		}
	}
	return &http.Response{
		StatusCode: given.status, Header: header, Request: request,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Body: io.NopCloser(reader), ContentLength: length,
	}
}

// failing is a body that breaks off.
type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errCut }
