package runbook_test

import (
	"strings"
	"testing"

	"caretaker/internal/runbook"
	"caretaker/internal/want"
)

func TestFits_takesAnHTTPSAddressThatAHeadingCanFollow(t *testing.T) {
	for page, fits := range map[string]bool{
		"":                                   true,
		"https://wiki.example.com/caretaker": true,
		"https://git.example.com:8443/ops/caretaker/-/blob/main/docs/runbook.md?ref=v1": true,
		"http://wiki.example.com/caretaker":                                             false,
		"https://":                                                                      false,
		"https://wiki.example.com/caretaker#alarms":                                     false,
		"https://oncall:secret@wiki.example.com/":                                       false,
		"https://wiki.example.com/a page":                                               false,
		"https://wiki.example.com/a`b":                                                  false,
		"wiki.example.com/caretaker":                                                    false,
		"https://wiki.example.com/" + strings.Repeat("a", runbook.MostLetters):          false,
	} {
		want.Equal(t, "whether "+page+" may be the runbook", runbook.Fits(page), fits)
	}
}

func TestAt_isTheFileWithoutAPage(t *testing.T) {
	want.Equal(t, "the address", runbook.At("", "janitor-errors"), "docs/runbook.md#janitor-errors")
	want.Equal(t, "the address", runbook.At("https://wiki.example.com/caretaker", "janitor-errors"), "https://wiki.example.com/caretaker#janitor-errors")
}
