package want_test

import (
	"errors"
	"fmt"
	"testing"

	"caretaker/internal/want"
)

// recorder is a test that keeps what it is told.
type recorder struct {
	testing.TB
	said string
}

func (r *recorder) Helper()                             {}
func (r *recorder) Errorf(format string, v ...any)      { r.said += fmt.Sprintf(format, v...) }
func (r *recorder) Fatalf(format string, values ...any) { r.Errorf("fatal: "+format, values...) }

func TestWant_saysWhatItIsAboutWhatCameAndWhatWasWanted(t *testing.T) {
	type outcome string
	for said, try := range map[string]func(testing.TB){
		`raises: 2, want 1`:                   func(t testing.TB) { want.Equal(t, "raises", 2, 1) },
		`the outcome: "kept", want "deleted"`: func(t testing.TB) { want.Equal(t, "the outcome", outcome("kept"), "deleted") },
		"":                                    func(t testing.TB) { want.Equal(t, "names", []string{"a"}, []string{"a"}) },
		"fatal: reading the table: no answer": func(t testing.TB) { want.NoError(t, "reading the table", errors.New("no answer")) },
		"the message does not say \"now\":\nlater": func(t testing.TB) { want.Says(t, "the message", "later", "now", "late") },
	} {
		r := &recorder{TB: t}
		try(r)
		if r.said != said {
			t.Errorf("%q, want %q", r.said, said)
		}
	}
	r := &recorder{TB: t}
	if want.Equal(r, "the names", []string{"a", "b"}, []string{"a"}) || len(r.said) < 20 || r.said[:9] != "the names" {
		t.Errorf("of two lists that differ it says %q", r.said)
	}
}
