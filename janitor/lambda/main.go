// Command lambda is the janitor's Lambda function.
package main

import (
	"context"

	"caretaker/internal/boot"
	"caretaker/janitor"
)

func main() {
	boot.Serve("janitor", func(_ context.Context, start boot.Start) (boot.Handler[janitor.Event, janitor.Report], error) {
		cfg := janitor.Default()
		if err := start.Config(&cfg); err != nil {
			return nil, err
		}
		if problems := cfg.Validate(); len(problems) > 0 {
			return nil, problems[0]
		}
		cfg.DryRun = cfg.DryRun || start.DryRun
		return janitor.New(cfg, janitor.Connect(start.AWS, cfg.Rate), janitor.Options{
			Self:  janitor.Self{Function: start.Function.Name, Version: start.Function.Version},
			Topic: start.Topic, Stage: start.Stage,
		}).Handle, nil
	})
}
