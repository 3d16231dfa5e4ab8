package document_test

import (
	"fmt"
	"strings"
	"testing"

	"caretaker/internal/want"
	"caretaker/log-shipper/document"
	"caretaker/log-shipper/sample"
)

// idsOf are the ids of the documents of a text.
func idsOf(t *testing.T, text []byte) (ids []string) {
	t.Helper()
	var b document.Batch
	m := maker(t, document.Config{})
	m.Begin(text)
	m.Fill(&b, 1<<30)
	check(t, &b, m.Counts())
	for i := range b.Len() {
		ids = append(ids, string(b.ID(i)))
		want.Equal(t, "the id in the document", decoded(t, b.Body(i))["event.id"], any(ids[i]))
	}
	return ids
}

// kinds says of each id whether it is the event's own or a hash, and whether it came before.
func kinds(ids []string) (kinds string) {
	seen := map[string]bool{}
	for _, id := range ids {
		kind := map[int]string{56: "own ", 40: "hash "}[len(id)]
		if seen[id] {
			kind = "TWICE "
		}
		seen[id] = true
		kinds += kind
	}
	return kinds
}

func TestMaker_givesEachEventOfAPayloadAnIDOfItsOwn(t *testing.T) {
	with := func(id any, message string) map[string]any {
		e := map[string]any{"id": id, "timestamp": noon, "message": message}
		if id == nil {
			delete(e, "id")
		}
		return e
	}
	own := func(number int) any { return fmt.Sprintf("%056d", number) }
	for _, c := range "/:\x7f\u00e9 a" { // each beside the digits, or far from them
		text := sample.Of(group, stream, []any{with(strings.Repeat("1", 54)+string(c)+"1", "a"), with(strings.Repeat("1", 56), "b")})
		if got := kinds(idsOf(t, text)); got != "hash own " {
			t.Errorf("with %q in it: %s", c, got)
		}
	}
	for name, c := range map[string]struct {
		events []any
		want   string
	}{
		"CloudWatch's":                     {[]any{with(own(1), "a"), with(own(2), "b")}, "own own "},
		"in another order":                 {[]any{with(own(3), "a"), with(own(1), "b"), with(own(2), "c")}, "own own own "},
		"equal ones":                       {[]any{with(own(1), "a"), with(own(1), "b"), with(own(2), "c"), with(own(1), "a")}, "own hash own hash "},
		"an equal one, later":              {[]any{with(own(1), "a"), with(own(5), "b"), with(own(3), "c"), with(own(5), "d"), with(own(3), "e")}, "own own own hash hash "},
		"numbers":                          {[]any{with(0, "a"), with(0, "b"), with(1, "a")}, "hash hash hash "},
		"none":                             {[]any{with(nil, "a"), with(nil, "b")}, "hash hash "},
		"none, and the same again":         {[]any{with(nil, "a"), with(nil, "a"), with(nil, "a")}, "hash hash hash "},
		"empty":                            {[]any{with("", "a")}, "hash "},
		"32 digits of another system":      {[]any{with("0123456789abcdef0123456789abcdef", "a")}, "hash "},
		"56 characters that are no digits": {[]any{with(fmt.Sprintf("%056x", 0xabcdef), "a")}, "hash "},
	} {
		text := sample.Of(group, stream, c.events)
		ids := idsOf(t, text)
		want.Equal(t, name, kinds(ids), c.want)
		want.Equal(t, name+": the ids of the same payload once more", idsOf(t, text), ids)
	}
}

// A hash holds everything that tells events apart, and nothing that may differ when one comes again.
func TestMaker_hashesGroupStreamIDTimeAndMessage(t *testing.T) {
	base := func() map[string]any { return map[string]any{"id": "7", "timestamp": noon, "message": "m"} }
	first := idsOf(t, sample.Of(group, stream, []any{base()}))[0]
	for name, text := range map[string][]byte{
		"another group":   sample.Of(group+"2", stream, []any{base()}),
		"another stream":  sample.Of(group, stream+"2", []any{base()}),
		"a moved border":  sample.Of(group+"2", stream[1:], []any{base()}),
		"another id":      sample.Of(group, stream, []any{map[string]any{"id": "8", "timestamp": noon, "message": "m"}}),
		"another time":    sample.Of(group, stream, []any{map[string]any{"id": "7", "timestamp": noon + 1, "message": "m"}}),
		"another message": sample.Of(group, stream, []any{map[string]any{"id": "7", "timestamp": noon, "message": "n"}}),
	} {
		if idsOf(t, text)[0] == first {
			t.Errorf("%s has the same id", name)
		}
	}
	if again := idsOf(t, sample.Of(group, stream, []any{event(1, "before"), base()})); again[1] != first {
		t.Errorf("in another payload the same event has the id %s instead of %s", again[1], first)
	}
}
