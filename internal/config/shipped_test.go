package config_test

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/google/go-cmp/cmp"

	"caretaker/internal/config"
)

const shipped = "../../caretaker.yaml"

func TestShippedFile_isTheDefaults(t *testing.T) {
	file, err := config.Load(shipped, config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, stage := range file.Stages {
		if !stage.Janitor.DryRun || !stage.LimitRaiser.DryRun || !stage.Warmer.DryRun || !stage.LogShipper.DryRun || !stage.Alerts.DryRun {
			t.Errorf("stage %s changes something before anybody has read what it would do", name)
		}
	}
	file.Stages, file.Notes = nil, nil // examples, and what is not written yet
	if diff := cmp.Diff(config.Default(), file); diff != "" {
		t.Errorf("-default +shipped\n%s", diff)
	}
}

func TestShippedFile_hasEachKeyWithItsReason(t *testing.T) {
	text, err := os.ReadFile(shipped)
	if err != nil {
		t.Fatal(err)
	}
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	if want := "# yaml-language-server: $schema=./caretaker.schema.json"; lines[0] != want {
		t.Errorf("the first line is %q, want %q", lines[0], want)
	}
	at := map[string]int{}
	positions(file.Docs[0].Body, "", at)
	for _, key := range leaves(reflect.TypeFor[config.File](), "") {
		line, ok := at[key]
		if !ok {
			t.Errorf("%s is not in the file", key)
			continue
		}
		above := strings.HasPrefix(strings.TrimSpace(lines[line-2]), "#")
		if _, beside, ok := strings.Cut(lines[line-1], " # "); !above && (!ok || len(beside) < 10) {
			t.Errorf("line %d: %s has no comment", line, key)
		}
	}
}

// positions collects the line of each key.
func positions(node ast.Node, path string, at map[string]int) {
	mapping, ok := node.(ast.MapNode)
	if !ok {
		return
	}
	for entry := mapping.MapRange(); entry.Next(); {
		key := strings.TrimPrefix(path+"."+entry.Key().GetToken().Value, ".")
		at[key] = entry.Key().GetToken().Position.Line
		positions(entry.Value(), key, at)
	}
}

// leaves are the keys that hold a value and no section.
func leaves(section reflect.Type, path string) []string {
	var keys []string
	for _, field := range reflect.VisibleFields(section) {
		name, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		if name == "" || name == "-" || name == "stages" {
			continue
		}
		key := strings.TrimPrefix(path+"."+name, ".")
		if field.Type.Kind() == reflect.Struct {
			keys = append(keys, leaves(field.Type, key)...)
			continue
		}
		keys = append(keys, key)
	}
	return keys
}
