package document

import (
	"bytes"

	"caretaker/log-shipper/payload"
)

// Add appends a document. lifted is the part of its body that holds the lifted field, with the comma
// before it, behind all other fields; nil where there is none. time is in milliseconds since 1970.
func (b *Batch) Add(id, body, lifted []byte, time int64) {
	d := doc{id: b.put(id), body: b.put(body), time: time}
	from := d.body.from
	end := len(body) - 1 // of the fields that stay when the lifted one goes
	if at := bytes.Index(body, lifted); at > 0 && len(lifted) > 0 {
		d.lifted, end = span{from + at, from + at + len(lifted)}, at
	}
	// No string of JSON holds these names in bare quotes: only keys are found.
	d.message = span{from + 1, from + 1}
	if _, after, has := bytes.Cut(body, []byte(`"message":"`)); has {
		d.message.from = from + len(body) - len(after)
		d.message.to = d.message.from + stringLength(after)
	}
	if at := bytes.LastIndex(body[:max(0, end)], []byte(`,"tags":[`)); at > 0 && bytes.IndexByte(body[at:end], ']') == end-at-1 {
		d.tags = from + end - 1
	}
	b.docs = append(b.docs, d)
}

// stringLength is how long the inside of a string is that a text begins with.
func stringLength(text []byte) int {
	for at := 0; at < len(text); {
		at += payload.PlainRun(text[at:])
		if at == len(text) || text[at] == '"' {
			return at
		}
		at++
		if text[at-1] == '\\' {
			at++
		}
	}
	return len(text)
}

func (b *Batch) put(text []byte) span {
	from := len(b.buffer)
	b.buffer = append(b.buffer, text...)
	return span{from, len(b.buffer)}
}
