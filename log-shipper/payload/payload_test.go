package payload_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"caretaker/internal/want"
	"caretaker/log-shipper/payload"
	"caretaker/log-shipper/sample"
)

// read is a payload in words.
func read(text string, p *payload.Payload) string {
	piece := func(s payload.Span) string { return string(s.Of([]byte(text))) }
	var words strings.Builder
	fmt.Fprintf(&words, "%s of %s in %s/%s", piece(p.Type), piece(p.Owner), piece(p.Group), piece(p.Stream))
	if !p.Listed {
		words.WriteString(", no list")
	}
	for _, e := range p.Events {
		fmt.Fprintf(&words, "; %s at %d: %s", piece(e.ID), e.Time, piece(e.Message))
		for i, name := range []string{" (no string)", " (no time)", " (no event)"} {
			if e.Marks&(payload.NoString<<i) != 0 {
				words.WriteString(name)
			}
		}
	}
	return words.String()
}

func TestNext_readsPayloadsInAnyOrderOfKeys(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"as AWS writes it": {
			`{"messageType":"DATA_MESSAGE","owner":"1","logGroup":"g","logStream":"s","subscriptionFilters":["f"],"logEvents":[{"id":"7","timestamp":5,"message":"m"}]}`,
			"DATA_MESSAGE of 1 in g/s; 7 at 5: m",
		},
		"events first, a number as id, blanks": {
			"\n{ \"logEvents\" : [ { \"message\" : \"m\" , \"id\" : 0 , \"timestamp\" : 5 } ] ,\t\"logStream\":\"s\",\"logGroup\":\"g\",\"owner\":\"1\",\"messageType\":\"DATA_MESSAGE\"}\r\n",
			"DATA_MESSAGE of 1 in g/s; 0 at 5: m",
		},
		"events without anything":      {`{"logEvents":[{},{"message":null,"id":null,"timestamp":null}]}`, " of  in /;  at 0:  (no time); null at 0:  (no string) (no time)"},
		"no list":                      {`{"messageType":"DATA_MESSAGE","logEvents":null}`, "DATA_MESSAGE of  in /, no list"},
		"an empty list":                {`{"logEvents":[]}`, " of  in /"},
		"entries that are no events":   {`{"logEvents":[1,"two",{"message":"m","timestamp":1},[3]]}`, " of  in /;  at 0:  (no time) (no event);  at 0:  (no time) (no event);  at 1: m;  at 0:  (no time) (no event)"},
		"messages that are no strings": {`{"logEvents":[{"message":{"a":[1,{}]},"timestamp":1},{"message":17,"timestamp":2}]}`, ` of  in /;  at 1: {"a":[1,{}]} (no string);  at 2: 17 (no string)`},
		"names that are no strings":    {`{"messageType":7,"owner":{},"logGroup":[],"logEvents":[]}`, " of  in /"},
		"keys that nobody knows":       {`{"policyLevel":"ACCOUNT_LEVEL_POLICY","x":{"logEvents":[{}]},"logEvents":[{"message":"m","timestamp":1,"y":[[],{"z":"}"}]}]}`, " of  in /;  at 1: m"},
		"escapes":                      {`{"logGroup":"a\"b\\","logEvents":[{"message":"\"\\","timestamp":1}]}`, ` of  in a\"b\\/;  at 1: \"\\`},
		"times":                        {`{"logEvents":[{"timestamp":0},{"timestamp":-5},{"timestamp":"12"},{"timestamp":1.9},{"timestamp":99999999999999999},{"timestamp":1e30},{"timestamp":[]},{"timestamp":9999999999999999999999}]}`, " of  in /;  at 0: ;  at -5: ;  at 12: ;  at 1: ;  at 99999999999999999: ;  at 0:  (no time);  at 0:  (no time);  at 0:  (no time)"},
	} {
		t.Run(name, func(t *testing.T) {
			var p payload.Payload
			next, found, err := p.Next([]byte(c.text), 0)
			want.NoError(t, "reading", err)
			want.Equal(t, "found", found, true)
			want.Equal(t, "the payload", read(c.text, &p), c.want)
			_, found, err = p.Next([]byte(c.text), next)
			want.NoError(t, "reading what follows", err)
			want.Equal(t, "another one found", found, false)
		})
	}
}

func TestNext_readsValuesInARow(t *testing.T) {
	text := `{"owner":"1","logEvents":[]}{"owner":"2","logEvents":[]}` + "\n" + `{"owner":"3","logEvents":[]}  {"owner":`
	var p payload.Payload
	var owners []string
	at := 0
	for {
		next, found, err := p.Next([]byte(text), at)
		if err != nil {
			want.Equal(t, "the error", err.Error(), fmt.Sprintf("byte %d: the JSON ends too early", len(text)))
			want.Equal(t, "where the broken one begins", text[next:], `{"owner":`)
			break
		}
		if at = next; !found {
			t.Fatal("the broken value was not seen")
		}
		owners = append(owners, string(p.Owner.Of([]byte(text))))
	}
	want.Equal(t, "owners", strings.Join(owners, " "), "1 2 3")
}

