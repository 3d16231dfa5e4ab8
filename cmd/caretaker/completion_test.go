package main

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"caretaker/cmd/caretaker/console"
)

// complete is what bash offers behind these words, the last of which is being typed.
func complete(t *testing.T, words ...string) []string {
	t.Helper()
	script := caretaker(t, nowhere(), "completion", "bash")
	script.expect(t, console.Done)
	text := fmt.Sprintf("%s\nCOMP_WORDS=(caretaker '%s')\nCOMP_CWORD=%d\n_caretaker\nprintf '%%s\\n' \"${COMPREPLY[@]}\"\n", script.out, strings.Join(words, "' '"), len(words))
	out, err := exec.Command("bash", "--norc", "-c", text).CombinedOutput() // #nosec G204 -- the script that is tested
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return strings.Fields(string(out))
}

func TestCompletion_offersWhatMayFollow(t *testing.T) {
	for _, test := range []struct {
		words []string
		want  []string
		not   []string
	}{
		{[]string{"jan"}, []string{"janitor"}, []string{"alerts"}},
		{[]string{"janitor", ""}, []string{"plan", "apply", "--config"}, []string{"--policy-time", "simulate"}},
		{[]string{"--stage", "prod", "janitor", "plan", "--p"}, []string{"--policy-time", "--profile"}, []string{"--json"}},
		{[]string{"policy", ""}, []string{"janitor", "log-shipper-subscriber", "--for"}, []string{"plan"}},
		{[]string{"completion", ""}, []string{"bash", "zsh", "fish"}, nil},
	} {
		got := complete(t, test.words...)
		for _, word := range test.want {
			if !slices.Contains(got, word) {
				t.Errorf("behind %q bash offers %q, want %s among them", test.words, got, word)
			}
		}
		for _, word := range test.not {
			if slices.Contains(got, word) {
				t.Errorf("behind %q bash offers %q, want no %s", test.words, got, word)
			}
		}
	}
}

// Where these shells are, they read their script.
func TestCompletion_isReadByEachShell(t *testing.T) {
	for shell, arguments := range map[string][]string{"bash": {"--norc", "-n"}, "zsh": {"-f", "-n"}, "fish": {"--no-config", "--no-execute"}} {
		if _, err := exec.LookPath(shell); err != nil && shell != "bash" {
			t.Logf("%s is not here", shell)
			continue
		}
		script := caretaker(t, nowhere(), "completion", shell)
		script.expect(t, console.Done, "caretaker", "policy-time")
		command := exec.Command(shell, append(arguments, write(t, "script", script.out))...) // #nosec G204 -- the shells above
		if out, err := command.CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%s does not read its script: %v\n%s", shell, err, out)
		}
	}
}
