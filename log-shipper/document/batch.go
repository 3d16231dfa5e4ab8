// Package document holds what the log-shipper sends: log events as documents, in batches, and what
// became of each. It knows nothing of AWS and of no destination.
package document

import "slices"

// Batch is the documents of one or more payloads, one behind the other in one buffer: an allocation
// for a batch, none for a document. The zero value is empty and ready; Reset makes it so again and
// keeps the memory.
type Batch struct {
	buffer []byte
	docs   []doc
}

// doc is where one document stands in the buffer. Offsets, since the buffer moves when it grows.
type doc struct {
	id, body, lifted span
	// message is the inside of the message's string.
	message span
	// tags is where the list of tags ends, before its bracket; 0 where there is none.
	tags int
	time int64
}

// span is buffer[from:to]; empty where both are equal.
type span struct{ from, to int }

// Bytes is how long the documents and their ids are together.
func (b *Batch) Bytes() int { return len(b.buffer) }

// Len is the number of documents.
func (b *Batch) Len() int { return len(b.docs) }

// ID is what makes the document one and the same when it comes twice: the event's id, or a hash. It
// needs no escaping in JSON, and is at most 64 bytes long.
func (b *Batch) ID(i int) []byte { return b.at(b.docs[i].id) }

// Body is the document: one JSON object, valid UTF-8, without a line break.
func (b *Batch) Body(i int) []byte { return b.at(b.docs[i].body) }

// Time is the event's time in milliseconds since 1970.
func (b *Batch) Time(i int) int64 { return b.docs[i].time }

// Bare appends the document without its lifted field, and with the tag that says so: for a destination
// that refused the whole. Without a lifted field there is nothing to leave out, and it appends nothing.
func (b *Batch) Bare(dst []byte, i int) []byte {
	d := &b.docs[i]
	if d.lifted.from == d.lifted.to {
		return dst
	}
	return b.without(dst, d, d.message.to-d.message.from, TagBare)
}

// Cut appends the document so that it is no longer than most bytes: without its lifted field, and if
// that is not enough with its message cut at a character. The tags say which. No document is cut to
// less than its other fields need.
func (b *Batch) Cut(dst []byte, i, most int) []byte {
	d := &b.docs[i]
	message, begin := b.at(d.message), len(dst)
	var tags []string
	if d.lifted.to > d.lifted.from {
		tags = append(tags, tagLifted)
		if dst = b.without(dst, d, len(message), tags...); len(dst)-begin <= most {
			return dst
		}
	}
	tags = append(tags, tagCut)
	least := len(b.without(dst[:begin], d, 0, tags...)) - begin
	return b.without(dst[:begin], d, boundary(message, max(0, most-least)), tags...)
}

// without appends the document without its lifted field, with so much of its message, and with tags
// more than it has.
func (b *Batch) without(dst []byte, d *doc, message int, tags ...string) []byte {
	end := d.body.to - 1
	if d.lifted.to > d.lifted.from {
		end = d.lifted.from
	}
	if d.tags > 0 {
		end = d.tags
	}
	dst = append(dst, b.buffer[d.body.from:d.message.from+message]...)
	dst = append(dst, b.buffer[d.message.to:end]...)
	separator := `,"tags":[`
	if d.tags > 0 {
		separator = ","
	}
	for _, tag := range tags {
		dst = append(append(append(append(dst, separator...), '"'), tag...), '"')
		separator = ","
	}
	return append(dst, "]}"...)
}

// usualLength is how long a document is at least, with few exceptions.
const usualLength = 600

// reserve makes room for so many bytes, and one document more, of usual documents: growing bit by bit
// would leave several times the memory behind.
func (b *Batch) reserve(bytes int) {
	b.docs = slices.Grow(b.docs, bytes/usualLength)
	const oneMore = 16 << 10
	if missing := bytes + oneMore - cap(b.buffer); missing > 0 {
		b.buffer = slices.Grow(b.buffer, bytes+oneMore-len(b.buffer))
	}
}

// Reset empties the batch.
func (b *Batch) Reset() { b.buffer, b.docs = b.buffer[:0], b.docs[:0] }

func (b *Batch) at(s span) []byte { return b.buffer[s.from:s.to] }
