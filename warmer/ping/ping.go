// Package ping answers the pings of Caretaker's warmer inside a Lambda function, so that no ping
// reaches the function's own code and the warmer learns which environments it has reached.
//
//	lambda.Start(ping.Wrap(lambda.NewHandler(handle)))
//
// Everything else reaches the handler byte for byte. A real event costs well under a microsecond and
// no allocation: it is told from a ping by its size and its first bytes.
//
// A handler that streams its answer must not be wrapped, since aws-lambda-go would then read the
// answer to its end first. It asks Answer instead:
//
//	lambda.Start(func(ctx context.Context, event json.RawMessage) (any, error) {
//		if pong, is := ping.Answer(ctx, event); is {
//			return json.RawMessage(pong), nil
//		}
//		...
//
// Context values are given to lambda.StartWithOptions: those of a wrapped handler's own options are lost.
//
// The file is yours to keep: `caretaker warmer middleware --lang go` wrote it, and it imports the
// standard library alone. docs/warmer-protocol.md of Caretaker is the protocol.
package ping

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// Protocol is the version of the protocol that this file speaks.
	Protocol = 1

	largest        = 1024   // bytes; what is larger is a real event
	highestVersion = 1000   // of the protocol, in a ping
	longestHoldMs  = 10_000 // a ping that asks for more is not held at all
	foreignHold    = 75 * time.Millisecond
	causedWithin   = time.Second // a first ping that arrives so soon after the init has waited for it
	longestInit    = time.Hour   // what Linux says beyond this is not the age of a Lambda process
)

// Handler is what lambda.NewHandler returns.
type Handler interface {
	Invoke(ctx context.Context, event []byte) ([]byte, error)
}

// Pong is the answer to a ping. Times are milliseconds.
type Pong struct {
	Protocol    int    `json:"protocol"`
	Environment string `json:"environment"` // made in the first call that needs it: a snapshot would copy an earlier one
	Version     string `json:"version"`     // the function's version: $LATEST or a number; empty outside Lambda
	InitType    string `json:"initType"`    // on-demand, provisioned-concurrency, ...; empty where Lambda does not say
	Pings       int64  `json:"pings"`       // answered in this environment, this one included
	Requests    int64  `json:"requests"`    // everything else so far
	InitMs      int64  `json:"initMs"`      // from the start of the process to the first Wrap
	SinceInitMs int64  `json:"sinceInitMs"` // from there to the arrival of this ping
	ArrivedMs   int64  `json:"arrivedMs"`   // since 1970, by this environment's own clock
	HeldMs      int64  `json:"heldMs"`
	// SinceRequestMs is the time from the last real request to this ping, null if there was none.
	SinceRequestMs *int64 `json:"sinceRequestMs"`
}

// Option is an option of Wrap and Answer.
type Option func(*dialects)

// Accept has the pings of other warmers answered as well, by the libraries' names. It panics if it
// does not know one. Never accept what your real events may look like: {} is a ping to some of them.
func Accept(libraries ...string) Option {
	for _, library := range libraries {
		if _, known := foreign[library]; !known {
			panic(fmt.Sprintf("ping.Accept: %q is not allowed: one of %s", library, strings.Join(slices.Sorted(maps.Keys(foreign)), ", ")))
		}
	}
	return func(d *dialects) { *d = append(*d, libraries...) }
}

func named(options []Option) (d dialects) {
	for _, option := range options {
		option(&d)
	}
	return d
}

// Wrap has pings answered before next sees them; everything else is next's, byte for byte.
func Wrap(next Handler, options ...Option) Handler {
	process.wrapped()
	return wrapped{next: next, here: process, accepted: named(options)}
}

// Answer is for handlers that cannot be wrapped: it answers a ping, after its hold, or says that the
// event is none.
func Answer(ctx context.Context, event []byte, options ...Option) (pong []byte, is bool) {
	return process.answer(ctx, event, named(options))
}

