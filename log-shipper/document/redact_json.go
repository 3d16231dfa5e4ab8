package document

import (
	"bytes"

	"caretaker/log-shipper/payload"
)

// appendJSON does it for JSON text, or what begins like it: string by string, so that an escape neither
// hides anything nor is torn.
func (r *redactor) appendJSON(dst, text []byte) (out []byte, hit bool) {
	begin := len(dst)
	var context []byte
	for at := 0; at < len(text); {
		quote := bytes.IndexByte(text[at:], '"')
		end := -1
		if quote >= 0 {
			end = stringEnd(text, at+quote+1)
		}
		if end < 0 { // outside of strings to the end, or a string that does not end
			var found bool
			dst, found = r.appendFound(dst, text[at:], quote < 0)
			hit = hit || found
			break
		}
		outside, inside := text[at:at+quote], text[at+quote+1:end]
		dst, hit = r.appendOutside(dst, outside, hit)
		if !bytes.Contains(outside, []byte(":")) {
			context = nil
		}
		dst, hit = r.appendString(dst, inside, context, hit)
		context, at = inside, end+1
	}
	return r.appendOwn(dst, begin, hit) // once more on the whole: one may be about a key with its value
}

func (r *redactor) appendOutside(dst, text []byte, hit bool) ([]byte, bool) {
	out, found := r.appendFound(dst, text, true)
	return out, hit || found
}

func (r *redactor) appendString(dst, inside, context []byte, hit bool) ([]byte, bool) {
	dst = append(dst, '"')
	r.decoded = appendPlain(r.decoded[:0], inside)
	begin := len(dst)
	out, found := r.appendText(dst, r.decoded, context)
	if found {
		r.decoded = append(r.decoded[:0], out[begin:]...)
		out, _ = appendEscaped(out[:begin], r.decoded)
	} else {
		out = append(out[:begin], inside...)
	}
	return append(out, '"'), hit || found
}

// stringEnd is where the string ends whose inside begins at a place; -1 if it does not.
func stringEnd(text []byte, at int) int {
	for at < len(text) {
		at += payload.PlainRun(text[at:])
		switch {
		case at >= len(text):
			return -1
		case text[at] == '"':
			return at
		case text[at] == '\\':
			at += 2
		default:
			at++
		}
	}
	return -1
}
