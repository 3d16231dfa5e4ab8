package document

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

	"caretaker/log-shipper/payload"
)

// idDigits is how long the ids are that CloudWatch Logs gives events.
const idDigits = 56

// ids finds an id for each event of a payload: its own where that is one of CloudWatch's and new in the
// payload, else a hash. The same payload gets the same ids each time.
type ids struct {
	last    [idDigits]byte
	ordered bool
	seen    map[[idDigits]byte]bool
	hashes  map[[hashed]byte]int
	text    []byte
}

// hashed is how many bytes of the SHA-256 are taken: enough that no two of 2^64 events share them.
const hashed = 20

// begin forgets the payload before.
func (n *ids) begin() {
	n.last, n.ordered = [idDigits]byte{}, true
	clear(n.seen)
	clear(n.hashes)
}

// append appends the id of the event at position in its payload.
func (n *ids) append(dst, text []byte, p *payload.Payload, position int) []byte {
	e := &p.Events[position]
	own := e.ID.Of(text)
	if isID(own) && n.fresh(own, text, p, position) {
		return append(dst, own...)
	}
	return n.hash(dst, text, p, e)
}

// isID tells CloudWatch's ids from those of others, eight digits at a time.
func isID(id []byte) bool {
	if len(id) != idDigits {
		return false
	}
	var other uint64
	for at := 0; at < idDigits; at += 8 {
		value := binary.LittleEndian.Uint64(id[at:]) ^ ones*'0' // each byte is 0 to 9, or it was no digit
		other |= value | (value + ones*(0x7f-9))
	}
	return other&(ones*0x80) == 0
}

// fresh tells whether an event before in the payload had the same id. CloudWatch's rise, so that one
// comparison is enough; the first that does not makes it look at all.
func (n *ids) fresh(id, text []byte, p *payload.Payload, position int) bool {
	if n.ordered {
		if bytes.Compare(id, n.last[:]) > 0 {
			copy(n.last[:], id)
			return true
		}
		n.ordered = false
		if n.seen == nil {
			n.seen = map[[idDigits]byte]bool{}
		}
		for _, before := range p.Events[:position] {
			if other := before.ID.Of(text); isID(other) {
				n.seen[[idDigits]byte(other)] = true
			}
		}
	}
	key := [idDigits]byte(id)
	if n.seen[key] {
		return false
	}
	n.seen[key] = true
	return true
}

// hash appends a hash of group, stream, id, time and message, and of how many equal events came before
// in the payload: as many documents as events.
func (n *ids) hash(dst, text []byte, p *payload.Payload, e *payload.Event) []byte {
	n.text = n.text[:0]
	for _, piece := range [][]byte{p.Group.Of(text), p.Stream.Of(text), e.ID.Of(text), e.Message.Of(text)} {
		n.text = binary.AppendUvarint(n.text, uint64(len(piece)))
		n.text = append(n.text, piece...)
	}
	n.text = binary.AppendVarint(n.text, e.Time)
	sum := sha256.Sum256(n.text)
	key := [hashed]byte(sum[:hashed])
	if n.hashes == nil {
		n.hashes = map[[hashed]byte]int{}
	}
	equal := n.hashes[key]
	n.hashes[key]++
	if equal > 0 {
		n.text = binary.AppendUvarint(n.text, uint64(equal)) // #nosec G115 -- a count
		sum = sha256.Sum256(n.text)
	}
	return hex.AppendEncode(dst, sum[:hashed])
}
