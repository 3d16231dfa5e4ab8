package janitor

import (
	"errors"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// target is a function named by an ARN or a shorter form, with its qualifier if it has one.
type target struct {
	partition, region, account, function, qualifier string
}

// anyTarget is the forms in which Lambda takes a function: a full ARN, a partial one and
// the name, each with or without a qualifier.
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
var anyTarget = regexp.MustCompile(`^(?:arn:(aws[a-z-]*):lambda:)?(?:([a-z]+(?:-[a-z]+)+-[0-9]):)?(?:([0-9]{12}):)?(?:function:)?` +
	`([A-Za-z0-9_.-]+)(?::([$.A-Za-z0-9_-]+))?$`)

// parseTarget reads a full ARN.
func parseTarget(text string) (target, bool) {
	named, ok := parseName(text)
	return named, ok && named.partition != ""
}

// parseName reads any form that a request to Lambda may name a function in.
func parseName(text string) (target, bool) {
	parts := anyTarget.FindStringSubmatch(text)
	if parts == nil {
		return target{}, false
	}
	return target{parts[1], parts[2], parts[3], parts[4], parts[5]}, true
}

// at says whether the target is in this account and Region; a form that names neither is.
func (t target) at(place target) bool {
	return (t.region == "" || t.region == place.region) && (t.account == "" || t.account == place.account)
}

// elsewhere says whether the target is in another Region of this account.
func (t target) elsewhere(place target) bool {
	return t.region != "" && t.region != place.region && (t.account == "" || place.account == "" || t.account == place.account)
}

var errNotANumber = errors.New("a version is an ASCII number from 1 without leading zeros")

// versionNumber reads a version's number and nothing else: a deletion with an empty
// qualifier deletes the whole function, and with digits other than ASCII AWS refuses it.
func versionNumber(text string) (int64, error) {
	if len(text) == 0 || len(text) > 18 || text[0] == '0' {
		return 0, errNotANumber
	}
	for _, letter := range []byte(text) {
		if letter < '0' || letter > '9' {
			return 0, errNotANumber
		}
	}
	return strconv.ParseInt(text, 10, 64)
}

// expression is a value of a definition. A computed one is only known when the
// definition runs, except for the literal text that it begins with.
type expression struct {
	text     string
	computed bool
}

// calls are what some piece of configuration calls: functions it names, and targets
// that are only known when it runs.
type calls struct {
	static  []target
	dynamic []DynamicTarget
}

// callOf reads a function's name and a qualifier given apart from it, either of which may
// be computed.
func callOf(name, qualifier expression) calls {
	if name.computed {
		called := startingWith(name.text)
		if parts := regionInName.FindStringSubmatch(name.text); parts != nil {
			called.Region = parts[1]
		}
		return calls{dynamic: []DynamicTarget{called}}
	}
	named, ok := parseName(name.text)
	if !ok {
		// Lambda could not read it either, but what we cannot read may be anything.
		return calls{dynamic: []DynamicTarget{{Prefix: true}}}
	}
	if qualifier.computed {
		return calls{dynamic: []DynamicTarget{{Function: named.function, Region: named.region}}}
	}
	if named.qualifier == "" {
		named.qualifier = qualifier.text
	}
	return calls{static: []target{named}}
}

// What a name in one of these forms has before it, and what may be the beginning of that, the
// partition aside.
var (
	beforeName = regexp.MustCompile(`^(?:.*:)?function:`)
	beginning  = regexp.MustCompile(`^(?:[0-9]{1,12}|(?:af|ap|ca|cn|eu|eusc|il|me|mx|sa|us)(?:-[a-z]+)+-[0-9])$`)
)

// regionInName finds the Region in the literal beginning of a computed name.
var regionInName = regexp.MustCompile(`^(?:arn:aws[a-z-]*:lambda:)?([a-z]+(?:-[a-z]+)+-[0-9]):`)

// requestTargets are the versions that a request to Lambda's API names by number: as what it is
// about, or as what an alias shall point at. One that is computed is not looked for, since what a
// deployment computes it has just published.
func requestTargets(request map[string]any) []target {
	name, _ := request["FunctionName"].(string)
	named, ok := parseName(name)
	if !ok {
		return nil
	}
	qualifier, _ := request["Qualifier"].(string)
	version, _ := request["FunctionVersion"].(string)
	routing, _ := request["RoutingConfig"].(map[string]any)
	weights, _ := routing["AdditionalVersionWeights"].(map[string]any)
	var found []target
	for _, text := range append(slices.Collect(maps.Keys(weights)), named.qualifier, qualifier, version) {
		if _, err := versionNumber(text); err == nil {
			named.qualifier = text
			found = append(found, named)
		}
	}
	return found
}

// startingWith says which functions a computed name may name, by the literal text that it
// begins with.
func startingWith(literal string) DynamicTarget {
	name := beforeName.ReplaceAllString(literal, "")
	function, _, qualified := strings.Cut(name, ":")
	switch {
	case name != literal && qualified:
		return DynamicTarget{Function: function}
	case name != literal:
		return DynamicTarget{Function: name, Prefix: true}
	case qualified, strings.HasPrefix("arn", literal), strings.HasPrefix("function", literal), beginning.MatchString(literal):
		return DynamicTarget{Prefix: true}
	}
	return DynamicTarget{Function: name, Prefix: true}
}

// template is a text in which the marker begins what is filled in later.
func template(text, marker string) expression {
	literal, _, computed := strings.Cut(text, marker)
	return expression{literal, computed}
}

// The computed values of Step Functions whose beginning is certain: a format string, and a
// JSONata concatenation of literals and plain variables.
// https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
var (
	formatted    = regexp.MustCompile(`^States\.Format\('([^'{\\]*)`)
	concatenated = regexp.MustCompile(`^\{%\s*(?:'([^'\\]*)'|"([^"\\]*)")(?:\s*&\s*(?:\$[\w.$]+|'[^'\\]*'|"[^"\\]*"))*\s*%\}$`)
)

// computed is a value that Step Functions evaluates.
func computed(text string) expression {
	if parts := formatted.FindStringSubmatch(text); parts != nil {
		return expression{parts[1], true}
	}
	if parts := concatenated.FindStringSubmatch(text); parts != nil {
		return expression{parts[1] + parts[2], true}
	}
	return expression{computed: true}
}
