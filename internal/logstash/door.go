package logstash

import (
	"cmp"
	"context"
	"crypto/tls"
	"net"
	"sync"
)

// door is a port that can be closed, with all who came in by it, and opened again.
type door struct {
	serve   func(net.Conn)
	address string

	mutex    sync.Mutex
	listener net.Listener
	inside   map[net.Conn]bool
}

func (d *door) open(ctx context.Context, trust *tls.Config) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cmp.Or(d.address, "127.0.0.1:0"))
	if err != nil {
		return err
	}
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.address, d.listener, d.inside = listener.Addr().String(), listener, map[net.Conn]bool{}
	go d.receive(listener, trust)
	return nil
}

// receive lets callers in until the door is closed.
func (d *door) receive(listener net.Listener, trust *tls.Config) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		served := conn
		if trust != nil {
			served = tls.Server(conn, trust)
		}
		d.mutex.Lock()
		if d.listener == listener {
			d.inside[conn] = true
		} else {
			_ = conn.Close()
		}
		d.mutex.Unlock()
		go func() {
			d.serve(served)
			_ = served.Close()
			d.mutex.Lock()
			defer d.mutex.Unlock()
			delete(d.inside, conn)
		}()
	}
}

// close resets all connections, as the end of a process that has read no further does.
func (d *door) close() {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if d.listener == nil {
		return
	}
	_ = d.listener.Close()
	d.listener = nil
	for conn := range d.inside {
		reset(conn)
	}
}

// reset ends a connection without a farewell.
func reset(conn net.Conn) {
	if over, is := conn.(*tls.Conn); is {
		conn = over.NetConn()
	}
	if tcp, is := conn.(*net.TCPConn); is {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
