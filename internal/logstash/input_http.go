package logstash

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// serveHTTP serves the requests of one connection.
func (s *StandIn) serveHTTP(conn net.Conn) {
	server := &http.Server{Handler: http.HandlerFunc(s.answer), ReadHeaderTimeout: 10 * time.Second}
	_ = server.Serve(&one{conn: conn, done: s.ctx.Done()}) // ends with the connection
}

// answer is that of the input http.
func (s *StandIn) answer(w http.ResponseWriter, r *http.Request) {
	s.mutex.Lock()
	user, password, full, most, poison := s.user, s.password, s.full != nil, s.most, s.poison
	s.mutex.Unlock()
	if full {
		w.WriteHeader(http.StatusTooManyRequests)
		return
	}
	if given, secret, has := r.BasicAuth(); user != "" && (given != user || secret != password) {
		if !has {
			w.Header().Set("WWW-Authenticate", `Basic realm="Logstash HTTP Input"`)
		}
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	body, err := plain(r)
	if err != nil {
		return // the caller is gone
	}
	if len(body) > most {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	for _, event := range events(r, body) {
		if poison != "" && bytes.Contains(event, []byte(poison)) {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		s.take(event)
	}
	w.Header().Set("Content-Type", "text/plain")
	_, _ = w.Write([]byte("ok")) // the caller may be gone
}

// plain is the body, decompressed.
func plain(r *http.Request) ([]byte, error) {
	if r.Header.Get("Content-Encoding") != "gzip" {
		return io.ReadAll(r.Body)
	}
	reader, err := gzip.NewReader(r.Body)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(reader)
}

// events are what the codec makes of a body: of a list one for each entry, of anything that is no JSON one.
func events(r *http.Request, body []byte) []json.RawMessage {
	var list []json.RawMessage
	if r.Header.Get("Content-Type") != "application/json" || json.Unmarshal(body, &list) != nil {
		return []json.RawMessage{body}
	}
	return list
}

// one is a listener of a single connection, which lasts as long as that one does.
type one struct {
	conn net.Conn
	done <-chan struct{}
	once sync.Once
}

// Accept gives the connection, and then waits for the end.
func (l *one) Accept() (net.Conn, error) {
	var conn net.Conn
	l.once.Do(func() { conn = l.conn })
	if conn != nil {
		return conn, nil
	}
	<-l.done
	return nil, net.ErrClosed
}

// Close does nothing: the connection has an owner.
func (l *one) Close() error { return nil }

// Addr is where it came in.
func (l *one) Addr() net.Addr { return l.conn.LocalAddr() }
