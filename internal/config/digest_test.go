package config_test

import (
	"testing"

	"caretaker/internal/config"
	"caretaker/janitor"
)

func TestDigest_isOfWhatHoldsAndNotOfHowItWasWritten(t *testing.T) {
	base := config.Digest(janitor.Default())
	if len(base) != 64 {
		t.Fatalf("Digest = %q, want 64 hex digits", base)
	}
	same := janitor.Default()
	same.Exclude.Names = []string{}
	same.Include.Tags = map[string]string{}
	if got := config.Digest(same); got != base {
		t.Error("empty lists and maps digest unlike none")
	}
	written, err := config.Load("../../caretaker.yaml", config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := config.Digest(written.Janitor); got != base {
		t.Error("the shipped file digests unlike the defaults it spells out")
	}
}

func TestDigest_changesWithEachValue(t *testing.T) {
	seen := map[string]string{config.Digest(janitor.Default()): "the default"}
	for name, change := range map[string]func(*janitor.Config){
		"a number":          func(c *janitor.Config) { c.Keep.Newest++ },
		"false":             func(c *janitor.Config) { c.DryRun = false },
		"a zero":            func(c *janitor.Config) { c.Keep.SupersededFor = 0 },
		"a list's entry":    func(c *janitor.Config) { c.Exclude.Names = []string{"a"} },
		"another section's": func(c *janitor.Config) { c.Include.Names = []string{"a"} },
		"a tag":             func(c *janitor.Config) { c.Include.Tags = map[string]string{"a": ""} },
	} {
		cfg := janitor.Default()
		change(&cfg)
		digest := config.Digest(cfg)
		if other, ok := seen[digest]; ok {
			t.Errorf("%s digests like %s", name, other)
		}
		seen[digest] = name
	}
}
