package document

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"unicode/utf8"

	"caretaker/log-shipper/payload"
)

const hexDigits = "0123456789abcdef"

// replacement stands for what is no character.
const replacement = `\ufffd`

// appendEscaped appends text as the inside of a JSON string. What is no UTF-8 is replaced, and
// replaced says so.
func appendEscaped(dst, text []byte) (out []byte, replaced bool) {
	for at := 0; at < len(text); {
		run := payload.PlainRun(text[at:])
		if piece := text[at : at+run]; utf8.Valid(piece) {
			dst = append(dst, piece...)
		} else {
			dst, replaced = appendValid(dst, piece), true
		}
		if at += run; at < len(text) {
			dst = appendByte(dst, text[at])
			at++
		}
	}
	return dst, replaced
}

// appendByte appends a quote, a backslash or a control character.
func appendByte(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}

// appendValid appends text, each byte that is no UTF-8 replaced.
func appendValid(dst, text []byte) []byte {
	for len(text) > 0 {
		char, size := utf8.DecodeRune(text)
		if char == utf8.RuneError && size == 1 {
			dst = append(dst, replacement...)
		} else {
			dst = append(dst, text[:size]...)
		}
		text = text[size:]
	}
	return dst
}

// appendClean appends the inside of a string that has something in it which JSON, or a reader of it,
// refuses: what is no UTF-8 and half pairs of surrogates are replaced, control characters and
// backslashes that begin no escape are escaped.
func appendClean(dst, inside []byte) []byte {
	for at := 0; at < len(inside); {
		run := payload.PlainRun(inside[at:])
		dst = appendValid(dst, inside[at:at+run])
		if at += run; at == len(inside) {
			break
		}
		if inside[at] != '\\' {
			dst = appendByte(dst, inside[at])
			at++
			continue
		}
		length, marks := payload.Escape(inside[at:])
		switch {
		case marks&payload.BadEscape != 0:
			dst, length = append(dst, '\\', '\\'), 1
		case marks&payload.Lone != 0:
			dst = append(dst, replacement...)
		default:
			dst = append(dst, inside[at:at+length]...)
		}
		at += length
	}
	return dst
}

// appendPlain appends the text that the inside of a clean string stands for. It writes eight bytes at a
// time, and goes on from the first backslash among them: JSON in a message has one at each quote.
func appendPlain(dst, inside []byte) []byte {
	dst = slices.Grow(dst, len(inside)+8)
	out := dst[len(dst) : len(dst)+len(inside)+8] // no text is longer than what stands for it
	written, at := 0, 0
	for at+8 <= len(inside) {
		x := binary.LittleEndian.Uint64(inside[at:])
		binary.LittleEndian.PutUint64(out[written:], x)
		slash := x ^ ones*'\\'
		found := (slash - ones) &^ slash & (ones * 0x80) // the highest bit of each byte that is one
		if found == 0 {
			at, written = at+8, written+8
			continue
		}
		run := bits.TrailingZeros64(found) / 8
		at, written = at+run, written+run
		if at+1 < len(inside) && meant[inside[at+1]] != 0 {
			out[written] = meant[inside[at+1]]
			at, written = at+2, written+1
			continue
		}
		length, text := meantAt(inside[at:], out[:written])
		at, written = at+length, len(text)
	}
	for at < len(inside) {
		if inside[at] != '\\' {
			out[written] = inside[at]
			at, written = at+1, written+1
			continue
		}
		length, text := meantAt(inside[at:], out[:written])
		at, written = at+length, len(text)
	}
	return dst[:len(dst)+written]
}

// ones has each byte 1.
const ones = 0x0101010101010101

// meant are the characters that escapes of two bytes stand for.
var meant = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// meantAt appends what the escape stands for that a text begins with.
func meantAt(text, dst []byte) (length int, out []byte) {
	if len(text) > 1 && meant[text[1]] != 0 {
		return 2, append(dst, meant[text[1]])
	}
	length, _ = payload.Escape(text)
	return length, appendMeant(dst, text[:length])
}

// appendMeant appends the character whose code an escape gives, and anything else as it is.
func appendMeant(dst, escape []byte) []byte {
	code, valid := payload.Code(escape)
	if !valid {
		return append(dst, escape...)
	}
	if low, pair := payload.Code(escape[6:]); pair {
		code = (code-0xd800)<<10 | (low - 0xdc00) + 0x10000
	}
	return utf8.AppendRune(dst, code)
}

// boundary is the last place at or before at where the inside of a string may be cut: neither within
// an escape, a pair of surrogates or a character.
func boundary(inside []byte, at int) int {
	if at >= len(inside) {
		return len(inside)
	}
	// No escape is longer than 12 bytes, so the cut is found from the last safe place before.
	start := max(0, at-64)
	for start > 0 && (inside[start-1] == '\\' || !utf8.RuneStart(inside[start]) || inside[start] == '\\') {
		start--
	}
	cut := start
	for cut < at {
		length := 1
		switch c := inside[cut]; {
		case c == '\\':
			length, _ = payload.Escape(inside[cut:])
		case c >= utf8.RuneSelf:
			_, length = utf8.DecodeRune(inside[cut:])
		}
		if cut+length > at {
			break
		}
		cut += length
	}
	return cut
}
