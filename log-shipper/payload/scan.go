package payload

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
)

// scanner walks over JSON text. It finds where values begin and end, and checks no more of those it
// passes over than that.
type scanner struct {
	text []byte
	at   int
}

// deepest is how deep values may be nested.
const deepest = 10_000

func (s *scanner) span(begin int) Span { return Span{int32(begin), int32(s.at)} } // #nosec G115 -- a text is no longer than Most

// blanks passes over white space.
func (s *scanner) blanks() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return
		}
	}
}

// peek is the byte here; 0 at the end.
func (s *scanner) peek() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

// expect passes over one byte, and the blanks around it.
func (s *scanner) expect(want byte) error {
	s.blanks()
	switch got := s.peek(); {
	case s.at >= len(s.text):
		return errEnd
	case got != want:
		return fmt.Errorf("%q stands where %q should", got, want)
	}
	s.at++
	s.blanks()
	return nil
}

// object walks over an object; value is called at each value, and has to pass over it.
func (s *scanner) object(value func(key []byte) error) error {
	return s.sequence('{', '}', func() error {
		if s.peek() != '"' {
			return errors.New("a key should begin here")
		}
		key, _, err := s.quoted()
		if err != nil {
			return err
		}
		if err := s.expect(':'); err != nil {
			return err
		}
		return value(key.Of(s.text))
	})
}

// array walks over an array; value is called at each value, and has to pass over it.
func (s *scanner) array(value func() error) error { return s.sequence('[', ']', value) }

func (s *scanner) sequence(open, closing byte, entry func() error) error {
	if err := s.expect(open); err != nil {
		return err
	}
	if s.peek() == closing {
		s.at++
		return nil
	}
	for {
		if err := entry(); err != nil {
			return err
		}
		s.blanks()
		switch s.peek() {
		case ',':
			s.at++
			s.blanks()
		case closing:
			s.at++
			return nil
		default:
			return s.expect(closing)
		}
	}
}

// skip passes over a value, however deep it is nested.
func (s *scanner) skip() error {
	begin, depth := s.at, 0
	for s.at < len(s.text) {
		switch c := s.text[s.at]; c {
		case '"':
			if _, _, err := s.quoted(); err != nil {
				return err
			}
		case '{', '[':
			if depth++; depth > deepest {
				return fmt.Errorf("values are nested more than %d deep", deepest)
			}
			s.at++
			continue
		case '}', ']':
			if depth == 0 {
				return emptyValue(s.at, begin)
			}
			depth--
			s.at++
		case ',':
			if depth == 0 {
				return emptyValue(s.at, begin)
			}
			s.at++
			continue
		case ':', ' ', '\t', '\n', '\r':
			if depth == 0 {
				return emptyValue(s.at, begin)
			}
			s.at++
			continue
		default:
			s.scalar()
		}
		if depth == 0 {
			return nil
		}
	}
	return errEnd
}

func emptyValue(at, begin int) error {
	if at == begin {
		return errors.New("a value should begin here")
	}
	return nil
}

// scalar passes over a number or a word.
func (s *scanner) scalar() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ',', '}', ']', ':', '"', '{', '[', ' ', '\t', '\n', '\r':
			return
		}
		s.at++
	}
}

// quoted passes over a string and gives its inside.
func (s *scanner) quoted() (inside Span, marks Marks, err error) {
	text, at := s.text, s.at+1
	s.at = at
	for {
		at += PlainRun(text[at:])
		switch {
		case at >= len(text):
			s.at = at
			return Span{}, 0, errEnd
		case text[at] == '"':
			inside = Span{int32(s.at), int32(at)} // #nosec G115 -- a text is no longer than Most
			s.at = at + 1
			return inside, marks, nil
		case text[at] == '\\' && at+2 < len(text) && short[text[at+1]]:
			marks |= Escaped
			if next := text[at+2]; text[at+1] == '/' || text[at+1] == '\\' && (next == 'u' || next == '/') {
				marks |= Coded
			}
			at += 2
		case text[at] == '\\':
			length, seen := Escape(text[at:])
			marks |= seen
			at += length
		default:
			marks |= Control
			at++
		}
	}
}

// short are the bytes that make an escape of two with a backslash.
var short = [256]bool{'"': true, '\\': true, '/': true, 'b': true, 'f': true, 'n': true, 'r': true, 't': true}

// ones has each byte 1, highs each byte 0x80.
const ones, highs = 0x0101010101010101, 0x8080808080808080

// special has the highest bit of each byte, from the first on, that is a quote, a backslash or a control
// character. A byte is zero in x-ones&^x at its highest bit, and what is below 0x20 is so after 0x20 is
// taken away.
func special(x uint64) uint64 {
	quote, slash := x^(ones*'"'), x^(ones*'\\')
	return ((quote-ones)&^quote | (slash-ones)&^slash | (x-ones*0x20)&^x) & highs
}

// PlainRun is how many bytes come before the next quote, backslash or control character.
func PlainRun(text []byte) int {
	at := 0
	for ; at+8 <= len(text); at += 8 {
		if found := special(binary.LittleEndian.Uint64(text[at:])); found != 0 {
			return at + bits.TrailingZeros64(found)/8
		}
	}
	for ; at < len(text); at++ {
		if c := text[at]; c == '"' || c == '\\' || c < 0x20 {
			break
		}
	}
	return at
}

// Escape is how long the escape is that a text begins with, and what is to be said of it. A pair of
// surrogates is one escape. It never reaches past the text, nor over a quote that ends a string.
func Escape(text []byte) (length int, marks Marks) {
	if len(text) < 2 {
		return len(text), Escaped | BadEscape
	}
	switch {
	case text[1] == '/':
		return 2, Escaped | Coded
	case short[text[1]]:
		return 2, Escaped
	case text[1] == 'u':
		code, valid := Code(text)
		switch {
		case !valid:
			return 2, Escaped | BadEscape
		case code < 0xd800 || code > 0xdfff:
			return 6, Escaped | Coded
		case code < 0xdc00 && len(text) >= 12:
			if low, valid := Code(text[6:]); valid && low >= 0xdc00 && low <= 0xdfff {
				return 12, Escaped | Coded
			}
		}
		return 6, Escaped | Coded | Lone
	}
	return 2, Escaped | BadEscape
}

// Code reads \u0041, with which the text begins.
func Code(text []byte) (code rune, valid bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	for _, c := range text[2:6] {
		switch {
		case c >= '0' && c <= '9':
			code = code<<4 | rune(c-'0')
		case c >= 'a' && c <= 'f':
			code = code<<4 | rune(c-'a'+10)
		case c >= 'A' && c <= 'F':
			code = code<<4 | rune(c-'A'+10)
		default:
			return 0, false
		}
	}
	return code, true
}
