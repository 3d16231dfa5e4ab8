package config

import (
	"encoding"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"caretaker/internal/setting"
)

// refuse says that a value is not of the type that its key has.
func (d *decoder) refuse(node ast.Node, into reflect.Type, key string) {
	value := written(node)
	if key != "" && (key == secretKey || strings.HasPrefix(secretKey, key+".")) {
		value = hidden // what stands in the place of the section may be the secret
	}
	at := d.place(node, true)
	at.hint = hint(node, into, value)
	d.places[key] = at
	allowed := allowed(into) + at.hint
	if into.Kind() == reflect.String && plain(node) {
		allowed = fmt.Sprintf("%s: write it in quotes, %q", aText, value)
	}
	d.wrong(node, key, setting.Problem{Value: value, Allowed: allowed}.Error()[len(": "):])
}

// hint says how a value that was refused is meant to be written, where that can be told.
func hint(node ast.Node, into reflect.Type, value string) string {
	kind := node.GetToken().Type
	quoted := kind == token.SingleQuoteType || kind == token.DoubleQuoteType
	number := numberForm.MatchString(value)
	whole := wholeForm.MatchString(value) && !strings.HasPrefix(value, "-")
	switch {
	case into == reflect.TypeFor[setting.Duration]():
		if whole && value != "0" {
			return fmt.Sprintf("; the unit is missing: %[1]ss, %[1]sm, %[1]sh or %[1]sd", value)
		}
	case into == reflect.TypeFor[setting.Percent]():
		if number && whole {
			return fmt.Sprintf("; the sign is missing: %s%%", value)
		}
	case into.Kind() == reflect.Struct:
		if plain(node) || node.Type() == ast.StringType {
			return inside(node, into, value)
		}
	case quoted && number && slices.Contains([]reflect.Kind{reflect.Int, reflect.Int64, reflect.Float64}, into.Kind()),
		quoted && into.Kind() == reflect.Bool && (value == "true" || value == "false"):
		return ", without quotes"
	}
	return ""
}

// plain tells a number, or true or false.
func plain(node ast.Node) bool {
	return slices.Contains([]ast.NodeType{ast.IntegerType, ast.FloatType, ast.BoolType}, node.Type())
}

// inside is the one key of a section that could have such a value: {max: 2000} for 2000.
func inside(node ast.Node, section reflect.Type, value string) string {
	switch {
	case value == hidden && section == reflect.TypeFor[Slack]():
		return fmt.Sprintf(": {secret: %s}", value)
	case value == hidden:
		return ": " + strings.Join(slices.Sorted(maps.Keys(fields(reflect.New(section).Elem()))), ", ")
	}
	var takes []string
	for name, field := range fields(reflect.New(section).Elem()) {
		_, form := field.Addr().Interface().(encoding.TextUnmarshaler)
		if !form && scalar(node, field) {
			takes = append(takes, name)
		}
	}
	if len(takes) == 1 {
		return fmt.Sprintf(": {%s: %s}", takes[0], value)
	}
	return ": " + strings.Join(slices.Sorted(maps.Keys(fields(reflect.New(section).Elem()))), ", ")
}

// written is a value as a message shows it.
func written(node ast.Node) string {
	switch node.Type() {
	case ast.NullType:
		return "null"
	case ast.MappingType, ast.MappingValueType:
		return "{...}"
	case ast.SequenceType:
		return "[...]"
	}
	return node.GetToken().Value
}

// allowed is what the type of a key allows.
func allowed(into reflect.Type) string {
	switch into {
	case reflect.TypeFor[setting.Duration]():
		return "a duration such as 30m, 24h or 14d, 36500d at most"
	case reflect.TypeFor[setting.Percent]():
		return "a percentage such as 80%, from 0% to 100%"
	case reflect.TypeFor[map[string]Sections]():
		return "the stages by their names, such as {prod: {janitor: {dryRun: false}}}"
	}
	switch into.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.Slice:
		if into.Elem().Kind() == reflect.Struct {
			return "a list of sections such as [{name: orders}], or [] for none"
		}
		return "a list such as [a, b], or [] for none"
	case reflect.Map:
		switch into.Elem().Kind() {
		case reflect.Float64:
			return "names with numbers such as {writeUnitHour: 0.5}, or {} for none"
		case reflect.Int:
			return "names with whole numbers such as {always: 2}, or {} for none"
		}
		return "names with texts such as {team: platform}, or {} for none"
	case reflect.Struct:
		return "a section with keys of its own"
	}
	return aText + ", in quotes where it looks like a number, true, false or null"
}

const aText = "a text"
