// Package policy is the command that prints the IAM policy for a part, from the statements by which the CDK app
// makes the roles. It asks AWS nothing.
package policy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"caretaker/cmd/caretaker/command"
	"caretaker/cmd/caretaker/console"
	"caretaker/internal/iam"
)

// Command prints the policy of a part.
type Command struct {
	Part   string   `arg:"" enum:"alerts,janitor,limit-raiser,log-shipper,log-shipper-subscriber,notify,status,warmer" help:"The part or its function: alerts, notify, janitor, limit-raiser, log-shipper, log-shipper-subscriber, warmer; or status."`
	For    string   `default:"plan" enum:"plan,run,coverage,lint,backtest,preview" placeholder:"plan|run|COMMAND" help:"plan: what the command plan needs, to read (the default). run: what the function may do, and so who runs it from a desk. Of alerts also coverage, lint, backtest or preview: what that command needs."`
	Region []string `short:"r" placeholder:"REGION" help:"A Region, in place of regions: in the file; may be repeated."`
}

// Run prints the policy.
func (p *Command) Run(j *command.Job) error {
	file, err := j.Settings.Load(j.Console, false)
	if err != nil {
		return err
	}
	regions, err := command.Target{Region: p.Region}.Named(file)
	if err != nil {
		return err
	}
	if len(regions) == 0 {
		regions = []string{""}
		j.Say("Note: no Region is named, so the policy holds in each: give --region, or write regions: into the file.")
	}
	if file.Account == "" {
		j.Say("Note: no account is named, so the policy holds in each that it is put into: give --set account=123456789012, or write account: into the file.")
	}
	one := parts[p.Part]
	statements := one.reasons()[p.For]
	if statements == nil {
		return console.Misuse("%s: there is nothing to %s; --for %s is there", p.Part, p.For, strings.Join(slices.Sorted(maps.Keys(one.reasons())), " or "))
	}
	var fills []*strings.Replacer
	for _, region := range regions {
		fills = append(fills, place{file.Account, region, j.Stage()}.fill(p.Part, one.title))
	}
	text := iam.Document(statements(file, j.Stage()), fills...)
	if len(text) > iam.MostInManaged {
		j.Say("Note: this has %d characters without blanks. A managed policy has room for %d, the inline policies of a role for %d: name fewer Regions, or put its statements into two policies.",
			len(text), iam.MostInManaged, iam.MostInRole)
	}
	var shown bytes.Buffer
	if err := json.Indent(&shown, text, "", "  "); err != nil {
		return fmt.Errorf("writing the policy: %w", err)
	}
	_, err = fmt.Fprintln(j.Out, shown.String())
	return err
}

// Needed says, of a command that AWS denied something, all that it needs, and how to get the policy. It is empty
// for a command that has none.
func Needed(j *command.Job, words []string) string {
	name, reason := words[0], "plan"
	switch {
	case name == "status":
	case len(words) > 1 && words[1] == "plan":
	case len(words) > 1 && parts[name].looks[words[1]] != nil:
		reason = words[1]
	case len(words) > 1 && (words[1] == "apply" || words[1] == "run" || words[1] == "destroy"):
		reason = "run"
	default:
		return ""
	}
	one, is := parts[name]
	quiet := j.Console
	quiet.Err = io.Discard
	file, err := j.Settings.Load(quiet, false)
	if !is || err != nil {
		return ""
	}
	statements := one.reasons()[reason]
	if statements == nil {
		return ""
	}
	var actions []string
	for _, s := range statements(file, j.Stage()) {
		if s.Effect != "Deny" {
			actions = append(actions, s.Actions...)
		}
	}
	slices.Sort(actions)
	actions = slices.Compact(actions)
	paste := append([]string{j.Called(), "policy", name, "--for", reason}, j.Settings.Flags()...)
	return fmt.Sprintf("In all, %s needs these %d permissions: %s. To print them as a policy: %s", strings.Join(words, " "), len(actions), strings.Join(actions, ", "), console.Shell(paste...))
}
