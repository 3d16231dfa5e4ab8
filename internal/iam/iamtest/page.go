// Package iamtest holds a page of the documentation against what is granted.
package iamtest

import (
	"os"
	"strings"
	"testing"
)

// Page reads the table of a page on permissions, by grant ("action on resource") the keys of the file
// that bring it. Each grant has to be there once, and with a reason.
func Page(t *testing.T, path string) map[string]string {
	t.Helper()
	page, err := os.ReadFile(path) // #nosec G304 -- a test names it
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]string{}
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) != 6 || !strings.HasPrefix(cells[1], " `") {
			continue
		}
		for position := range cells {
			cells[position] = strings.TrimSpace(strings.ReplaceAll(cells[position], "`", ""))
		}
		grant := cells[1] + " on " + cells[2]
		if _, twice := said[grant]; twice {
			t.Errorf("%s is there twice", grant)
		}
		if cells[3] == "" {
			t.Errorf("%s has no reason", grant)
		}
		said[grant] = cells[4]
	}
	return said
}
