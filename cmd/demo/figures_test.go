package main

import (
	"bytes"
	"strings"
	"testing"

	"caretaker/internal/want"
)

// shownTo is a stage whose acts are over, and what it writes.
func shownTo(figures ...figure) (*stage, *bytes.Buffer) {
	var out bytes.Buffer
	return &stage{out: &screen{out: &out, width: usualWidth}, figures: figures}, &out
}

func TestLastScreen_tellsEachFigureOfTheChosenPartsAlone(t *testing.T) {
	s, out := shownTo()
	for _, one := range parts {
		s.turn = one.name
		s.figure("what "+one.name+" does", true, "%d of %d", 7, 7)
	}
	if err := s.lastScreen(parts[:2]); err != nil {
		t.Error(err)
	}
	for position, one := range parts {
		want.Equal(t, "figures of "+one.name, strings.Count(out.String(), "what "+one.name+" does"), map[bool]int{true: 1, false: 0}[position < 2])
	}
	want.Equal(t, "verdicts", strings.Count(out.String(), "All 2 figures are what they should be."), 1)
}

func TestLastScreen_isAnErrorWhenAFigureIsNotOK(t *testing.T) {
	s, out := shownTo(figure{part: parts[0].name, what: "nothing is lost", by: "109 of 110"}, figure{part: parts[0].name, what: "much is freed", by: "38 MB", ok: true})
	err := s.lastScreen(parts[:1])
	if err == nil || !strings.Contains(err.Error(), "1 of 2 figures") {
		t.Errorf("the error is %v", err)
	}
	if said := out.String(); !strings.Contains(said, "NOT OK") || strings.Contains(said, "All 2") {
		t.Errorf("the last screen is:\n%s", said)
	}
}

func TestLastScreen_isAnErrorWhenAPartHasShownNothing(t *testing.T) {
	s, out := shownTo(figure{part: parts[0].name, what: "much is freed", by: "38 MB", ok: true})
	if err := s.lastScreen(parts[:2]); err == nil {
		t.Errorf("the last screen is:\n%s", out)
	}
}

// A copied line must not change a real account.
func TestLastScreen_namesNoCommandThatChangesAnything(t *testing.T) {
	s, out := shownTo()
	_ = s.lastScreen(parts) // nothing was shown
	for _, never := range []string{"cdk", "apply", "deploy --all", "make deploy"} {
		if strings.Contains(out.String(), never) {
			t.Errorf("%q stands in the last screen:\n%s", never, out)
		}
	}
	for _, one := range parts {
		if !strings.Contains(out.String(), one.look.command) {
			t.Errorf("it says nothing of %q:\n%s", one.look.command, out)
		}
	}
}

func TestScreen_writesCommandsForTheEmulatorAlone(t *testing.T) {
	var out bytes.Buffer
	s := &screen{out: &out, width: usualWidth, endpoint: "http://127.0.0.1:4566"}
	s.command("npx", "cdk", "deploy", "Caretaker")
	want.Equal(t, "what is shown", out.String(), "   $ AWS_ENDPOINT_URL=http://127.0.0.1:4566 npx cdk deploy Caretaker\n")
}
