package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// level is a section or a list that is open at a line of the file.
type level struct {
	indent int
	path   string
	// list says that its lines begin with a dash.
	list bool
	// first is the key that it began with, in the line at.
	first string
	at    int
	// last is its key of the moment, and filled whether that has a value in its own line.
	last   string
	filled bool
}

var (
	dashForm = regexp.MustCompile(`^( *)(- +|-$)(.*)$`)
	keyForm  = regexp.MustCompile(`^( *)([A-Za-z][A-Za-z0-9-]*):(?: +(.*))?$`)
	bareForm = regexp.MustCompile(`^ *([A-Za-z][A-Za-z0-9-]*)(?:[ :].*)?$`)
	pairForm = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9-]*): `)
)

// around is the path of the section that a line so far indented stands in.
func (l level) around(indent int) string {
	if indent > l.indent && !l.list && !l.filled {
		return join(l.path, l.last)
	}
	return l.path
}

// misplaced says what the parser does not: which line stands in no section, and where its key belongs. It
// goes no further than the line that the parser stopped at, or the one after.
func misplaced(text string, stopped int) Problem {
	var open []level
	flow, scalar := 0, -1 // how deep in brackets, and how far a text of several lines is indented
	for index, line := range strings.Split(text, "\n") {
		number := index + 1
		line = strings.TrimRight(line, " \r")
		bare := strings.TrimLeft(line, " ")
		indent := len(line) - len(bare)
		switch {
		case number > stopped+1:
			return Problem{}
		case bare == "" || bare[0] == '#' || scalar >= 0 && indent > scalar:
			continue
		case flow > 0:
			flow += brackets(line)
			continue
		}
		scalar = -1
		value := ""
		var problem Problem
		if dash := dashForm.FindStringSubmatch(line); dash != nil {
			open, problem = entry(open, len(dash[1]), number)
			line, value = strings.Repeat(" ", len(dash[1]+dash[2]))+dash[3], dash[3]
		}
		if key := keyForm.FindStringSubmatch(line); key != nil && problem.Text == "" {
			value = key[3]
			if strings.HasPrefix(value, "#") {
				value = ""
			}
			open, problem = keyed(open, len(key[1]), key[2], value, number)
		} else if missing := bareForm.FindStringSubmatch(line); missing != nil && problem.Text == "" && len(open) > 0 {
			if _, known := keysOf(sectionAt(open[len(open)-1].around(indent)))[missing[1]]; known {
				problem.Text = fmt.Sprintf("no colon with a space behind %s: write %[1]s: and its value", missing[1])
			}
		}
		if problem.Text != "" {
			problem.Line = number
			return problem
		}
		flow += brackets(value)
		if strings.HasPrefix(value, "|") || strings.HasPrefix(value, ">") {
			scalar = indent
		}
	}
	return Problem{}
}

// entry opens the list that a dash stands in, or goes on with it.
func entry(open []level, indent, line int) ([]level, Problem) {
	all := open
	for len(open) > 0 && open[len(open)-1].indent > indent {
		open = open[:len(open)-1]
	}
	if len(open) > 0 {
		top := open[len(open)-1]
		if top.list && top.indent == indent {
			return open, Problem{}
		}
		if !top.list && !top.filled && len(all) == len(open) {
			path := join(top.path, top.last) + "[]"
			return append(slices.Clip(open), level{indent: indent, path: path, list: true, at: line}), Problem{}
		}
	}
	for _, l := range slices.Backward(all) {
		if l.list {
			return all, Problem{Text: fmt.Sprintf("an entry is indented by %s: those of %s are indented by %d, like line %d", spaces(indent), strings.TrimSuffix(l.path, "[]"), l.indent, l.at)}
		}
	}
	return all, Problem{Text: "an entry of a list where there is no list"}
}

// keyed opens the section that a key stands in, or goes on with it.
func keyed(open []level, indent int, key, value string, line int) ([]level, Problem) {
	all := open
	for len(open) > 0 && (open[len(open)-1].indent > indent || open[len(open)-1].list && open[len(open)-1].indent == indent) {
		open = open[:len(open)-1]
	}
	path, begins := "", len(open) == 0
	if !begins {
		top := open[len(open)-1]
		switch {
		case top.indent == indent:
		case top.list && len(all) == len(open): // the first key of an entry
			path, begins = top.path, true
		case !top.list && !top.filled && len(all) == len(open):
			path, begins = join(top.path, top.last), true
		default:
			return all, stray(all, indent, key)
		}
	} else if len(all) > 0 {
		return all, stray(all, indent, key)
	}
	if second := pairForm.FindStringSubmatch(value); second != nil {
		return all, Problem{Text: fmt.Sprintf("two keys in a line: write %s in a line of its own, indented below %s", second[1], key)}
	}
	open = slices.Clone(open)
	if begins {
		open = append(open, level{indent: indent, path: path, first: key, at: line})
	}
	open[len(open)-1].last, open[len(open)-1].filled = key, value != ""
	return open, Problem{}
}

// stray says where a key belongs that is indented like none of those above it.
func stray(open []level, indent int, key string) Problem {
	var all, known []level
	for _, l := range open {
		if l.list {
			continue
		}
		all = append(all, l)
		if _, has := keysOf(sectionAt(l.path))[key]; has {
			known = append(known, l)
		}
	}
	if len(known) == 1 {
		home := known[0]
		return Problem{Text: fmt.Sprintf("%s is indented by %s: it belongs to %s, whose keys are indented by %d, like %s in line %d", key, spaces(indent), titled(home.path), home.indent, home.first, home.at)}
	}
	if len(known) > 0 {
		all = known
	}
	var choices []string
	for _, l := range all {
		choices = append(choices, fmt.Sprintf("by %d it belongs to %s", l.indent, titled(l.path)))
	}
	return Problem{Text: fmt.Sprintf("%s is indented by %s, like no key above it: %s", key, spaces(indent), strings.Join(choices, ", "))}
}

func spaces(count int) string { return counted(count, "space") }

// brackets is by how many a text opens more of them than it closes.
func brackets(text string) int {
	return strings.Count(text, "[") + strings.Count(text, "{") - strings.Count(text, "]") - strings.Count(text, "}")
}
