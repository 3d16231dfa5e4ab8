package warmer_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"caretaker/internal/environments"
	"caretaker/internal/setting"
	"caretaker/internal/want"
	"caretaker/warmer"
)

// The faults that may befall a run: what becomes of the function that they are about, and that the
// other one is warmed all the same.
func TestFaults_stopNoOtherTarget(t *testing.T) {
	for name, c := range map[string]struct {
		fault func(w http.ResponseWriter, r *http.Request) bool
		// fails says that the run ends in an error, and says what that names.
		fails string
		// short is how many of checkout's 5 are missing, why what the report says of it, and pings how many it takes.
		short, pings int
		why          string
	}{
		"429 once":                       {refusing("checkout", 1, 429, "TooManyRequestsException"), "", 0, 5 + 1 + 5, ""},
		"429 for the whole run":          {refusing("checkout", 1000, 429, "TooManyRequestsException"), "", 5, 5 + 1, "429"},
		"a burst of 500":                 {refusing("checkout", 5, 500, "ServiceException"), "", 0, 5 + 5, ""},
		"500 for the whole run":          {refusing("checkout", 1000, 500, "ServiceException"), "", 5, 5 + 5, "AWS had a fault"},
		"503 for the whole run":          {refusing("checkout", 1000, 503, "ServiceUnavailable"), "", 5, 5 + 5, "AWS had a fault"},
		"not allowed":                    {refusing("checkout", 1000, 403, "AccessDeniedException"), "AccessDeniedException", 5, 5, "role may not"},
		"expired credentials":            {refusing("checkout", 1000, 403, "ExpiredTokenException"), "ExpiredTokenException", 5, 5, "AWS refused it"},
		"a clock that is wrong":          {refusing("checkout", 1000, 403, "InvalidSignatureException"), "InvalidSignatureException", 5, 5, "AWS refused it"},
		"gone meanwhile":                 {refusing("checkout", 1000, 404, "ResourceNotFoundException"), "", 5, 5, "no such function"},
		"connections that break":         {broken("checkout", 1000), "", 5, 5 + 5, "the connection broke"},
		"a connection that breaks once":  {broken("checkout", 1), "", 0, 5 + 5, ""},
		"answers that end in the middle": {halved("checkout"), "", 5, 5 + 5, "the connection broke"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRegion(t, environments.Options{}, 5, environments.Function{Name: "checkout"}, environments.Function{Name: "other"})
			w := r.warmer(t)
			want.Equal(t, "distinct before", good(t, w).Distinct, 10)
			r.faulty(c.fault)
			r.invokes.Store(0)
			report, err := w.Handle(t.Context(), warmer.Event{})
			if c.fails == "" {
				want.NoError(t, "the run", err)
			} else if err == nil {
				t.Error("the run does not fail")
			} else {
				want.Says(t, "the error", err.Error(), "pinging checkout", c.fails)
				want.Says(t, "the report's errors", strings.Join(report.Errors, "\n"), c.fails)
			}
			checkout := of(t, report, "checkout")
			want.Equal(t, "short", checkout.Short, c.short)
			want.Says(t, "why", checkout.Why, c.why)
			want.Equal(t, "pings to checkout", checkout.Pings, c.pings)
			want.Equal(t, "calls that left", r.invokes.Load(), int64(c.pings+5))
			want.Equal(t, "distinct of the other", of(t, report, "other").Distinct, 5)
			want.Equal(t, "the shortfall in the report", report.Shortfall, c.short)
		})
	}
}

// broken cuts the connection without an answer.
func broken(function string, times int64) func(http.ResponseWriter, *http.Request) bool {
	var left atomic.Int64
	left.Store(times)
	return func(_ http.ResponseWriter, request *http.Request) bool {
		if !strings.Contains(request.URL.Path, "/functions/"+function) || left.Add(-1) < 0 {
			return false
		}
		panic(http.ErrAbortHandler)
	}
}

// halved announces a longer answer than comes.
func halved(function string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, request *http.Request) bool {
		if !strings.Contains(request.URL.Path, "/functions/"+function) {
			return false
		}
		w.Header().Set("Content-Length", "300")
		_, _ = w.Write([]byte(`{"caretakerPong":{"proto`))
		panic(http.ErrAbortHandler)
	}
}

// After a 429 one ping goes ahead, in the next run too: while there is no room, it costs one call.
func TestFaults_aRunAfterA429BeginsWithOne(t *testing.T) {
	r := newRegion(t, environments.Options{}, 5, environments.Function{Name: "checkout"})
	w := r.warmer(t)
	good(t, w)
	r.faulty(refusing("", 1000, 429, "TooManyRequestsException"))
	want.Equal(t, "pings of the first run that is refused", good(t, w).Pings, 5+1)
	want.Equal(t, "pings of the second", good(t, w).Pings, 1)
	r.faulty(refusing("", 0, 0, ""))
	report := good(t, w)
	want.Equal(t, "pings once there is room", report.Pings, 1+5)
	want.Equal(t, "distinct then", report.Distinct, 5)
}

