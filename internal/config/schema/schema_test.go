package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"caretaker/internal/config"
)

// top is the checkout's folder, in which the generator runs.
const top = "../../.."

func TestSchema_isThatOfTheTypes(t *testing.T) {
	t.Chdir(top)
	want, err := generate()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("caretaker.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("caretaker.schema.json is old: run make schema\n-generated +in the checkout\n%s", diff)
	}
}

func TestSchema_describesEachKey(t *testing.T) {
	var schema map[string]any
	decodeFile(t, &schema)
	var check func(section map[string]any, path string)
	check = func(section map[string]any, path string) {
		properties, _ := section["properties"].(map[string]any)
		for name, property := range properties {
			property, key := property.(map[string]any), strings.TrimPrefix(path+"."+name, ".")
			description, _ := property["description"].(string)
			if description == "" && !strings.HasPrefix(key, "janitor.checks.") { // their names say it all
				t.Errorf("%s has no description", key)
			}
			check(property, key)
			if entry, ok := property["items"].(map[string]any); ok {
				check(entry, key+"[]")
			}
		}
		if properties != nil && section["additionalProperties"] != false {
			t.Errorf("%q takes unknown keys", path)
		}
	}
	check(schema, "")
}

func TestSchema_takesTheShippedFile(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(top, "caretaker.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := validate(t, string(text)); err != nil {
		t.Error(err)
	}
}

