// Command lambda is the Lambda function of the reconciler of alarms.
package main

import (
	"context"
	"runtime/debug"

	"caretaker/alerts"
	"caretaker/internal/boot"
)

// gcPercent has the heap grow by a half between two collections, and not to twice its size: a plan for ten thousand
// alarms holds them all, and the processor has time between two writes.
const gcPercent = 50

func main() {
	debug.SetGCPercent(gcPercent)
	boot.Serve("alerts", func(_ context.Context, start boot.Start) (boot.Handler[alerts.Event, alerts.Report], error) {
		deployed := alerts.Deployed{Config: alerts.Default()}
		if err := start.Config(&deployed); err != nil {
			return nil, err
		}
		deployed.DryRun = deployed.DryRun || start.DryRun
		reconciler, err := alerts.New(deployed.Config, alerts.Connect(start.AWS), alerts.Options{Stage: start.Stage, Topic: start.Topic, Brake: start.DryRun, Runbook: deployed.Runbook})
		if err != nil {
			return nil, err
		}
		return reconciler.Handle, nil
	})
}
