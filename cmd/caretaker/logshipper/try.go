package logshipper

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"

	"caretaker/cmd/caretaker/command"
	"caretaker/cmd/caretaker/console"
	logshipper "caretaker/log-shipper"
	"caretaker/log-shipper/document"
)

// tryCommand shows what would be sent of an event: the shipper's own code, without a destination.
type tryCommand struct {
	File   string `required:"" placeholder:"FILE" help:"What the function is invoked with, of a subscription or of a Kinesis stream, or a payload of CloudWatch Logs by itself; - reads it from stdin."`
	Region string `short:"r" placeholder:"REGION" help:"The Region that documents name (default: the file's first, else us-east-1)."`
}

// Run prints each document as a line of JSON, and on stderr what became of the others.
func (t *tryCommand) Run(j *command.Job) error {
	file, err := j.Settings.Load(j.Console, false)
	if err != nil {
		return err
	}
	event, err := t.event()
	if err != nil {
		return console.Ending{Code: console.Misused, Cause: err}
	}
	region := t.Region
	if region == "" {
		region = append(file.Regions, "us-east-1")[0]
	}
	out := j.Sheet()
	counts, err := logshipper.Try(file.LogShipper, region, event, func(body []byte) {
		out.Printf("%s\n", marked(out, body))
	}, func(reason string, text []byte) {
		j.Say("Dead-lettered: %s: %s", reason, shortened(text))
	})
	if err != nil {
		return fmt.Errorf("%s: %w", t.File, err)
	}
	if err := out.Flush(); err != nil {
		return err
	}
	tell(j, counts)
	for _, name := range slices.Sorted(maps.Keys(file.LogShipper.Destinations)) {
		j.Say("%s: each of them goes to %s.", name, file.LogShipper.Destinations[name].Place())
	}
	return nil
}

func (t *tryCommand) event() ([]byte, error) {
	if t.File == "-" {
		return io.ReadAll(os.Stdin)
	}
	event, err := os.ReadFile(t.File)
	if err != nil {
		return nil, fmt.Errorf("reading the event: %w", err)
	}
	return event, nil
}

var redacted = regexp.MustCompile(`\[redacted:[a-z0-9-]+\]`)

// marked is a document in which redactions stand out where there is color.
func marked(out *console.Sheet, body []byte) []byte {
	return redacted.ReplaceAllFunc(body, func(word []byte) []byte { return []byte(out.Red(string(word))) })
}

// mostShown is how much of a piece is shown that cannot be sent.
const mostShown = 200

func shortened(text []byte) string {
	if len(text) > mostShown {
		return fmt.Sprintf("%q and %d bytes more", text[:mostShown], len(text)-mostShown)
	}
	return fmt.Sprintf("%q", bytes.TrimSpace(text))
}

// tell says what became of all events.
func tell(j *command.Job, counts document.Counts) {
	sent := counts.In - counts.Dropped - counts.Sampled - counts.Own - len(counts.Refused)
	j.Say("%d events: %d would be sent, %d of them redacted and %d marked; %d are dropped by the configuration, %d are of log groups that are never shipped, %d would be dead-lettered.",
		counts.In, sent, counts.Redacted, counts.Marked, counts.Dropped, counts.Own, len(counts.Refused))
	if counts.Sampled > 0 {
		j.Say("%d are of invocations that sampling leaves out; each document says by its sample.weight for how many it stands.", counts.Sampled)
	}
	if counts.Controls > 0 {
		j.Say("%d control messages of CloudWatch Logs have nothing to send.", counts.Controls)
	}
}
