package release

import (
	"testing"

	"caretaker/internal/want"
)

func TestAgrees_comparesAFunctionWithWhatThisIsBuiltFrom(t *testing.T) {
	defer func(v, f string) { version, functions = v, f }(version, functions)
	for _, test := range []struct {
		version, functions, function string
		agrees, known                bool
	}{
		{"1.1.0", "", "1.1.0", true, true},
		{"1.1.0", "", "1.0.0", false, true},
		{"1.1.0", "", "devel-0011223344ff", false, true},
		{"", "devel-0011223344ff devel-aabbccddeeff", "devel-aabbccddeeff", true, true},
		{"", "devel-0011223344ff devel-aabbccddeeff", "devel-000000000000", false, true},
		{"", "devel-0011223344ff devel-aabbccddeeff", "1.0.0", false, true},
		{"", "", "1.0.0", false, false},
		{"1.1.0", "", Unknown, false, false},
		{"1.1.0", "", "", false, false},
	} {
		version, functions = test.version, test.functions
		agrees, known := Agrees(test.function)
		what := "command line " + test.version + " of " + test.functions + " beside a function " + test.function
		want.Equal(t, "agreement, "+what, agrees, test.agrees)
		want.Equal(t, "knowledge, "+what, known, test.known)
	}
}
