package document

import (
	"bytes"
	"regexp"
	"regexp/syntax"
	"strings"
)

// expression is a regular expression with a text that whatever it matches has to hold, so that most
// lines are judged without it.
type expression struct {
	*regexp.Regexp
	// literal is that text; empty where none is known.
	literal []byte
}

func newExpression(pattern string) (expression, error) {
	compiled, err := regexp.Compile(pattern)
	if err != nil {
		return expression{}, err
	}
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return expression{}, err
	}
	return expression{compiled, []byte(literal(parsed.Simplify()))}, nil
}

// may tells whether the expression can match in text at all.
func (e expression) may(text []byte) bool { return bytes.Contains(text, e.literal) }

// literal is the longest text that each match of an expression holds.
func literal(e *syntax.Regexp) (longest string) {
	switch e.Op {
	case syntax.OpLiteral:
		if e.Flags&syntax.FoldCase == 0 {
			longest = string(e.Rune)
		}
	case syntax.OpCapture, syntax.OpPlus:
		longest = literal(e.Sub[0])
	case syntax.OpRepeat:
		if e.Min > 0 {
			longest = literal(e.Sub[0])
		}
	case syntax.OpConcat:
		for _, part := range e.Sub {
			if one := literal(part); len(one) > len(longest) {
				longest = one
			}
		}
	}
	return longest
}

// needle finds a text by the rarest of its bytes, which is many times quicker than by its first where
// that is common.
type needle struct {
	text []byte
	rare int
}

// common are the bytes of logs, the most common first.
const common = "e\\\"taoinsr:,lhd0123456789cumfpgwybv.-/ "

func newNeedle(text []byte) needle {
	n := needle{text: text}
	rank := func(c byte) int {
		if at := strings.IndexByte(common, c); at >= 0 {
			return at
		}
		return len(common)
	}
	for i, c := range text {
		if rank(c) > rank(text[n.rare]) {
			n.rare = i
		}
	}
	return n
}

// in tells whether the text is in another; the empty one always is.
func (n needle) in(text []byte) bool {
	if len(n.text) == 0 {
		return true
	}
	for at := n.rare; at < len(text); at++ {
		found := bytes.IndexByte(text[at:], n.text[n.rare])
		if found < 0 {
			return false
		}
		at += found
		if bytes.HasPrefix(text[at-n.rare:], n.text) {
			return true
		}
	}
	return false
}

// dropper decides which events are not sent.
type dropper struct {
	below    level
	patterns []expression
}

func newDropper(config Drop) (d dropper, err error) {
	d.below = levelNamed(config.Below)
	for _, pattern := range config.Patterns {
		compiled, err := newExpression(pattern)
		if err != nil {
			return dropper{}, err
		}
		d.patterns = append(d.patterns, compiled)
	}
	return d, nil
}

// drops tells whether an event of a level is dropped. text is its message.
func (d *dropper) drops(found level, text []byte) bool {
	if found > 0 && found < d.below {
		return true
	}
	for i := range d.patterns {
		if d.patterns[i].may(text) && d.patterns[i].Match(text) {
			return true
		}
	}
	return false
}
