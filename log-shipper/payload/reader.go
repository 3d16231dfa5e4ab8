// Package payload reads what CloudWatch Logs sends: gzip, in one member or several, or plain JSON,
// and in it one JSON value or several in a row. It works on slices of the text and copies none.
package payload

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"

	"github.com/klauspost/compress/gzip"
)

// Most is the longest plain text that a payload may have, in bytes, unless a Reader says otherwise: a
// bomb of a few KB is stopped there.
const Most = 64 << 20

// ErrTooLong is the plain text that would be longer than a Reader allows.
var ErrTooLong = errors.New("the plain text is too long")

// Reader opens payloads, one after the other, and keeps its memory for the next. The zero value is
// ready.
type Reader struct {
	// Most is the longest plain text, in bytes. 0 means the constant Most.
	Most int

	gzip   gzip.Reader
	source bytes.Reader
	plain  []byte
}

// magic begins each member of gzip.
// https://www.rfc-editor.org/rfc/rfc1952#page-6
var magic = []byte{0x1f, 0x8b}

// trailer is how long a member's end is: a checksum, and the size of its plain text modulo 2^32.
const trailer = 8

// Open gives the plain text of a payload. With an error it gives what could be read whole before
// that: good members of gzip before a bad one. rest is then what could not be read. The text is valid
// until the next Open, and may be data itself.
func (r *Reader) Open(data []byte) (plain, rest []byte, err error) {
	most := r.Most
	if most == 0 {
		most = Most
	}
	if !bytes.HasPrefix(data, magic) {
		if len(data) > most {
			return nil, data, fmt.Errorf("%w: %d bytes, %d are allowed", ErrTooLong, len(data), most)
		}
		return data, nil, nil
	}
	r.plain = r.plain[:0]
	r.source.Reset(data)
	for r.source.Len() > 0 {
		begin := len(data) - r.source.Len()
		if begin > 0 && !bytes.HasPrefix(data[begin:], magic) {
			return r.plain, data[begin:], fmt.Errorf("what follows byte %d of the gzip is no gzip", begin)
		}
		whole := len(r.plain)
		if err := r.member(most, data[begin:]); err != nil {
			r.plain = r.plain[:whole]
			return r.plain, data[begin:], fmt.Errorf("the gzip that begins at byte %d: %w", begin, err)
		}
	}
	return r.plain, nil, nil
}

// member reads the next member to its end. left is the payload from this member on.
func (r *Reader) member(most int, left []byte) error {
	if err := r.gzip.Reset(&r.source); err != nil {
		return plainer(err)
	}
	r.gzip.Multistream(false)
	begin := len(r.plain)
	r.plain = slices.Grow(r.plain, hint(left, most-begin))
	for {
		if len(r.plain) > most {
			return fmt.Errorf("%w: more than %d bytes", ErrTooLong, most)
		}
		if len(r.plain) == cap(r.plain) {
			r.plain = slices.Grow(r.plain, max(512, len(r.plain)/4))
		}
		n, err := r.gzip.Read(r.plain[len(r.plain):min(cap(r.plain), most+1)])
		r.plain = r.plain[:len(r.plain)+n]
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, gzip.ErrChecksum) && r.onlySizeLies(left, r.plain[begin:]):
			return nil
		case err != nil:
			return plainer(err)
		}
	}
}

// hint is how much room the text is given at once. The trailer is only believed as far as a log may
// have been compressed, since it may lie.
func hint(left []byte, most int) int {
	if len(left) < trailer {
		return 0
	}
	size := int64(binary.LittleEndian.Uint32(left[len(left)-4:])) + 1 // one more, to see the end without growing
	return int(max(0, min(size, int64(len(left))*32, int64(most)+1)))
}

// onlySizeLies tells of a member whose trailer is wrong that its checksum is right: then the text is.
func (r *Reader) onlySizeLies(left, text []byte) bool {
	end := len(left) - r.source.Len()
	return end >= trailer && binary.LittleEndian.Uint32(left[end-trailer:]) == crc32.ChecksumIEEE(text)
}

// plainer says what is wrong in words that need no knowledge of the library.
func plainer(err error) error {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return errors.New("it is cut short")
	case errors.Is(err, gzip.ErrChecksum):
		return errors.New("its checksum is wrong")
	case errors.Is(err, gzip.ErrHeader):
		return errors.New("its header is wrong")
	}
	return err
}
