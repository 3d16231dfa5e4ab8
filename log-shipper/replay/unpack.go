package replay

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"

	"caretaker/log-shipper/payload"
)

// piece is a part of an object that is small enough to be in memory.
type piece struct {
	// text is a payload of CloudWatch Logs as JSON, or a dead letter.
	text   []byte
	letter bool
}

// origin is what an object of an export does not say of its lines.
type origin struct{ group, stream string }

var (
	errNoLog   = errors.New("it is no archive of logs: neither payloads of CloudWatch Logs, nor lines that begin with a time, nor dead letters")
	errNoGroup = errors.New("it is an export of CloudWatch Logs, which does not say its log group: give --group")
)

// letterBegins is how each dead letter of the shipper begins.
const letterBegins = `{"reason":`

// unpack reads an object from its beginning to its end, and gives its pieces, one after the other: of any
// length it takes no more memory than the largest piece. A text is good until the next.
func unpack(body io.Reader, from origin, each func(piece) error) error {
	in, err := opened(body)
	if err != nil {
		return err
	}
	first, err := begins(in)
	switch {
	case errors.Is(err, io.EOF):
		return nil // it is empty
	case err != nil:
		return err
	case first == '{':
		return values(in, each)
	case first >= '0' && first <= '9' && from.group == "":
		return errNoGroup
	case first >= '0' && first <= '9':
		return lines(in, from, each)
	}
	return errNoLog
}

// mostDeep is how often an object may be compressed: Firehose compresses what CloudWatch Logs compressed.
const mostDeep = 2

// window is how much is read at a time.
const window = 1 << 16

// opened is the plain text of an object.
func opened(body io.Reader) (*bufio.Reader, error) {
	in := bufio.NewReaderSize(body, window)
	for range mostDeep {
		head, err := in.Peek(2)
		if err != nil || head[0] != 0x1f || head[1] != 0x8b {
			break // an object of one byte is told by who reads it
		}
		unzipped, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("it begins as gzip and is none: %w", err)
		}
		in = bufio.NewReaderSize(unzipped, window)
	}
	return in, nil
}

// begins is the first byte that is no blank.
func begins(in *bufio.Reader) (byte, error) {
	for {
		c, err := in.ReadByte()
		if err != nil {
			return 0, err
		}
		if c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			return c, in.UnreadByte()
		}
	}
}

// bounded stops a value that is longer than memory should hold.
type bounded struct {
	in   io.Reader
	left int
}

func (b *bounded) Read(into []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("%w: a value of over %d bytes", payload.ErrTooLong, payload.Most)
	}
	read, err := b.in.Read(into[:min(len(into), b.left)])
	b.left -= read
	return read, err
}

// values gives one JSON value after the other, with or without anything between: Firehose writes none.
func values(in io.Reader, each func(piece) error) error {
	limited := &bounded{in: in}
	decoder := json.NewDecoder(limited)
	var raw json.RawMessage
	for number := 1; ; number++ {
		limited.left = payload.Most
		raw = raw[:0]
		err := decoder.Decode(&raw)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("JSON value %d: %w", number, err)
		}
		if err := each(piece{raw, bytes.HasPrefix(raw, []byte(letterBegins))}); err != nil {
			return err
		}
	}
}

// stamp is how each event of an export begins, with a blank behind.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/S3Export.html
const stamp = "2006-01-02T15:04:05.000Z"

// chunk is how many bytes of an export become one payload, at least.
const chunk = 4 << 20

// export makes payloads of the lines of an export. An event has no id there, so that its document's is a hash of
// what it says, and of how many equal ones came before in the payload: events of one time stay in one payload.
type export struct {
	from origin
	each func(piece) error

	head   []byte
	text   []byte
	events int
	// time is that of the last event, message its lines so far.
	time    int64
	message []byte
}

// lines gives the events of an export: a line that begins with a time and a blank, and those behind it that
// do not.
func lines(in *bufio.Reader, from origin, each func(piece) error) error {
	head, err := json.Marshal(map[string]string{"messageType": "DATA_MESSAGE", "logGroup": from.group, "logStream": from.stream})
	if err != nil {
		return err
	}
	e := &export{from: from, each: each, head: append(bytes.TrimSuffix(head, []byte("}")), `,"logEvents":[`...)}
	begun, within := false, false // within a line that is longer than what is read at a time
	for {
		line, err := in.ReadSlice('\n')
		if at, is := stamped(line); is && !within {
			if err := e.next(at, begun); err != nil {
				return err
			}
			begun, line = true, line[len(stamp)+1:]
		} else if !begun {
			return errNoLog
		}
		if len(e.message)+len(line) > payload.Most {
			return fmt.Errorf("%w: an event of over %d bytes", payload.ErrTooLong, payload.Most)
		}
		e.message = append(e.message, line...)
		within = errors.Is(err, bufio.ErrBufferFull)
		switch {
		case errors.Is(err, io.EOF):
			return e.end()
		case err != nil && !within:
			return err
		}
	}
}

// stamped is the time that a line begins with, in milliseconds.
func stamped(line []byte) (int64, bool) {
	if len(line) <= len(stamp) || line[len(stamp)] != ' ' || line[4] != '-' || line[10] != 'T' {
		return 0, false
	}
	at, err := time.Parse(stamp, string(line[:len(stamp)]))
	return at.UnixMilli(), err == nil
}

// next ends the event before, and begins one of a time.
func (e *export) next(at int64, begun bool) error {
	if begun {
		if err := e.add(); err != nil {
			return err
		}
		if len(e.text) >= chunk && at != e.time || len(e.text) >= payload.Most {
			if err := e.flush(); err != nil {
				return err
			}
		}
	}
	e.time, e.message = at, e.message[:0]
	return nil
}

// add writes the event into the payload.
func (e *export) add() error {
	message, err := json.Marshal(strings.TrimSuffix(string(e.message), "\n"))
	if err != nil {
		return err
	}
	separator := ","
	if e.events == 0 {
		e.text, separator = append(e.text[:0], e.head...), ""
	}
	e.text = fmt.Appendf(e.text, `%s{"timestamp":%d,"message":%s}`, separator, e.time, message)
	e.events++
	return nil
}

func (e *export) flush() error {
	if e.events == 0 {
		return nil
	}
	e.text = append(e.text, "]}"...)
	e.events = 0
	err := e.each(piece{text: e.text})
	e.text = e.text[:0]
	return err
}

func (e *export) end() error {
	if err := e.add(); err != nil {
		return err
	}
	return e.flush()
}
