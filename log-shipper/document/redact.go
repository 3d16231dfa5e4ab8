package document

import (
	"bytes"
	"slices"

	"caretaker/log-shipper/payload"
)

// hidden is a kind of text that is redacted without a pattern.
type hidden uint8

const (
	email hidden = iota
	ipv4
	card
	awsKey
)

// redactor replaces what must not leave. It works on text as people read it, not on its JSON: an
// escape hides nothing from it, and a replacement never breaks one.
type redactor struct {
	kinds    [len(kindNames)]bool
	texts    [len(kindNames)][]byte
	patterns []pattern
	// begins are the bytes at which something may begin that is redacted; hints are these, and those at
	// which something may be said of a secret.
	begins, hints [256]bool

	before, after, decoded, simple []byte
}

type pattern struct {
	expression
	replacement []byte
	// inRaw finds the literal as it stands in the inside of a JSON string. It is empty where that may be
	// escaped in more ways than one: then each line has to be looked at.
	inRaw needle
}

func newRedactor(config Redact) (r redactor, err error) {
	r.kinds = [...]bool{email: config.Email, ipv4: config.IPv4, card: config.Cards, awsKey: config.AWSKeys}
	for kind, name := range kindNames {
		r.texts[kind] = []byte("[redacted:" + name + "]")
	}
	for c := range 256 {
		digit := c >= '0' && c <= '9'
		r.begins[c] = digit && (config.IPv4 || config.Cards) || (c == '@' || c == '%') && config.Email || c == 'A' && config.AWSKeys
		r.hints[c] = r.begins[c] || (c == 'c' || c == 'C') && config.AWSKeys
	}
	for _, one := range config.Patterns {
		compiled, err := newExpression(one.Pattern)
		if err != nil {
			return redactor{}, err
		}
		r.patterns = append(r.patterns, pattern{compiled, []byte("[redacted:" + one.Name + "]"), newNeedle(unescapable(compiled.literal))})
	}
	return r, nil
}

// unescapable is a text that JSON has only one usual way to write, nil for any other.
func unescapable(text []byte) []byte {
	for _, c := range text {
		if c < ' ' || c == '"' || c == '\\' || c == '/' || c >= 0x7f {
			return nil
		}
	}
	return text
}

// off tells that nothing is to be redacted at all.
func (r *redactor) off() bool { return r.kinds == [len(kindNames)]bool{} && len(r.patterns) == 0 }

// suspects tells whether the inside of a JSON string may hold something to redact. It is quick, and
// errs on the side of looking closer.
func (r *redactor) suspects(inside []byte, marks payload.Marks) bool {
	if r.off() {
		return false
	}
	if marks&(payload.Coded|payload.NoString) != 0 && coded(inside) {
		return true
	}
	for i := range r.patterns {
		if r.patterns[i].inRaw.in(inside) {
			return true
		}
	}
	for at := 0; at < len(inside); at++ {
		c := inside[at]
		if !r.hints[c] {
			continue
		}
		if c|0x20 == 'c' {
			if mentionsSecret(inside[max(0, at-2):min(len(inside), at+4)]) {
				return true
			}
			continue
		}
		_, end, _, next := r.match(inside, at)
		if end > 0 {
			return true
		}
		at = next - 1
	}
	return false
}

// coded tells of escapes that may hide a letter, a digit or a sign: \u0040, and \/, at any depth of
// quoting.
func coded(text []byte) bool {
	return bytes.Contains(text, []byte(`\u00`)) || bytes.Contains(text, []byte(`\/`))
}

// appendText appends text with everything redacted, and tells whether there was anything. context is
// what the text is called, such as the key that it is the value of.
func (r *redactor) appendText(dst, text, context []byte) (out []byte, hit bool) {
	if coded(text) { // what hides behind escapes shows, if it is something to redact
		r.simple = appendSimple(r.simple[:0], text)
		if out, hit = r.appendShown(dst, r.simple, context); hit {
			return out, true
		}
		return append(dst, text...), false
	}
	return r.appendShown(dst, text, context)
}

// appendShown does it for text in which nothing hides.
func (r *redactor) appendShown(dst, text, context []byte) (out []byte, hit bool) {
	if r.kinds[awsKey] && (mentionsSecret(text) || mentionsSecret(context)) {
		r.before = r.appendWithoutSecrets(r.before[:0], text, mentionsSecret(context))
		hit = len(r.before) != len(text) // no replacement is as long as a secret
		text = r.before
	}
	begin := len(dst)
	var found bool
	dst, found = r.appendFound(dst, text, false)
	hit = hit || found
	return r.appendOwn(dst, begin, hit)
}

// appendFound replaces what is found without a pattern. In JSON, outside of strings, the replacement
// becomes one.
func (r *redactor) appendFound(dst, text []byte, inQuotes bool) (out []byte, hit bool) {
	copied := 0
	for at := 0; ; {
		start, end, kind := r.find(text, at)
		if start < 0 {
			return append(dst, text[copied:]...), hit
		}
		start = max(start, copied)
		dst = append(dst, text[copied:start]...)
		if inQuotes {
			dst = append(dst, '"')
		}
		dst = append(dst, r.texts[kind]...)
		if inQuotes {
			dst = append(dst, '"')
		}
		copied, at, hit = end, end, true
	}
}

// appendOwn replaces what the patterns match in dst from begin on.
func (r *redactor) appendOwn(dst []byte, begin int, hit bool) ([]byte, bool) {
	for i := range r.patterns {
		one := &r.patterns[i]
		if !one.may(dst[begin:]) || !one.Match(dst[begin:]) {
			continue
		}
		r.after = append(r.after[:0], dst[begin:]...)
		dst = dst[:begin]
		copied := 0
		for _, match := range one.FindAllIndex(r.after, -1) {
			if match[0] == match[1] || r.inReplacement(r.after, match[0]) {
				continue
			}
			dst = append(append(dst, r.after[copied:match[0]]...), one.replacement...)
			copied, hit = match[1], true
		}
		dst = append(dst, r.after[copied:]...)
	}
	return dst, hit
}

// inReplacement tells of a place that it is within a replacement: a pattern may match the name of
// another, or its own.
func (r *redactor) inReplacement(text []byte, at int) bool {
	const begins, longest = "[redacted:", 48
	from := max(0, at-longest)
	start := bytes.LastIndex(text[from:min(len(text), at+len(begins))], []byte(begins))
	if start < 0 || from+start > at {
		return false
	}
	start += from
	covers := func(replacement []byte) bool {
		return at < start+len(replacement) && bytes.HasPrefix(text[start:], replacement)
	}
	return slices.ContainsFunc(r.texts[:], covers) || slices.ContainsFunc(r.patterns, func(one pattern) bool { return covers(one.replacement) })
}

// appendSimple writes the escapes of printable ASCII, and of slashes, as what they stand for, however
// many backslashes they have.
func appendSimple(dst, text []byte) []byte {
	for at := 0; at < len(text); {
		if text[at] != '\\' {
			dst = append(dst, text[at])
			at++
			continue
		}
		end := at
		for end < len(text) && text[end] == '\\' {
			end++
		}
		code, valid := payload.Code(text[end-1:])
		switch {
		case end < len(text) && text[end] == '/':
			dst, at = append(dst, '/'), end+1
		case valid && code > ' ' && code < 0x7f && code != '"' && code != '\\':
			dst, at = append(dst, byte(code)), end+5
		default:
			dst, at = append(dst, text[at:end]...), end
		}
	}
	return dst
}
