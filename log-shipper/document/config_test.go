package document_test

import (
	"strings"
	"testing"

	"caretaker/internal/setting"
	"caretaker/internal/want"
	"caretaker/log-shipper/document"
)

func TestConfig_namesEachValueThatCannotBeMeant(t *testing.T) {
	many := document.Config{}
	for range 51 {
		many.Drop.Patterns = append(many.Drop.Patterns, "x")
	}
	for name, c := range map[string]struct {
		config document.Config
		want   string
	}{
		"as it ships":          {document.Default(), ""},
		"all of it":            {everything, ""},
		"a pattern to drop":    {document.Config{Drop: document.Drop{Patterns: []string{"ok", "("}}}, "logShipper.drop.patterns[1]: \"(\" is not allowed: a regular expression in RE2's syntax: "},
		"one that drops all":   {document.Config{Drop: document.Drop{Patterns: []string{".*"}}}, "logShipper.drop.patterns[0]: \".*\" is not allowed: a regular expression that does not match the empty text"},
		"a pattern to redact":  {document.Config{Redact: document.Redact{Patterns: []document.Pattern{{Name: "x", Pattern: `\p`}}}}, "logShipper.redact.patterns[0].pattern: "},
		"a name twice":         {document.Config{Redact: document.Redact{Patterns: []document.Pattern{{Name: "x", Pattern: "a"}, {Name: "x", Pattern: "b"}}}}, "logShipper.redact.patterns[1].name: \"x\" is not allowed: each name once"},
		"a name that is taken": {document.Config{Redact: document.Redact{Patterns: []document.Pattern{{Name: "card", Pattern: "a"}}}}, "logShipper.redact.patterns[0].name: "},
		"too many":             {many, "logShipper.patterns: \"51\" is not allowed: up to 50 expressions in each list"},
	} {
		var got []string
		for _, problem := range c.config.Validate("logShipper") {
			got = append(got, problem.Error())
		}
		if text := strings.Join(got, "\n"); !strings.HasPrefix(text, c.want) || (text == "") != (c.want == "") {
			t.Errorf("%s: %q, want %q", name, text, c.want)
		}
	}
	if problems := setting.Check("drop", document.Drop{Below: "loud"}); len(problems) != 1 {
		t.Errorf("a level that is none: %v", problems)
	}
	for _, bad := range []document.Config{{Drop: document.Drop{Patterns: []string{"("}}}, {Redact: document.Redact{Patterns: []document.Pattern{{Pattern: "("}}}}} {
		if _, err := document.NewMaker(bad, document.Options{}); err == nil || !strings.Contains(err.Error(), ".patterns: ") {
			t.Errorf("making a maker of it: %v", err)
		}
	}
	want.Equal(t, "what ships", document.Default(), document.Config{Sample: document.Sample{OneIn: 1}, Redact: document.Redact{Cards: true, AWSKeys: true}})
}
