package logshipper

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"caretaker/cmd/caretaker/command"
	"caretaker/internal/setting"
	"caretaker/log-shipper/bulk"
	"caretaker/log-shipper/document"
)

// tailCommand shows the log events of one request or order, from whichever functions they are.
type tailCommand struct {
	Target        command.Target `embed:""`
	chosen        `embed:""`
	CorrelationID string           `name:"correlation-id" required:"" placeholder:"ID" help:"A correlation id, or the id of a request or a trace."`
	Since         setting.Duration `default:"1h" placeholder:"TIME" help:"Only from this long ago and later, such as 15m or 7d (${default})."`
	Follow        bool             `short:"f" help:"Go on with what arrives, until interrupted."`
	JSON          bool             `name:"json" help:"The documents as they stand there, one on each line."`
}

// The fields that hold the id of something that goes through several functions.
var together = []string{document.Correlation, "faas.execution", "trace.id"}

const (
	// mostFound is how many documents one search answers at most.
	mostFound = 1000
	// again is how long to wait before the next look at what arrived.
	again = 2 * time.Second
)

// finder is a destination that can be searched.
type finder interface {
	Find(ctx context.Context, field, value string, most int) ([]bulk.Found, error)
}

// Run prints what there is, the oldest first, and then, if it is told to, what comes.
func (t *tailCommand) Run(j *command.Job) error {
	to, cfg, err := destinationOf(j, t.Target, t.chosen)
	if err != nil {
		return err
	}
	search, can := to.(finder)
	if !can {
		return fmt.Errorf("%s cannot be searched", cfg.Endpoint)
	}
	seen, since := map[string]bool{}, j.Now().Add(-t.Since.Std())
	for {
		found, err := t.look(j, search, since, seen)
		if j.Stopping.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		if err := t.print(j, found); err != nil {
			return err
		}
		if !t.Follow {
			break
		}
		select {
		case <-j.Stopping.Done():
			return nil
		case <-time.After(again):
		}
	}
	if len(seen) == 0 {
		j.Say("No log event of the last %s in %s has %s as a correlation, request or trace id.", t.Since, cfg.DataStream, t.CorrelationID)
	}
	return nil
}

// shown is what of a document is printed.
type shown struct {
	At       time.Time `json:"@timestamp"`
	Function string    `json:"faas.name"`
	Group    string    `json:"aws.cloudwatch.log_group"`
	Level    string    `json:"log.level"`
	Message  string    `json:"message"`

	source json.RawMessage
}

// look finds what was not seen yet, the oldest first.
func (t *tailCommand) look(j *command.Job, in finder, since time.Time, seen map[string]bool) ([]shown, error) {
	var fresh []shown
	for _, field := range together {
		found, err := in.Find(j.Stopping, field, t.CorrelationID, mostFound)
		if err != nil {
			return nil, err
		}
		if len(found) == mostFound {
			j.Say("Note: of those that have it as %s only the newest %d are shown.", field, mostFound)
		}
		for _, one := range found {
			line := shown{source: one.Source}
			if err := json.Unmarshal(one.Source, &line); err != nil {
				return nil, fmt.Errorf("reading the document %s: %w", one.ID, err)
			}
			if !seen[one.ID] && !line.At.Before(since) {
				seen[one.ID] = true
				fresh = append(fresh, line)
			}
		}
	}
	slices.SortStableFunc(fresh, func(a, b shown) int { return a.At.Compare(b.At) })
	return fresh, nil
}

func (t *tailCommand) print(j *command.Job, lines []shown) error {
	out := j.Sheet()
	for _, line := range lines {
		if t.JSON {
			out.Printf("%s\n", line.source)
			continue
		}
		out.Printf("%s  %s  %s\n", line.At.UTC().Format("2006-01-02 15:04:05.000"),
			out.Bold(strings.TrimSpace(cmp.Or(line.Function, line.Group)+"  "+strings.ToUpper(line.Level))), harmless(line.Message))
	}
	return out.Flush()
}

// harmless is a message without what a terminal would obey. Its further lines are indented.
func harmless(message string) string {
	message = strings.ReplaceAll(strings.TrimRight(message, "\r\n"), "\n", "\n    ")
	return strings.Map(func(r rune) rune {
		if r != '\t' && r != '\n' && (r < 0x20 || r >= 0x7f && r < 0xa0) {
			return '\ufffd'
		}
		return r
	}, message)
}
