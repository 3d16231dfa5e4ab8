package document_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"caretaker/internal/want"
	"caretaker/log-shipper/document"
)

// everything is all that can be redacted, with a pattern of one's own.
var everything = document.Config{Redact: document.Redact{Email: true, IPv4: true, Cards: true, AWSKeys: true, Patterns: []document.Pattern{
	{Name: "token", Pattern: `token=[A-Za-z0-9]+`}, {Name: "plate", Pattern: `\b[A-Z]{2}-\d{3}\b`}, {Name: "pin", Pattern: `"pin":\s*"[^"]*"`},
}}}

const (
	aKey    = "AKIAIOSFODNN7EXAMPLE"
	aSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	aCard   = "4111111111111111"
)

func TestMaker_redactsText(t *testing.T) {
	for text, wanted := range map[string]string{
		// e-mail
		"mail ann@example.com!":                   "mail [redacted:email]!",
		"<ann.o'brien+x@mail.example.co.uk>":      "<[redacted:email]>",
		"'ann@example.com' to bob@example.com.":   "'[redacted:email]' to [redacted:email].",
		"\nann@example.com\tbob@example.com\n":    "\n[redacted:email]\t[redacted:email]\n",
		"jörg@müller.example":                     "[redacted:email]",
		"a@xn--p1b6ci4b4b3a.xn--11b5bs3a9aj6g":    "[redacted:email]",
		"/q?mail=ann%40example.com&x=1":           "/q?mail=[redacted:email]&x=1",
		"lodash@4.17.21 and user@localhost":       "lodash@4.17.21 and user@localhost",
		"@example.com a@ @ a@b a@b.c":             "@example.com a@ @ a@b a@b.c",
		strings.Repeat("x", 300) + "@example.com": strings.Repeat("x", 172) + "[redacted:email]",
		// IPv4
		"from 10.0.0.1:443, 255.255.255.255":   "from [redacted:ipv4]:443, [redacted:ipv4]",
		"ip-10.1.2.3.example, 1.2.3.4.":        "ip-[redacted:ipv4].example, [redacted:ipv4].",
		"256.1.1.1 1.2.3 1.2.3.4.5 1.2.3.4567": "256.1.1.1 1.2.3 1.2.3.4.5 1.2.3.4567",
		"x\n10.0.0.1":                          "x\n[redacted:ipv4]",
		// cards
		"card 4111111111111111":                "card [redacted:card]",
		"card 4111 1111 1111 1111 20 EUR":      "card [redacted:card] 20 EUR",
		"3782-822463-10005, 5500005555555559":  "[redacted:card], [redacted:card]",
		"6011000990139424\n4222222222222":      "[redacted:card]\n[redacted:card]",
		"5 4111-1111-1111-1111":                "5 [redacted:card]",
		"4111111111111112 x4111111111111111":   "4111111111111112 x4111111111111111",
		"1795953600000 0.4111111111111111":     "1795953600000 0.4111111111111111",
		"41111111111111110000000000000000":     "41111111111111110000000000000000",
		"00000000-4111-1111-1111-111111111111": "00000000-4111-1111-1111-111111111111",
		// AWS
		aKey + " and ASIAIOSFODNN7EXAMPLE":       "[redacted:aws-key] and [redacted:aws-key]",
		"X" + aKey + " " + aKey + "X AKIAshort":  "X" + aKey + " " + aKey + "X AKIAshort",
		"aws_secret_access_key = " + aSecret:     "aws_secret_access_key = [redacted:aws-key]",
		"AWS_SECRET_ACCESS_KEY=" + aSecret + ";": "AWS_SECRET_ACCESS_KEY=[redacted:aws-key];",
		"commit " + strings.Repeat("0a", 20):     "commit " + strings.Repeat("0a", 20),
		// patterns of one's own
		"token=abc123&x":        "[redacted:token]&x",
		"plate AB-123 XAB-1234": "plate [redacted:plate] XAB-1234",
		// several, and escapes that hide
		"ann@example.com 10.0.0.1 " + aKey + " token=x":     "[redacted:email] [redacted:ipv4] [redacted:aws-key] [redacted:token]",
		`ann\u0040example.com`:                              "[redacted:email]",
		`10\u002e0.0.1 and \u00e9`:                          `[redacted:ipv4] and \u00e9`,
		`ann\\u0040example.com`:                             "[redacted:email]",
		`secret: ` + strings.ReplaceAll(aSecret, "/", `\/`): "secret: [redacted:aws-key]",
		`only \u0041 and a\/b`:                              `only \u0041 and a\/b`,
	} {
		doc := alone(t, everything, text)
		want.Equal(t, "the message", doc["message"], any(wanted))
		want.Equal(t, "the tags of "+text, fields(doc, "tags"), map[bool]string{true: "tags=", false: `tags=["redacted"]`}[text == wanted])
	}
}

