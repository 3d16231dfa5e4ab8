package demo_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"caretaker/janitor"
)

// What the README promises about the janitor's role is what the role is made from.
func TestReadme_namesEveryActionOfTheJanitor(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	granted := map[string]bool{}
	for _, statement := range janitor.Statements(janitor.Default()) {
		for _, action := range statement.Actions {
			granted[action] = true
			if !strings.Contains(string(text), "`"+action+"`") {
				t.Errorf("%s is granted and not in the README", action)
			}
		}
	}
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(line, "|")
		if len(cells) != 5 || !strings.Contains(cells[1], ":") || !strings.Contains(cells[1], "`") {
			continue
		}
		for action := range strings.SplitSeq(strings.NewReplacer("`", "", " ", "").Replace(cells[1]), ",") {
			if !granted[action] {
				t.Errorf("%s is in the README and not granted", action)
			}
		}
	}
}
