package payload

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
)

// The types of messages that CloudWatch Logs sends.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
const (
	TypeData    = "DATA_MESSAGE"
	TypeControl = "CONTROL_MESSAGE"
)

// Span is text[From:To].
type Span struct{ From, To int32 }

// Of is the span's piece of the text.
func (s Span) Of(text []byte) []byte { return text[s.From:s.To] }

// Payload is one JSON value that CloudWatch Logs sent. All spans are of the text that it was read
// from; those of strings leave out the quotes, and escapes stand as they came.
type Payload struct {
	// Type, Owner, Group and Stream are empty where they are missing, or no strings.
	Type, Owner, Group, Stream Span
	// Marks are those of the strings above, together.
	Marks Marks
	// Listed says that there is a list of events, be it empty.
	Listed bool
	// Events are in the payload's order. The memory is used again for the next payload.
	Events []Event
	// Whole is the JSON value itself.
	Whole Span
}

// Event is one log event.
type Event struct {
	// Time is the event's own, in milliseconds since 1970; 0 where TimeUnknown.
	Time int64
	// Message, ID and Extracted are empty where they are missing. ID is the inside of a string, or a
	// number. Extracted is a JSON object, brackets and all.
	Message, ID, Extracted Span
	// Whole is the event as it stands in the list.
	Whole Span
	// Marks are those of the message.
	Marks Marks
}

// Marks say what was seen in a string, or of an event.
type Marks uint16

// The marks.
const (
	// Escaped strings have at least one backslash.
	Escaped Marks = 1 << iota
	// Coded strings have a \u or a \/, or an escaped backslash before one of these: a letter or a sign may
	// be hidden, from the reader of this string or of JSON in it.
	Coded
	// BadEscape strings have an escape that JSON does not know.
	BadEscape
	// Lone strings have one half of a surrogate pair, written as an escape.
	Lone
	// Control strings have a byte below 0x20 that should have been escaped.
	Control
	// NoString is a message that is another JSON value; its span is that value's.
	NoString
	// TimeUnknown is an event without a time that can be read.
	TimeUnknown
	// NoEvent is an entry of the list that is no object.
	NoEvent
)

// What one payload may hold at most: a bomb may be made of events as well as of bytes. CloudWatch's have
// some 100 bytes each at least, so that Most ends them first.
const (
	mostEvents = 1 << 20
	// mostNoEvents is how many entries of the list may be no objects: each is refused by itself.
	mostNoEvents = 1000
)

var (
	errMany     = fmt.Errorf("there are more than %d events", mostEvents)
	errNoEvents = fmt.Errorf("more than %d entries of logEvents are no objects", mostNoEvents)
)

var errEnd = errors.New("the JSON ends too early")

// Next reads the JSON value at or after the byte at, and gives the place behind it. Where only blanks
// are left, found is false. After an error nothing behind it can be told apart.
func (p *Payload) Next(text []byte, at int) (next int, found bool, err error) {
	*p = Payload{Events: p.Events[:0]}
	s := scanner{text: text, at: at}
	s.blanks()
	if s.at == len(text) {
		return s.at, false, nil
	}
	begin := s.at
	if text[begin] != '{' {
		return begin, true, fmt.Errorf("byte %d: a JSON object should begin here", begin)
	}
	err = s.object(func(key []byte) error { return p.field(&s, key) })
	if err != nil {
		return begin, true, fmt.Errorf("byte %d: %w", s.at, err)
	}
	p.Whole = s.span(begin)
	return s.at, true, nil
}

// field reads the value of one key of the payload.
func (p *Payload) field(s *scanner, key []byte) error {
	var into *Span
	switch string(key) {
	case "messageType":
		into = &p.Type
	case "owner":
		into = &p.Owner
	case "logGroup":
		into = &p.Group
	case "logStream":
		into = &p.Stream
	case "logEvents":
		return p.list(s)
	}
	if into == nil || s.peek() != '"' {
		return s.skip()
	}
	var err error
	var marks Marks
	*into, marks, err = s.quoted()
	p.Marks |= marks
	return err
}

// list reads the list of events.
func (p *Payload) list(s *scanner) error {
	if s.peek() != '[' {
		return s.skip()
	}
	p.Listed = true
	first, odd := s.at, 0
	return s.array(func() error {
		begin := s.at
		switch count := len(p.Events); {
		case count == mostEvents:
			return errMany
		case count == cap(p.Events):
			// As many more as the rest of the text may hold, by what was read: at most one growth too many.
			more := 16 + int(float64(count)*1.1*float64(len(s.text)-begin)/float64(begin-first+1))
			p.Events = slices.Grow(p.Events, min(more, mostEvents-count))
		}
		if s.peek() != '{' {
			if odd++; odd > mostNoEvents {
				return errNoEvents
			}
			err := s.skip()
			p.Events = append(p.Events, Event{Whole: s.span(begin), Marks: NoEvent | TimeUnknown})
			return err
		}
		e := Event{Marks: TimeUnknown}
		err := s.object(func(key []byte) error { return e.field(s, key) })
		e.Whole = s.span(begin)
		p.Events = append(p.Events, e)
		return err
	})
}

// field reads the value of one key of the event.
func (e *Event) field(s *scanner, key []byte) (err error) {
	begin := s.at
	inQuotes := s.peek() == '"'
	switch string(key) {
	case "message":
		if inQuotes {
			var marks Marks
			e.Message, marks, err = s.quoted()
			e.Marks = e.Marks&TimeUnknown | marks
			return err
		}
		err = s.skip()
		e.Message, e.Marks = s.span(begin), e.Marks&TimeUnknown|NoString
		if bytes.Equal(e.Message.Of(s.text), []byte("null")) {
			e.Message.To = e.Message.From
		}
	case "id":
		if inQuotes {
			e.ID, _, err = s.quoted()
			return err
		}
		err = s.skip()
		e.ID = s.span(begin)
	case "timestamp":
		err = s.skip()
		value := s.span(begin)
		if inQuotes {
			value.From, value.To = value.From+1, max(value.From+1, value.To-1)
		}
		if time, known := milliseconds(value.Of(s.text)); known {
			e.Time, e.Marks = time, e.Marks&^TimeUnknown
		}
	case "extractedFields":
		err = s.skip()
		if s.text[begin] == '{' {
			e.Extracted = s.span(begin)
		}
	default:
		err = s.skip()
	}
	return err
}

// milliseconds reads a whole number; a fraction behind it is cut off.
func milliseconds(digits []byte) (time int64, known bool) {
	negative := bytes.HasPrefix(digits, []byte("-"))
	if negative {
		digits = digits[1:]
	}
	for i, digit := range digits {
		if digit == '.' && i > 0 {
			break
		}
		if digit < '0' || digit > '9' || time > (1<<63-10)/10 {
			return 0, false
		}
		time, known = time*10+int64(digit-'0'), true
	}
	if negative {
		time = -time
	}
	return time, known
}

// Fields calls with each pair of an object's key and string value, as they stand in the text. Other
// values are passed over.
func Fields(object []byte, with func(key, value []byte)) {
	s := scanner{text: object}
	_ = s.object(func(key []byte) error { // what is broken ends the walk
		if s.peek() != '"' {
			return s.skip()
		}
		value, _, err := s.quoted()
		if err == nil {
			with(key, value.Of(object))
		}
		return err
	})
}
