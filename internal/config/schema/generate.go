package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/invopop/jsonschema"

	"caretaker/internal/config"
	"caretaker/internal/setting"
	logshipper "caretaker/log-shipper"
)

// sources are the packages whose types, with their comments, make up the file.
var sources = []string{"alerts", "alerts/notify", "internal/config", "internal/setting", "janitor", "limit-raiser", "log-shipper", "log-shipper/document", "log-shipper/groups", "warmer"}

// rulesOf are the rules at the fields of a type, by the keys of the file: janitor.keep.newest,
// limitRaiser.tables[].name. The test tries each of them on the loader.
func rulesOf(t reflect.Type, path string) map[string]setting.Rule {
	found := map[string]setting.Rule{}
	for index := range t.NumField() {
		field := t.Field(index)
		name, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		key, value := strings.Trim(path+"."+name, "."), field.Type
		found[key] = setting.RuleOf(field)
		if value.Kind() == reflect.Slice {
			key, value = key+"[]", value.Elem()
		}
		if value.Kind() == reflect.Map && name != "stages" {
			key, value = key+"{}", value.Elem()
		}
		if value.Kind() == reflect.Struct {
			maps.Copy(found, rulesOf(value, key))
		}
	}
	return found
}

// rules are those of the whole file.
var rules = rulesOf(reflect.TypeFor[config.File](), "")

// patterns are the forms of texts that the loader judges by more than a form.
var patterns = map[string]string{ // #nosec G101 -- the form of a secret's name
	"account":             `^([0-9]{12})?$`,
	"regions":             config.RegionForm,
	"newRegions":          config.RegionForm,
	"notify.email":        `^[^@\s]+@[^@\s]+$`,
	"notify.sms":          `^\+[1-9][0-9]{6,14}$`,
	"notify.hosts":        `^[a-z0-9.:\[\]-]+$`,
	"notify.slack.secret": `^[A-Za-z0-9/_+=.@:-]*$`,
}

// required are the keys that an entry of a list must have.
var required = map[string][]string{
	"limitRaiser.tables":           {"name"},
	"limitRaiser.tables[].indexes": {"name"},
	"limitRaiser.streams":          {"name"},
	"limitRaiser.functions":        {"name"},
	"limitRaiser.quotas":           {"service", "code"},
	"warmer.windows":               {"from", "to"},
	"warmer.functions":             {"name"},
	"logShipper.redact.patterns":   {"name", "pattern"},
}

// presets are the defaults of the entries of a map, where they have some.
var presets = map[string]map[string]any{"logShipper.destinations": entryDefaults(logshipper.DefaultDestination())}

// entryDefaults are values as JSON has them.
func entryDefaults(entry any) map[string]any {
	var result map[string]any
	text, err := json.Marshal(entry)
	if err == nil {
		err = json.Unmarshal(text, &result)
	}
	if err != nil {
		panic(err) // texts and numbers
	}
	return result
}

const (
	durationPattern = `^([0-9]{1,6}d([0-9]{1,9}h)?([0-9]{1,9}m)?([0-9]{1,9}s)?|[0-9]{1,9}h([0-9]{1,9}m)?([0-9]{1,9}s)?|[0-9]{1,9}m([0-9]{1,9}s)?|[0-9]{1,9}s)$`
	percentPattern  = `^([0-9]{1,2}(\.[0-9]+)?|100(\.0+)?)%$`
)

// generate makes the schema. The working directory is the top of the checkout.
func generate() ([]byte, error) {
	reflector := &jsonschema.Reflector{
		Anonymous:                  true,
		DoNotReference:             true,
		RequiredFromJSONSchemaTags: true,
		FieldNameTag:               "yaml",
		Mapper:                     mapped,
	}
	for _, source := range sources {
		if err := reflector.AddGoComments("caretaker", "./"+source, jsonschema.WithFullComment()); err != nil {
			return nil, fmt.Errorf("reading the comments of %s: %w", source, err)
		}
	}
	schema := reflector.Reflect(config.File{})
	schema.Required = []string{"version"}
	schema.Title = "caretaker.yaml"
	defaults, err := values(config.Default())
	if err != nil {
		return nil, err
	}
	refine(schema, "", defaults)
	if stages, ok := schema.Properties.Get("stages"); ok {
		refine(stages.AdditionalProperties, "", nil) // a key left out there keeps what the base says
		stages.PropertyNames = &jsonschema.Schema{Pattern: `^[A-Za-z][A-Za-z0-9-]{0,31}$`, Not: &jsonschema.Schema{Const: config.DefaultStage}}
		stages.Default = nil
	}
	text, err := json.MarshalIndent(schema, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encoding the schema: %w", err)
	}
	return append(text, '\n'), nil
}

