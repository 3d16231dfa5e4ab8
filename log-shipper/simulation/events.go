package simulation

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"

	logshipper "caretaker/log-shipper"
)

// kind is what an event is like.
type kind uint8

const (
	plain kind = iota
	// poison is refused by the destination for ever.
	poison
	// own comes from a log group that is never shipped.
	own
	// unreadable is a payload of which no event can be read: it counts as one.
	unreadable
)

// event is one that must arrive, or end where its kind has to.
type event struct {
	id   string
	kind kind
	// data is the payload of an unreadable one, in base64.
	data string
}

// fill makes the day's records and calls.
func (w *world) fill() {
	for number := range w.IntN(40) {
		data, events := w.payload()
		w.stream.records = append(w.stream.records, record{
			sequence: sequence(number), arrived: w.clock.Add(time.Duration(number*w.IntN(120)) * time.Second / 2), data: data, events: events,
		})
	}
	for i := 1; i < len(w.stream.records); i++ { // a shard is in the order of its records
		if before := w.stream.records[i-1].arrived; w.stream.records[i].arrived.Before(before) {
			w.stream.records[i].arrived = before
		}
	}
	for range w.IntN(20) {
		data, _ := w.payload()
		event := json.RawMessage(`{"awslogs":{"data":"` + data + `"}}`)
		w.calls = append(w.calls, call{event: event, at: w.clock.Add(time.Duration(w.IntN(3600)) * time.Second)})
	}
	w.outcome.Events = len(w.events) * len(w.nodes)
	w.outcome.Shared = min(len(w.nodes)-1, 1)
}

// payload is one of CloudWatch Logs, in base64, and the places of its events among all.
func (w *world) payload() (data string, places []int) {
	if w.IntN(25) == 0 {
		packed := []byte(fmt.Sprintf("\x1f\x8b cut off %d", len(w.events)))
		data = base64.StdEncoding.EncodeToString(packed)
		w.events = append(w.events, event{kind: unreadable, data: data})
		return data, []int{len(w.events) - 1}
	}
	group, kinds := "/aws/lambda/checkout", []kind{plain, plain, plain, plain, plain, plain, plain, poison}
	if w.IntN(20) == 0 {
		group, kinds = "/aws/lambda/caretaker-prod-log-shipper", []kind{own}
	}
	var lines []string
	for range 1 + w.IntN(6) {
		one := event{id: fmt.Sprintf("%056d", len(w.events)), kind: kinds[w.IntN(len(kinds))]}
		if one.kind == poison {
			w.poison(one.id)
		}
		places = append(places, len(w.events))
		w.events = append(w.events, one)
		lines = append(lines, fmt.Sprintf(`{"id":%q,"timestamp":%d,"message":"order %d"}`, one.id, w.clock.UnixMilli(), len(w.events)))
	}
	text := fmt.Sprintf(`{"messageType":"DATA_MESSAGE","owner":"111122223333","logGroup":%q,"logStream":"s","subscriptionFilters":["f"],"logEvents":[%s]}`, group, strings.Join(lines, ","))
	return encoded(string(w.packed(text))), places
}

func encoded(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

// packed is a payload mostly as AWS sends it, and now and then as it is.
func (w *world) packed(text string) []byte {
	if w.IntN(4) > 0 {
		return []byte(text) // it is read faster, and goes the same road
	}
	var packed bytes.Buffer
	writer := writers.Get().(*gzip.Writer)
	defer writers.Put(writer)
	writer.Reset(&packed)
	_, _ = writer.Write([]byte(text)) // into memory
	_ = writer.Close()
	return packed.Bytes()
}

var writers = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

// judge looks where each event is, at each destination.
func (w *world) judge() {
	givenUp := w.givenUp()
	for _, n := range w.nodes {
		letters, unread := n.letters()
		for place, one := range w.events {
			dead := letters[one.id]
			if one.kind == unreadable {
				dead = unread[one.data]
			}
			delivered := n.documents[one.id]
			if dead > 1 || dead > 0 && delivered {
				w.outcome.Twice++
			}
			switch {
			case delivered:
				w.outcome.Delivered++
			case dead > 0:
				w.outcome.DeadLettered++
			case givenUp[place]:
				w.outcome.GivenUp++
			case one.kind == own:
				w.outcome.Filtered++
			default:
				w.outcome.Lost++
			}
		}
	}
}

// letters are how often each event is among the dead letters of a destination: by its id, or by its payload where
// that could not be read.
func (n *node) letters() (byID, byPayload map[string]int) {
	byID, byPayload = map[string]int{}, map[string]int{}
	for key, packed := range n.stack.Objects {
		rest, are := strings.CutPrefix(key, logshipper.DeadLettersPrefix)
		if name, day, named := strings.Cut(rest, "/"); !are || strings.Contains(day, "/") != (n.name != "") || named && n.name != "" && name != n.name {
			continue
		}
		if err := logshipper.ReadLetters(packed, func(letter logshipper.Letter) {
			byID[letter.ID]++
			byPayload[base64.StdEncoding.EncodeToString(letter.Data)]++
		}); err != nil {
			n.outcome.Lost++
		}
	}
	return byID, byPayload
}

// givenUp are the places of the events that Lambda says it gave up: in records of the stream, or in
// calls, or messages, that failed for good.
func (w *world) givenUp() map[int]bool {
	places := map[int]bool{}
	for _, r := range w.stream.givenUp {
		for _, place := range r.events {
			places[place] = true
		}
	}
	for place, one := range w.events {
		for _, call := range w.failed {
			places[place] = places[place] || w.holds(call, one)
		}
	}
	return places
}

// holds is whether a call's payload holds an event.
func (w *world) holds(call json.RawMessage, one event) bool {
	var direct struct{ AWSLogs struct{ Data string } }
	if json.Unmarshal(call, &direct) != nil {
		return false
	}
	if one.kind == unreadable {
		return direct.AWSLogs.Data == one.data
	}
	packed, err := base64.StdEncoding.DecodeString(direct.AWSLogs.Data)
	if err != nil {
		return false
	}
	if reader, err := gzip.NewReader(bytes.NewReader(packed)); err == nil {
		var text bytes.Buffer
		_, _ = text.ReadFrom(reader) // from memory
		packed = text.Bytes()
	}
	return bytes.Contains(packed, []byte(one.id))
}
