package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"caretaker/internal/emulator"
)

func TestChoose_takesEveryPartWithoutAName(t *testing.T) {
	chosen, err := choose(nil)
	if err != nil || len(chosen) != len(parts) {
		t.Errorf("%d of %d parts: %v", len(chosen), len(parts), err)
	}
}

func TestChoose_namesThePartsThereAre(t *testing.T) {
	_, err := choose([]string{"janitor", "gardener"})
	if err == nil || !strings.Contains(err.Error(), `"gardener"`) || !strings.Contains(err.Error(), "there is: janitor") {
		t.Errorf("the error is %v", err)
	}
}

func TestCDKProgress_tellsWhichResourceIsMade(t *testing.T) {
	text := strings.Join([]string{
		"✨  Synthesis time: 3.2s",
		"Caretaker-default-Janitor: creating CloudFormation changeset...",
		"Caretaker-default-Janitor |  7/21 | 10:15:01 AM | \x1b[32mCREATE_COMPLETE\x1b[0m      | AWS::SQS::Queue        | OnFailure (OnFailure0C29E7A6)",
		"",
	}, "\n")
	var p cdkProgress
	p.read(strings.NewReader(text))
	if diff := cmp.Diff("7/21  AWS::SQS::Queue create complete", p.String()); diff != "" {
		t.Error(diff)
	}
	if len(p.last) != 3 {
		t.Errorf("%d lines are kept for a failure", len(p.last))
	}
}

func TestMost_countsWhatAWSLimits(t *testing.T) {
	start := time.Now()
	var calls []emulator.Call
	for _, at := range []struct {
		operation string
		after     time.Duration
	}{
		{"ListFunctions", 0},
		{"ListAliases", 900 * time.Millisecond},
		{"GetPolicy", 950 * time.Millisecond},
		{"DeleteFunction", 1100 * time.Millisecond},
		{"DeleteFunction", 1800 * time.Millisecond},
		{"DeleteFunction", 3 * time.Second},
	} {
		calls = append(calls, emulator.Call{Service: "lambda", Operation: at.operation, Start: start.Add(at.after)})
	}
	if got := most(calls); got != 3 {
		t.Errorf("%d calls in one second, not 3", got)
	}
}

func TestSpans_joinsNumbersInARow(t *testing.T) {
	for want, numbers := range map[string][]int{"": nil, "4": {4}, "1-3,5,7-8": {1, 2, 3, 5, 7, 8}} {
		if diff := cmp.Diff(want, spans(numbers)); diff != "" {
			t.Error(diff)
		}
	}
}

func TestScreen_keepsTheValueOfAFlagWithIt(t *testing.T) {
	var out bytes.Buffer
	s := &screen{out: &out, width: 44}
	s.command("npx", "cdk", "deploy", "--app", "", "Caretaker", "-c", "set=janitor.dryRun=false")
	want := "   $ npx cdk deploy --app '' Caretaker \\\n     -c set=janitor.dryRun=false\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestScreen_showsNoProgressAndNoColourWithoutATerminal(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	s := newScreen(writer, func() {})
	s.progress("half way")
	s.heading("A step")
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("\n1. A step\n", string(text)); diff != "" {
		t.Error(diff)
	}
}

// brokenPipe is a stdout that nobody reads any more.
type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestScreen_endsTheDemoWhenNobodyReads(t *testing.T) {
	ended := false
	s := &screen{out: brokenPipe{}, broken: func() { ended = true }}
	s.say("anything")
	if !ended {
		t.Error("the demo goes on for nobody")
	}
}
