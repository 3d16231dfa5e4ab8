// Command lambda is the limit-raiser's Lambda function.
package main

import (
	"context"
	"encoding/json"
	"errors"

	"caretaker/internal/boot"
	limitraiser "caretaker/limit-raiser"
)

func main() {
	boot.Serve("limit-raiser", func(_ context.Context, start boot.Start) (boot.Handler[json.RawMessage, limitraiser.Report], error) {
		cfg := limitraiser.Default()
		if err := start.Config(&cfg); err != nil {
			return nil, err
		}
		if problems := cfg.Validate(); len(problems) > 0 {
			return nil, problems[0]
		}
		cfg.DryRun = cfg.DryRun || start.DryRun
		table, noTable := start.Resource("TABLE_NAME")
		queue, noQueue := start.Resource("QUEUE_URL")
		return limitraiser.New(cfg, limitraiser.Connect(start.AWS), limitraiser.Options{
			Table: table, Queue: queue, Topic: start.Topic,
		}).Handle, errors.Join(noTable, noQueue)
	})
}