// Schema and loader say the same to each file here; where the schema cannot know
// what the loader knows, the case says why.
func TestSchema_agreesWithTheLoader(t *testing.T) {
	for text, c := range map[string]struct {
		refused    bool
		loaderOnly string
	}{
		"version: 1": {},
		"version: 1\nregions: [eu-west-1, us-gov-west-1]":                             {},
		"version: 1\ntags: {team: platform}":                                          {},
		"version: 1\nnotify: {email: [a@example.com], slack: {secret: a/b}}":          {},
		"version: 1\njanitor: {rate: 7.5, keep: {supersededFor: 1d12h}}":              {},
		"version: 1\njanitor: {keep: {invokedWithin: 0s}, pressure: {above: 12.5%}}":  {},
		"version: 1\nstages: {prod: {janitor: {dryRun: false}}, dev: {}}":             {},
		"version: 1\nstages: {prod: {regions: [], notify: {email: [a@example.com]}}}": {},

		"janitor: {}":                         {refused: true},
		"version: 2":                          {refused: true},
		"version: '1'":                        {refused: true},
		"version: 1\nregion: [eu-west-1]":     {refused: true},
		"version: 1\nregions: eu-west-1":      {refused: true},
		"version: 1\naccount: '111122223333'": {},
		"version: 1\nstages: {prod: {account: '000011112222'}}":       {},
		"version: 1\naccount: 111122223333":                           {refused: true},
		"version: 1\naccount: '11112222333'":                          {refused: true},
		"version: 1\nregions: [xx-north-1]":                           {refused: true, loaderOnly: "the loader knows the Regions of today, and newRegions"},
		"version: 1\nregions: [xx-north-1]\nnewRegions: [xx-north-1]": {},
		"version: 1\nnewRegions: [Mars]":                              {refused: true},
		"version: 1\nregions: [Ireland]":                              {refused: true},
		"version: 1\nregions: [eu-west-1, eu-west-1]":                 {refused: true},
		"version: 1\nregions: null":                                   {refused: true},
		"version: 1\ntags: {cost: 42}":                                {refused: true},
		"version: 1\nnotify: {email: [oncall]}":                       {refused: true},
		"version: 1\nnotify: {slack: {secret: 'two words'}}":          {refused: true},
		"version: 1\njanitor: null":                                   {refused: true},
		"version: 1\njanitor: {dryRun: 'yes'}":                        {refused: true},
		"version: 1\njanitor: {dryRun: 1}":                            {refused: true},
		"version: 1\njanitor: {keep: {newest: '3'}}":                  {refused: true},
		"version: 1\njanitor: {keep: {newest: 2.5}}":                  {refused: true},
		"version: 1\njanitor: {keep: {newest: null}}":                 {refused: true},
		"version: 1\njanitor: {keep: {newst: 3}}":                     {refused: true},
		"version: 1\njanitor: {keep: {supersededFor: 24}}":            {refused: true},
		"version: 1\njanitor: {keep: {supersededFor: 2w}}":            {refused: true},
		"version: 1\njanitor: {keep: {supersededFor: 1h2d}}":          {refused: true},
		"version: 1\njanitor: {pressure: {above: 50}}":                {refused: true},
		"version: 1\njanitor: {pressure: {above: 101%}}":              {refused: true},
		"version: 1\njanitor: {checks: {dynamicTargets: maybe}}":      {refused: true},
		"version: 1\njanitor: {function: {logRetentionDays: 2}}":      {refused: true},
		"version: 1\nlimitRaiser: {tables: [{name: orders, read: {max: 10}, indexes: [{name: byDate}]}, {name: carts, alarmAbove: 70%}]}":      {},
		"version: 1\nlimitRaiser: {limits: {prices: {writeUnitHour: 0.5}, cooldown: 0s}, byTag: true, ceiling: 10}":                            {},
		"version: 1\nlimitRaiser: {quotas: [{service: lambda, code: L-B99A9384, max: 0.5, usage: {service: Lambda, resource: X, type: API}}]}": {},
		"version: 1\nstages: {prod: {limitRaiser: {streams: [{name: clicks, maxShards: 2}], functions: []}}}":                                  {},
		"version: 1\nlimitRaiser: {tables: {orders: {read: {max: 10}}}}":                                                                       {refused: true},
		"version: 1\nlimitRaiser: {tables: [orders]}":                                                                                          {refused: true},
		"version: 1\nlimitRaiser: {tables: [{read: {max: 10}}]}":                                                                               {refused: true},
		"version: 1\nlimitRaiser: {tables: [{name: orders, read: 10}]}":                                                                        {refused: true},
		"version: 1\nlimitRaiser: {tables: [{name: orders, read: {max: 1.5}}]}":                                                                {refused: true},
		"version: 1\nlimitRaiser: {tables: [{name: orders, maxRead: 10}]}":                                                                     {refused: true},
		"version: 1\nlimitRaiser: {tables: [{name: orders, indexes: [{read: {max: 10}}]}]}":                                                    {refused: true},
		"version: 1\nlimitRaiser: {streams: [{name: 'a b'}]}":                                                                                  {refused: true},
		"version: 1\nlimitRaiser: {quotas: [{service: lambda}]}":                                                                               {refused: true},
		"version: 1\nlimitRaiser: {limits: {prices: {writeUnitHour: cheap}}}":                                                                  {refused: true},
		"version: 1\nlimitRaiser: {tables: [{name: orders}, {name: orders, read: {max: 1}}]}":                                                  {refused: true, loaderOnly: "a schema cannot compare entries by one key"},
		"version: 1\nlimitRaiser: {limits: {prices: {storage: 1}}}":                                                                            {refused: true, loaderOnly: "the names are the price table's"},
		"version: 1\nlimitRaiser: {byTag: true}":                                                                                               {refused: true, loaderOnly: "a schema cannot compare keys"},
		"version: 1\nlimitRaiser: {sizing: {percent: 0, toDemand: false}}":                                                                     {refused: true, loaderOnly: "a schema cannot compare keys"},
		"version: 1\nlimitRaiser: {limits: {cooldown: 2d}}":                                                                                    {refused: true, loaderOnly: "a schema cannot compare durations"},
		"version: 1\nlogShipper: {destinations: {search: {endpoint: 'https://logs.example.com'}, archive: {type: kinesis, stream: logs}}}":     {},
		"version: 1\nlogShipper: {destinations: {search: {url: 'https://logs.example.com'}}}":                                                  {refused: true},
		"version: 1\nlogShipper: {destinations: [{type: kinesis}]}":                                                                            {refused: true},

		"version: 1\nstages: null":                          {refused: true},
		"version: 1\nstages: {prod: null}":                  {refused: true},
		"version: 1\nstages: {default: {}}":                 {refused: true},
		"version: 1\nstages: {pr_1: {}}":                    {refused: true},
		"version: 1\nstages: {prod: {version: 1}}":          {refused: true},
		"version: 1\nstages: {prod: {stages: {}}}":          {refused: true},
		"version: 1\nstages: {prod: {janitor: {rate: 16}}}": {refused: true},

		"version: 1\njanitor: {keep: {supersededFor: 5m}}":                 {refused: true, loaderOnly: "a schema cannot compare durations"},
		"version: 1\njanitor: {pressure: {above: 90%, tightenAbove: 80%}}": {refused: true, loaderOnly: "a schema cannot compare keys"},
		"version: 1\nnotify: {slack: {secret: xoxb-1}}":                    {refused: true, loaderOnly: "the loader's message says why and does not show it"},
		"version: 1\njanitor: {schedule: often}":                           {refused: true, loaderOnly: "a schedule has a grammar"},
	} {
		t.Run(text, func(t *testing.T) {
			err := load(t, text)
			if refused := err != nil; refused != c.refused {
				t.Errorf("the loader says %v", err)
			}
			err = validate(t, text)
			if refused := err != nil; refused != (c.refused && c.loaderOnly == "") {
				t.Errorf("the schema says %v", err)
			}
		})
	}
}

