// Command lambda is the warmer's Lambda function.
package main

import (
	"context"
	_ "time/tzdata" // the windows' zones: Lambda's system for Go need not have them

	"caretaker/internal/boot"
	"caretaker/warmer"
)

func main() {
	boot.Serve("warmer", func(_ context.Context, start boot.Start) (boot.Handler[warmer.Event, warmer.Report], error) {
		cfg := warmer.Default()
		if err := start.Config(&cfg); err != nil {
			return nil, err
		}
		cfg.DryRun = cfg.DryRun || start.DryRun
		table, err := start.Resource("TABLE_NAME")
		if err != nil {
			return nil, err
		}
		w, err := warmer.New(cfg, warmer.Connect(start.AWS, cfg.MaxInFlight), warmer.Options{Table: table})
		if err != nil {
			return nil, err
		}
		return w.Handle, nil
	})
}
