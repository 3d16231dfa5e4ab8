package command_test

import (
	"bytes"
	"testing"

	"caretaker/cmd/caretaker/command"
	"caretaker/cmd/caretaker/console"
	"caretaker/internal/want"
)

func TestPartition_isThatOfTheCaller(t *testing.T) {
	for caller, partition := range map[string]string{"arn:aws-cn:iam::1:root": "aws-cn", "arn:aws:sts::1:assumed-role/a/b": "aws", "": "aws"} {
		want.Equal(t, "the partition of "+caller, command.Account{Caller: caller}.Partition(), partition)
	}
}

func TestCounted_saysTheMostFirstAndWhatIsAlikeByName(t *testing.T) {
	lines := command.Counted([]string{"b", "c", "a", "c"}, func(s string) (outcome, reason string) { return "kept", s })
	want.Equal(t, "the lines", lines, []string{"     2 kept: c", "     1 kept: a", "     1 kept: b"})
}

func TestDeployed_isSaidWhereAPlanShowsMore(t *testing.T) {
	for says, mode := range map[string]command.Mode{
		"Deployed        nothing: warmer.enabled is false\n":                                          {DryRun: true},
		"Deployed        in dry run: warmer.dryRun is true, so this is reported and nothing pinged\n": {Enabled: true, DryRun: true},
		"": {Enabled: true},
	} {
		var out bytes.Buffer
		sheet := console.Console{Out: &out}.Sheet()
		mode.Deployed(sheet, "warmer", "is reported and nothing pinged")
		want.NoError(t, "printing", sheet.Flush())
		want.Equal(t, "what is said", out.String(), says)
	}
}