type wrapped struct {
	next     Handler
	here     *environment
	accepted dialects
}

func (w wrapped) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	if pong, is := w.here.answer(ctx, event, w.accepted); is {
		return pong, nil
	}
	return w.next.Invoke(ctx, event)
}

// process is this environment: Lambda has one process in each.
var process = newEnvironment()

// environment is what the answers tell of an environment. It goes by the wall clock, since the
// monotonic clock may stand still while Lambda has the environment frozen.
type environment struct {
	version, initType string
	began, ready      time.Time // the init
	wrapped           func()    // ends the init, the first time
	id                func() string
	pings, requests   atomic.Int64
	lastRequest       atomic.Int64 // nanoseconds since 1970, 0 for none
}

func newEnvironment() *environment {
	loaded := time.Now()
	e := &environment{
		version: os.Getenv("AWS_LAMBDA_FUNCTION_VERSION"), initType: os.Getenv("AWS_LAMBDA_INITIALIZATION_TYPE"),
		began: loaded.Add(-processAge()), ready: loaded, id: sync.OnceValue(newID),
	}
	e.wrapped = sync.OnceFunc(func() { e.ready = time.Now() })
	return e
}

func newID() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // always fills it, and never fails
	return hex.EncodeToString(id[:])
}

// processAge is how long ago the process started, or 0 where Linux does not say so: field 22 of
// /proc/self/stat, in hundredths of a second since the start of the machine.
func processAge() time.Duration {
	stat, _ := os.ReadFile("/proc/self/stat")
	machine, _ := os.ReadFile("/proc/uptime")
	fields, uptime := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:]), bytes.Fields(machine)
	if len(fields) < 20 || len(uptime) == 0 {
		return 0
	}
	started, notStarted := strconv.ParseFloat(string(fields[19]), 64)
	up, notUp := strconv.ParseFloat(string(uptime[0]), 64)
	age := time.Duration((up - started/100) * float64(time.Second))
	if notStarted != nil || notUp != nil || age < 0 || age > longestInit {
		return 0
	}
	return age
}

// answer holds a ping and answers it, or counts a real event.
func (e *environment) answer(ctx context.Context, event []byte, accepted dialects) ([]byte, bool) {
	arrived := time.Now()
	hold, is := accepted.hold(event)
	if !is {
		e.requests.Add(1)
		e.lastRequest.Store(arrived.UnixNano())
		return nil, false
	}
	pong := Pong{
		Protocol: Protocol, Environment: e.id(), Version: e.version, InitType: e.initType,
		Pings: e.pings.Add(1), Requests: e.requests.Load(),
		InitMs: between(e.began, e.ready), SinceInitMs: between(e.ready, arrived), ArrivedMs: arrived.UnixMilli(),
	}
	if last := e.lastRequest.Load(); last != 0 {
		since := between(time.Unix(0, last), arrived)
		pong.SinceRequestMs = &since
	}
	// The common time came nearer while this ping waited for the init that it caused.
	if pong.Pings == 1 && pong.Requests == 0 && pong.SinceInitMs < causedWithin.Milliseconds() {
		hold -= time.Duration(pong.InitMs) * time.Millisecond
	}
	pong.HeldMs = held(ctx, hold)
	answer, _ := json.Marshal(map[string]Pong{"caretakerPong": pong}) // strings and numbers: it cannot fail
	return answer, true
}

// between is never negative: wall clocks may be set back. Round takes the monotonic reading away.
func between(from, to time.Time) int64 { return max(0, to.Round(0).Sub(from.Round(0)).Milliseconds()) }

// held waits for the hold, but never past half of the time that the call has left, and says how long
// it was. A call without a deadline is not in Lambda, and is not held.
func held(ctx context.Context, hold time.Duration) int64 {
	deadline, has := ctx.Deadline()
	hold = min(hold, time.Until(deadline)/2)
	if !has || hold <= 0 {
		return 0
	}
	began := time.Now()
	select {
	case <-time.After(hold):
	case <-ctx.Done():
	}
	return time.Since(began).Milliseconds()
}

