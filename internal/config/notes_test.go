package config_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"caretaker/internal/config"
)

func TestNotes_tellWhatIsAllowedAndMostlyAMistake(t *testing.T) {
	const nothing = "limitRaiser is enabled and can raise nothing: list tables, streams, functions or quotas, each with a maximum, or set byTag with a ceiling"
	for text, want := range map[string][]string{
		"regions: [eu-west-1]": nil,
		"regions: [eu-wst-1]":  {"eu-wst-1 is not one of the Regions that AWS had in November 2026; did you mean eu-west-1?"},
		"tags: {}":             {"mars-1 is not one of the Regions that AWS had in November 2026"},
		"regions: [eu-west-1]\nlimitRaiser: {enabled: true}":                                                                      {nothing},
		"regions: [eu-west-1]\nlimitRaiser: {enabled: true, tables: [{name: orders}]}":                                            {nothing},
		"regions: [eu-west-1]\nlimitRaiser: {enabled: true, tables: [{name: orders, indexes: [{name: byDate, read: {max: 1}}]}]}": nil,
		"regions: [eu-west-1]\nlimitRaiser: {enabled: true, byTag: true, ceiling: 9}":                                             nil,
		"regions: [eu-west-1]\nlimitRaiser: {enabled: true, functions: [{name: checkout, maxConcurrency: 9}]}":                    nil,
		"regions: [eu-west-1]\nlimitRaiser: {enabled: true, byTag: true, ceiling: 9, alarmAbove: 60%, tables: [{name: one}, {name: two, alarmAbove: 76%}], quotas: [{service: vpc, code: L-1, alarmAbove: 90%}]}": {
			"limitRaiser.alarmAbove: 60%: the alarm calls, and with 30% headroom nothing is raised below 77%: write alarmAbove: 77% or more, or sizing.headroom: 67% or more",
			"limitRaiser.tables[1].alarmAbove: 76%: the alarm calls, and with 30% headroom nothing is raised below 77%: write alarmAbove: 77% or more, or sizing.headroom: 32% or more",
		},
		"regions: [eu-west-1]\nlimitRaiser: {enabled: false, alarmAbove: 60%}": nil,
	} {
		file, err := load(t, "version: 1\n"+text, config.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, file.Notes("mars-1")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}