func TestMaker_redactsJSONStringByStringInMessageAndLiftedFields(t *testing.T) {
	for message, wanted := range map[string]string{
		`{"mail":"ann@example.com","n":1}`:                                     `{"mail":"[redacted:email]","n":1}`,
		`{"mail":"ann\u0040example.com","n":1}`:                                `{"mail":"[redacted:email]","n":1}`,
		`{"text":"line\nann@example.com\tx"}`:                                  `{"text":"line\n[redacted:email]\tx"}`,
		`{"text":"say \"ann@example.com\""}`:                                   `{"text":"say \"[redacted:email]\""}`,
		`{"card":4111111111111111,"x":[4111111111111111]}`:                     `{"card":"[redacted:card]","x":["[redacted:card]"]}`,
		`{"card":"4111 1111 1111 1111"}`:                                       `{"card":"[redacted:card]"}`,
		`{"ann@example.com":{"ip":"10.0.0.1"}}`:                                `{"[redacted:email]":{"ip":"[redacted:ipv4]"}}`,
		`{"secretAccessKey":"` + aSecret + `","x":"y"}`:                        `{"secretAccessKey":"[redacted:aws-key]","x":"y"}`,
		`{"SecretAccessKey":"` + strings.ReplaceAll(aSecret, "/", `\/`) + `"}`: `{"SecretAccessKey":"[redacted:aws-key]"}`,
		`{"hash":"` + aSecret + `"}`:                                           `{"hash":"` + aSecret + `"}`,
		`{"x-correlation-mail":"ann@example.com"}`:                             `{"x-correlation-mail":"[redacted:email]"}`,
		`{"message":"{\"mail\":\"ann@example.com\"}"}`:                         `{"message":"{\"mail\":\"[redacted:email]\"}"}`,
		`{"message":"{\"mail\":\"ann\\u0040example.com\"}"}`:                   `{"message":"{\"mail\":\"[redacted:email]\"}"}`,
		`{"url":"https:\/\/x?token=abc"}`:                                      `{"url":"https://x?[redacted:token]"}`,
		`{"ts":1795953600000,"id":"7"}`:                                        `{"ts":1795953600000,"id":"7"}`,
	} {
		for _, prefix := range []string{"", "2026-11-29T12:00:00.000Z\t" + idA + "\tINFO\t", "[INFO] "} {
			doc := alone(t, everything, prefix+message+"\n")
			want.Equal(t, "the message", doc["message"], any(prefix+wanted+"\n"))
			lifted, err := json.Marshal(doc["json"])
			want.NoError(t, "encoding", err)
			unwrapped := strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(wanted, `\"`, `"`), `"{`, `{`), `}"`, `}`)
			if !strings.Contains(wanted, `"message"`) {
				unwrapped = wanted
			}
			want.Equal(t, "the lifted object", string(lifted), compact(t, unwrapped))
			want.Equal(t, "the tags of "+message, fields(doc, "tags"), map[bool]string{true: "tags=", false: `tags=["redacted"]`}[message == wanted])
			if correlation := fmt.Sprint(doc["correlation"]); strings.Contains(correlation, "ann@") {
				t.Errorf("the correlation ids are %s", correlation)
			}
		}
	}
}

// A pattern about a key with its value tears the JSON: then the message is redacted all the same, and the
// lifted field, which cannot be told any more, is left out.
func TestMaker_dropsLiftedFieldsThatAPatternTears(t *testing.T) {
	doc := alone(t, everything, `{"a":1,"pin": "1234"}`)
	want.Equal(t, "what is left", fields(doc, "message", "json", "tags"), `message={\"a\":1,[redacted:pin]} json= tags=["lifted_dropped","redacted"]`)
}

// A pattern may match its own name, or that of another kind.
func TestMaker_redactsNothingTwice(t *testing.T) {
	config := document.Config{Redact: document.Redact{Email: true, Patterns: []document.Pattern{{Name: "token", Pattern: `token`}, {Name: "word", Pattern: `email|redacted|\[`}}}}
	for message, wanted := range map[string]string{
		"token and ann@example.com [": "[redacted:token] and [redacted:email] [redacted:word]",
		`{"a":"token","b":["email"]}`: `{"a":"[redacted:token]","b":[redacted:word]"[redacted:word]"]}`,
		"[redacted: token":            "[redacted:word][redacted:word]: [redacted:token]",
	} {
		want.Equal(t, "the message", alone(t, config, message)["message"], any(wanted))
	}
}

func TestMaker_redactsBeforeItCuts(t *testing.T) {
	long := strings.Repeat("0123456789abcde ", 4<<20/16-1)
	docs, counts := documents(t, everything, payloadOf(long+" ann@example.com", strings.Repeat(`"`, 3<<20)))
	want.Equal(t, "the tags", fields(docs[0], "tags"), `tags=["message_cut","redacted"]`)
	message := docs[0]["message"].(string)
	want.Equal(t, "the length", len(message), 4<<20)
	want.Equal(t, "the end", message[len(message)-20:], (long + " [redacted:email]")[4<<20-20:4<<20])
	want.Equal(t, "the end of one whose escapes are too long", fmt.Sprint(len(docs[1]["message"].(string)), docs[1]["tags"]), fmt.Sprint(2<<20, []any{"message_cut"}))
	want.Equal(t, "counted", fmt.Sprint(counts.Redacted, counts.Marked), "1 2")
}

