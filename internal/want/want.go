// Package want is for tests: it compares what came with what was wanted, and says in words what it
// is about, so that a failing test can be understood without reading it.
package want

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Equal reports a difference between got and want; what names the thing: "raises", "the messages to
// people". It answers whether they are equal.
func Equal[T any](t testing.TB, what string, got, want T, options ...cmp.Option) bool {
	t.Helper()
	if simple(reflect.TypeFor[T]()) && len(options) == 0 {
		if any(got) != any(want) {
			t.Errorf("%s: %s, want %s", what, shown(got), shown(want))
			return false
		}
		return true
	}
	if diff := cmp.Diff(want, got, options...); diff != "" {
		t.Errorf("%s, want (-) and got (+):\n%s", what, diff)
		return false
	}
	return true
}

// simple types need no diff.
func simple(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Bool, reflect.String, reflect.Float32, reflect.Float64, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return true
	}
	return false
}

func shown(value any) string {
	if reflect.TypeOf(value).Kind() == reflect.String {
		return fmt.Sprintf("%q", value)
	}
	return fmt.Sprint(value)
}

// NoError ends the test where doing something failed that has to work.
func NoError(t testing.TB, doing string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", doing, err)
	}
}

// Says reports each part that a text does not hold.
func Says(t testing.TB, what, text string, parts ...string) bool {
	t.Helper()
	whole := true
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%s does not say %q:\n%s", what, part, text)
			whole = false
		}
	}
	return whole
}