// mapped gives the types that are written as texts of a form of their own.
func mapped(t reflect.Type) *jsonschema.Schema {
	switch t {
	case reflect.TypeFor[setting.Duration]():
		return &jsonschema.Schema{Type: "string", Pattern: durationPattern}
	case reflect.TypeFor[setting.Percent]():
		return &jsonschema.Schema{Type: "string", Pattern: percentPattern}
	}
	return nil
}

// values are a configuration's values as JSON has them.
func values(file config.File) (map[string]any, error) {
	text, err := json.Marshal(file)
	if err != nil {
		return nil, fmt.Errorf("encoding the defaults: %w", err)
	}
	var result map[string]any
	if err := json.Unmarshal(text, &result); err != nil {
		return nil, fmt.Errorf("encoding the defaults: %w", err)
	}
	return result, nil
}

// described is a Go comment as the description of a key: it begins with the key's name, not the field's.
func described(key, comment string) string {
	words := strings.Fields(comment)
	if len(words) > 0 && strings.EqualFold(words[0], key) {
		words[0] = key
	}
	return strings.Join(words, " ")
}

// refine adds to each key what its type does not tell: bounds, choices, forms, and
// the default where there is one.
func refine(section *jsonschema.Schema, path string, defaults map[string]any) {
	for pair := section.Properties.Oldest(); pair != nil; pair = pair.Next() {
		key := strings.TrimPrefix(path+"."+pair.Key, ".")
		property, value := pair.Value, defaults[pair.Key]
		property.Description = described(pair.Key, property.Description)
		if property.Properties != nil && property.Properties.Len() > 0 {
			inner, _ := value.(map[string]any)
			refine(property, key, inner)
			continue
		}
		if property.Type == "object" && value == nil && defaults != nil {
			value = map[string]any{}
		}
		if property.Type == "array" && value == nil && defaults != nil {
			value = []any{}
		}
		property.Default = value
		leaf := property
		switch {
		case property.Items != nil && property.Items.Properties != nil:
			property.Items.Required = required[key]
			refine(property.Items, key+"[]", nil)
			continue
		case property.AdditionalProperties != nil && property.AdditionalProperties.Properties != nil:
			property.AdditionalProperties.Required = required[key]
			refine(property.AdditionalProperties, key+"{}", presets[key])
			continue
		case property.Items != nil:
			leaf = property.Items
			property.UniqueItems = slices.Contains([]string{"regions", "newRegions", "notify.email"}, key)
		case property.AdditionalProperties != nil:
			leaf = property.AdditionalProperties
		}
		rule := rules[key]
		if rule.Allowed != "" {
			property.Description += " Allowed: " + rule.Allowed + "."
		}
		if rule.Most > 0 && !rule.Duration {
			leaf.Minimum, leaf.Maximum = number(rule.Least), number(rule.Most)
		}
		for _, choice := range rule.Choices {
			if leaf.Type == "integer" {
				leaf.Enum = append(leaf.Enum, json.Number(choice))
			} else {
				leaf.Enum = append(leaf.Enum, choice)
			}
		}
		if rule.Zero && len(rule.Choices) > 0 {
			leaf.Enum = append(leaf.Enum, map[bool]any{true: json.Number("0"), false: ""}[leaf.Type == "integer"])
		}
		if form := cmp.Or(rule.Form, patterns[key]); form != "" {
			leaf.Pattern = form
		}
	}
}

func number(value float64) json.Number { return json.Number(strconv.FormatFloat(value, 'f', -1, 64)) }
