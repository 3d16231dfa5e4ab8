package document

import "bytes"

// header is what stands before the text of a line, in the forms of the runtimes:
//
//	2026-11-29T17:42:05.000Z <request id> INFO text     Node, .NET; with tabs between
//	[INFO] 2026-11-29T17:42:05.000Z <request id> text   Python; with tabs between
//	[INFO] text                                         Java's own logger
//	2026-11-29 17:42:05 <request id> INFO  Logger:32 - text   Java, log4j
//	RequestId: <request id> Error: text                 Lambda itself
type header struct {
	level level
	// id is the request id, nil if there is none.
	id []byte
	// rest is where the text begins.
	rest int
}

// mostTokens is how many words a prefix has at most.
const mostTokens = 6

// headerOf reads the prefix of the inside of a string, in which a tab is an escape.
func headerOf(line []byte) (h header) {
	if after, is := bytes.CutPrefix(line, []byte("RequestId: ")); is && startsWithRequestID(after) {
		h.id, h.rest = after[:requestID], len(line)-len(after)+requestID
		if bytes.HasPrefix(line[h.rest:], []byte(" Error:")) {
			h.level = levelError
		}
		return h
	}
	stamped := false
	for range mostTokens {
		word, next := token(line, h.rest)
		switch {
		case len(word) == 0:
			return h
		case h.id == nil && len(word) == requestID && startsWithRequestID(word):
			h.id = word
		case isTime(word):
			stamped = true
		case stamped && string(word) == "undefined": // Node's request id before the first invocation
		case h.level == 0:
			if h.level = levelWord(word, stamped || h.id != nil); h.level == 0 {
				return h
			}
		default:
			return h
		}
		h.rest = next
	}
	return h
}

// levelWord reads a level as it stands in prefixes. Without a time or a request id before it, a word in
// small letters is one only in the form of .NET's console, info: text.
func levelWord(word []byte, behindOthers bool) level {
	inner, bracketed := bytes.CutPrefix(word, []byte("["))
	if bracketed {
		inner, bracketed = bytes.CutSuffix(inner, []byte("]"))
	}
	inner, colon := bytes.CutSuffix(inner, []byte(":"))
	large := len(inner) > 1 && inner[0] <= 'Z' && inner[len(inner)-1] <= 'Z'
	if !bracketed && !large && !behindOthers && (!colon || len(inner) != 4) {
		return 0
	}
	return levelOf(inner)
}

// token is the word at a place, and where the next one begins.
func token(line []byte, at int) (word []byte, next int) {
	end := at
	for end < len(line) && line[end] != ' ' && line[end] != '\\' {
		if end++; end-at > 64 {
			return nil, at
		}
	}
	next = end
	for next < len(line) {
		switch {
		case line[next] == ' ':
			next++
		case line[next] == '\\' && next+1 < len(line) && line[next+1] == 't':
			next += 2
		default:
			return line[at:end], next
		}
	}
	return line[at:end], next
}

// isTime tells dates and times of day, as prefixes have them, from other words.
func isTime(word []byte) bool {
	if len(word) < 8 || len(word) > 35 || word[0] < '0' || word[0] > '9' {
		return false
	}
	separators := 0
	for _, c := range word {
		switch {
		case c >= '0' && c <= '9':
		case c == '-', c == ':', c == '/':
			separators++
		case c == '.', c == ',', c == 'T', c == 'Z', c == '+':
		default:
			return false
		}
	}
	return separators >= 2
}

// requestID is how long a request id is: a UUID.
const requestID = 36

func startsWithRequestID(text []byte) bool {
	if len(text) < requestID || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' {
		return false
	}
	for i, c := range text[:requestID] {
		if !isHex[c] && i != 8 && i != 13 && i != 18 && i != 23 {
			return false
		}
	}
	return true
}

// isHex are the digits of hexadecimal numbers.
var isHex = func() (is [256]bool) {
	for _, c := range "0123456789abcdefABCDEF" {
		is[c] = true
	}
	return is
}()

// mostBefore is how much text may stand between a prefix and a JSON object: a logger's name, or Node's
// Invoke Error.
const mostBefore = 128

// objectAt is where in the line a JSON object begins that goes to its end, -1 if none may. What stands
// before it is a prefix, and at most some words that end in a tab or a dash: a brace in the middle of a
// text begins no object.
func objectAt(line []byte, rest int) int {
	if last := trimmedEnd(line); last <= rest || line[last-1] != '}' {
		return -1
	}
	for line[rest] == ' ' {
		rest++
	}
	if line[rest] == '{' {
		return rest
	}
	at := bytes.IndexByte(line[rest:min(len(line), rest+mostBefore)], '{')
	if at < 0 {
		return -1
	}
	before := line[:rest+at]
	if bytes.HasSuffix(before, []byte(`\t`)) || bytes.HasSuffix(before, []byte(" - ")) {
		return rest + at
	}
	return -1
}

// trimmedEnd is where the line ends without blanks, which are escapes but for spaces.
func trimmedEnd(line []byte) int {
	end := len(line)
	for end > 0 {
		switch c := line[end-1]; {
		case c == ' ':
			end--
		case (c == 'n' || c == 'r' || c == 't') && end > 1 && line[end-2] == '\\':
			end -= 2
		default:
			return end
		}
	}
	return end
}
