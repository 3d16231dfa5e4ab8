// Package command holds what the commands of all parts begin with: the file and the stage, the account
// and the Regions.
package command

import (
	"cmp"

	"caretaker/cmd/caretaker/console"
	"caretaker/internal/config"
)

// Job is one command being carried out.
type Job struct {
	console.Console
	console.Interruption
	Settings Settings
	// Denied is what AWS denied so far.
	Denied Denied
}

// Stage is the name under which the deployed parts' resources and metrics stand.
func (j *Job) Stage() string { return cmp.Or(j.Settings.Stage, config.DefaultStage) }
