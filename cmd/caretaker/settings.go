package main

import (
	"cmp"
	"errors"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"caretaker/internal/config"
	"caretaker/janitor"
)

// usualFile is read when no other is named.
const usualFile = "caretaker.yaml"

// shippedDefaults is what to name in place of a file to run without one.
const shippedDefaults = "none"

// settings choose the configuration.
type settings struct {
	Config string   `short:"c" placeholder:"FILE" help:"The configuration; 'none' is the shipped defaults (default: caretaker.yaml)."`
	Stage  string   `short:"s" placeholder:"NAME" help:"The stage: what the file says for it holds, and names of what is deployed carry it (default: the base of the file, as stage default)."`
	Set    []string `sep:"none" placeholder:"KEY=VALUE" help:"A key of the file for this command, as janitor.keep.newest=1; may be repeated."`
}

// load reads the configuration. Without any file the defaults hold, said aloud. What deletes
// must not be one wrong folder away from losing a team's exclusions, and so wants a file.
func (s *settings) load(c console, wantsFile bool) (config.File, error) {
	options := config.Options{Stage: s.Stage, Set: s.Set}
	path := s.Config
	if path == "" {
		path = usualFile
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			if wantsFile {
				return config.File{}, misuse("there is no %s here: name one with --config, or --config none for the shipped defaults", usualFile)
			}
			c.say("There is no %s here: the shipped defaults hold.", usualFile)
			s.Config, path = shippedDefaults, shippedDefaults
		}
	}
	var file config.File
	var err error
	if path == shippedDefaults {
		file, err = config.Parse("the shipped defaults", []byte("version: 1"), options)
	} else {
		file, err = config.Load(path, options)
	}
	if err != nil {
		return config.File{}, ending{misused, err}
	}
	return file, nil
}

// others are the stages by whose rules other versions go than by the base of the file, which
// holds when none is chosen.
func (s *settings) others() ([]string, error) {
	if s.Stage != "" || s.Config == shippedDefaults {
		return nil, nil
	}
	base, err := config.Load(cmp.Or(s.Config, usualFile), config.Options{}) // as it stands, without --set
	if err != nil {
		return nil, ending{misused, err}
	}
	var others []string
	for _, stage := range slices.Sorted(maps.Keys(base.Stages)) {
		if rules(base.Stages[stage].Janitor) != rules(base.Janitor) {
			others = append(others, stage)
		}
	}
	return others, nil
}

// rules is the digest of what decides which versions go.
func rules(cfg janitor.Config) string {
	return config.Digest(map[string]any{
		"keep": cfg.Keep, "include": cfg.Include, "exclude": cfg.Exclude, "pressure": cfg.Pressure, "belts": cfg.Belts, "checks": cfg.Checks,
	})
}

// flags are the settings as they were given, to name a command that goes on with them.
func (s settings) flags() []string {
	var flags []string
	if s.Config != "" {
		flags = append(flags, "--config", s.Config)
	}
	if s.Stage != "" {
		flags = append(flags, "--stage", s.Stage)
	}
	for _, assignment := range s.Set {
		flags = append(flags, "--set", assignment)
	}
	return flags
}

// shell writes a command so that it can be copied into a shell.
func shell(words ...string) string {
	quoted := make([]string, len(words))
	for position, word := range words {
		quoted[position] = word
		if word == "" || strings.ContainsFunc(word, func(r rune) bool {
			return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./=:,@%+", r)
		}) {
			quoted[position] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}
