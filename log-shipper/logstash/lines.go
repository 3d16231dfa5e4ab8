package logstash

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"caretaker/log-shipper/web"
)

// line is a connection that can be told that nothing more comes; those of TCP and of TLS can.
type line interface {
	net.Conn
	CloseWrite() error
}

// dial opens a connection, and says hello where it is one of TLS.
func (d *Destination) dial(ctx context.Context) (line, error) {
	ctx, stop := context.WithTimeout(ctx, 2*web.ConnectTimeout)
	defer stop()
	dialer := net.Dialer{Timeout: web.ConnectTimeout}
	if d.address.Scheme == "tls" {
		conn, err := (&tls.Dialer{NetDialer: &dialer, Config: d.trust}).DialContext(ctx, "tcp", d.address.Host)
		if err != nil {
			return nil, err
		}
		return conn.(*tls.Conn), nil
	}
	conn, err := dialer.DialContext(ctx, "tcp", d.address.Host)
	if err != nil {
		return nil, err
	}
	return conn.(*net.TCPConn), nil
}

// errEarly is a connection that was closed before all was written: what of it was read nobody knows.
var errEarly = errors.New("the connection was closed before all was written")

// write writes documents as lines to a connection of their own, tells that nothing more comes, and waits until it is
// closed from there. Logstash does that when it has read to the end, and handed everything to its queue: while that is
// full it reads nothing. An error says that it is not known what of it arrived.
// https://www.elastic.co/docs/reference/logstash/plugins/plugins-inputs-tcp
func (r *requests) write(ctx context.Context, docs []int) error {
	defer web.NameSilent(ctx, r.d.options.Endpoint)()
	conn, err := r.d.dial(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	closed := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, conn) // whatever it may say, it is no answer
		closed <- err
	}()
	out := bufio.NewWriterSize(conn, 64<<10)
	for _, i := range docs {
		// Each has so much time: a queue that is full lets nothing through for a while. The end of ctx goes before that.
		if err := errors.Join(conn.SetWriteDeadline(time.Now().Add(web.AnswerTimeout)), ctx.Err()); err != nil {
			return fmt.Errorf("writing: %w", err)
		}
		_, _ = out.Write(r.batch.Body(i)) // Flush says what went wrong
		if err := out.WriteByte('\n'); err != nil {
			return fmt.Errorf("writing: %w", err)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("writing: %w", err)
	}
	select {
	case <-closed:
		return errEarly
	default:
	}
	if err := conn.CloseWrite(); err != nil {
		return fmt.Errorf("ending: %w", err)
	}
	waited := time.NewTimer(web.AnswerTimeout)
	defer waited.Stop()
	select {
	case err := <-closed:
		// A connection of TLS may end without a word of farewell: it was told that nothing more comes.
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			return fmt.Errorf("waiting for the connection's end: %w", err)
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("it did not read to the end: %w", ctx.Err())
	case <-waited.C:
		return fmt.Errorf("it did not read to the end within %s", web.AnswerTimeout)
	}
}
