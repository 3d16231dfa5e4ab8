// Package limitraiser holds the commands that look at the limit-raiser from a desk; none of them raises anything.
package limitraiser

import "caretaker/cmd/caretaker/command"

// Commands are those of limit-raiser.
type Commands struct {
	Plan     planCommand     `cmd:"" help:"Show what an alarm's event would raise, and why. Changes nothing; needs read rights only."`
	History  historyCommand  `cmd:"" help:"Show what was raised, or was not, when and why: the audit trail, newest first."`
	Simulate simulateCommand `cmd:"" offline:"" help:"Run the policy against a load, next to target tracking. Asks AWS nothing."`
}

// ledgerTable is the name that the stage's stack gives the limit-raiser's table.
func ledgerTable(j *command.Job) string {
	return "caretaker-" + j.Stage() + "-limit-raiser"
}
