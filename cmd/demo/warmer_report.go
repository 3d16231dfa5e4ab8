package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"caretaker/internal/config"
	"caretaker/internal/schedule"
	"caretaker/warmer"
)

// told is what a run reports.
type told struct{ warmer.Report }

// of is what it says of one function.
func (t told) of(name string) warmer.Warmed {
	for _, target := range t.Targets {
		if target.Ref.String() == name {
			return target
		}
	}
	return warmer.Warmed{}
}

// report waits for the report of so many runs that had something to ping, and answers the last.
func (a *warmerAct) report(ctx context.Context, run int) (told, error) {
	var found told
	err := a.out.during(func() string { return "waiting for the schedule" }, func() error {
		for deadline := time.Now().Add(4 * time.Minute); time.Now().Before(deadline); {
			reports, err := a.reports(ctx)
			if err != nil {
				return err
			}
			if len(reports) >= run {
				found = reports[run-1]
				return nil
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(300 * time.Millisecond):
			}
		}
		return errors.New("the schedule started no run within four minutes")
	})
	return found, err
}

// reports reads what the function logged of its runs, oldest first: of those that wanted all that is there now.
func (a *warmerAct) reports(ctx context.Context) ([]told, error) {
	var reports []told
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(a.logs, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("/aws/lambda/" + warmerName)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if absent := (*logstypes.ResourceNotFoundException)(nil); errors.As(err, &absent) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading the warmer's log: %w", err)
		}
		for _, event := range page.Events {
			var line struct {
				Level, Error string
				Report       *warmer.Report
			}
			if json.Unmarshal([]byte(aws.ToString(event.Message)), &line) != nil || line.Report == nil || line.Report.Busy {
				continue
			}
			if line.Level == "error" {
				return nil, fmt.Errorf("a run failed: %s", line.Error)
			}
			if line.Report.TargetCount > 0 {
				reports = append(reports, told{*line.Report})
			}
		}
	}
	return reports, nil
}

// cost shows what this costs, and what would be a guarantee.
func (a *warmerAct) cost(ctx context.Context) error {
	a.out.heading("What it costs in a month")
	file, err := config.Load("caretaker.yaml", config.Options{})
	if err != nil {
		return err
	}
	runs, err := schedule.Parse(file.Warmer.Schedule, file.Warmer.TimeZone)
	if err != nil {
		return err
	}
	var rows []table.Row
	var sum warmer.Cost
	for _, one := range keptWarm {
		if one.wanted == 0 {
			continue
		}
		target := warmer.Target{Counts: map[string]int{warmer.Always: one.wanted}, Reading: warmer.Reading{MemoryMB: 1024}}
		cost := target.CostAMonth(nil, runs.ShortestGap(), time.Now(), warmer.Assumption)
		sum = sum.Plus(cost)
		rows = append(rows, table.Row{one.name, one.wanted, dollarsOf(cost.Holds), dollarsOf(cost.Requests), dollarsOf(cost.Inits), dollarsOf(cost.Ping()), dollarsOf(cost.Provisioned)})
	}
	a.out.table(table.Row{"1 GB, " + file.Warmer.Schedule, "warm", "holds", "requests", "inits", "by pings", "provisioned"}, rows, rightAligned(2, 3, 4, 5, 6, 7)...)
	a.out.fact("in all", "%s by pings, %s by provisioned concurrency", a.out.paint(dollarsOf(sum.Ping()), text.Bold), dollarsOf(sum.Provisioned))
	a.out.aside("Only provisioned concurrency is a guarantee: AWS may take a warm environment away at any time, and who comes when all are busy meets a cold start with both.")
	return ctx.Err()
}

func dollarsOf(amount float64) string { return fmt.Sprintf("%.2f USD", amount) }

// rightAligned are columns of numbers, from 1.
func rightAligned(columns ...int) (configs []table.ColumnConfig) {
	for _, column := range columns {
		configs = append(configs, table.ColumnConfig{Number: column, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	return configs
}
