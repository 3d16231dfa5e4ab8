package console

import "testing"

func TestShell_canBeCopied(t *testing.T) {
	got := Shell("caretaker", "--set", "janitor.exclude.names=[a, b]", "--stage", "o'clock", "")
	if want := `caretaker --set 'janitor.exclude.names=[a, b]' --stage 'o'\''clock' ''`; got != want {
		t.Errorf("got %s", got)
	}
}
