package config_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"caretaker/internal/config"
)

func TestLoad_saysWhereALineBelongsThatIsIndentedWrongly(t *testing.T) {
	for text, want := range map[string]string{
		"janitor:\n  keep:\n    newest: 3\n   supersededFor: 24h":                  "f:5: supersededFor is indented by 3 spaces: it belongs to janitor.keep, whose keys are indented by 4, like newest in line 4",
		"janitor:\n  keep:\n    newest: 3\n      supersededFor: 24h":               "f:5: supersededFor is indented by 6 spaces: it belongs to janitor.keep, whose keys are indented by 4, like newest in line 4",
		"janitor:\n  dryRun: true\n   rate: 8":                                     "f:4: rate is indented by 3 spaces: it belongs to janitor, whose keys are indented by 2, like dryRun in line 3",
		"janitor:\n   dryRun: true\n  rate: 8":                                     "f:4: rate is indented by 2 spaces: it belongs to janitor, whose keys are indented by 3, like dryRun in line 3",
		" janitor:\n  rate: 8":                                                     "f:2: janitor is indented by 1 space: it belongs to the top of the file, whose keys are indented by 0, like version in line 1",
		"janitor:\n  rate: 8\n keep:\n    newest: 3":                               "f:4: keep is indented by 1 space: it belongs to janitor, whose keys are indented by 2, like rate in line 3",
		"janitor:\n  rate: 8\n colour: red":                                        "f:4: colour is indented by 1 space, like no key above it: by 0 it belongs to the top of the file, by 2 it belongs to janitor",
		"janitor:\n  function:\n    timeout: 1m\n   dryRun: true":                  "f:5: dryRun is indented by 3 spaces: it belongs to janitor, whose keys are indented by 2, like function in line 3",
		"stages:\n  prod:\n    janitor:\n      rate: 8\n     dryRun: true":         "f:6: dryRun is indented by 5 spaces: it belongs to stages.prod.janitor, whose keys are indented by 6, like rate in line 5",
		"limitRaiser:\n  tables:\n    - name: orders\n       read: {max: 1}":       "f:5: read is indented by 7 spaces: it belongs to an entry of limitRaiser.tables, whose keys are indented by 6, like name in line 4",
		"limitRaiser:\n  tables:\n    - name: orders\n    read: {max: 1}":          "f:5: read is indented by 4 spaces: it belongs to an entry of limitRaiser.tables, whose keys are indented by 6, like name in line 4",
		"limitRaiser:\n  tables:\n    - name: orders\n     read: {max: 1}":         "f:5: read is indented by 5 spaces: it belongs to an entry of limitRaiser.tables, whose keys are indented by 6, like name in line 4",
		"limitRaiser:\n  tables:\n  - name: orders\n   read: {max: 1}":             "f:5: read is indented by 3 spaces: it belongs to an entry of limitRaiser.tables, whose keys are indented by 4, like name in line 4",
		"limitRaiser:\n  tables:\n    - name: orders\n   - name: carts":            "f:5: an entry is indented by 3 spaces: those of limitRaiser.tables are indented by 4, like line 4",
		"regions: # ours\n  - eu-west-1\n - eu-west-2":                             "f:4: an entry is indented by 1 space: those of regions are indented by 2, like line 3",
		"regions: [eu-west-1,\n  eu-west-2]\njanitor:\n  dryRun: true\n   rate: 8": "f:6: rate is indented by 3 spaces: it belongs to janitor, whose keys are indented by 2, like dryRun in line 5",
		"janitor: enabled: true":                                                   "f:2: two keys in a line: write enabled in a line of its own, indented below janitor",
		"janitor:\n  rate 8\n  dryRun: true":                                       "f:3: no colon with a space behind rate: write rate: and its value",
		"janitor:\n  rate:8\n  dryRun: true":                                       "f:3: no colon with a space behind rate: write rate: and its value",
		"janitor: \n  rate: 8\n  keep:\n  newest: 3":                               "f:4: janitor.keep: \"null\" is not allowed: a section with keys of its own\nf:5: janitor.newest: unknown key here: it belongs to janitor.keep or janitor.pressure (allowed here: belts, checks, dryRun, enabled, exclude, function, include, keep, pressure, qualifiedDelete, rate, schedule, timeZone)",
		"janitor:\n  dryRun: true\nkeep:\n  newest: 3":                             "f:4: keep: unknown key here: it belongs to janitor (allowed here: account, alerts, deployment, janitor, limitRaiser, logShipper, newRegions, notify, regions, runbook, stages, tags, version, warmer)",
		"janitor:\n  keep:\n    newest: 3\n    belts: {maxDeletions: 3}":           "f:5: janitor.keep.belts: unknown key here: it belongs to janitor (allowed here: invokedWithin, newest, supersededFor)",
		"janitor:\n  names: [a]":                                                   "f:3: janitor.names: unknown key here: it belongs to janitor.exclude or janitor.include (allowed here: belts, checks, dryRun, enabled, exclude, function, include, keep, pressure, qualifiedDelete, rate, schedule, timeZone)",
		"stages:\n  prod:\n    janitor:\n      rate: 8\n    keep: {newest: 3}":     "f:6: stages.prod.keep: unknown key here: it belongs to stages.prod.janitor (allowed here: account, alerts, deployment, janitor, limitRaiser, logShipper, newRegions, notify, regions, runbook, tags, warmer)",
		"notify:\n  janitor: {rate: 8}":                                            "f:3: notify.janitor: unknown key here: it belongs to the top of the file (allowed here: accountName, email, hosts, slack, sms)",
	} {
		t.Run(text, func(t *testing.T) {
			_, err := config.Parse("f", []byte("version: 1\n"+text+"\n"), config.Options{})
			if err == nil {
				t.Fatal("loaded")
			}
			if diff := cmp.Diff(want, err.Error()); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{staged, "janitor:\n  keep:\n    newest: 3\n   supersededFor: 24h", "regions:\n  - a\n - b", "a: |\n  b\n c", "a: [b,\n c: d"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, err := config.Parse("f", []byte(text), config.Options{})
		var problems config.Problems
		if err != nil && !errors.As(err, &problems) {
			t.Errorf("the error is %v", err)
		}
	})
}
