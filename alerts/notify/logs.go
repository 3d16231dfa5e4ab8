package notify

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"caretaker/internal/paged"
)

// Reading a log may take no longer, and no more: people wait for the message.
const (
	mostReading  = 3 * time.Second
	mostLogPages = 5
)

// errEnough ends the reading of a log.
var errEnough = errors.New("enough was read")

// showLines adds the last error lines of an incident's functions to the message that opens it, and to what is
// remembered of it. Without them it is told all the same.
func (n *Notifier) showLines(ctx context.Context, m *Message, after State, report *Report) {
	if n.cfg.LogLines == 0 {
		return
	}
	if len(m.Incident.Lines) == 0 {
		m.Incident.Lines = n.errorLinesOf(ctx, m.Incident, report)
	}
	if incident, open := after.Incidents[m.Group]; open {
		incident.Lines = m.Incident.Lines
		after.Incidents[m.Group] = incident
	}
}

// errorLinesOf reads the last error lines of an incident's functions.
func (n *Notifier) errorLinesOf(ctx context.Context, i Incident, report *Report) []LogLine {
	ctx, cancel := context.WithTimeout(ctx, mostReading)
	defer cancel()
	var lines []LogLine
	functions := i.failing(n.options.Place)
	for _, function := range slices.Sorted(maps.Keys(functions)) {
		found, err := n.errorLines(ctx, function, functions[function])
		report.list(err)
		lines = append(lines, found...)
	}
	return newest(lines, n.cfg.LogLines)
}

// errorLines reads the error lines of a function around the moment at which an alarm went on.
func (n *Notifier) errorLines(ctx context.Context, function string, on time.Time) ([]LogLine, error) {
	input := &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName: aws.String(functionLogs + function), FilterPattern: aws.String(errorLines), StartTime: aws.Int64(on.Add(-linesBefore).UnixMilli()),
	}
	var lines []LogLine
	pages := 0
	err := paged.Every(func(token *string) (*string, error) {
		input.NextToken = token
		page, err := n.aws.Logs.FilterLogEvents(ctx, input)
		if err != nil {
			return nil, err
		}
		for _, event := range page.Events {
			lines = newest(append(lines, readLine(function, time.UnixMilli(aws.ToInt64(event.Timestamp)), aws.ToString(event.Message))), n.cfg.LogLines)
		}
		if pages++; pages == mostLogPages && aws.ToString(page.NextToken) != "" {
			return nil, errEnough
		}
		return page.NextToken, nil
	})
	var none *logtypes.ResourceNotFoundException
	switch {
	case errors.As(err, &none), errors.Is(err, errEnough):
		return lines, nil
	case err != nil:
		return lines, fmt.Errorf("reading the log of %s (logs:FilterLogEvents): %w", function, err)
	}
	return lines, nil
}
