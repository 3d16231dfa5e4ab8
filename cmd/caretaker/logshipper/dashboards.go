package logshipper

import (
	"fmt"
	"os"

	"caretaker/cmd/caretaker/command"
	"caretaker/cmd/caretaker/console"
	"caretaker/log-shipper/dashboards"
)

// dashboardsCommand writes what setup would bring to OpenSearch Dashboards, for who may not call that from here.
type dashboardsCommand struct {
	chosen `embed:""`
	File   string `default:"-" placeholder:"FILE" help:"Where to write to; - is stdout. Dashboards takes a file only if its name ends in .ndjson."`
}

// Run writes the objects for the stage's data stream.
func (d *dashboardsCommand) Run(j *command.Job) error {
	file, err := j.Settings.Load(j.Console, false)
	if err != nil {
		return err
	}
	_, cfg, err := d.of(file.LogShipper)
	if err != nil {
		return err
	}
	made := dashboards.NDJSON(cfg.DataStream)
	if d.File == "-" {
		out := j.Sheet()
		out.Printf("%s", made)
		return out.Flush()
	}
	if err := os.WriteFile(d.File, made, 0o644); err != nil { // #nosec G306 -- it holds nothing that others may not read
		return console.Ending{Code: console.Misused, Cause: fmt.Errorf("writing the saved objects: %w", err)}
	}
	j.Say("%s: import it in Dashboards under Management, Saved objects.", d.File)
	return nil
}
