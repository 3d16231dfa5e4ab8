package document_test

import (
	"testing"

	"caretaker/internal/want"
	"caretaker/log-shipper/document"
)

func TestMaker_readsThePrefixesOfTheRuntimes(t *testing.T) {
	const object = `{"order":{"id":7}}`
	for name, c := range map[string]struct{ line, want string }{
		"Node":                          {"2026-11-29T12:00:00.000Z\t" + idA + "\tINFO\thello\tworld\n", "info A -"},
		"Node with JSON":                {"2026-11-29T12:00:00.000Z\t" + idA + "\tWARN\t" + object + "\n", "warn A lifted"},
		"Node before an invocation":     {"2026-11-29T12:00:00.000Z\tundefined\tERROR\tUncaught Exception \t" + object + "\n", "error - lifted"},
		"Node's unhandled error":        {"2026-11-29T12:00:00.000Z\t" + idA + "\tERROR\tInvoke Error \t" + `{"errorType":"Error","errorMessage":"no","stack":["Error: no","    at x"]}` + "\n", "error A lifted"},
		"Node without a level":          {"2026-11-29T12:00:00.000Z\t" + idA + "\t" + object, "- A lifted"},
		"Python":                        {"[WARNING]\t2026-11-29T12:00:00.000Z\t" + idA + "\thello\n", "warn A -"},
		"Python with JSON":              {"[CRITICAL]\t2026-11-29T12:00:00.000Z\t" + idA + "\t" + object + "\n", "fatal A lifted"},
		"Python's unhandled error":      {"[ERROR] ValueError: no\nTraceback (most recent call last):\n\u00a0\u00a0File \"x.py\"\n", "error - -"},
		"Java's logger":                 {"[DEBUG] " + object, "debug - lifted"},
		"Java's log4j":                  {"2026-11-29 12:00:00 " + idA + " INFO  Handler:32 - hello\n", "info A -"},
		"Java's log4j with JSON":        {"2026-11-29 12:00:00 " + idA + " INFO  com.example.Handler:32 - " + object + "\n", "info A lifted"},
		".NET":                          {"2026-11-29T12:00:00.000Z\t" + idA + "\tfail\tno\n", "error A -"},
		".NET with JSON":                {"2026-11-29T12:00:00.000Z\t" + idA + "\tinfo\t" + object + "\n", "info A lifted"},
		".NET's console":                {"warn: Orders[0]\n      late\n", "warn - -"},
		"a level alone":                 {"ERROR no basket", "error - -"},
		"a level with a colon":          {"INFO: started", "info - -"},
		"bare JSON":                     {object, "- - lifted"},
		"JSON behind blanks":            {"  " + object + " \n", "- - lifted"},
		"a word that is no level":       {"Error handling is on", "- - -"},
		"a small word that is none":     {"error in line 7", "- - -"},
		"a brace in a text":             {"the set {1,2} of {\"a\":1}", "- - -"},
		"text behind JSON":              {object + " and more", "- - -"},
		"an object behind much text":    {"received this event: " + object, "- - -"},
		"half a prefix":                 {"2026-11-29T12:00:00.000Z\t", "- - -"},
		"an array":                      {`[{"a":1}]`, "- - -"},
		"a number":                      {"404 {", "- - -"},
		"a lone bracket":                {"[", "- - -"},
		"an empty bracket":              {"[] {}", "- - -"},
		"a long word":                   {"0123456789012345678901234567890123456789012345678901234567890123456789 INFO", "- - -"},
		"JSON with a level":             {`{"level":"WARNING","message":"m"}`, "warn - lifted"},
		"pino's level":                  {`{"level":50,"msg":"m"}`, "error - lifted"},
		"a level that is none":          {`{"level":"loud","severity":70}`, "- - lifted"},
		"JSON with Java's request id":   {`{"level":"INFO","AWSRequestId":"` + idA + `"}`, "info A lifted"},
		"a request id that is none":     {`{"level":"INFO","AWSRequestId":"7"}`, "info - lifted"},
		"the level of JSON goes before": {"2026-11-29T12:00:00.000Z\t" + idA + "\tINFO\t" + `{"level":"error"}`, "error A lifted"},
	} {
		t.Run(name, func(t *testing.T) {
			doc := alone(t, document.Config{}, c.line)
			got := map[bool]string{true: "lifted", false: "-"}[doc["json"] != nil]
			level, _ := doc["log.level"].(string)
			if level == "" {
				level = "-"
			}
			want.Equal(t, "level, invocation and JSON", level+" "+lettered([]map[string]any{doc})+" "+got, c.want)
			want.Equal(t, "the message", doc["message"], any(c.line))
		})
	}
}
