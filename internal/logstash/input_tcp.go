package logstash

import (
	"bufio"
	"bytes"
	"net"
)

// serveLines reads lines of JSON until the caller says that nothing more comes.
func (s *StandIn) serveLines(conn net.Conn) {
	in := bufio.NewReaderSize(conn, 64<<10)
	for count := 1; ; count++ {
		line, err := in.ReadBytes('\n')
		if line = bytes.TrimSpace(line); len(line) > 0 {
			s.mutex.Lock()
			full, cut := s.full, s.cut
			s.mutex.Unlock()
			if full != nil {
				select {
				case <-full:
				case <-s.ctx.Done():
					return
				}
			}
			s.take(line) // what is left of one that was cut off, too
			if cut > 0 && count >= cut {
				reset(conn)
				return
			}
		}
		if err != nil {
			s.mutex.Lock()
			hangs := s.hangs
			s.mutex.Unlock()
			if hangs {
				<-s.ctx.Done()
			}
			return
		}
	}
}