func TestMaker_redactsNothingThatItIsNotToldTo(t *testing.T) {
	text := "ann@example.com 10.0.0.1 " + aCard + " " + aKey + " secret " + aSecret
	for name, c := range map[string]struct {
		redact document.Redact
		want   string
	}{
		"nothing":     {document.Redact{}, text},
		"e-mail":      {document.Redact{Email: true}, strings.Replace(text, "ann@example.com", "[redacted:email]", 1)},
		"IPv4":        {document.Redact{IPv4: true}, strings.Replace(text, "10.0.0.1", "[redacted:ipv4]", 1)},
		"cards":       {document.Redact{Cards: true}, strings.Replace(text, aCard, "[redacted:card]", 1)},
		"AWS":         {document.Redact{AWSKeys: true}, strings.NewReplacer(aKey, "[redacted:aws-key]", aSecret, "[redacted:aws-key]").Replace(text)},
		"as it ships": {document.Default().Redact, strings.NewReplacer(aCard, "[redacted:card]", aKey, "[redacted:aws-key]", aSecret, "[redacted:aws-key]").Replace(text)},
	} {
		want.Equal(t, name, alone(t, document.Config{Redact: c.redact}, text)["message"], any(c.want))
	}
}

// A dead letter that never became a document is text, or a piece of a payload, whose strings hold JSON
// with escapes of its own.
func TestRedact_isForDeadLetters(t *testing.T) {
	m := maker(t, everything)
	for text, wanted := range map[string]string{
		"": "", "ann@example.com": "[redacted:email]",
		`{"logEvents":[{"message":"a\nann@example.com {\"c\":\"4111111111111111\"}","timestamp":1795953600000}]}`: `{"logEvents":[{"message":"a\n[redacted:email] {\"c\":\"[redacted:card]\"}","timestamp":1795953600000}]}`,
		`{"cut":"ann@example.com`:         `{"cut":"[redacted:email]`,
		`["10.0.0.1", 4111111111111111 `:  `["[redacted:ipv4]", "[redacted:card]" `,
		"bytes \xff\xfe ann@example.com":  "bytes \xff\xfe [redacted:email]",
		`"` + aSecret + `" is the secret`: `"` + aSecret + `" is the secret`,
	} {
		want.Equal(t, "redacted", string(m.Redact([]byte("> "), []byte(text))), "> "+wanted)
	}
	want.Equal(t, "nothing to redact", string(maker(t, document.Config{}).Redact(nil, []byte("ann@example.com"))), "ann@example.com")
}

func TestMaker_dropsByLevelAndPattern(t *testing.T) {
	lines := []string{
		startA, "[DEBUG] a", "[INFO] b", "[ERROR] c", "no level", `{"level":"debug","message":"d"}`, `{"level":30,"message":"health \"check\""}`, "Größe 7", endA, reportA,
	}
	for name, c := range map[string]struct {
		drop document.Drop
		want string
	}{
		"nothing":                    {document.Drop{}, "SDICNdhGER"},
		"below info":                 {document.Drop{Below: "info"}, "SICNhGER"},
		"below error":                {document.Drop{Below: "error"}, "SCNGER"},
		"a pattern":                  {document.Drop{Patterns: []string{`^(START|END|REPORT) RequestId`}}, "DICNdhG"},
		"one with quotes":            {document.Drop{Patterns: []string{`health \\"check\\"`}}, "SDICNdGER"},
		"one that is not ASCII":      {document.Drop{Patterns: []string{`Größe \d`}}, "SDICNdhER"},
		"in small letters and large": {document.Drop{Patterns: []string{`(?i)NO LEVEL`}}, "SDICdhGER"},
		"several, and a level":       {document.Drop{Below: "info", Patterns: []string{`c$`, `b$`}}, "SNhGER"},
	} {
		t.Run(name, func(t *testing.T) {
			docs, counts := documents(t, document.Config{Drop: c.drop}, payloadOf(lines...))
			var got strings.Builder
			for _, doc := range docs {
				for i, line := range lines {
					if doc["message"] == line {
						got.WriteByte("SDICNdhGER"[i])
					}
				}
			}
			want.Equal(t, "what is left", got.String(), c.want)
			want.Equal(t, "dropped", counts.Dropped, len(lines)-len(docs))
			if docs[0]["message"] != startA { // what is dropped still tells
				want.Equal(t, "the invocation of what is left", docs[0]["faas.execution"], any(idA))
			}
		})
	}
}