// Each bound and choice the generator names is the loader's too.
func TestSchema_boundsAreTheLoaders(t *testing.T) {
	try := func(key, value string, ok bool) {
		t.Helper()
		text := "version: 1\n" + nested(key, value)
		if key == "version" {
			text = "version: " + value
		}
		if key == "janitor.keep.newest" || key == "janitor.pressure.newest" {
			text = "version: 1\njanitor: {keep: {newest: 10000}, pressure: {newest: 1}}\nstages: {a: {" + strings.TrimSpace(strings.ReplaceAll(nested(key, value), "\n", "")) + "}}"
		}
		if err := load(t, text); (err == nil) != ok {
			t.Errorf("%s: %s: the loader says %v", key, value, err)
		}
		if err := validate(t, text); (err == nil) != ok {
			t.Errorf("%s: %s: the schema says %v", key, value, err)
		}
	}
	var bounded, chosen int
	for key, rule := range rules {
		for _, choice := range rule.Choices {
			chosen++
			try(key, choice, true)
		}
		if rule.Most == 0 || rule.Duration { // a schema cannot compare durations
			continue
		}
		bounded++
		try(key, number(rule.Least).String(), true)
		try(key, number(rule.Most).String(), true)
		try(key, number(rule.Least-1).String(), false)
		try(key, number(rule.Most+1).String(), false)
	}
	if bounded < 20 || chosen < 20 {
		t.Errorf("%d keys with bounds and %d choices were tried: the rules are not found", bounded, chosen)
	}
}

// A number without bounds would be taken by editors whatever it is.
func TestSchema_boundsEachNumber(t *testing.T) {
	var schema map[string]any
	decodeFile(t, &schema)
	var check func(section map[string]any, path string)
	check = func(section map[string]any, path string) {
		properties, _ := section["properties"].(map[string]any)
		for name, property := range properties {
			property, key := property.(map[string]any), strings.TrimPrefix(path+"."+name, ".")
			for _, inner := range []string{"items", "additionalProperties"} {
				if entry, ok := property[inner].(map[string]any); ok {
					check(map[string]any{"properties": map[string]any{"[]": entry}}, key)
					check(entry, key+"[]")
				}
			}
			kind := property["type"]
			if (kind == "integer" || kind == "number") && property["minimum"] == nil && property["enum"] == nil {
				t.Errorf("%s has no bounds", key)
			}
			check(property, key)
		}
	}
	check(schema, "")
}

// entries are what an entry of a list needs beside the key that a test is about.
var entries = map[string]string{
	"tables": "name: orders", "indexes": "name: byDate", "streams": "name: clicks", "functions": "name: checkout",
	"quotas": "service: lambda, code: L-B99A9384", "patterns": "name: token, pattern: 'token=[a-z]+'",
	"logPatterns": "name: declined, pattern: declined, functions: [checkout]",
}

// nested writes a value at its key, in flow style.
func nested(key, value string) string {
	if key == "limitRaiser.limits.prices" {
		value = "{writeUnitHour: " + value + "}"
	}
	switch key {
	case "warmer.functions[].warm":
		value = "{always: " + value + "}"
	case "warmer.functions[].provisioned":
		value = "{always: " + value + "}, qualifier: live"
	case "warmer.functions[].library":
		value += ", warm: {always: 1}"
	}
	names := strings.Split(key, ".")
	text := names[len(names)-1] + ": " + value
	for _, name := range slices.Backward(names[:len(names)-1]) {
		if list, ok := strings.CutSuffix(name, "[]"); ok {
			text = list + ": [{" + entries[list] + ", " + text + "}]"
		} else if named, ok := strings.CutSuffix(name, "{}"); ok {
			text = named + ": {one: {" + text + "}}"
		} else {
			text = name + ": {" + text + "}"
		}
	}
	return text + "\n"
}

func load(t *testing.T, text string) error {
	t.Helper()
	path := filepath.Join(t.TempDir(), "caretaker.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := config.Load(path, config.Options{})
	return err
}

func validate(t *testing.T, text string) error {
	t.Helper()
	var document any
	decodeFile(t, &document)
	compiler := jsonschema.NewCompiler()
	compiler.UseRegexpEngine(func(form string) (jsonschema.Regexp, error) { return regexp.Compile(form) })
	if err := compiler.AddResource("schema.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		t.Fatal(err)
	}
	return schema.Validate(instance)
}

// decodeFile decodes caretaker.schema.json.
func decodeFile(t *testing.T, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(top, "caretaker.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(into); err != nil {
		t.Fatal(err)
	}
}
