package command

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"caretaker/cmd/caretaker/console"
)

// Head begins the JSON document of a command.
type Head struct {
	Schema  int    `json:"schema"`
	Command string `json:"command"`
	Account string `json:"account"`
	Stage   string `json:"stage"`
}

// Head is that of a command such as janitor plan.
func (j *Job) Head(command string, a Account) Head {
	return Head{console.DocumentSchema, command, a.Number, j.Stage()}
}

// Mode is what the file says about a part.
type Mode struct {
	Enabled bool `json:"enabled"`
	DryRun  bool `json:"dryRun"`
}

// Deployed says what is deployed where a plan shows more than that: section is the part's in the file, instead what the
// part does in place of what is planned.
func (m Mode) Deployed(out *console.Sheet, section, instead string) {
	switch {
	case !m.Enabled:
		out.Line("Deployed", "nothing: %s.enabled is false", section)
	case m.DryRun:
		out.Line("Deployed", "in dry run: %s.dryRun is true, so this %s", section, instead)
	}
}

// Write writes what came of a command: as one JSON document, or for people.
func (j *Job) Write(asJSON bool, document any, show func(out *console.Sheet)) error {
	out := j.Sheet()
	if asJSON {
		return out.Document(document)
	}
	show(out)
	return out.Flush()
}

// Counted says how many decisions there are of each outcome and reason, a line for each, the most first.
func Counted[D any](decisions []D, kind func(D) (outcome, reason string)) []string {
	counts := map[string]int{}
	for _, one := range decisions {
		outcome, reason := kind(one)
		counts[outcome+": "+reason]++
	}
	lines := slices.SortedFunc(maps.Keys(counts), func(a, b string) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b)) })
	for i, line := range lines {
		lines[i] = fmt.Sprintf("%6d %s", counts[line], line)
	}
	return lines
}

// Texts are errors as a document lists them: never null.
func Texts(failures []error) []string {
	list := []string{}
	for _, failure := range failures {
		list = append(list, failure.Error())
	}
	return list
}
