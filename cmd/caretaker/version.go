package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"caretaker/cmd/caretaker/command"
	"caretaker/internal/release"
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
	module, from := "", commit
	if build, ok := debug.ReadBuildInfo(); ok {
		module = build.Main.Version
		if from == "" {
			from = recorded(build.Settings)
		}
	}
	return fmt.Sprintf("%s %s %s/%s", versionOf(cmp.Or(release.OfRelease(), module), from), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// recorded is the commit with its date that go install and go build write down where they find git; empty where not.
func recorded(settings []debug.BuildSetting) string {
	said := map[string]string{}
	for _, setting := range settings {
		said[setting.Key] = setting.Value
	}
	revision, at := said["vcs.revision"], said["vcs.time"]
	if revision == "" {
		return ""
	}
	text := fmt.Sprintf("%.12s of %.10s", revision, at)
	if said["vcs.modified"] == "true" {
		text += " with changes"
	}
	return text
}

// versionOf names a build by the module's version, or the release's, and its commit.
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