// dialects are the names of the libraries whose pings are answered too.
type dialects []string

// hold tells whether an event is a ping, and how long it asks to be held.
func (d dialects) hold(event []byte) (hold time.Duration, is bool) {
	if len(event) > largest {
		return 0, false
	}
	if hold, is = own(event); is || len(d) == 0 {
		return hold, is
	}
	var value any
	decoder := json.NewDecoder(bytes.NewReader(event))
	decoder.UseNumber() // 1e400 is a number too
	if !json.Valid(event) || decoder.Decode(&value) != nil {
		return 0, false
	}
	return foreignHold, slices.ContainsFunc(d, func(library string) bool { return foreign[library](value) })
}

// own reads a ping of Caretaker. Most real events are told from one by their first bytes.
func own(event []byte) (hold time.Duration, is bool) {
	rest := event
	for _, token := range [...]string{"{", `"caretakerPing"`, ":", "{"} {
		rest = bytes.TrimLeft(rest, " \t\r\n")
		if len(rest) < len(token) || string(rest[:len(token)]) != token {
			return 0, false
		}
		rest = rest[len(token):]
	}
	var outer map[string]map[string]json.RawMessage
	if json.Unmarshal(event, &outer) != nil || len(outer) != 1 {
		return 0, false
	}
	ping := outer["caretakerPing"]
	if _, is := whole(ping["protocol"], 1, highestVersion); !is {
		return 0, false
	}
	ms, _ := whole(ping["holdMs"], 0, longestHoldMs)
	return time.Duration(ms) * time.Millisecond, true
}

// whole reads a whole number from least to most: 750, 750.0 and 7.5e2, but not "750", 1.5 or 1e400.
func whole(text json.RawMessage, least, most int64) (int64, bool) {
	number, err := strconv.ParseFloat(string(text), 64)
	if err != nil || number < float64(least) || number > float64(most) || number != float64(int64(number)) {
		return 0, false
	}
	return int64(number), true
}

// foreign are the libraries and what their pings look like: all keys must be those of the library.
var foreign = map[string]func(event any) bool{
	"lambda-warmer":                   flagged("concurrency", "target", "test", "__WARMER_INVOCATION__", "__WARMER_CONCURRENCY__", "__WARMER_CORRELATIONID__"),
	"lambda-warmer-py":                flagged("concurrency", "__WARMER_INVOCATION__", "__WARMER_CONCURRENCY__", "__WARMER_CORRELATION_ID__"),
	"lambda-warmer-go":                flagged("concurrency", "warmerinvocation", "warmerInvocation", "warmerConcurrency", "correlationId"),
	"serverless-plugin-warmup":        marked("source", "serverless-plugin-warmup"),
	"serverless-plugin-lambda-warmup": marked("source", "serverless-plugin-lambda-warmup"),
	"opennext":                        marked("type", "warmer", "warmerId", "index", "concurrency", "delay"),
	"thundra-lambda-warmup":           thundra,
}

// marked is an object with that value under that key, and no keys but the others named.
func marked(key string, value any, others ...string) func(any) bool {
	return func(event any) bool {
		object, _ := event.(map[string]any)
		for name := range object {
			if name != key && !slices.Contains(others, name) {
				return false
			}
		}
		return object != nil && object[key] == value
	}
}

// flagged is one object marked warmer, or a list of them.
func flagged(others ...string) func(any) bool {
	one := marked("warmer", true, others...)
	return func(event any) bool {
		list, is := event.([]any)
		if !is {
			return one(event)
		}
		return len(list) > 0 && !slices.ContainsFunc(list, func(item any) bool { return !one(item) })
	}
}

// thundra sends an empty object, or a string.
func thundra(event any) bool {
	object, is := event.(map[string]any)
	text, _ := event.(string)
	return is && len(object) == 0 || strings.HasPrefix(text, "#warmup")
}
