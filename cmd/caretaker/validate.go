package main

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"caretaker/internal/config"
)

type validateCommand struct{}

// Run checks what a deployment would: the file with each of its stages.
func (validateCommand) Run(j *job) error {
	file, err := j.settings.load(j.console, true)
	if err != nil {
		return err
	}
	stages := slices.Sorted(maps.Keys(file.Stages))
	name := j.settings.Config
	switch name {
	case "":
		name = usualFile
	case shippedDefaults:
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
	_, err = fmt.Fprint(j.out, text)
	return err
}
