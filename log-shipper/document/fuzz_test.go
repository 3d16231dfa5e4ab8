package document_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"caretaker/internal/want"
	"caretaker/log-shipper/document"
	"caretaker/log-shipper/sample"
)

// Whatever comes, as many events come out as came in, each one JSON, and nothing panics.
func FuzzMaker(f *testing.F) {
	f.Add(sample.Payload(1, 20))
	f.Add(payloadOf(startA, "a", platformEvent("report", `"requestId":"`+idA+`","metrics":{"durationMs":1}`), `{"a":"ann\u0040example.com","a":1}`))
	f.Add([]byte("{\"logEvents\":[{\"message\":\"\xff\\ud800{\"},7,{\"message\":{\"a\":1}}]}{"))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, config := range []document.Config{{Correlation: []string{"a"}}, everything} {
			var b document.Batch
			m := maker(t, config)
			m.Begin(text)
			for m.Fill(&b, 1<<30) {
			}
			check(t, &b, m.Counts())
			if b.Bytes() > 64*len(text)+1000 {
				t.Errorf("%d bytes of %d", b.Bytes(), len(text))
			}
		}
	})
}

// A message of any text arrives as it is, and says the same again when JSON is lifted out of it.
func FuzzMessage(f *testing.F) {
	for _, message := range []string{"", "hello", `{"a":[1,"x"]}`, "[INFO] {\"a\":1}", startA, `{"message":"{\"a\":1}"}`, "é\u2028\x00"} {
		f.Add(message)
	}
	f.Fuzz(func(t *testing.T, message string) {
		doc := alone(t, document.Config{}, message)
		wanted := strings.ToValidUTF8(message, "\ufffd")
		if len(message) <= 1<<20 && strings.Count(wanted, "\ufffd") == strings.Count(message, "\ufffd") {
			want.Equal(t, "the message", doc["message"], any(wanted))
		}
		var object map[string]any
		if doc["json"] != nil && strings.HasPrefix(message, "{") && json.Unmarshal([]byte(message), &object) != nil {
			t.Errorf("%q was lifted and is no JSON", message)
		}
	})
}

// What is redacted stays JSON where it was, and nothing that looks like an address of example.com is
// left, however it is escaped.
func FuzzRedact(f *testing.F) {
	f.Add(`{"a":"ann@example.com","b":[1,"\u0040"]}`)
	f.Add(`x ann@example.com {`)
	f.Add(`{"secret":"wJalrXUtnFEMI\/K7MDENG\/bPxRfiCYEXAMPLEKEY"}`)
	f.Fuzz(func(t *testing.T, text string) {
		m := maker(t, document.Config{Redact: document.Redact{Email: true, IPv4: true, Cards: true, AWSKeys: true}})
		out := m.Redact(nil, []byte(text))
		if json.Valid([]byte(text)) && (text[0] == '{' || text[0] == '[') && !json.Valid(out) {
			t.Errorf("%q became %q", text, out)
		}
		if bytes.Contains(out, []byte("n@example.com")) {
			t.Errorf("%q became %q", text, out)
		}
	})
}
