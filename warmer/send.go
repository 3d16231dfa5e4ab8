package warmer

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptrace"
	"sync"
	"time"

	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"
	"golang.org/x/sync/errgroup"

	"caretaker/warmer/ping"
)

const (
	// handOver is how long a target may keep the next one from sending: its pings leave within
	// milliseconds, unless a connection has to be opened.
	handOver = 500 * time.Millisecond
	// openWithin is how long opening connections may take; pings open what is still missing.
	openWithin = 3 * time.Second
)

// barrier sends all pings of a round at once, each with the time that is left until the one moment until which
// all of them hold. It returns when every answer is in; sent is called once all have left.
func (w *Warmer) barrier(ctx context.Context, target Target, next round, sent func()) []reply {
	replies := make([]reply, next.pings)
	release := time.Now().Add(next.hold)
	var leaving, answering sync.WaitGroup
	leaving.Add(next.pings)
	for index := range replies {
		answering.Go(func() {
			left := sync.OnceFunc(leaving.Done)
			defer left()
			replies[index] = w.ping(ctx, target, index, release, left)
		})
	}
	gone := make(chan struct{})
	go func() {
		leaving.Wait()
		close(gone)
	}()
	select {
	case <-gone:
	case <-time.After(handOver):
	}
	sent()
	answering.Wait()
	return replies
}

// ping sends one ping, once: that with this index of its round. left is called when it is on its way.
func (w *Warmer) ping(run context.Context, target Target, index int, release time.Time, left func()) reply {
	ctx, cancel := context.WithTimeout(run, max(0, time.Until(release))+w.cfg.PingTimeout.Std())
	defer cancel()
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { left() }})
	began := time.Now()
	output, err := w.aws.Invoke.Invoke(ctx, &lambdasvc.InvokeInput{
		FunctionName: &target.Name, Qualifier: target.qualifier(), InvocationType: lambdatypes.InvocationTypeRequestResponse,
		Payload: target.event(index, release.Sub(began)),
	})
	r := reply{sent: began, took: time.Since(began)}
	if err != nil {
		if r.outcome, r.err = judge(ctx, err); r.outcome == Slow && run.Err() != nil {
			r.outcome = Ended
		}
		if r.err != nil {
			r.err = fmt.Errorf("pinging %s: %w", target.Ref, r.err)
		}
		return r
	}
	var other ping.OtherProtocolError
	switch pong, err := ping.Read(output.Payload); {
	case output.FunctionError != nil:
		// What the function says of it may be anything: it is not repeated.
		r.outcome, r.err = Erred, fmt.Errorf("pinging %s: the function failed", target.Ref)
	case target.Library != "": // whatever it answers, nothing in it could be believed
		r.outcome = Answered
	case errors.As(err, &other):
		r.outcome, r.protocol = NoPong, other.Version
	case err != nil:
		r.outcome = NoPong
	default:
		r.outcome, r.pong = Answered, pong
	}
	return r
}

// event is what a target is pinged with.
func (t Target) event(index int, left time.Duration) []byte {
	if t.Library != "" {
		return ping.Foreign(t.Library, index)
	}
	return ping.Event(left)
}

// judge says what an error of Invoke means, by type and code. Not every one is a failure of the run: where a
// function is busy, slow or out of reach for a moment, the run falls short.
func judge(ctx context.Context, err error) (Outcome, error) {
	var throttled *lambdatypes.TooManyRequestsException
	var refused smithy.APIError
	switch {
	case errors.As(err, &throttled):
		return Throttled, nil
	case gone(err):
		return Gone, nil
	case errors.As(err, &refused):
		switch code := refused.ErrorCode(); {
		case code == "AccessDeniedException" || code == "AccessDenied":
			return NotAllowed, err
		case code == "TooManyRequestsException" || code == "ThrottlingException":
			return Throttled, nil
		case refused.ErrorFault() == smithy.FaultServer || serverSide[code]:
			return Trouble, nil
		}
		return Refused, err
	case ctx.Err() != nil:
		return Slow, nil
	}
	return Lost, nil
}

// serverSide are errors of which AWS says that they pass, and its SDK not always that they are AWS's.
var serverSide = map[string]bool{
	"ServiceException": true, "InternalFailure": true, "ServiceUnavailable": true, "ServiceUnavailableException": true, "InternalServerError": true,
	"EC2ThrottledException": true, "EC2UnexpectedException": true, "ENILimitReachedException": true, "EFSMountTimeoutException": true,
}

// open opens connections for so many pings, by calls that run nothing. Each waits with its connection until all have
// one: else the first would be done, and its connection be used again, before the last had begun.
func (w *Warmer) open(ctx context.Context, targets []Target, most int) {
	if w.aws.Hang != nil {
		// What was kept over a pause between two runs may be dead without knowing it.
		w.aws.Hang()
	}
	var refs []Ref
	for _, target := range targets {
		for range min(target.Wanted, most-len(refs)) {
			refs = append(refs, target.Ref)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, openWithin)
	defer cancel()
	var connected sync.WaitGroup
	connected.Add(len(refs))
	all := make(chan struct{})
	go func() {
		connected.Wait()
		close(all)
	}()
	var group errgroup.Group
	for _, ref := range refs {
		group.Go(func() error {
			here := sync.OnceFunc(connected.Done)
			defer here()
			traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) {
				here()
				select {
				case <-all:
				case <-ctx.Done():
				}
			}})
			// Whatever comes of it: the ping will say so.
			_, _ = w.aws.Invoke.Invoke(traced, &lambdasvc.InvokeInput{FunctionName: &ref.Name, Qualifier: ref.qualifier(), InvocationType: lambdatypes.InvocationTypeDryRun})
			return nil
		})
	}
	_ = group.Wait() // none returns an error
}
