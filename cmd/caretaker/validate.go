package main

import (
	"fmt"
	"maps"
	"path/filepath"
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
	name := j.Settings.Config
	switch name {
	case "":
		name = command.UsualFile
	case command.ShippedDefaults:
		name = "the shipped configuration"
	}
	text := fmt.Sprintf("%s is valid; stages: %s\n", filepath.Clean(name), strings.Join(append([]string{config.DefaultStage}, stages...), ", "))
	for _, note := range file.Notes("") {
		text += "note: " + note + "\n"
	}
	for _, stage := range stages {
		for _, note := range file.Stages[stage].Notes("") {
			text += "note on stage " + stage + ": " + note + "\n"
		}
	}
	_, err = fmt.Fprint(j.Out, text)
	return err
}
