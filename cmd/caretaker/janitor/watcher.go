package janitor

import (
	"caretaker/cmd/caretaker/console"
	"caretaker/janitor"
)

// phases are those of a run, in their order.
var phases = []string{
	string(janitor.ReadingFunctions), string(janitor.ReadingReferences), string(janitor.ReadingEach),
	string(janitor.LookingAtPolicies), string(janitor.Deleting), string(janitor.Verifying),
}

// watcher is what a Region's janitor tells.
type watcher struct {
	region   string
	progress *console.Progress
	decided  func(janitor.Decision)
}

// Progress moves the bar.
func (w watcher) Progress(phase janitor.Phase, done, total int) {
	w.progress.Move(w.region, string(phase), done, total)
}

// Decided hands the decision on.
func (w watcher) Decided(decision janitor.Decision) {
	if w.decided != nil {
		w.decided(decision)
	}
}
