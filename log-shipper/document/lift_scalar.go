package document

import (
	"bytes"

	"caretaker/log-shipper/payload"
)

// text passes over a string, whose inside it gives. A half pair of surrogates is replaced on the way.
func (l *lifter) text() (inside []byte, ok bool) {
	l.at++
	begin := l.at
	for {
		l.at += payload.PlainRun(l.in[l.at:])
		switch l.peek() {
		case '"':
			l.at++
			return l.in[begin : l.at-1], true
		case '\\':
			length, marks := payload.Escape(l.in[l.at:])
			if marks&payload.BadEscape != 0 {
				return nil, false
			}
			if marks&payload.Lone != 0 {
				l.flush()
				l.out = append(l.out, replacement...)
				l.copied, l.marked = l.at+length, true
			}
			l.at += length
		default: // the end, or a control character
			return nil, false
		}
	}
}

// unescaped is the text of a key.
func (l *lifter) unescaped(key []byte) []byte {
	if bytes.IndexByte(key, '\\') < 0 {
		return key
	}
	begin := len(l.names)
	l.names = appendPlain(l.names, key)
	return l.names[begin:]
}

// term checks that a value together with its path is no longer than a node takes.
func (l *lifter) term(path int, inside []byte) {
	if path+1+len(inside) <= mostTerm {
		return
	}
	if l.long = appendPlain(l.long[:0], inside); path+1+len(l.long) > mostTerm {
		l.unfit = true
	}
}

func (l *lifter) word(word string) bool {
	if !bytes.HasPrefix(l.in[l.at:], []byte(word)) {
		return false
	}
	l.at += len(word)
	return true
}

// number passes over a number as JSON writes it.
func (l *lifter) number() bool {
	if l.peek() == '-' {
		l.at++
	}
	switch c := l.peek(); {
	case c == '0':
		l.at++
	case l.digits() == 0:
		return false
	}
	if l.peek() == '.' {
		l.at++
		if l.digits() == 0 {
			return false
		}
	}
	if c := l.peek(); c == 'e' || c == 'E' {
		l.at++
		if c := l.peek(); c == '+' || c == '-' {
			l.at++
		}
		return l.digits() > 0
	}
	return true
}

func (l *lifter) digits() (count int) {
	for l.at < len(l.in) && l.in[l.at] >= '0' && l.in[l.at] <= '9' {
		l.at++
		count++
	}
	return count
}
