package setting

import (
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Rule is what a key of the file allows, as it stands once, in the tags of its field. The loader,
// the schema and the tests of caretaker.yaml's comments all read it there.
//
//	bounds:"1 to 10000"            a number, or a duration such as 30m to 90d
//	bounds:"0 (never) to 1000000"  the same, with what the first of them means
//	step:"1s"                      a duration in whole ones of these
//	zero:"off"                     0s, or an empty text, is allowed too, and means this
//	of:"calls a second"            what the number is of, in the place of "a whole number"
//	choices:"protect, ignore"      one of a few values
//	form:"^[a-z]+$"                a text of this form, which allowed puts into words
//	allowed:"a name, not an ARN"
type Rule struct {
	// Least and Most are the bounds of a number, or of a duration in nanoseconds; both 0 where
	// there are none.
	Least, Most float64
	// Duration says that the bounds are those of a duration.
	Duration bool
	// Choices are the allowed values as they are written; nil where any is.
	Choices []string
	// Form is the expression for a text; empty where there is none.
	Form string
	// Allowed says in words what is allowed; empty where the tags ask for nothing.
	Allowed string
	// Zero says that 0, 0s or an empty text is allowed too.
	Zero bool

	step Duration
}

var boundsForm = regexp.MustCompile(`^([0-9.]+[dhms]?)(?: \([a-z ]+\))? to ([0-9.]+[dhms]?)$`)

// RuleOf reads the tags of a field. A tag that cannot be read is a mistake in the code: it panics.
func RuleOf(field reflect.StructField) Rule {
	rule := Rule{Form: field.Tag.Get("form"), Allowed: field.Tag.Get("allowed"), Duration: field.Type == reflect.TypeFor[Duration]()}
	value := field.Type
	if value.Kind() == reflect.Map || value.Kind() == reflect.Slice {
		value = value.Elem()
	}
	if bounds := field.Tag.Get("bounds"); bounds != "" {
		parts := boundsForm.FindStringSubmatch(bounds)
		if parts == nil {
			panic(fmt.Sprintf("%s: the tag bounds %q is not like 1 to 10000", field.Name, bounds))
		}
		rule.Least, rule.Most = bound(field, parts[1]), bound(field, parts[2])
		noun := "a number"
		switch {
		case field.Tag.Get("of") != "":
			noun = field.Tag.Get("of")
		case rule.Duration:
			noun = "a duration"
		case value.Kind() != reflect.Float64:
			noun = "a whole number"
		}
		rule.Allowed = noun + " from " + bounds
	}
	if step := field.Tag.Get("step"); step != "" {
		rule.step = Duration(bound(field, step))
	}
	if zero := field.Tag.Get("zero"); zero != "" {
		rule.Zero = true
		if rule.Duration {
			rule.Allowed = "0s for " + zero + ", or " + rule.Allowed
		}
	}
	if choices := field.Tag.Get("choices"); choices != "" {
		rule.Choices = strings.Split(choices, ", ")
		last := len(rule.Choices) - 1
		rule.Allowed = strings.Join(rule.Choices[:last], ", ") + " or " + rule.Choices[last]
	}
	return rule
}

func bound(field reflect.StructField, text string) float64 {
	if duration, err := ParseDuration(text); err == nil {
		return float64(duration)
	}
	number, err := strconv.ParseFloat(text, 64)
	if err != nil {
		panic(fmt.Sprintf("%s: the bound %q is neither a number nor a duration", field.Name, text))
	}
	return number
}

// allows tells whether a value keeps to the rule.
func (r Rule) allows(value reflect.Value) bool {
	switch {
	case r.Zero && value.IsZero():
		return true
	case r.Choices != nil:
		return slices.Contains(r.Choices, fmt.Sprint(value.Interface()))
	case r.Form != "":
		return formOf(r.Form).MatchString(value.String())
	case r.Least == 0 && r.Most == 0:
		return true
	}
	number := math.NaN()
	switch {
	case value.CanInt():
		number = float64(value.Int())
	case value.CanFloat():
		number = value.Float()
	}
	if r.step > 0 && value.Int()%int64(r.step) != 0 {
		return false
	}
	return number >= r.Least && number <= r.Most // NaN is in no range
}

var forms sync.Map // by their texts

func formOf(text string) *regexp.Regexp {
	if known, found := forms.Load(text); found {
		return known.(*regexp.Regexp)
	}
	form := regexp.MustCompile(text)
	forms.Store(text, form)
	return form
}

// Check says what in a section breaks the rules at its fields, however deep they are. key is where
// the section stands in the file.
func Check(key string, section any) []Problem {
	return check(nil, key, reflect.ValueOf(section))
}

func check(problems []Problem, key string, section reflect.Value) []Problem {
	for index := range section.NumField() {
		field, value := section.Type().Field(index), section.Field(index)
		name, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		path := key
		if name != "" { // the keys of an embedded section stand in the one around it
			path += "." + name
		}
		switch rule := RuleOf(field); {
		case value.Kind() == reflect.Struct:
			problems = check(problems, path, value)
		case value.Kind() == reflect.Slice:
			for entry := range value.Len() {
				problems = checkEntry(problems, fmt.Sprintf("%s[%d]", path, entry), rule, value.Index(entry))
			}
		case value.Kind() == reflect.Map:
			names := value.MapKeys()
			slices.SortFunc(names, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
			for _, name := range names {
				problems = checkEntry(problems, path+"."+name.String(), rule, value.MapIndex(name))
			}
		default:
			problems = checkEntry(problems, path, rule, value)
		}
	}
	return problems
}

func checkEntry(problems []Problem, key string, rule Rule, value reflect.Value) []Problem {
	if value.Kind() == reflect.Struct {
		return check(problems, key, value)
	}
	if !rule.allows(value) {
		problems = append(problems, Problem{Key: key, Value: fmt.Sprint(value.Interface()), Allowed: rule.Allowed})
	}
	return problems
}
