package logshipper

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"strconv"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"
)

// Letter is a dead letter: something that can never be sent as it is, with the reason. One of Document,
// Text and Data is set.
type Letter struct {
	Reason string `json:"reason"`
	// ID and Time are those of the document: see document.Batch.
	ID   string `json:"id,omitempty"`
	Time int64  `json:"time,omitempty"`
	// Document is what the destination refused, redacted.
	Document json.RawMessage `json:"document,omitempty"`
	// Text is a piece of a payload of which no document could be made, redacted.
	Text string `json:"text,omitempty"`
	// Data is a payload that cannot be read, and so not redacted either.
	Data []byte `json:"data,omitempty"`
}

// letters are the dead letters of one delivery, as one object of lines of JSON, compressed as they are
// written: of a delivery that is refused as a whole they would else be as large as itself. The zero
// value holds none.
type letters struct {
	count   int
	day     string
	sum     hash.Hash
	packed  bytes.Buffer
	writer  *gzip.Writer
	failure error
}

// writers are kept: each takes a quarter of a megabyte.
var writers = sync.Pool{New: func() any {
	writer, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	if err != nil {
		panic(err) // the level is a constant
	}
	return writer
}}

// add writes a letter. What makes two letters the same is what is in them, the reason apart: a node may
// word it differently the second time.
func (l *letters) add(letter Letter) {
	if l.writer == nil {
		l.sum, l.writer = sha256.New(), writers.Get().(*gzip.Writer)
		l.writer.Reset(&l.packed)
	}
	if l.day == "" && letter.Time > 0 {
		l.day = time.UnixMilli(letter.Time).UTC().Format(time.DateOnly)
	}
	for _, part := range [][]byte{[]byte(letter.ID), letter.Document, []byte(letter.Text), letter.Data} {
		l.sum.Write(strconv.AppendInt(nil, int64(len(part)), 10))
		l.sum.Write([]byte{0})
		l.sum.Write(part)
	}
	line, err := json.Marshal(letter)
	if err != nil { // it is no JSON after all: as a text it is kept
		letter.Text, letter.Document = string(letter.Document), nil
		line, err = json.Marshal(letter)
	}
	if err == nil {
		_, err = l.writer.Write(append(line, '\n'))
	}
	if err != nil && l.failure == nil {
		l.failure = fmt.Errorf("writing a dead letter: %w", err)
	}
	l.count++
}

// object closes the letters and gives their key, which is the same for the same letters of a destination, and
// what is to stand there.
func (l *letters) object(destination string) (key string, packed []byte, err error) {
	if err := l.writer.Close(); l.failure == nil && err != nil {
		l.failure = fmt.Errorf("writing dead letters: %w", err)
	}
	writers.Put(l.writer)
	day := l.day
	if day == "" {
		day = "undated"
	}
	return keyOf(DeadLettersPrefix+day+"/"+hex.EncodeToString(l.sum.Sum(nil))+".ndjson.gz", destination), l.packed.Bytes(), l.failure
}

// mostLetters bounds what is unpacked of an object of dead letters: they came from one payload.
const mostLetters = 1 << 28

// ReadLetters reads an object of dead letters, one after the other.
func ReadLetters(packed []byte, each func(Letter)) error {
	reader, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return fmt.Errorf("reading dead letters: %w", err)
	}
	decoder := json.NewDecoder(io.LimitReader(reader, mostLetters))
	for {
		var letter Letter
		if err := decoder.Decode(&letter); err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("reading dead letters: %w", err)
		}
		each(letter)
	}
}
