package status

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"caretaker/cmd/caretaker/command"
	"caretaker/internal/boot"
)

// read reads how the function stands.
func (f *Function) read(ctx context.Context, cfg aws.Config) error {
	found, err := lambdasvc.NewFromConfig(cfg).GetFunctionConfiguration(ctx, &lambdasvc.GetFunctionConfigurationInput{FunctionName: &f.Name})
	var gone *lambdatypes.ResourceNotFoundException
	if f.Missing = errors.As(err, &gone); f.Missing {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the function %s: %w", f.Name, command.Innermost(err))
	}
	f.Code, f.Modified = aws.ToString(found.CodeSha256), aws.ToString(found.LastModified)
	if found.Environment != nil && found.Environment.Error != nil { // its key, say, may not be used
		return fmt.Errorf("reading the environment of %s: %s", f.Name, aws.ToString(found.Environment.Error.Message))
	}
	if found.Environment != nil {
		f.Braked = boot.Brake(found.Environment.Variables["DRY_RUN"])
	}
	return nil
}

const (
	// newest are the log streams in which the last run is looked for: a stream is one process of the
	// function, and the newest may not have completed a run.
	newest = 5
	// mostLogPages bounds the reading of a busy function's log.
	mostLogPages = 10
)

// readLog finds the last run that was completed.
func (f *Function) readLog(ctx context.Context, cfg aws.Config) error {
	client, group := cloudwatchlogs.NewFromConfig(cfg), "/aws/lambda/"+f.Name
	streams, err := client.DescribeLogStreams(ctx, &cloudwatchlogs.DescribeLogStreamsInput{
		LogGroupName: &group, OrderBy: logstypes.OrderByLastEventTime, Descending: aws.Bool(true), Limit: aws.Int32(newest),
	})
	var gone *logstypes.ResourceNotFoundException
	if errors.As(err, &gone) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the log of %s: %w", f.Name, command.Innermost(err))
	}
	var names []string
	for _, one := range streams.LogStreams {
		names = append(names, aws.ToString(one.LogStreamName))
	}
	if len(names) == 0 {
		return nil
	}
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(client, &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName: &group, LogStreamNames: names, FilterPattern: aws.String(`"run completed"`),
	})
	for read := 0; pages.HasMorePages() && read < mostLogPages; read++ {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("reading the log of %s: %w", f.Name, command.Innermost(err))
		}
		for _, event := range page.Events {
			f.ran(aws.ToInt64(event.Timestamp), aws.ToString(event.Message))
		}
	}
	return nil
}

// ran takes in a line of the log, if it is the one that a run ends with.
func (f *Function) ran(milliseconds int64, line string) {
	var event struct {
		Message, Error string
		Report         struct {
			Caretaker string
			DryRun    *bool
		}
	}
	at := time.UnixMilli(milliseconds).UTC()
	if json.Unmarshal([]byte(line), &event) != nil || event.Message != "run completed" || f.LastRun != nil && at.Before(f.LastRun.At) {
		return
	}
	f.LastRun = &Run{At: at, Error: event.Error, Version: event.Report.Caretaker, DryRun: event.Report.DryRun}
}

// redAlarms are a function's alarms that are in ALARM.
func redAlarms(ctx context.Context, cfg aws.Config, function string) ([]string, error) {
	var names []string
	pages := cloudwatch.NewDescribeAlarmsPaginator(cloudwatch.NewFromConfig(cfg), &cloudwatch.DescribeAlarmsInput{
		AlarmNamePrefix: aws.String(function + "-"), StateValue: cloudwatchtypes.StateValueAlarm,
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return names, fmt.Errorf("reading the alarms of %s: %w", function, command.Innermost(err))
		}
		for _, alarm := range page.MetricAlarms {
			names = append(names, aws.ToString(alarm.AlarmName))
		}
	}
	return names, nil
}
