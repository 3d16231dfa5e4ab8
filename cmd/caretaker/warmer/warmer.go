// Package warmer holds the commands about keeping functions warm.
package warmer

import (
	"context"

	"caretaker/cmd/caretaker/command"
	"caretaker/warmer"
)

// Commands are those of warmer.
type Commands struct {
	Plan       planCommand       `cmd:"" help:"Show what is kept warm, now and in each window, what is not and why, and what it costs. Changes nothing; needs read rights only."`
	Run        runCommand        `cmd:"" help:"Keep functions warm once, from here, and show how many environments were reached."`
	Release    releaseCommand    `cmd:"" help:"Take away the provisioned concurrency that the warmer set, and nothing that a person did, after asking. To be done before it is switched off or destroyed."`
	Middleware middlewareCommand `cmd:"" offline:"" help:"Write the file that answers pings in your functions, for you to keep in their repositories. Asks AWS nothing."`
}

// table is the name that the stage's stack gives the warmer's table.
func table(j *command.Job) string { return "caretaker-" + j.Stage() + "-warmer" }

// remembering is the table, where there is one; without it nobody knows what was asked before.
func remembering(ctx context.Context, j *command.Job, clients warmer.Clients, region string) (string, error) {
	there, err := warmer.HasLedger(ctx, clients, table(j))
	if err != nil || !there {
		if err == nil {
			j.Say("There is no table %s in %s: it is taken that no function was ever asked.", table(j), region)
		}
		return "", err
	}
	return table(j), nil
}
