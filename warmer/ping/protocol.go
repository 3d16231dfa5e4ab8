package ping

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// This file is the warmer's side of the protocol; users do not get it.

// largestAnswer is the most that an answer can be, in bytes: a real one has some 300.
const largestAnswer = 4096

// ErrNoPong is an answer that does not come from the middleware: the function is not instrumented.
var ErrNoPong = errors.New("the answer is none of the middleware's")

// OtherProtocolError is an answer of a middleware that speaks another version of the protocol.
type OtherProtocolError struct {
	// Version is the one that it speaks.
	Version int
}

func (e OtherProtocolError) Error() string {
	return fmt.Sprintf("the middleware speaks protocol %d, this warmer %d", e.Version, Protocol)
}

// Event is a ping. Hold is the time left until the common time, taken just before the ping is sent;
// the middleware holds nothing that is not from 0 to 10 seconds, so Event keeps to that.
func Event(hold time.Duration) []byte {
	hold = min(max(hold, 0), longestHoldMs*time.Millisecond)
	return []byte(`{"caretakerPing":{"protocol":` + strconv.Itoa(Protocol) + `,"holdMs":` + strconv.FormatInt(hold.Milliseconds(), 10) + `}}`)
}

// Read reads an answer. Its error is ErrNoPong or an OtherProtocolError; what it returns without one
// has an environment, and only text that is safe in a log line.
func Read(answer []byte) (Pong, error) {
	var outer map[string]json.RawMessage
	if len(answer) > largestAnswer || json.Unmarshal(answer, &outer) != nil || len(outer) != 1 {
		return Pong{}, ErrNoPong
	}
	var version struct{ Protocol json.RawMessage }
	if json.Unmarshal(outer["caretakerPong"], &version) != nil {
		return Pong{}, ErrNoPong
	}
	switch number, is := whole(version.Protocol, 1, highestVersion); {
	case !is:
		return Pong{}, ErrNoPong
	case number != Protocol:
		return Pong{}, OtherProtocolError{int(number)}
	}
	var pong Pong
	if json.Unmarshal(outer["caretakerPong"], &pong) != nil || !pong.sound() {
		return Pong{}, ErrNoPong
	}
	return pong, nil
}

// sound tells whether the values are such as the middleware gives.
func (p Pong) sound() bool {
	for _, number := range []int64{p.InitMs, p.SinceInitMs, p.ArrivedMs, p.HeldMs, p.Requests, p.Pings - 1} {
		if number < 0 {
			return false
		}
	}
	return (p.SinceRequestMs == nil || *p.SinceRequestMs >= 0) && p.Environment != "" && plain(p.Environment) && plain(p.Version) && plain(p.InitType)
}

// plain is text as the middleware gives it: an id, $LATEST, provisioned-concurrency.
func plain(text string) bool {
	return len(text) <= 64 && strings.IndexFunc(text, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && r != '-' && r != '_' && r != '$'
	}) < 0
}

// Cold tells whether the ping was the environment's first call, and the init its own.
func (p Pong) Cold() bool {
	return p.first() && p.SinceInitMs < causedWithin.Milliseconds()
}

// Proactive tells whether the ping was the first call of an environment that AWS had initialised well
// before: no user would have waited for it.
func (p Pong) Proactive() bool {
	return p.first() && !p.Cold()
}

func (p Pong) first() bool { return p.Pings == 1 && p.Requests == 0 }
