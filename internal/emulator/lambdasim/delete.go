package lambdasim

import (
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The forms of a qualifier, as the API's model has them:
// https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunction.html
var (
	qualifierForm = regexp.MustCompile(`^[a-zA-Z0-9$_-]{1,128}$`)
	versionForm   = regexp.MustCompile(`^[0-9]+$`)
)

// deleteFunction answers in the order in which AWS was seen to judge: the form of the
// qualifier, the function, what stands against it, and then 204 whether the
// version was there or not. Without a qualifier the whole function goes, while its mappings stay.
func (s *Server) deleteFunction(call Call, _ *http.Request) (any, *Fault) {
	switch {
	case call.Qualifier == "":
	case !qualifierForm.MatchString(call.Qualifier):
		return nil, validation("Value '" + call.Qualifier + "' at 'qualifier' failed to satisfy constraint: Member must satisfy regular expression pattern")
	case call.Qualifier == "$LATEST":
		return nil, invalidParameter("$LATEST version cannot be deleted without deleting the function.")
	case !versionForm.MatchString(call.Qualifier):
		return nil, invalidParameter("Deletion of aliases is not currently supported.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.function(call.Function)
	if f == nil {
		return nil, functionNotFound(call.Function)
	}
	if call.Qualifier == "" {
		s.functions = slices.DeleteFunc(s.functions, func(other *Function) bool { return other == f })
		return nil, nil
	}
	if names := f.aliasesOf(call.Qualifier); len(names) > 0 {
		return nil, &Fault{
			http.StatusConflict, "ResourceConflictException",
			"Unable to delete version because the following aliases reference it: [" + strings.Join(names, ", ") + "]",
		}
	}
	number, err := strconv.Atoi(call.Qualifier)
	if err != nil || strconv.Itoa(number) != call.Qualifier {
		return nil, nil
	}
	if f.Masters[number] != "" {
		return nil, invalidParameter("Lambda was unable to delete " + ARN(f.Name, call.Qualifier) + " because it is a replicated function.")
	}
	if at := slices.IndexFunc(f.Versions, func(v Version) bool { return v.Number == number }); f.Managed && at >= 0 {
		f.Versions = slices.Clone(f.Versions)
		f.Versions[at].Deleting = true
		return accepted{}, nil
	}
	f.Versions = slices.DeleteFunc(f.Versions, func(v Version) bool { return v.Number == number })
	return nil, nil
}

// aliasesOf names the aliases that send any share of their calls to the version.
func (f *Function) aliasesOf(version string) []string {
	var names []string
	for _, alias := range f.Aliases {
		if _, weighted := alias.Weights[version]; weighted || alias.Version == version {
			names = append(names, alias.Name)
		}
	}
	return names
}

func functionNotFound(function string) *Fault {
	return &Fault{http.StatusNotFound, "ResourceNotFoundException", "Function not found: " + ARN(function, "")}
}

func invalidParameter(message string) *Fault {
	return &Fault{http.StatusBadRequest, "InvalidParameterValueException", message}
}

func validation(message string) *Fault {
	return &Fault{http.StatusBadRequest, "ValidationException", "1 validation error detected: " + message}
}
