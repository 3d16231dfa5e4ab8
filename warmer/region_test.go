package warmer_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"caretaker/internal/environments"
	"caretaker/internal/setting"
	"caretaker/internal/want"
	"caretaker/warmer"
)

// region is a modelled Region, with a warmer for all of its functions.
type region struct {
	*environments.Server
	cfg      warmer.Config
	settings aws.Config
	// fault answers a call of Invoke in the place of Lambda; false lets it pass.
	fault atomic.Pointer[func(w http.ResponseWriter, r *http.Request) bool]
	// invokes are the calls of Invoke that reached Lambda or a fault, those that run nothing left out.
	invokes atomic.Int64
}

// newRegion has so many environments wanted of each function, always.
func newRegion(t *testing.T, options environments.Options, count int, functions ...environments.Function) *region {
	t.Helper()
	model, err := environments.Start(options, functions...)
	want.NoError(t, "starting the model", err)
	t.Cleanup(func() { _ = model.Close() })
	r := &region{Server: model, cfg: warmer.Default()}
	target, err := url.Parse(model.URL())
	want.NoError(t, "reading the model's address", err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.Transport = &http.Transport{MaxIdleConnsPerHost: 1000}
	proxy.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) } // the client went away
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if strings.HasSuffix(request.URL.Path, "/invocations") && request.Header.Get("X-Amz-Invocation-Type") != "DryRun" {
			r.invokes.Add(1)
			if fault := r.fault.Load(); fault != nil && (*fault)(w, request) {
				return
			}
		}
		proxy.ServeHTTP(w, request)
	}))
	t.Cleanup(front.Close)
	r.settings = aws.Config{Region: environments.Region, BaseEndpoint: &front.URL, Credentials: credentials.NewStaticCredentialsProvider("test", "test", "")}
	r.cfg.DryRun, r.cfg.PingTimeout = false, setting.Duration(20*time.Second)
	for _, f := range functions {
		r.cfg.Functions = append(r.cfg.Functions, warmer.Function{Name: f.Name, Qualifier: f.Alias, Warm: map[string]int{"always": count}})
	}
	return r
}

// warmer is one that remembers nothing yet.
func (r *region) warmer(t *testing.T) *warmer.Warmer {
	t.Helper()
	w, err := warmer.New(r.cfg, warmer.Connect(r.settings, r.cfg.MaxInFlight), warmer.Options{Now: r.Now})
	want.NoError(t, "making a warmer", err)
	return w
}

// faulty has Lambda's answers to pings replaced as long as the function says true.
func (r *region) faulty(fault func(w http.ResponseWriter, request *http.Request) bool) {
	r.fault.Store(&fault)
}

// refusing answers calls of one function as AWS refuses them, so many times; of any function for "".
func refusing(function string, times int64, status int, code string) func(http.ResponseWriter, *http.Request) bool {
	var left atomic.Int64
	left.Store(times)
	return func(w http.ResponseWriter, request *http.Request) bool {
		if !strings.Contains(request.URL.Path, "/functions/"+function) || left.Add(-1) < 0 {
			return false
		}
		w.Header().Set("X-Amzn-Errortype", code)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(`{"message":"the test says so"}`))
		return true
	}
}

// good is a run that must not fail.
func good(t *testing.T, w *warmer.Warmer) warmer.Report {
	t.Helper()
	report, err := w.Handle(t.Context(), warmer.Event{})
	want.NoError(t, "a run", err)
	return report
}

// of is what a report says of a function.
func of(t *testing.T, report warmer.Report, name string) warmer.Warmed {
	t.Helper()
	for _, target := range report.Targets {
		if target.Ref.Name == name {
			return target
		}
	}
	t.Fatalf("%s is none of the targets: %+v", name, report)
	return warmer.Warmed{}
}

func skippedOf(t *testing.T, report warmer.Report, name string) warmer.Skip {
	t.Helper()
	for _, skip := range report.Skips {
		if skip.Ref.Name == name {
			return skip
		}
	}
	t.Fatalf("%s is not skipped: %+v", name, report)
	return warmer.Skip{}
}

// business is an answer of a function without the middleware, which counts how often it ran.
func business(runs *atomic.Int64) func(context.Context, []byte) ([]byte, error) {
	return func(context.Context, []byte) ([]byte, error) {
		runs.Add(1)
		return []byte(`{"statusCode":200}`), nil
	}
}