func TestNext_saysWhereTheJSONIsBroken(t *testing.T) {
	for text, says := range map[string]string{
		`hello`:                            "byte 0: a JSON object should begin here",
		`[{}]`:                             "byte 0: a JSON object should begin here",
		`{`:                                "byte 1: a key should begin here",
		`{"a"`:                             "byte 4: the JSON ends too early",
		`{"a":`:                            "byte 5: the JSON ends too early",
		`{"a":}`:                           "byte 5: a value should begin here",
		`{"a":1,}`:                         "byte 7: a key should begin here",
		`{"a" 1}`:                          "byte 5: '1' stands where ':' should",
		`{"a":1 "b":2}`:                    "byte 7: '\"' stands where '}' should",
		`{"logEvents":[{}{}]}`:             "byte 16: '{' stands where ']' should",
		`{"logEvents":[,]}`:                "byte 14: a value should begin here",
		`{"logEvents":[{"message":"abc}]}`: "byte 32: the JSON ends too early",
		`{"a":` + strings.Repeat("[", 10_001) + strings.Repeat("]", 10_001) + "}": "values are nested more than 10000 deep",
	} {
		var p payload.Payload
		_, found, err := p.Next([]byte(text), 0)
		if !found || err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%.40s: found %v, error %v, want one that says %q", text, found, err, says)
		}
	}
}

func TestNext_marksWhatCannotBePassedOnAsItIs(t *testing.T) {
	for message, marks := range map[string]payload.Marks{
		"plain":                 0,
		"größer":                0,
		`a\nb\t\"\\`:            payload.Escaped,
		`a\/`:                   payload.Escaped | payload.Coded,
		`\\u0041`:               payload.Escaped | payload.Coded,
		`\\\/`:                  payload.Escaped | payload.Coded,
		`\\`:                    payload.Escaped,
		`\u00e9`:                payload.Escaped | payload.Coded,
		`\ud83d\ude00`:          payload.Escaped | payload.Coded,
		`\ud800`:                payload.Escaped | payload.Coded | payload.Lone,
		`\ude00`:                payload.Escaped | payload.Coded | payload.Lone,
		`\ud800\ud83d\ude00`:    payload.Escaped | payload.Coded | payload.Lone,
		`\x`:                    payload.Escaped | payload.BadEscape,
		`\u12`:                  payload.Escaped | payload.BadEscape,
		"a\x01b":                payload.Control,
		"a line\nbreak":         payload.Control,
		"more than eight\x1f..": payload.Control,
	} {
		var p payload.Payload
		_, _, err := p.Next([]byte(`{"logEvents":[{"timestamp":1,"message":"`+message+`"}]}`), 0)
		want.NoError(t, "reading "+message, err)
		want.Equal(t, "the marks of "+message, p.Events[0].Marks, marks)
	}
}

// A bomb may be made of events: 64 MiB hold 33 million of them.
func TestNext_stopsWhereThereAreTooManyEvents(t *testing.T) {
	for entry, says := range map[string]string{"{}": "there are more than 1048576 events", "1": "more than 1000 entries of logEvents are no objects"} {
		var p payload.Payload
		text := []byte(`{"logEvents":[` + strings.Repeat(entry+",", 2<<20) + entry + `]}`)
		_, _, err := p.Next(text, 0)
		if err == nil || !strings.HasSuffix(err.Error(), says) || cap(p.Events) > 1<<21 {
			t.Errorf("%v, and memory for %d events", err, cap(p.Events))
		}
	}
}

func TestNext_takesNoMemoryForTheSecondPayload(t *testing.T) {
	text := sample.Payload(1, 1000)
	var p payload.Payload
	if got := testing.AllocsPerRun(20, func() { _, _, _ = p.Next(text, 0) }); got > 0 {
		t.Errorf("%v allocations for each payload", got)
	}
}

func TestFields_givesPairsOfStrings(t *testing.T) {
	var got []string
	payload.Fields([]byte(`{"@aws.account":"1", "n":2, "o":{"p":"q"}, "@aws.region":"eu-west-1"}`), func(key, value []byte) {
		got = append(got, string(key)+"="+string(value))
	})
	want.Equal(t, "the pairs", strings.Join(got, " "), "@aws.account=1 @aws.region=eu-west-1")
}

// What encoding/json reads as payloads is read alike.
func FuzzNext(f *testing.F) {
	f.Add(sample.Payload(1, 3))
	f.Add([]byte(`{"logEvents":[{"message":"\ud800","id":0,"timestamp":-1}],"logGroup":"g"}{}`))
	f.Add([]byte(`{"logEvents":[1,{"message":{"a":1}}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var p payload.Payload
		at := 0
		for {
			next, found, err := p.Next(text, at)
			if err != nil || !found {
				if err != nil && json.Valid(text[at:]) && strings.HasPrefix(strings.TrimSpace(string(text[at:])), "{") && !strings.Contains(err.Error(), "nested") {
					t.Errorf("%q is JSON, and the error %v", text[at:], err)
				}
				return
			}
			if next <= at {
				t.Fatalf("no step from byte %d", at)
			}
			var whole struct{ LogEvents []json.RawMessage }
			if json.Unmarshal(p.Whole.Of(text), &whole) == nil && p.Listed && strings.Count(strings.ToLower(string(text)), "logevents") == 1 {
				want.Equal(t, "events", len(p.Events), len(whole.LogEvents))
			}
			at = next
		}
	})
}
