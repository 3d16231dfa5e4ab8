package document_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"caretaker/internal/want"
	"caretaker/log-shipper/document"
)

func TestBatch_makesADocumentBareAndCutsItAtACharacter(t *testing.T) {
	for name, c := range map[string]struct{ body, lifted, bare, cut string }{
		"without tags": {
			`{"event.id":"1","message":"0123456789abcdef","x":1,"json":{"a":[1]}}`, `,"json":{"a":[1]}`,
			`{"event.id":"1","message":"0123456789abcdef","x":1,"tags":["lifted_refused"]}`,
			`{"event.id":"1","message":"","x":1,"tags":["lifted_dropped","message_cut"]}`,
		},
		"with tags": {
			`{"message":"0123456789012345678901234567890","tags":["redacted"],"json":{}}`, `,"json":{}`,
			`{"message":"0123456789012345678901234567890","tags":["redacted","lifted_refused"]}`,
			`{"message":"0123456789","tags":["redacted","lifted_dropped","message_cut"]}`,
		},
		"with nothing lifted": {`{"message":"` + strings.Repeat("x", 90) + `"}`, "", "", `{"message":"` + strings.Repeat("x", 38) + `","tags":["message_cut"]}`},
		"with tags and nothing lifted": {
			`{"message":"` + strings.Repeat("x", 90) + `","tags":["redacted"]}`, "", "", `{"message":"` + strings.Repeat("x", 27) + `","tags":["redacted","message_cut"]}`,
		},
		"between escapes":        {`{"message":"` + strings.Repeat(`\n`, 60) + `"}`, "", "", `{"message":"` + strings.Repeat(`\n`, 19) + `","tags":["message_cut"]}`},
		"between pairs":          {`{"message":"` + strings.Repeat(`\ud83d\ude00`, 10) + `"}`, "", "", `{"message":"` + strings.Repeat(`\ud83d\ude00`, 3) + `","tags":["message_cut"]}`},
		"between letters":        {`{"message":"` + strings.Repeat("😀", 30) + `"}`, "", "", `{"message":"` + strings.Repeat("😀", 9) + `","tags":["message_cut"]}`},
		"behind backslashes":     {`{"message":"` + strings.Repeat(`\\`, 60) + `"}`, "", "", `{"message":"` + strings.Repeat(`\\`, 19) + `","tags":["message_cut"]}`},
		"a message of no length": {`{"message":"","x":"` + strings.Repeat("x", 90) + `"}`, "", "", `{"message":"","x":"` + strings.Repeat("x", 90) + `","tags":["message_cut"]}`},
	} {
		t.Run(name, func(t *testing.T) {
			var b document.Batch
			b.Add([]byte("0"), []byte(`{"message":"another"}`), nil, 1)
			b.Add([]byte("1"), []byte(c.body), []byte(c.lifted), 2)
			want.Equal(t, "the body", string(b.Body(1)), c.body)
			want.Equal(t, "bare", string(b.Bare([]byte("> "), 1)), "> "+c.bare)
			want.Equal(t, "cut", string(b.Cut([]byte("> "), 1, 75)), "> "+c.cut)
			check(t, &b, document.Counts{In: 2})
		})
	}
}

func TestBatch_isEmptyAgainAfterReset(t *testing.T) {
	var b document.Batch
	b.Add([]byte("1"), []byte(`{"message":"m"}`), nil, 1_000)
	want.Equal(t, "its state", fmt.Sprint(b.Len(), b.Bytes(), b.Time(0), string(b.ID(0))), "1 16 10001")
	want.Equal(t, "the lag", b.Lag(0, time.UnixMilli(3_500)), 2500*time.Millisecond)
	want.Equal(t, "the lag of what lies ahead", b.Lag(0, time.UnixMilli(500)), time.Duration(0))
	b.Reset()
	want.Equal(t, "its state", fmt.Sprint(b.Len(), b.Bytes()), "0 0")
}
