package document

import "bytes"

// mostTerm is how long a value with its path may be in a flat field, which makes one term of each:
// OpenSearch 2.19 makes json.json.order.id=7 of {"order":{"id":7}}, Elasticsearch a shorter one. The
// term is as long as Lucene allows.
// https://docs.opensearch.org/latest/mappings/supported-field-types/flat-object/
const mostTerm = 32_766

// Depth is how deep objects and arrays may be nested in the lifted field. Elasticsearch takes 20 unless
// the template says more.
// https://www.elastic.co/docs/reference/elasticsearch/mapping-reference/flattened
const Depth = 64

// verdict is what came of lifting.
type verdict uint8

const (
	// noJSON is a text that is no JSON object: nothing is missing.
	noJSON verdict = iota
	lifted
	// unfit is a JSON object that a node would refuse.
	unfit
)

// lifter reads the JSON object that a message is, checks it, writes it without blanks, and keeps what
// has a field of its own. Numbers stay as they are written.
type lifter struct {
	in  []byte
	at  int
	out []byte
	// copied is up to where in was written to out.
	copied int
	// objects counts them, to tell their keys apart.
	objects int32
	keys    keys
	names   []byte // keys that had to be unescaped
	inner   []byte // messages that are JSON in a string, one behind the other
	long    []byte // a value that may be too long, unescaped
	nested  bool   // in is a piece of inner
	marked  bool   // something had to be replaced
	unfit   bool
	found   found
	// wanted are the keys that the configuration makes correlation ids of.
	wanted []string
}

// run reads text, which has to be one JSON object with nothing but blanks behind it.
func (l *lifter) run(text []byte) verdict {
	l.in, l.at, l.copied = text, 0, 0
	l.out, l.names, l.inner = l.out[:0], l.names[:0], l.inner[:0]
	l.objects, l.nested, l.marked, l.unfit = 0, false, false, false
	l.found = found{ids: l.found.ids[:0]}
	l.keys.begin()
	if len(text) == 0 || text[0] != '{' || !l.value(1, len(Lifted+"."+Lifted), atTop) {
		return noJSON
	}
	l.flush()
	if l.blanks(); l.at != len(l.in) {
		return noJSON
	}
	if l.unfit {
		return unfit
	}
	return lifted
}

// flush writes what was passed over since the last time.
func (l *lifter) flush() {
	l.out = append(l.out, l.in[l.copied:l.at]...)
	l.copied = l.at
}

// blanks passes over white space and does not write it.
func (l *lifter) blanks() {
	begin := l.at
	for l.at < len(l.in) && (l.in[l.at] == ' ' || l.in[l.at] == '\n' || l.in[l.at] == '\t' || l.in[l.at] == '\r') {
		l.at++
	}
	if l.at > begin {
		l.out = append(l.out, l.in[l.copied:begin]...)
		l.copied = l.at
	}
}

func (l *lifter) peek() byte {
	if l.at < len(l.in) {
		return l.in[l.at]
	}
	return 0
}

// value reads a value; path is how long the names that lead to it are, with the dots.
func (l *lifter) value(depth, path int, where place) bool {
	if depth > Depth {
		l.unfit = true
	}
	if depth > deepestRead {
		return false
	}
	switch c := l.peek(); c {
	case '{':
		return l.object(depth, path, where)
	case '[':
		return l.array(depth, path)
	case '"':
		inside, ok := l.text()
		l.term(path, inside)
		return ok
	case 't':
		return l.word("true")
	case 'f':
		return l.word("false")
	case 'n':
		return l.word("null")
	default:
		begin := l.at
		ok := l.number()
		l.term(path, l.in[begin:l.at])
		return ok
	}
}

// deepestRead is where reading stops: what is nested deeper is not even checked.
const deepestRead = 1000

func (l *lifter) object(depth, path int, where place) bool {
	object := l.objects
	l.objects++
	l.at++
	if l.blanks(); l.peek() == '}' {
		l.at++
		return true
	}
	for {
		if l.peek() != '"' {
			return false
		}
		key, ok := l.text()
		if !ok {
			return false
		}
		if !l.keys.add(object, l.unescaped(key)) {
			l.unfit = true
		}
		if l.blanks(); l.peek() != ':' {
			return false
		}
		l.at++
		l.blanks()
		if !l.entry(depth, path+1+len(key), where, key) {
			return false
		}
		l.blanks()
		switch l.peek() {
		case ',':
			l.at++
			l.blanks()
		case '}':
			l.at++
			return true
		default:
			return false
		}
	}
}

// entry reads the value of a key, and keeps it where it has a field of its own.
func (l *lifter) entry(depth, path int, where place, key []byte) bool {
	if where == nowhere {
		return l.value(depth+1, path, nowhere)
	}
	if where == atTop && string(key) == "message" && bytes.HasPrefix(l.in[l.at:], []byte(`"{`)) && l.unwrap(depth, path) {
		return true
	}
	begin := l.at
	if !l.value(depth+1, path, inside(where, key)) {
		return false
	}
	l.keep(where, key, l.in[begin:l.at])
	return true
}

func (l *lifter) array(depth, path int) bool {
	l.at++
	if l.blanks(); l.peek() == ']' {
		l.at++
		return true
	}
	for {
		if !l.value(depth+1, path, nowhere) {
			return false
		}
		l.blanks()
		switch l.peek() {
		case ',':
			l.at++
			l.blanks()
		case ']':
			l.at++
			return true
		default:
			return false
		}
	}
}

// unwrap reads a message that is a JSON object within a string, as Lambda's JSON format makes of a line
// that is one, and lifts the object in the place of the string. If it is none after all, or one that
// a node would refuse, the string stays.
func (l *lifter) unwrap(depth, path int) bool {
	if l.nested {
		return false
	}
	l.flush()
	before := *l
	text, ok := l.text()
	if !ok || l.marked != before.marked {
		*l = before
		return false
	}
	behind, begin := l.at, len(l.inner)
	l.inner = appendPlain(l.inner, text)
	l.in, l.at, l.copied, l.nested = l.inner[begin:], 0, 0, true
	ok = l.value(depth+1, path, inMessage)
	if ok {
		l.flush()
		l.blanks()
	}
	if !ok || l.at != len(l.in) || l.unfit && !before.unfit {
		keys, objects := l.keys, l.objects
		*l = before
		l.keys, l.objects = keys, objects // the keys of the inner objects stay, under numbers of their own
		return false
	}
	l.in, l.at, l.copied, l.nested = before.in, behind, behind, false
	return true
}
