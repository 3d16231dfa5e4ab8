package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"caretaker/cmd/caretaker/console"
	"caretaker/internal/emulator/lambdasim"
)

// The question leaves out a Region whose belt is closed: what it answers is not about that one.
func TestApply_aSlowAnswerOpensNoBelt(t *testing.T) {
	open := fleet(t, lambdasim.Options{}, orders(1)...)
	var looks atomic.Int32
	var shut *lambdasim.Server
	shut = fleet(t, lambdasim.Options{Before: func(call lambdasim.Call) *lambdasim.Fault {
		if call.Operation == "GetAccountSettings" && looks.Add(1) == 2 {
			// Other teams publish meanwhile: the share of what would go falls under the belt.
			more := lambdasim.Generate(30, 3, time.Now())
			for i := range more {
				more[i].Name = "new-" + more[i].Name
			}
			shut.Put(more...)
		}
		return nil
	}}, orders(2)[1])
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		to := open
		if strings.Contains(r.Header.Get("Authorization"), "/eu-west-1/") {
			to = shut
		}
		out, err := http.NewRequestWithContext(r.Context(), r.Method, to.URL()+r.URL.RequestURI(), r.Body)
		if err != nil {
			panic(err)
		}
		out.Header = r.Header
		answer, err := http.DefaultTransport.RoundTrip(out)
		if err != nil {
			panic(err)
		}
		defer func() { _ = answer.Body.Close() }()
		for k, v := range answer.Header {
			w.Header()[k] = v
		}
		w.WriteHeader(answer.StatusCode)
		_, _ = io.Copy(w, answer.Body)
	}))
	defer proxy.Close()
	// The open Region stays under the belt.
	pad := lambdasim.Generate(30, 3, time.Now())
	for i := range pad {
		pad[i].Name = "pad-" + pad[i].Name
	}
	open.Put(pad...)
	for _, v := range environment(open) {
		name, value, _ := strings.Cut(v, "=")
		t.Setenv(name, value)
	}
	t.Setenv("AWS_ENDPOINT_URL_LAMBDA", proxy.URL)
	var out, errs strings.Builder
	flags := append([]string{"--region", "us-east-1,eu-west-1", "--stale-after", "0s", "--set", "janitor.belts.maxPercent=30"}, fewCalls...)
	run(with(append([]string{"janitor", "apply"}, flags...)...),
		console.Console{In: strings.NewReader("7\n"), Asks: true, Now: time.Now, Out: &out, Err: &errs}, nil)
	if !strings.Contains(out.String()+errs.String(), "percent belt is closed") || len(open.Deletions()) != 7 {
		t.Errorf("%d versions of the other Region were deleted: %s%s", len(open.Deletions()), out.String(), errs.String())
	}
	for _, d := range shut.Deletions() {
		t.Errorf("deleted %s:%s in the Region of which the question said that nothing goes", d.Function, d.Qualifier)
	}
}
