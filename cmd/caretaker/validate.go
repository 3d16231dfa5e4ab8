package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"caretaker/cmd/caretaker/command"
	"caretaker/internal/config"
)

type validateCommand struct{}

// Run checks what a deployment would: the file with each of its stages.
func (validateCommand) Run(j *command.Job) error {
	file, err := j.Settings.Load(j.Console, true)
	if err != nil {
		return err
	}
	stages := slices.Sorted(maps.Keys(file.Stages))
	stages = append([]string{config.DefaultStage}, stages...)
	text := fmt.Sprintf("%s is valid; stages: %s\n", j.Settings.Name(), strings.Join(stages, ", "))
	said := map[config.Problem]bool{} // a line of the base holds in its stages too
	for _, stage := range stages {
		for _, note := range file.Notes[stage] {
			if !said[note] {
				said[note] = true
				text += "note: " + note.Error() + "\n"
			}
		}
	}
	_, err = fmt.Fprint(j.Out, text)
	return err
}
