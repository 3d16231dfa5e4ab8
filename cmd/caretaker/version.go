package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"caretaker/cmd/caretaker/command"
)

// commit is the one that this was built from, with its date; the Makefile sets it where there is git.
var commit string

type versionCommand struct{}

// Run names the build.
func (versionCommand) Run(j *command.Job) error {
	_, err := fmt.Fprintln(j.Out, thisVersion())
	return err
}

// thisVersion names this build.
func thisVersion() string {
	module := ""
	if build, ok := debug.ReadBuildInfo(); ok {
		module = build.Main.Version
	}
	return fmt.Sprintf("%s %s %s/%s", versionOf(module, commit), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// versionOf names a build by the module's version and its commit.
func versionOf(module, commit string) string {
	version := "(devel)"
	if module != "" && !strings.HasPrefix(module, "v0.0.0-") { // Go's name for a commit without a tag
		version = strings.TrimSuffix(module, "+dirty")
	}
	if commit != "" {
		version += " commit " + commit
	}
	return "caretaker " + version
}
