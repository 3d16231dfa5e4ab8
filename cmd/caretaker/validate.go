package main

import (
	"fmt"
	"maps"
	"path/filepath"
	"runtime"
	"runtime/debug"
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

type versionCommand struct{}

// Run names the build.
func (versionCommand) Run(j *job) error {
	_, err := fmt.Fprintln(j.out, thisVersion())
	return err
}

// thisVersion names the build. A checkout's own build has no version.
func thisVersion() string {
	version := "(devel)"
	if build, ok := debug.ReadBuildInfo(); ok && build.Main.Version != "" {
		version = build.Main.Version
	}
	return fmt.Sprintf("caretaker %s %s %s/%s", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
