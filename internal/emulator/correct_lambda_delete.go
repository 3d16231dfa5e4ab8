package emulator

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

var (
	qualifierText = regexp.MustCompile(`^[a-zA-Z0-9$_-]*$`)
	numberText    = regexp.MustCompile(`^[0-9]+$`)
)

// deleteFunction corrects what the emulator does with a qualifier: it takes
// $LATEST for the whole function, ignores a mismatch and answers 404 for an
// absent version. The authorised call reaches it only when AWS would carry it out.
func deleteFunction(x *exchange) (*answer, error) {
	refused, err := x.authorise()
	if err != nil || refused != nil {
		return refused, err
	}
	if refused := judgeDeletion(x); refused != nil {
		return refused, nil
	}
	arn := x.functionARN(x.call.Function)
	if _, edge := recall(&x.memory, &x.memory.edge, arn, x.call.Qualifier); edge {
		return x.refuse(http.StatusBadRequest, invalidValue, "Lambda was unable to delete "+arn+":"+x.call.Qualifier+
			" because it is a replicated function. Please see our documentation for Deleting Lambda@Edge Functions and Replicas."), nil
	}
	given, err := x.forward()
	if err != nil {
		return nil, err
	}
	switch {
	case given.ok():
		x.memory.forgetFunction(arn, x.call.Qualifier)
	case given.status == http.StatusNotFound && x.call.Qualifier != "":
		return x.absentVersion(given)
	case given.status == http.StatusConflict:
		return x.aliasConflict()
	}
	return given, nil
}

const invalidValue = "InvalidParameterValueException"

// judgeDeletion refuses what AWS refuses before it looks whether the function
// exists.
func judgeDeletion(x *exchange) *answer {
	qualifier, query := x.call.Qualifier, x.request.URL.Query()
	segments := split(x.request.URL.EscapedPath())
	reference, _ := url.PathUnescape(segments[len(segments)-1])
	_, derived, hasDerived := splitReference(reference)
	switch {
	case len(qualifier) > 128:
		return x.invalid("qualifier", qualifier, "Member must have length less than or equal to 128")
	case !qualifierText.MatchString(qualifier):
		return x.invalid("qualifier", qualifier, "Member must satisfy regular expression pattern: [a-zA-Z0-9$_-]+")
	case hasDerived && query.Has("Qualifier") && derived != qualifier:
		return x.refuse(http.StatusBadRequest, invalidValue,
			"The derived qualifier from the function name does not match the specified qualifier.")
	case qualifier == "$LATEST":
		return x.refuse(http.StatusBadRequest, invalidValue, "$LATEST version cannot be deleted without deleting the function.")
	case qualifier != "" && !numberText.MatchString(qualifier):
		return x.refuse(http.StatusBadRequest, invalidValue, "Deletion of aliases is not currently supported.")
	}
	return nil
}

// absentVersion is 204 while the function is there.
func (x *exchange) absentVersion(given *answer) (*answer, error) {
	function, err := x.ask("lambda", "/2015-03-31/functions/"+url.PathEscape(x.call.Function)+"/configuration", nil, nil)
	if err != nil {
		return nil, err
	}
	if function.ok() {
		return &answer{status: http.StatusNoContent, header: given.header}, nil
	}
	return x.refuse(http.StatusNotFound, "ResourceNotFoundException", "Function not found: "+x.functionARN(x.call.Function)), nil
}

// aliasConflict names the aliases in the way.
func (x *exchange) aliasConflict() (*answer, error) {
	aliases, _, err := x.everyAlias()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, alias := range aliases {
		if _, weighted := alias.RoutingConfig.AdditionalVersionWeights[x.call.Qualifier]; weighted || alias.FunctionVersion == x.call.Qualifier {
			names = append(names, alias.Name)
		}
	}
	slices.Sort(names)
	return x.refuse(http.StatusConflict, "ResourceConflictException",
		"Unable to delete version because the following aliases reference it: ["+strings.Join(names, ", ")+"]"), nil
}

// alias is an alias as far as the rules read it.
type alias struct {
	Name, FunctionVersion string
	RoutingConfig         struct{ AdditionalVersionWeights map[string]any }
}

// everyAlias is every alias of the function that the call names. A function that
// is not there comes back as the emulator's refusal.
func (x *exchange) everyAlias() (aliases []alias, refused *answer, err error) {
	var body struct{ Aliases []alias }
	given, err := x.ask("lambda", "/2015-03-31/functions/"+url.PathEscape(x.call.Function)+"/aliases",
		url.Values{"MaxItems": {"1000000"}}, &body)
	if err != nil {
		return nil, nil, err
	}
	if !given.ok() {
		return nil, given, nil
	}
	return body.Aliases, nil, nil
}
