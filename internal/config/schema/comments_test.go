package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

var (
	keyForm = regexp.MustCompile(`^( *)([A-Za-z]+):`)
	spans   = regexp.MustCompile(`[0-9][0-9.]*[dhms]?(?: \([a-z ]+\))? to [0-9][0-9.]*[dhms]?`)
)

// The comments of caretaker.yaml say the same bounds as the fields.
func TestShippedFile_saysTheBoundsOfTheFields(t *testing.T) {
	text, err := os.ReadFile("../../../caretaker.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var comment []string // the lines just above
	var path []string
	said := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		trimmed := strings.TrimSpace(line)
		if after, is := strings.CutPrefix(trimmed, "#"); is {
			comment = append(comment, after)
			continue
		}
		match := keyForm.FindStringSubmatch(line)
		if match == nil {
			comment = nil
			continue
		}
		path = append(path[:len(match[1])/2:len(match[1])/2], match[2])
		key := strings.Join(path, ".")
		if _, inline, found := strings.Cut(line, " # "); found {
			comment = append(comment, inline)
		}
		words := strings.Join(strings.Fields(strings.Join(comment, " ")), " ")
		comment = nil
		_, bounds, bounded := strings.Cut(rules[key].Allowed, " from ")
		if !bounded || rules[key].Least == rules[key].Most {
			continue
		}
		said[key] = strings.Contains(plain(words), plain(bounds))
		if span := spans.FindString(words); !said[key] && span != "" {
			t.Errorf("%s: the comment says %q, the field %q", key, span, bounds)
		} else if !said[key] {
			t.Errorf("%s: the comment does not say %q", key, bounds)
		}
	}
	if len(said) < 15 {
		t.Errorf("bounds of %d keys were looked for: the keys of the file are not found", len(said))
	}
}

// plain leaves out what the first bound means, as comments may.
func plain(text string) string {
	return regexp.MustCompile(` \([a-z ]+\) to `).ReplaceAllString(text, " to ")
}
