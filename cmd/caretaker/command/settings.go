package command

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"caretaker/cmd/caretaker/console"
	"caretaker/internal/config"
)

// UsualFile is read when no other is named.
const UsualFile = "caretaker.yaml"

// ShippedDefaults is what to name in place of a file to run without one.
const ShippedDefaults = "none"

// Settings choose the configuration.
type Settings struct {
	Config string   `short:"c" placeholder:"FILE" help:"The configuration; 'none' is the shipped defaults (default: caretaker.yaml)."`
	Stage  string   `short:"s" placeholder:"NAME" help:"The stage whose settings hold; the names of what is deployed carry it (default: the base of the file, as stage default)."`
	Set    []string `sep:"none" placeholder:"KEY=VALUE" help:"A key of the file for this command, such as janitor.keep.newest=1; may be repeated."`
}

// Name is what to call the configuration.
func (s Settings) Name() string {
	switch s.Config {
	case "":
		return UsualFile
	case ShippedDefaults:
		return "the shipped configuration"
	}
	return filepath.Clean(s.Config)
}

// Load reads the configuration. Without any file the defaults hold, said aloud. What deletes
// must not be one wrong folder away from losing a team's exclusions, and so wants a file.
func (s *Settings) Load(c console.Console, wantsFile bool) (config.File, error) {
	options := config.Options{Stage: s.Stage, Set: s.Set}
	path := s.Config
	if path == "" {
		path = UsualFile
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			if wantsFile {
				return config.File{}, console.Misuse("there is no %s here: name one with --config, or --config none for the shipped defaults", UsualFile)
			}
			c.Say("There is no %s here: the shipped defaults hold.", UsualFile)
			s.Config, path = ShippedDefaults, ShippedDefaults
		}
	}
	var file config.File
	var err error
	if path == ShippedDefaults {
		file, err = config.Parse("the shipped defaults", []byte("version: 1"), options)
	} else {
		file, err = config.Load(path, options)
	}
	if err != nil {
		return config.File{}, console.Ending{Code: console.Misused, Cause: err}
	}
	return file, nil
}

// Flags are the settings as they were given, to name a command that continues with them.
func (s Settings) Flags() []string {
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
