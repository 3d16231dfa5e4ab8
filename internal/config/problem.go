package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing that is wrong, and where.
type Problem struct {
	// Source is the file's path, or --set and the key as it was set.
	Source string
	// Line is the line in the file, from 1. 0 means that there is none to name.
	Line int
	// Key is the path from the top of the file, like janitor.keep.newest, in an overlay
	// stages.prod.janitor.keep.newest. Empty where the text is not YAML.
	Key string
	// Text says what is wrong, with the value and what is allowed instead.
	Text string
}

// Error is like caretaker.yaml:12: janitor.keep.newest: "0" is not allowed: a whole number from 1 to 10000.
func (p Problem) Error() string {
	var b strings.Builder
	b.WriteString(p.Source)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
	}
	b.WriteString(": ")
	if p.Key != "" && p.Source != fromSet(p.Key) {
		b.WriteString(p.Key + ": ")
	}
	b.WriteString(p.Text)
	return b.String()
}

// fromSet is the source of a key that was set for one command.
func fromSet(key string) string { return "--set " + key }

// Problems is everything that is wrong, by source and line. Load returns it as its
// error wherever the configuration, and not the reading of the file, is at fault.
type Problems []Problem

// Error has a line for each problem.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.Error()
	}
	return strings.Join(lines, "\n")
}

// add appends what is not yet there: an unfit base is unfit in each of its stages too.
func (p *Problems) add(problem Problem) {
	if !slices.Contains(*p, problem) {
		*p = append(*p, problem)
	}
}

func (p Problems) sorted(file string) Problems {
	slices.SortStableFunc(p, func(a, b Problem) int {
		return cmp.Or(
			cmp.Compare(b2i(a.Source != file), b2i(b.Source != file)), // the file first, then what was set
			cmp.Compare(a.Line, b.Line), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Text, b.Text))
	})
	return p
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// closest is the name that was probably meant. Empty means that none is near.
func closest(given string, names []string) string {
	best, bestDistance := "", 100
	for _, name := range names {
		distance := distance(strings.ToLower(given), strings.ToLower(name))
		if distance < bestDistance && 3*distance <= len(name) {
			best, bestDistance = name, distance
		}
	}
	return best
}

// distance is Levenshtein's: the letters to add, take out or change.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
