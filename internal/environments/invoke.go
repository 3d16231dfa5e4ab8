package environments

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"
)

// invoke is the API's Invoke.
func (s *Server) invoke(w http.ResponseWriter, r *http.Request) {
	event, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client is gone
	}
	s.mutex.Lock()
	f, version := s.find(r)
	if f == nil {
		s.mutex.Unlock()
		refuse(w, http.StatusNotFound, "ResourceNotFoundException", "Function not found", "")
		return
	}
	if r.Header.Get("X-Amz-Invocation-Type") == "DryRun" {
		f.counts.Opened++
		s.mutex.Unlock()
		w.WriteHeader(http.StatusNoContent)
		return
	}
	delay := time.Duration(0)
	if s.options.Spread > 0 {
		delay = time.Duration(s.random.Int64N(int64(s.options.Spread) + 1))
	}
	s.mutex.Unlock()
	time.Sleep(delay)
	e, began := s.take(w, f)
	if e == nil {
		return
	}
	answer, failed := s.run(r.Context(), e, event, began)
	w.Header().Set("X-Amz-Executed-Version", version)
	if failed {
		w.Header().Set("X-Amz-Function-Error", "Unhandled")
	}
	_, _ = w.Write(answer) // a client that is gone hears nothing
}

// take takes concurrency and an environment for a call that has arrived, or refuses it.
func (s *Server) take(w http.ResponseWriter, f *function) (e *environment, began time.Time) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	f.counts.Calls++
	if f.Refuse != "" {
		refuse(w, f.RefuseStatus, f.Refuse, "Refused.", "")
		return nil, began
	}
	unreserved := s.options.Concurrency
	for _, other := range s.functions {
		if other.Reserved != nil {
			unreserved -= *other.Reserved
		}
	}
	switch {
	case f.Reserved != nil && f.used >= *f.Reserved:
		f.counts.Throttled++
		refuse(w, http.StatusTooManyRequests, "TooManyRequestsException", "Rate Exceeded.", "ReservedFunctionConcurrentInvocationLimitExceeded")
		return nil, began
	case f.Reserved == nil && s.used >= unreserved:
		f.counts.Throttled++
		refuse(w, http.StatusTooManyRequests, "TooManyRequestsException", "Rate Exceeded.", "ConcurrentInvocationLimitExceeded")
		return nil, began
	}
	f.used++
	if f.Reserved == nil {
		s.used++
	}
	f.counts.Most = max(f.counts.Most, f.used)
	return s.place(f, s.now()), time.Now()
}

// run has an environment's init, where it is new, and the call. A caller that goes away ends neither.
func (s *Server) run(ctx context.Context, e *environment, event []byte, began time.Time) (answer []byte, failed bool) {
	if e.fresh {
		time.Sleep(e.init)
		s.mutex.Lock()
		e.ready(s.now(), began)
		s.mutex.Unlock()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), e.timeout)
	defer cancel()
	s.mutex.Lock()
	handle, late := e.handler.Invoke, e.of.Late
	if e.of.Answer != nil {
		handle = e.of.Answer
	}
	s.mutex.Unlock()
	select {
	case <-time.After(late):
	case <-ctx.Done():
	}
	answer, err := handle(ctx, event)
	timedOut := ctx.Err() != nil
	s.mutex.Lock()
	defer s.mutex.Unlock()
	e.of.used--
	if e.of.Reserved == nil {
		s.used--
	}
	e.of.counts.Billed += time.Since(began)
	if timedOut {
		e.of.counts.TimedOut++
		s.end(e)
		return failure("Sandbox.Timedout", "Task timed out"), true
	}
	s.release(e)
	if err != nil {
		return failure("errorString", err.Error()), true
	}
	return answer, false
}

func failure(kind, message string) []byte {
	text, _ := json.Marshal(map[string]string{"errorType": kind, "errorMessage": message}) // strings: it cannot fail
	return text
}

// refuse answers an error as Lambda does. Clients go by the type.
func refuse(w http.ResponseWriter, status int, code, message, reason string) {
	w.Header().Set("X-Amzn-Errortype", code)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"Type": "User", "message": message, "Reason": reason}) // a client that is gone hears nothing
}
