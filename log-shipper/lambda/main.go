// Command lambda is the log-shipper's Lambda function.
package main

import (
	"context"
	"encoding/json"
	"errors"

	"caretaker/internal/boot"
	logshipper "caretaker/log-shipper"
)

func main() {
	boot.Serve("log-shipper", func(_ context.Context, start boot.Start) (boot.Handler[json.RawMessage, logshipper.Report], error) {
		cfg := logshipper.Default()
		if err := start.Config(&cfg); err != nil {
			return nil, err
		}
		if problems := cfg.Validate(); len(problems) > 0 {
			return nil, problems[0]
		}
		bucket, noBucket := start.Resource("BUCKET_NAME")
		queue, noQueue := start.Resource("QUEUE_URL")
		to, noDestination := logshipper.ConnectDestinations(cfg, start.AWS)
		shipper, err := logshipper.New(cfg, logshipper.Connect(start.AWS), to, logshipper.Options{
			Region: start.AWS.Region, Bucket: bucket, Queue: queue, Braked: start.DryRun,
		})
		return shipper.Handle, errors.Join(noBucket, noQueue, noDestination, err)
	})
}
