package console

import (
	"testing"

	"caretaker/internal/want"
)

func TestShell_canBeCopied(t *testing.T) {
	got := Shell("caretaker", "--set", "janitor.exclude.names=[a, b]", "--stage", "o'clock", "")
	want.Equal(t, "the command", got, `caretaker --set 'janitor.exclude.names=[a, b]' --stage 'o'\''clock' ''`)
}

func TestSuggest_goesWhereThisCommandWent(t *testing.T) {
	t.Setenv(endpoint, "")
	want.Equal(t, "the command", Suggest("caretaker", "janitor", "apply"), "caretaker janitor apply")
	t.Setenv(endpoint, "http://127.0.0.1:4566")
	want.Equal(t, "the command", Suggest("caretaker", "janitor", "apply"), "AWS_ENDPOINT_URL=http://127.0.0.1:4566 caretaker janitor apply")
}
