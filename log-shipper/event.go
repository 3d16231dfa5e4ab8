package logshipper

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Way is how a delivery came.
type Way uint8

// The ways.
const (
	// Direct is a subscription straight to the function: Lambda calls it asynchronously.
	Direct Way = iota
	// Stream is a record of a Kinesis stream.
	Stream
	// Queue is a message of the stack's own queue, which says where something waits.
	Queue
)

// Delivery is what an event brings: one payload of CloudWatch Logs, or a message that says where one is.
type Delivery struct {
	Way Way
	// ID is by what Lambda is told that it failed: a sequence number of the stream, or the id of a
	// message. Empty for a direct one.
	ID string
	// Data is the payload as CloudWatch Logs made it: gzip mostly. Nil where Waiting says where it is.
	Data []byte
	// Waiting says where a payload waits. Its Key is empty for all but messages of the queue.
	Waiting Waiting
	// Err says why Data is not what was due; it then holds what came.
	Err error
}

// Waiting is the stack's own message: something in its bucket is to be sent.
type Waiting struct {
	// Key is that of the object: a parked payload or dead letters.
	Key string `json:"key"`
	// Step counts how often it came: each time it is put off for longer.
	Step int `json:"step"`
	// Since is when it was put there, in milliseconds since 1970.
	Since int64 `json:"since"`
}

// owner is the destination that something waits for; empty where it waits for all.
func (w Waiting) owner() string { return OwnerOf(w.Key) }

// OwnerOf is the destination that an object of the stack's bucket is for, which its key says; empty for all.
func OwnerOf(key string) string {
	kind, rest, _ := strings.Cut(key, "/")
	owner, rest, named := strings.Cut(rest, "/")
	if named && kind+"/" == DeadLettersPrefix { // behind the owner there is a day
		named = strings.Contains(rest, "/")
	}
	if !named {
		return ""
	}
	return owner
}

// ErrNoLog is an event that brings no log.
var ErrNoLog = errors.New("the event is none of CloudWatch Logs, of a Kinesis stream or of the stack's queue")

// Decode reads what the function is invoked with. An event that is no log at all is an error, which names
// what came; a piece that cannot be read is a delivery with Err, and its neighbours stand.
func Decode(event []byte) ([]Delivery, error) {
	if data, found := direct(event); found {
		return []Delivery{decoded(Delivery{Way: Direct}, data)}, nil
	}
	var came struct {
		AWSLogs *struct{ Data string } `json:"awslogs"`
		Records []struct {
			EventSource string
			MessageID   string `json:"messageId"`
			Body        string
			Kinesis     struct{ SequenceNumber, Data string }
		}
	}
	err := json.Unmarshal(event, &came)
	switch {
	case err == nil && came.AWSLogs != nil:
		return []Delivery{decoded(Delivery{Way: Direct}, []byte(came.AWSLogs.Data))}, nil
	case err != nil || len(came.Records) == 0:
		return nil, fmt.Errorf("%w: it is %s", ErrNoLog, described(event))
	}
	deliveries := make([]Delivery, 0, len(came.Records))
	for _, record := range came.Records {
		switch record.EventSource {
		case "aws:kinesis":
			deliveries = append(deliveries, decoded(Delivery{Way: Stream, ID: record.Kinesis.SequenceNumber}, []byte(record.Kinesis.Data)))
		case "aws:sqs":
			deliveries = append(deliveries, message(Delivery{Way: Queue, ID: record.MessageID}, record.Body))
		default:
			return nil, fmt.Errorf("%w: it is %s", ErrNoLog, described(event))
		}
	}
	return deliveries, nil
}

// direct finds the data of {"awslogs":{"data":"..."}} in the bytes as they came: a pass of a decoder of
// JSON over what may be a megabyte costs most of what it takes to unpack it.
func direct(event []byte) (data []byte, found bool) {
	rest := event
	for _, token := range []string{"{", `"awslogs"`, ":", "{", `"data"`, ":", `"`} {
		if rest, found = bytes.CutPrefix(bytes.TrimLeft(rest, " \t\r\n"), []byte(token)); !found {
			return nil, false
		}
	}
	end := bytes.IndexByte(rest, '"')
	if end < 0 || bytes.IndexByte(rest[:end], '\\') >= 0 {
		return nil, false
	}
	return rest[:end], true
}

// decoded puts what is behind base64 into a delivery.
func decoded(d Delivery, text []byte) Delivery {
	d.Data = make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	length, err := base64.StdEncoding.Decode(d.Data, text)
	if err != nil {
		d.Data, d.Err = text, errors.New("it is not base64")
		return d
	}
	d.Data = d.Data[:length]
	return d
}

// message reads a message of the queue.
func message(d Delivery, body string) Delivery {
	if err := json.Unmarshal([]byte(body), &d.Waiting); err != nil || !isOurs(d.Waiting.Key) {
		d.Waiting, d.Data, d.Err = Waiting{}, []byte(body), errors.New("it is no message of the shipper's own")
	}
	return d
}

// described names an event without a word of what is in it: where it is from, and its keys.
func described(event []byte) string {
	var came map[string]json.RawMessage
	if json.Unmarshal(event, &came) != nil {
		return fmt.Sprintf("%d bytes that are no JSON object", len(event))
	}
	var records []struct{ EventSource string }
	if json.Unmarshal(came["Records"], &records) == nil && len(records) > 0 && records[0].EventSource != "" {
		return "from " + named(records[0].EventSource)
	}
	var source string
	if json.Unmarshal(came["source"], &source) == nil && source != "" {
		return "from " + named(source)
	}
	keys := slices.Sorted(maps.Keys(came))
	if len(keys) == 0 {
		return "empty"
	}
	for i, key := range keys {
		keys[i] = named(key)
	}
	return "an object with the keys " + strings.Join(keys[:min(len(keys), 5)], ", ")
}

// named is a name, as far as it looks like one.
func named(text string) string {
	for i, r := range text {
		if i == 64 || r <= ' ' || r > '~' {
			return text[:i] + "..."
		}
	}
	return text
}
