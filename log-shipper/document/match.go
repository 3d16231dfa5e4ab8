package document

import "bytes"

// find is the first thing at or after a place that is redacted without a pattern; start is -1 where
// there is none.
func (r *redactor) find(text []byte, at int) (start, end int, kind hidden) {
	for at < len(text) {
		if !r.begins[text[at]] {
			at++
			continue
		}
		if start, end, kind, at = r.match(text, at); end > 0 {
			return start, end, kind
		}
	}
	return -1, 0, 0
}

// match is what is redacted that begins at a place, or has it in the middle; end is 0 where there is
// nothing. next is where to look on.
func (r *redactor) match(text []byte, at int) (start, end int, kind hidden, next int) {
	switch text[at] {
	case '@':
		start, end = emailAround(text, at, 1)
		return start, end, email, at + 1
	case '%': // an @ in a URL
		if bytes.HasPrefix(text[at:], []byte("%40")) {
			start, end = emailAround(text, at, 3)
		}
		return start, end, email, at + 1
	case 'A':
		return at, keyID(text, at), awsKey, at + 1
	}
	next = at + 1
	for next < len(text) && isDigit(text[next]) {
		next++
	}
	if r.kinds[ipv4] && next-at <= 3 && next < len(text) && text[next] == '.' {
		if end = address(text, at); end > 0 {
			return at, end, ipv4, next
		}
	}
	// Cards are printed in groups of four digits or more.
	if r.kinds[card] && (next-at >= leastCard || next-at >= 4 && next < len(text) && (text[next] == ' ' || text[next] == '-')) {
		end = cardNumber(text, at)
	}
	return at, end, card, next
}

func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// mostLocal is how much before the @ is looked at: twice what an address may have.
// https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1.1
const mostLocal = 128

// emailAround is the e-mail address around an @ that is width bytes long; end is 0 if there is none.
func emailAround(text []byte, at, width int) (start, end int) {
	start = at
	for start > 0 && at-start < mostLocal && isLocal(text, start-1) {
		start--
	}
	for start < at && text[start] == '.' {
		start++
	}
	if start == at {
		return 0, 0
	}
	label := at + width // where the present label begins
	for at = label; ; at++ {
		if at < len(text) && (isLetter(text[at]) || isDigit(text[at]) || text[at] == '-' || text[at] >= 0x80) {
			continue
		}
		if at == label {
			return start, end // nothing, or what came before the last dot
		}
		if text[label-1] == '.' && isTop(text[label:at]) {
			end = at
		}
		if at >= len(text) || text[at] != '.' {
			return start, end
		}
		label = at + 1
	}
}

// isLocal tells whether the byte at a place may be of the part before the @.
func isLocal(text []byte, at int) bool {
	switch c := text[at]; {
	case isLetter(c), isDigit(c), c >= 0x80, c == '.', c == '_', c == '+', c == '-', c == '%':
		return true
	case c == '\'': // o'brien, but not 'brien'
		return at > 0 && isLetter(text[at-1])
	}
	return false
}

// isTop tells whether a label may be the last of a domain: two letters or more, or one that is coded.
func isTop(label []byte) bool {
	if len(label) < 2 {
		return false
	}
	if bytes.HasPrefix(label, []byte("xn--")) {
		return true
	}
	for _, c := range label {
		if !isLetter(c) && c < 0x80 {
			return false
		}
	}
	return true
}

// address is the end of the IPv4 address that begins at a digit; 0 if there is none.
func address(text []byte, at int) (end int) {
	if at > 0 && (isDigit(text[at-1]) || text[at-1] == '.' && at > 1 && isDigit(text[at-2])) {
		return 0
	}
	for part := range 4 {
		value, begin := 0, at
		for at < len(text) && isDigit(text[at]) && at-begin < 4 {
			value = value*10 + int(text[at]-'0')
			at++
		}
		if at == begin || at-begin > 3 || value > 255 {
			return 0
		}
		if part == 3 {
			break
		}
		if at >= len(text) || text[at] != '.' {
			return 0
		}
		at++
	}
	if at+1 < len(text) && text[at] == '.' && isDigit(text[at+1]) {
		return 0
	}
	return at
}

// keyIDs is how long the ids of access keys are, and what they begin with.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-prefixes
const keyIDs = 20

// keyID is the end of the access key id that begins at a place; 0 if there is none.
func keyID(text []byte, at int) (end int) {
	if len(text)-at < keyIDs || at > 0 && isKeyChar(text[at-1]) && (at < 2 || text[at-2] != '\\') {
		return 0
	}
	switch string(text[at : at+4]) {
	case "AKIA", "ASIA", "ABIA", "ACCA":
	default:
		return 0
	}
	for _, c := range text[at : at+keyIDs] {
		if !isDigit(c) && (c < 'A' || c > 'Z') {
			return 0
		}
	}
	if at += keyIDs; at < len(text) && isKeyChar(text[at]) {
		return 0
	}
	return at
}

func isKeyChar(c byte) bool { return isDigit(c) || isLetter(c) }

// secretLength is how long secret access keys are, and near how far something has to call it secret.
const (
	secretLength = 40
	near         = 64
)

func mentionsSecret(text []byte) bool {
	return bytes.Contains(text, []byte("ecret")) || bytes.Contains(text, []byte("ECRET"))
}

func isSecretChar(c byte) bool { return isKeyChar(c) || c == '/' || c == '+' }

// appendWithoutSecrets replaces words that are as long as secret access keys, where the word secret
// stands before them, or names the whole.
func (r *redactor) appendWithoutSecrets(dst, text []byte, named bool) []byte {
	copied := 0
	for at := 0; at < len(text); {
		if !isSecretChar(text[at]) {
			at++
			continue
		}
		begin := at
		for at < len(text) && isSecretChar(text[at]) {
			at++
		}
		if at-begin == secretLength && (named || mentionsSecret(text[max(0, begin-near):begin])) {
			dst = append(append(dst, text[copied:begin]...), r.texts[awsKey]...)
			copied = at
		}
	}
	return append(dst, text[copied:]...)
}
