package bulk

import (
	"bytes"
	"strings"
)

// cursor reads JSON from front to back without a copy. It takes what a node writes, and finds out when
// it is cut off; it does not check that all else is as JSON has it.
type cursor struct {
	text []byte
	at   int
}

// next skips white space and answers where it stands.
func (c *cursor) next() int {
	for c.at < len(c.text) && c.text[c.at] <= ' ' {
		c.at++
	}
	return c.at
}

// take takes one byte if it comes next.
func (c *cursor) take(b byte) bool {
	if c.next() < len(c.text) && c.text[c.at] == b {
		c.at++
		return true
	}
	return false
}

// ended tells whether nothing comes any more.
func (c *cursor) ended() bool { return c.next() == len(c.text) }

// str reads a text, with its escapes as they are.
func (c *cursor) str() ([]byte, bool) {
	if !c.take('"') {
		return nil, false
	}
	for from, at := c.at, c.at; ; {
		length := bytes.IndexByte(c.text[at:], '"')
		if length < 0 {
			return nil, false
		}
		at += length
		escapes := 0
		for at-1-escapes >= from && c.text[at-1-escapes] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			c.at = at + 1
			return c.text[from:at], true
		}
		at++
	}
}

// number reads a whole number of at most nine digits.
func (c *cursor) number() (int, bool) {
	from, n := c.next(), 0
	for c.at < len(c.text) && c.text[c.at] >= '0' && c.text[c.at] <= '9' && c.at-from < 9 {
		n = n*10 + int(c.text[c.at]-'0')
		c.at++
	}
	return n, c.at > from
}

// object reads an object; value reads the value of each key.
func (c *cursor) object(value func(key []byte) bool) bool {
	if !c.take('{') {
		return false
	}
	if c.take('}') {
		return true
	}
	for {
		key, ok := c.str()
		if !ok || !c.take(':') || !value(key) {
			return false
		}
		if !c.take(',') {
			return c.take('}')
		}
	}
}

// array reads an array; value reads each of its values.
func (c *cursor) array(value func() bool) bool {
	if !c.take('[') {
		return false
	}
	if c.take(']') {
		return true
	}
	for {
		if !value() {
			return false
		}
		if !c.take(',') {
			return c.take(']')
		}
	}
}

// skip passes over one value of any kind, however deep it is.
func (c *cursor) skip() bool {
	depth := 0
	for c.next() < len(c.text) {
		switch c.text[c.at] {
		case '"':
			if _, ok := c.str(); !ok {
				return false
			}
		case '{', '[':
			depth++
			c.at++
			continue
		case '}', ']':
			if depth--; depth < 0 {
				return false
			}
			c.at++
		case ',', ':':
			if depth == 0 {
				return false
			}
			c.at++
			continue
		default:
			c.bare()
		}
		if depth == 0 {
			return true
		}
	}
	return false
}

// bare passes over a number, true, false or null.
func (c *cursor) bare() {
	for c.at < len(c.text) && c.text[c.at] > ' ' && strings.IndexByte(`,:{}[]"`, c.text[c.at]) < 0 {
		c.at++
	}
}
