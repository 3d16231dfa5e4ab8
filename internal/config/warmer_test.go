package config_test

import (
	"fmt"
	"strings"
	"testing"

	"caretaker/internal/config"
	"caretaker/internal/want"
)

// What a person may write for how many: each is named, with its line.
func TestLoad_refusesCountsThatAreNone(t *testing.T) {
	for count, says := range map[string]string{
		`"3"`:         `"3" is not allowed: a whole number from 1 to 500, without quotes`,
		"0":           `"0" is not allowed: a whole number from 1 to 500`,
		"-1":          `"-1" is not allowed: a whole number from 1 to 500`,
		"1.5":         `"1.5" is not allowed`,
		"1e9":         `"1e9" is not allowed`,
		"1000000000":  `"1000000000" is not allowed: a whole number from 1 to 500`,
		"{always: 3}": `"{...}" is not allowed`,
		"[3]":         `"[...]" is not allowed`,
		"null":        `"null" is not allowed`,
	} {
		_, err := load(t, "version: 1\nwarmer:\n  functions:\n    - name: checkout\n      warm: {always: "+count+"}\n", config.Options{})
		if err == nil {
			t.Errorf("%s is taken", count)
			continue
		}
		want.Says(t, "the error", err.Error(), "caretaker.yaml:5: warmer.functions[0].warm.always", says)
	}
	for warm, says := range map[string]string{
		"3": "warmer.functions[0].warm", "[3]": "warmer.functions[0].warm", "{}": "how many environments", "{office: 3}": "warmer.windows has no window",
	} {
		_, err := load(t, "version: 1\nwarmer: {functions: [{name: checkout, warm: "+warm+"}]}\n", config.Options{})
		if err == nil {
			t.Errorf("%s is taken", warm)
			continue
		}
		want.Says(t, "the error", err.Error(), says)
	}
}

// Provisioned concurrency is written as counts are, and for an alias alone.
func TestLoad_refusesProvisionedConcurrencyThatIsNone(t *testing.T) {
	for entry, says := range map[string]string{
		"qualifier: live, provisioned: {always: -1}":      `warmer.functions[0].provisioned.always: "-1" is not allowed: a whole number from 0 (none) to 500`,
		"qualifier: live, provisioned: {always: 501}":     `warmer.functions[0].provisioned.always: "501" is not allowed`,
		`qualifier: live, provisioned: {always: "3"}`:     `warmer.functions[0].provisioned.always: "3" is not allowed: a whole number from 0 (none) to 500, without quotes`,
		"qualifier: live, provisioned: {always: 1.5}":     `"1.5" is not allowed`,
		"qualifier: live, provisioned: {always: 1e9}":     `"1e9" is not allowed`,
		"qualifier: live, provisioned: {always: [3]}":     `"[...]" is not allowed`,
		"qualifier: live, provisioned: {always: {of: 3}}": `"{...}" is not allowed`,
		"qualifier: live, provisioned: 5":                 `warmer.functions[0].provisioned: "5" is not allowed: names with whole numbers such as {always: 2}`,
		"qualifier: live, provisioned: {office: 5}":       "warmer.functions[0].provisioned.office",
		"provisioned: {always: 5}":                        `warmer.functions[0].provisioned: "" is not allowed: only with an alias`,
		"qualifier: $LATEST, provisioned: {always: 5}":    `warmer.functions[0].provisioned: "$LATEST" is not allowed: only with an alias`,
		`qualifier: "12", provisioned: {always: 0}`:       `warmer.functions[0].provisioned: "12" is not allowed: only with an alias`,
		"qualifier: live":                                 "how many environments",
		"qualifier: live, provisioned: {}":                "how many environments",
	} {
		_, err := load(t, "version: 1\nwarmer: {functions: [{name: checkout, "+entry+"}]}\n", config.Options{})
		if err == nil {
			t.Errorf("%s is taken", entry)
			continue
		}
		want.Says(t, entry, err.Error(), says)
	}
	for _, entry := range []string{"provisioned: {always: 5}", "provisioned: {always: 0}", "provisioned: {}, warm: {always: 2}", "provisioned: {always: 5}, warm: {always: 2}"} {
		_, err := load(t, "version: 1\nwarmer: {functions: [{name: checkout, qualifier: live, "+entry+"}]}\n", config.Options{})
		want.NoError(t, entry, err)
	}
	for value, says := range map[string]string{"4m": "5m to 30m", "31m": "5m to 30m", "5": "the unit is missing"} {
		_, err := load(t, "version: 1\nwarmer: {longestInterval: "+value+"}\n", config.Options{})
		if err == nil {
			t.Errorf("longestInterval: %s is taken", value)
			continue
		}
		want.Says(t, "longestInterval: "+value, err.Error(), "warmer.longestInterval", says)
	}
}

// A role has room for some sixty names, whatever they cost elsewhere.
func TestValidate_refusesMoreFunctionsThanARoleCanHold(t *testing.T) {
	file := func(count int, enabled bool, name string) string {
		var text strings.Builder
		fmt.Fprintf(&text, "version: 1\nregions: [ap-southeast-2]\nwarmer:\n  enabled: %t\n  functions:\n", enabled)
		for number := range count {
			fmt.Fprintf(&text, "    - {name: %s-%03d, warm: {always: 2}}\n", name, number)
		}
		return text.String()
	}
	_, err := load(t, file(50, true, "shop-checkout"), config.Options{})
	want.NoError(t, "fifty functions", err)
	_, err = load(t, file(100, true, "shop-checkout"), config.Options{})
	if err == nil {
		t.Fatal("a hundred functions fit into a role")
	}
	want.Says(t, "the error", err.Error(), `warmer.functions: "100 functions" is not allowed: what fits into a role, in which IAM takes 10240 characters`, "patterns", "warmer.byTag: true")
	_, err = load(t, file(100, false, "shop-checkout"), config.Options{})
	want.NoError(t, "a hundred while it is off", err)
}

func TestNotes_tellOfAWarmerThatWarmsLessThanIsWritten(t *testing.T) {
	for text, says := range map[string]string{
		"enabled: true": "warmer: it is enabled and can keep nothing warm",
		"enabled: true\n  byTag: true\n  windows: {office: {from: '08:00', to: '18:00'}}\n  functions: [{name: a, warm: {always: 1}}]": "",
		"enabled: true\n  windows: {office: {from: '08:00', to: '18:00'}}\n  functions: [{name: a, warm: {always: 1}}]":                "warmer.windows.office: nothing is kept warm in it",
		"enabled: true\n  functions: [{name: a, warm: {always: 60}}]":                                                                  "warmer.functions[0].warm.always: 50 are kept warm: warmer.maxConcurrency",
		"enabled: true\n  functions: [{name: a, qualifier: live, provisioned: {always: 60}}]":                                          "warmer.functions[0].provisioned.always: 50 are provisioned: warmer.maxConcurrency",
		"enabled: true\n  longestInterval: 5m\n  functions: [{name: a, warm: {always: 1}}]":                                            "warmer.longestInterval: it changes nothing: the schedule runs only every 5m0s",
		"enabled: true\n  timeZone: Europe/Berlin\n  functions: [{name: a, warm: {always: 1}}]":                                        "warmer.timeZone: a rate has no time zone",
	} {
		said := strings.Join(noted(t, "notify: {email: [a@example.com]}\nwarmer:\n  "+text+"\n", config.DefaultStage), "\n")
		if says == "" && strings.Contains(said, "warmer") {
			t.Errorf("%s is noted: %s", text, said)
		}
		want.Says(t, "the notes on "+text, said, says)
	}
}
