package main

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/invopop/jsonschema"

	"caretaker/internal/config"
	"caretaker/internal/setting"
	"caretaker/janitor"
	limitraiser "caretaker/limit-raiser"
)

// sources are the packages whose types, with their comments, make up the file.
var sources = []string{"internal/config", "internal/setting", "janitor", "limit-raiser"}

// bounds are the numbers a key allows. A reflected type does not tell them; the test
// tries each bound, and the number beyond it, on the loader.
var bounds = map[string][2]json.Number{
	"version":                              {"1", "1"},
	"janitor.rate":                         {"1", "15"},
	"janitor.function.memory":              {"128", "10240"},
	"janitor.function.reservedConcurrency": {"0", "1000"},
	"janitor.keep.newest":                  {"1", "10000"},
	"janitor.pressure.newest":              {"1", "10000"},
	"janitor.belts.maxDeletions":           {"1", "1000000"},
	"janitor.belts.maxPercent":             {"1", "100"},

	"limitRaiser.function.memory":              {"128", "10240"},
	"limitRaiser.function.reservedConcurrency": {"0", "1000"},
	"limitRaiser.sizing.percent":               {"0", "1000"},
	"limitRaiser.sizing.units":                 {"0", "1000000"},
	"limitRaiser.sizing.retryFactor":           {"1", "20"},
	"limitRaiser.sizing.maxFactor":             {"1.1", "100"},
	"limitRaiser.limits.raisesADay":            {"1", "100"},
	"limitRaiser.limits.addedCostAMonth":       {"0", "10000000"},
	"limitRaiser.limits.prices":                {"0", "10000000"},
	"limitRaiser.tables[].read.max":            {"0", "1000000"},
	"limitRaiser.tables[].write.max":           {"0", "1000000"},
	"limitRaiser.tables[].indexes[].read.max":  {"0", "1000000"},
	"limitRaiser.tables[].indexes[].write.max": {"0", "1000000"},
	"limitRaiser.streams[].maxShards":          {"0", "10000"},
	"limitRaiser.functions[].maxConcurrency":   {"0", "1000000"},
	"limitRaiser.quotas[].max":                 {"0", "10000000000"},
	"limitRaiser.ceiling":                      {"0", "1000000"},
}

// retentions are those of CloudWatch Logs, in days.
var retentions = []any{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

// choices are the values a key allows where they are few. The test tries each, too.
var choices = map[string][]any{
	"janitor.checks.dynamicTargets":     {janitor.ProtectDynamic, janitor.IgnoreDynamic},
	"janitor.function.logRetentionDays": retentions,

	"limitRaiser.function.logRetentionDays": retentions,
	"limitRaiser.quotas[].usage.type":       {limitraiser.UsageOfResource, limitraiser.UsageOfAPI},
}

// patterns are the forms of texts.
var patterns = map[string]string{
	"regions":             `^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}$`,
	"notify.email":        `^[^@\s]+@[^@\s]+$`,
	"notify.slack.secret": `^[A-Za-z0-9/_+=.@:-]*$`,

	"limitRaiser.tables[].name":           `^[A-Za-z0-9_.-]{3,255}$`,
	"limitRaiser.tables[].indexes[].name": `^[A-Za-z0-9_.-]{3,255}$`,
	"limitRaiser.streams[].name":          `^[A-Za-z0-9_.-]{1,128}$`,
	"limitRaiser.functions[].name":        `^[A-Za-z0-9_-]{1,64}$`,
	"limitRaiser.quotas[].service":        `^[A-Za-z][A-Za-z0-9-]{1,62}$`,
	"limitRaiser.quotas[].code":           `^[A-Za-z][A-Za-z0-9-]{1,127}$`,
}

// required are the keys that an entry of a list must have.
var required = map[string][]string{
	"limitRaiser.tables":           {"name"},
	"limitRaiser.tables[].indexes": {"name"},
	"limitRaiser.streams":          {"name"},
	"limitRaiser.functions":        {"name"},
	"limitRaiser.quotas":           {"service", "code"},
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
		case property.Items != nil:
			leaf = property.Items
			property.UniqueItems = slices.Contains([]string{"regions", "notify.email"}, key)
		case property.AdditionalProperties != nil:
			leaf = property.AdditionalProperties
		}
		if bound, ok := bounds[key]; ok {
			leaf.Minimum, leaf.Maximum = bound[0], bound[1]
		}
		leaf.Enum = choices[key]
		if pattern, ok := patterns[key]; ok {
			leaf.Pattern = pattern
		}
	}
}
