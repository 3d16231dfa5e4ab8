// Command lambda is the Lambda function of the log-shipper's subscriber.
package main

import (
	"context"
	"errors"

	"caretaker/internal/boot"
	"caretaker/log-shipper/groups"
	"caretaker/log-shipper/subscriber"
)

func main() {
	boot.Serve("log-shipper-subscriber", func(_ context.Context, start boot.Start) (boot.Handler[subscriber.Event, subscriber.Report], error) {
		cfg := subscriber.Default()
		if err := start.Config(&cfg); err != nil {
			return nil, err
		}
		cfg.DryRun = cfg.DryRun || start.DryRun
		destination, noDestination := start.Resource("DESTINATION_ARN")
		target, noRole := groups.Target{Destination: destination}, error(nil)
		if cfg.Subscribe.Through == groups.Stream {
			target.Role, noRole = start.Resource("ROLE_ARN")
		}
		return subscriber.New(cfg, subscriber.Connect(start.AWS, cfg.Subscribe.Rate), subscriber.Options{
			Stage: start.Stage, Target: target,
		}).Handle, errors.Join(noDestination, noRole)
	})
}
