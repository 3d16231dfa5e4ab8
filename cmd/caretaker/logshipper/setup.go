package logshipper

import (
	"context"
	"errors"
	"fmt"

	"caretaker/cmd/caretaker/command"
	logshipper "caretaker/log-shipper"
	"caretaker/log-shipper/bulk"
	"caretaker/log-shipper/dashboards"
)

// setupCommand prepares the destination: by the shipper's own client, with the credentials of who calls.
type setupCommand struct {
	Target command.Target `embed:""`
	chosen `embed:""`
}

// Run sets the destination up.
func (s *setupCommand) Run(j *command.Job) error {
	to, cfg, err := destinationOf(j, s.Target, s.chosen)
	if err != nil {
		return err
	}
	prepared, can := to.(interface {
		Setup(context.Context) (bulk.Done, error)
	})
	if !can {
		return fmt.Errorf("nothing is to be set up at %s", cfg.Endpoint)
	}
	done, err := prepared.Setup(j.Stopping)
	if err != nil {
		return err
	}
	out := j.Sheet()
	out.Line("Destination", "%s: %s", cfg.Endpoint, done.Server)
	out.Line("Template", "caretaker-%s: %s", cfg.DataStream, done.Template)
	out.Line("Data stream", "%s: %s", cfg.DataStream, done.Stream)
	pictures, err := putDashboards(j.Stopping, to, cfg)
	out.Line("Dashboards", "%s", pictures)
	out.Line("Retention", "none is set: give the data stream a policy of ISM or ILM")
	return errors.Join(out.Flush(), err)
}

// putDashboards brings the pictures to OpenSearch Dashboards, and says what became of them.
func putDashboards(ctx context.Context, to logshipper.Sender, cfg logshipper.Destination) (string, error) {
	if cfg.Dashboards == "" {
		return "destination.dashboards names none; caretaker log-shipper dashboards writes a file to import by hand", nil
	}
	same, can := to.(interface {
		At(string) (*bulk.Destination, error)
	})
	if !can {
		return "", fmt.Errorf("there is no way to call %s", cfg.Dashboards)
	}
	at, err := same.At(cfg.Dashboards)
	var done dashboards.Done
	if err == nil {
		done, err = dashboards.Put(ctx, at, cfg.DataStream)
	}
	if err != nil {
		return cfg.Dashboards + ": not put", fmt.Errorf("bringing pictures to %s: %w", cfg.Dashboards, err)
	}
	return fmt.Sprintf("%s: %d objects created, %d replaced, %d as they were", cfg.Dashboards, done.Created, done.Replaced, done.AsItWas), nil
}
