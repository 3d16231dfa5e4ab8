// Package logstash is for tests: a server in Go that answers as two inputs of Logstash do, since Logstash itself
// is no package that a build can fetch. What it answers is what the inputs' sources say.
//
// The input http takes a list of events, compressed or not: 200 with ok, 401 with nothing for somebody else, 429 with
// nothing while its queue is full, 413 for more than it takes, 500 with nothing where its codec breaks. The input tcp takes lines of JSON and answers
// nothing: it closes a connection when it has read to the end, stops reading while its queue is full, and makes an
// event of a line that was cut off, as Logstash's codec does.
// https://github.com/logstash-plugins/logstash-input-http https://github.com/logstash-plugins/logstash-input-tcp
//
// It listens on free ports of 127.0.0.1 and ends with its context.
package logstash

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"maps"
	"sync"

	"caretaker/internal/opensearch"
)

// StandIn is both inputs, in front of one queue. Its methods may be called at the same time.
type StandIn struct {
	ctx       context.Context // of all connections
	trust     *tls.Config     // nil where they speak without TLS
	authority string
	http      *door
	tcp       *door

	mutex sync.Mutex
	// events are how often each was taken, by event.id.
	events map[string]int
	// broken are lines that were no JSON.
	broken         int
	user, password string
	full           chan struct{} // closed when there is room; nil while there is
	most           int
	poison         string
	cut            int
	hangs          bool
}

// Start starts one, with TLS and an authority of its own where secure is set.
func Start(ctx context.Context, secure bool) (*StandIn, error) {
	s := &StandIn{ctx: ctx, events: map[string]int{}, most: 100 << 20} // max_content_length is 100 MB by itself
	if secure {
		var err error
		if s.trust, s.authority, err = opensearch.Certificates(); err != nil {
			return nil, fmt.Errorf("making certificates: %w", err)
		}
	}
	s.http, s.tcp = &door{serve: s.serveHTTP}, &door{serve: s.serveLines}
	if err := s.Restart(); err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, s.Kill)
	return s, nil
}

// Restart brings it back at the same addresses, with what it took.
func (s *StandIn) Restart() error {
	for _, d := range []*door{s.http, s.tcp} {
		if err := d.open(s.ctx, s.trust); err != nil {
			return fmt.Errorf("opening an input: %w", err)
		}
	}
	return nil
}

// Kill takes it down at once, with all connections.
func (s *StandIn) Kill() {
	s.http.close()
	s.tcp.close()
}

// HTTP is the address of the input http, TCP that of the input tcp.
func (s *StandIn) HTTP() string { return s.address("http", "https", s.http) }

// TCP is the address of the input tcp.
func (s *StandIn) TCP() string { return s.address("tcp", "tls", s.tcp) }

func (s *StandIn) address(plain, secure string, d *door) string {
	if s.trust != nil {
		plain = secure
	}
	return plain + "://" + d.address
}

// CA is the certificate of the authority that signed its own, in PEM; empty where it speaks without TLS.
func (s *StandIn) CA() string { return s.authority }

// Events are how often each event was taken, by event.id.
func (s *StandIn) Events() map[string]int {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return maps.Clone(s.events)
}

// Broken is how many lines were no JSON: Logstash makes an event of each, tagged _jsonparsefailure.
func (s *StandIn) Broken() int {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.broken
}

// change changes how it behaves.
func (s *StandIn) change(how func()) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	how()
}

// Require has the input http ask for a user and a password.
func (s *StandIn) Require(user, password string) {
	s.change(func() { s.user, s.password = user, password })
}

// Fill makes the queue full, or gives it room again.
func (s *StandIn) Fill(full bool) {
	s.change(func() {
		switch {
		case full && s.full == nil:
			s.full = make(chan struct{})
		case !full && s.full != nil:
			close(s.full)
			s.full = nil
		}
	})
}

// Limit is the most bytes of a request, decompressed.
func (s *StandIn) Limit(bytes int) { s.change(func() { s.most = bytes }) }

// Poison has the codec break over events that hold a text. Empty ends that.
func (s *StandIn) Poison(text string) { s.change(func() { s.poison = text }) }

// Cut has the input tcp reset each connection after so many lines; 0 ends that.
func (s *StandIn) Cut(lines int) { s.change(func() { s.cut = lines }) }

// Hang has the input tcp never close a connection of its own accord.
func (s *StandIn) Hang(hangs bool) { s.change(func() { s.hangs = hangs }) }

// take puts an event into the queue.
func (s *StandIn) take(event json.RawMessage) {
	var one struct {
		ID string `json:"event.id"`
	}
	err := json.Unmarshal(event, &one)
	s.change(func() {
		if err != nil {
			s.broken++
			return
		}
		s.events[one.ID]++
	})
}