// A function that does not answer holds up nothing but itself, and is not asked a second time.
func TestFaults_aSlowFunctionIsMarkedAndTheOthersAreWarm(t *testing.T) {
	r := newRegion(t, environments.Options{}, 5, environments.Function{Name: "checkout", Timeout: 30 * time.Second}, environments.Function{Name: "other"})
	r.cfg.PingTimeout = setting.Duration(time.Second)
	w := r.warmer(t)
	good(t, w)
	r.faulty(func(_ http.ResponseWriter, request *http.Request) bool {
		if strings.Contains(request.URL.Path, "checkout") {
			_, _ = io.Copy(io.Discard, request.Body) // else nobody notices that the client goes away
			<-request.Context().Done()
			panic(http.ErrAbortHandler)
		}
		return false
	})
	report := good(t, w)
	checkout := of(t, report, "checkout")
	want.Equal(t, "short", checkout.Short, 5)
	want.Says(t, "why", checkout.Why, "no answer in time")
	want.Equal(t, "pings", checkout.Pings, 5)
	want.Equal(t, "distinct of the other", of(t, report, "other").Distinct, 5)
}

// A run whose time is up reports before Lambda ends it.
func TestFaults_aRunWithoutTimeSaysSo(t *testing.T) {
	r := newRegion(t, environments.Options{}, 2, environments.Function{Name: "a"}, environments.Function{Name: "b"})
	w := r.warmer(t)
	good(t, w)
	ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
	defer cancel()
	report, err := w.Handle(ctx, warmer.Event{})
	want.NoError(t, "the run", err)
	want.Equal(t, "pings", report.Pings, 0)
	want.Equal(t, "short", report.Shortfall, 4)
	want.Says(t, "why", of(t, report, "a").Why, "the run's time was up")
}

// What a function answers is bounded, and nothing of it is repeated: it may be what a customer was meant to get.
func TestAnswers_thatAreNoneOfTheMiddlewaresAreNotRepeated(t *testing.T) {
	id := "5c0f64b7a8f94c53a5fb2d1eb10b9a3e"
	pong := func(protocol int, environment string) string {
		return fmt.Sprintf(`{"caretakerPong":{"protocol":%d,"environment":%q,"version":"1","initType":"","pings":1,"requests":0,"initMs":1,"sinceInitMs":1,"arrivedMs":1,"heldMs":0,"sinceRequestMs":null}}`, protocol, environment)
	}
	for name, c := range map[string]struct{ answer, says string }{
		"6 MB":                    {strings.Repeat("secret", 1<<20), "was asked once"},
		"6 MB of the protocol":    {`{"caretakerPong":{"environment":"` + strings.Repeat("secret", 1<<20) + `"}}`, "was asked once"},
		"another protocol":        {pong(2, id), "speaks protocol 2, this warmer 1"},
		"not JSON":                {"secret {", "was asked once"},
		"nothing":                 {"", "was asked once"},
		"null":                    {"null", "was asked once"},
		"an array":                {`["secret"]`, "was asked once"},
		"no id":                   {pong(1, ""), "was asked once"},
		"an id with a line break": {pong(1, "secret\nsecret"), "was asked once"},
		"business":                {`{"statusCode":200,"body":"secret"}`, "was asked once"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRegion(t, environments.Options{}, 5, environments.Function{Name: "checkout", Answer: func(context.Context, []byte) ([]byte, error) { return []byte(c.answer), nil }})
			w := r.warmer(t)
			for run := range 3 {
				report := good(t, w)
				skip := skippedOf(t, report, "checkout")
				want.Equal(t, "the reason", skip.Reason, warmer.NotInstrumented)
				if run == 0 {
					want.Says(t, "the detail", skip.Detail, c.says)
				}
				if text := fmt.Sprintf("%+v", report); strings.Contains(text, "secret") {
					t.Errorf("the report repeats the answer: %.300s", text)
				}
			}
			want.Equal(t, "calls in three runs", r.Counts("checkout").Calls, 1)
		})
	}
}

// A function that fails at a ping is asked once when it is met, and is a failure of the run when it had answered before.
func TestAnswers_ofAFunctionThatFailsAreTheRunsFailureOnceItIsKnown(t *testing.T) {
	var failing atomic.Bool
	r := newRegion(t, environments.Options{}, 3, environments.Function{Name: "checkout"})
	w := r.warmer(t)
	good(t, w)
	r.faulty(func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("X-Amz-Function-Error", "Unhandled")
		_, _ = w.Write([]byte(`{"errorMessage":"secret","errorType":"KeyError"}`))
		return failing.Load()
	})
	failing.Store(true)
	report, err := w.Handle(t.Context(), warmer.Event{})
	if err == nil {
		t.Fatal("the run does not fail")
	}
	want.Says(t, "the error", err.Error(), "pinging checkout: the function failed")
	if strings.Contains(fmt.Sprintf("%v %+v", err, report), "secret") {
		t.Errorf("what the function says is repeated: %v %+v", err, report)
	}
	fresh := r.warmer(t) // has met nobody
	want.Equal(t, "why it is left alone", skippedOf(t, good(t, fresh), "checkout").Reason, warmer.NotInstrumented)
}
