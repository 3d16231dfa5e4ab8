package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"caretaker/cmd/caretaker/command"
	"caretaker/cmd/caretaker/console"
	"caretaker/internal/config"
)

type validateCommand struct {
	JSON bool `name:"json" help:"One JSON document, also of a file that is wrong."`
}

// validation is what came of the check. The lists are never absent.
type validation struct {
	Schema  int    `json:"schema"`
	Command string `json:"command"`
	// File is the configuration's name, Stages its stages, of which there are none while it is wrong.
	File     string    `json:"file"`
	Valid    bool      `json:"valid"`
	Stages   []string  `json:"stages"`
	Problems []finding `json:"problems"`
	// Notes are what is allowed and yet mostly a mistake, each once.
	Notes []finding `json:"notes"`
}

// finding is a problem or a note. Line and Key are empty where there is none to name.
type finding struct {
	Source string `json:"source"`
	Line   int    `json:"line,omitempty"`
	Key    string `json:"key,omitempty"`
	Text   string `json:"text"`
}

// Run checks what a deployment would: the file with each of its stages.
func (v validateCommand) Run(j *command.Job) error {
	file, err := j.Settings.Load(j.Console, true)
	var problems config.Problems
	if err != nil && (!v.JSON || !errors.As(err, &problems)) {
		return err
	}
	result := validation{
		Schema: console.DocumentSchema, Command: "validate", File: j.Settings.Name(), Valid: err == nil,
		Stages: []string{}, Problems: findings(problems), Notes: []finding{},
	}
	if result.Valid {
		result.Stages = append([]string{config.DefaultStage}, slices.Sorted(maps.Keys(file.Stages))...)
	}
	notes := notesOf(file, result.Stages)
	if !v.JSON {
		text := fmt.Sprintf("%s is valid; stages: %s\n", result.File, strings.Join(result.Stages, ", "))
		for _, note := range notes {
			text += "note: " + note.Error() + "\n"
		}
		_, err = fmt.Fprint(j.Out, text)
		return err
	}
	result.Notes = findings(notes)
	if err := j.Sheet().Document(result); err != nil {
		return err
	}
	if !result.Valid {
		return console.Ending{Code: console.Misused}
	}
	return nil
}

// notesOf are the notes of all stages: a line of the base holds in its stages too, and is said once.
func notesOf(file config.File, stages []string) []config.Problem {
	var notes []config.Problem
	for _, stage := range stages {
		for _, note := range file.Notes[stage] {
			if !slices.Contains(notes, note) {
				notes = append(notes, note)
			}
		}
	}
	return notes
}

func findings(problems []config.Problem) []finding {
	list := make([]finding, 0, len(problems))
	for _, one := range problems {
		list = append(list, finding(one))
	}
	return list
}
