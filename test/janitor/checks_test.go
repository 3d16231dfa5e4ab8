package janitor_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"caretaker/internal/want"
	"caretaker/janitor"
)

// The whole fleet is brought down to what something protects; then each check is switched off
// in turn, and exactly the versions it protects go.
func TestDeployed_losesExactlyWhatASwitchedOffCheckProtects(t *testing.T) {
	w := shared
	left := func() map[string][]int {
		all := w.everything(t)
		maps.DeleteFunc(all, func(name string, _ []int) bool { return w.fleet.Versions[name] == nil })
		return all
	}
	w.configure(t, shipped())
	if result := w.invoke(t, "{}"); result.failure != "" {
		t.Fatalf("the run failed: %s", result.failure)
	}
	if diff := cmp.Diff(w.fleet.Left(), left()); diff != "" {
		t.Fatalf("under the policy that ships, expected (-) and left (+):\n%s", diff)
	}
	again := w.invoke(t, "{}")
	want.Equal(t, "the second run's error", again.failure, "")
	want.Equal(t, "versions that the second run found to delete", again.Outcomes[janitor.Deletable]+again.Outcomes[janitor.Deleted], 0)

	off := []string{}
	for _, key := range switches(t) {
		t.Run(key, func(t *testing.T) {
			w.configure(t, switchedOff(t, key))
			result := w.invoke(t, "{}")
			if result.failure != "" {
				t.Fatalf("the run without %s failed: %s", key, result.failure)
			}
			off = append(off, key)
			if diff := cmp.Diff(w.fleet.Left(off...), left()); diff != "" {
				t.Errorf("without %s, expected (-) and left (+):\n%s", key, diff)
			}
			if key != "supersededFor" && !slices.ContainsFunc(result.NotChecked, func(named string) bool { return strings.HasSuffix(named, "."+key) }) {
				t.Errorf("what the report says is not checked: %q, want %s among it", result.NotChecked, key)
			}
			if !protectsAnything(w, key) {
				t.Errorf("the fleet holds no version that %s alone protects", key)
			}
		})
	}
}

// switches are the keys of the configuration that switch a check off, taken from it.
func switches(t *testing.T) []string {
	t.Helper()
	text, err := json.Marshal(shipped().Checks)
	must(t, err)
	var keys map[string]any
	must(t, json.Unmarshal(text, &keys))
	delete(keys, "lookedAt") // names, and no switch
	return append(slices.Sorted(maps.Keys(keys)), "invokedWithin", "supersededFor")
}

// switchedOff is the shipped policy with one check off.
func switchedOff(t *testing.T, key string) janitor.Config {
	t.Helper()
	cfg := shipped()
	switch key {
	case "invokedWithin":
		cfg.Keep.InvokedWithin = 0
	case "supersededFor":
		cfg.Keep.SupersededFor = 0
	case "dynamicTargets":
		cfg.Checks.DynamicTargets = janitor.IgnoreDynamic
	default:
		must(t, json.Unmarshal([]byte(`{"`+key+`": false}`), &cfg.Checks))
	}
	return cfg
}

func protectsAnything(w world, key string) bool {
	for _, one := range w.fleet.Cases {
		if slices.Contains(one.Checks, key) {
			return true
		}
	}
	return false
}
