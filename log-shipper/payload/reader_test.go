package payload_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"caretaker/internal/want"
	"caretaker/log-shipper/payload"
	"caretaker/log-shipper/sample"
)

// with gives bytes with those at a place from the end replaced.
func with(data []byte, fromEnd int, replacement ...byte) []byte {
	data = bytes.Clone(data)
	copy(data[len(data)-fromEnd:], replacement)
	return data
}

func TestOpen_givesWhatIsWholeAndSaysWhatIsNot(t *testing.T) {
	one, two := []byte(`{"messageType":"DATA_MESSAGE"}`), []byte(`{"messageType":"CONTROL_MESSAGE"}`)
	packed, second := sample.Gzip(one), sample.Gzip(two)
	both := append(bytes.Clone(one), two...)
	lying := make([]byte, 4)
	binary.LittleEndian.PutUint32(lying, 1<<32-1)
	for name, c := range map[string]struct {
		data        []byte
		plain, rest []byte
		err         string
	}{
		"gzip":                        {data: packed, plain: one},
		"plain JSON":                  {data: one, plain: one},
		"nothing":                     {data: []byte{}, plain: []byte{}},
		"gzip of nothing":             {data: sample.Gzip(nil), plain: []byte{}},
		"two members":                 {data: append(bytes.Clone(packed), second...), plain: both},
		"two plain values":            {data: both, plain: both},
		"a cut member":                {data: packed[:len(packed)-9], rest: packed[:len(packed)-9], err: "the gzip that begins at byte 0: it is cut short"},
		"a member without trailer":    {data: packed[:len(packed)-8], rest: packed[:len(packed)-8], err: "it is cut short"},
		"a good member, then a cut":   {data: append(bytes.Clone(packed), second[:20]...), plain: one, rest: second[:20], err: "it is cut short"},
		"a good member, then text":    {data: append(bytes.Clone(packed), "hello"...), plain: one, rest: []byte("hello"), err: "is no gzip"},
		"a size that lies, large":     {data: with(packed, 4, lying...), plain: one},
		"a size that lies, small":     {data: with(packed, 4, 0, 0, 0, 0), plain: one},
		"a size that lies in between": {data: append(with(packed, 4, 9, 9, 9, 9), second...), plain: both},
		"a wrong checksum":            {data: with(packed, 8, 1, 2, 3, 4), rest: with(packed, 8, 1, 2, 3, 4), err: "its checksum is wrong"},
		"a header alone":              {data: packed[:2], rest: packed[:2], err: "it is cut short"},
		"a wrong header":              {data: []byte{0x1f, 0x8b, 9, 0, 0, 0, 0, 0, 0, 0}, rest: []byte{0x1f, 0x8b, 9, 0, 0, 0, 0, 0, 0, 0}, err: "its header is wrong"},
	} {
		t.Run(name, func(t *testing.T) {
			var r payload.Reader
			for range 2 { // the second time in the memory of the first
				plain, rest, err := r.Open(c.data)
				want.Equal(t, "the plain text", string(plain), string(c.plain))
				want.Equal(t, "the rest", string(rest), string(c.rest))
				if c.err == "" {
					want.NoError(t, "opening", err)
				} else if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Errorf("the error is %v, want one that says %q", err, c.err)
				}
			}
		})
	}
}

// A bomb of 1 MB of zeros in 1 KB, and one that is within bounds.
func TestOpen_stopsABombAtTheBound(t *testing.T) {
	bomb := sample.Gzip(make([]byte, 1<<20))
	r := payload.Reader{Most: 1<<20 - 1}
	plain, rest, err := r.Open(bomb)
	if !errors.Is(err, payload.ErrTooLong) || len(plain) > 0 || len(rest) != len(bomb) {
		t.Errorf("%d bytes, %d left, %v", len(plain), len(rest), err)
	}
	if _, _, err := r.Open(make([]byte, 1<<20)); !errors.Is(err, payload.ErrTooLong) {
		t.Errorf("plain text that is too long: %v", err)
	}
	r.Most++
	plain, _, err = r.Open(bomb)
	want.NoError(t, "opening what is just within the bound", err)
	want.Equal(t, "bytes", len(plain), 1<<20)
}

// A trailer that promises 4 GB gets no memory for it.
func TestOpen_believesATrailerOnlyAsFarAsALogMayBePacked(t *testing.T) {
	lying := with(sample.Gzip([]byte("{}")), 4, 0xff, 0xff, 0xff, 0xff)
	var r payload.Reader
	plain, _, err := r.Open(lying)
	want.NoError(t, "opening", err)
	if cap(plain) > 4096 {
		t.Errorf("%d bytes of memory for a text of 2", cap(plain))
	}
}

func TestOpen_takesNoMemoryForTheSecondPayload(t *testing.T) {
	packed := sample.Gzip(sample.Payload(1, 1000))
	var r payload.Reader
	_, _, err := r.Open(packed)
	want.NoError(t, "opening", err)
	if got := testing.AllocsPerRun(20, func() { _, _, _ = r.Open(packed) }); got > 1 {
		t.Errorf("%v allocations for each payload", got)
	}
}

func FuzzOpen(f *testing.F) {
	packed := sample.Gzip(sample.Payload(1, 3))
	f.Add(packed)
	f.Add(append(bytes.Clone(packed), packed...))
	f.Add(packed[:len(packed)/2])
	f.Add([]byte(`{"messageType":"DATA_MESSAGE"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := payload.Reader{Most: 1 << 16}
		plain, rest, err := r.Open(data)
		if len(plain) > 1<<16 {
			t.Errorf("%d bytes of plain text", len(plain))
		}
		if (err == nil) != (len(rest) == 0) && len(data) > 0 {
			t.Errorf("%d bytes are left, with the error %v", len(rest), err)
		}
		// The standard library agrees on what is whole and honest.
		if z, failed := gzip.NewReader(bytes.NewReader(data)); failed == nil {
			var text bytes.Buffer
			if _, failed := text.ReadFrom(z); failed == nil && text.Len() <= 1<<16 {
				want.NoError(t, "opening what the standard library opens", err)
				want.Equal(t, "the text", string(plain), text.String())
			}
		}
	})
}
