package janitor

import (
	"cmp"
	"maps"
	"slices"

	"caretaker/cmd/caretaker/command"
	"caretaker/cmd/caretaker/console"
	"caretaker/internal/config"
	"caretaker/janitor"
)

// others are the stages by whose rules other versions go than by the base of the file, which
// holds when none is chosen.
func others(s command.Settings) ([]string, error) {
	if s.Stage != "" || s.Config == command.ShippedDefaults {
		return nil, nil
	}
	base, err := config.Load(cmp.Or(s.Config, command.UsualFile), config.Options{}) // as it stands, without --set
	if err != nil {
		return nil, console.Ending{Code: console.Misused, Cause: err}
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
