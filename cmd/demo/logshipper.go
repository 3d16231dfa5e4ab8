package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"caretaker/internal/config"
	"caretaker/internal/opensearch"
	logshipper "caretaker/log-shipper"
	"caretaker/log-shipper/groups"
	"caretaker/log-shipper/subscriber"
)

var logShipperPart = part{
	name: "log-shipper", stack: "LogShipper",
	why:   "it ships off, since it needs a destination, and nobody shall wait here",
	look:  hint{"dist/caretaker log-shipper plan", "which log groups would be shipped, and why"},
	begin: func(s *stage) act { return newShipperAct(s) },
}

const (
	shipperName    = "caretaker-" + config.DefaultStage + "-log-shipper"
	subscriberName = shipperName + "-subscriber"
	shippedStream  = "logs-lambda-demo"
)

// shipperAct is a function that logs, an OpenSearch, and the log-shipper between them.
type shipperAct struct {
	*stage
	logs   *cloudwatchlogs.Client
	lambda *lambdasvc.Client
	to     opensearch.Service
	// requests are the calls of the function so far.
	requests []string
}

func newShipperAct(s *stage) *shipperAct {
	return &shipperAct{stage: s, logs: cloudwatchlogs.NewFromConfig(s.AWS()), lambda: lambdasvc.NewFromConfig(s.AWS())}
}

// prepare starts the destination.
func (a *shipperAct) prepare(ctx context.Context) error {
	a.out.heading("An OpenSearch for the logs")
	started := time.Now()
	err := a.out.during(func() string { return "starting OpenSearch" }, func() (err error) {
		a.to, err = opensearch.Start(ctx)
		return err
	})
	if err != nil {
		return err
	}
	a.ends = append(a.ends, a.to.Stop)
	if why := opensearch.Missing(); why != nil {
		a.out.fact("stand-in", "a server in Go that answers as OpenSearch %s does, at %s", opensearch.Version, a.to.URL())
		a.out.aside("There is %v. A test holds what the stand-in answers against the real node, where there is one.", why)
		return nil
	}
	a.out.fact("node", "the real OpenSearch %s, at %s, up in %s", opensearch.Version, a.to.URL(), seconds(time.Since(started)))
	return nil
}

// section is the part's section of the file.
func (a *shipperAct) section() string {
	return `logShipper:
  enabled: true
  dryRun: false
  function: {memory: 512, timeout: 12s, logRetentionDays: 14}
  destination: {endpoint: "` + a.to.URL() + `", dataStream: ` + shippedStream + `, auth: {type: none}}
  subscribe: {include: {names: [/aws/lambda/shop-*]}}
`
}

// perform shows lines on their way, and the destination going away and coming back.
func (a *shipperAct) perform(ctx context.Context) error {
	for _, scene := range []func(context.Context) error{a.setUp, a.subscribe, a.first, a.outage, a.verdict} {
		if err := scene(ctx); err != nil {
			return err
		}
	}
	return nil
}

// setUp has the command line put template and data stream.
func (a *shipperAct) setUp(ctx context.Context) error {
	a.out.heading("The data stream, by the command line")
	return a.caretaker(ctx, "log-shipper", "setup")
}

// caretaker runs the command line as a person would.
func (a *shipperAct) caretaker(ctx context.Context, arguments ...string) error {
	a.out.command(append([]string{"dist/caretaker"}, arguments...)...)
	a.out.say("")
	command := a.command(ctx, filepath.Join("dist", "caretaker"), append(arguments, "--region", a.Region(), "--config", a.config)...)
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	if err := finish(command); err != nil {
		return fmt.Errorf("caretaker %s: %w", strings.Join(arguments, " "), err)
	}
	return nil
}

// subscribe shows the plan, and has the deployed subscriber carry it out.
func (a *shipperAct) subscribe(ctx context.Context) error {
	a.out.heading("A function that logs, and the deployed subscriber")
	if err := a.openShop(ctx); err != nil {
		return err
	}
	if err := a.caretaker(ctx, "log-shipper", "plan"); err != nil {
		return err
	}
	var report subscriber.Report
	a.out.say("")
	a.out.command("aws", "lambda", "invoke", "--function-name", subscriberName, "/dev/stdout")
	if err := a.invoke(ctx, subscriberName, "{}", &report); err != nil {
		return err
	}
	subscribed := report.Outcomes[groups.Made]
	a.figure("the log groups that match are subscribed", subscribed == 1, "%d of %d", subscribed, report.Groups)
	a.out.fact("subscribed", "%s; %d log groups looked at, its own and the shipper's never", a.out.paint(fmt.Sprint(subscribed, " log group"), text.Bold), report.Groups)
	if subscribed != 1 {
		return fmt.Errorf("the subscriber subscribed %d log groups, want 1: %v", subscribed, report.Outcomes)
	}
	return nil
}

func (a *shipperAct) invoke(ctx context.Context, name, payload string, into any) error {
	answer, err := a.lambda.Invoke(ctx, &lambdasvc.InvokeInput{FunctionName: &name, Payload: []byte(payload)})
	if err != nil {
		return fmt.Errorf("invoking %s: %w", name, err)
	}
	if answer.FunctionError != nil {
		return fmt.Errorf("%s ended in an error: %s", name, answer.Payload)
	}
	return json.Unmarshal(answer.Payload, into)
}

// first calls the function, and finds its lines by the request id.
func (a *shipperAct) first(ctx context.Context) error {
	a.out.heading("A call of the function, found by its request id")
	if err := a.order(ctx, 1); err != nil {
		return err
	}
	started := time.Now()
	var found []opensearch.Document
	err := a.out.until(ctx, "waiting for the lines of the request", func() (done bool, err error) {
		found, err = opensearch.Look(a.to).Find(ctx, shippedStream, "faas.execution", a.requests[0])
		return len(found) >= linesACall, err
	})
	if err != nil {
		return err
	}
	a.figure("a call's lines are found by its request id", len(found) == linesACall, "%d of %d documents", len(found), linesACall)
	a.out.fact("request", "%s: %s", a.requests[0], a.out.paint(fmt.Sprintf("%d documents", len(found)), text.Bold))
	a.out.fact("", "%s after it returned: log group, subscription, shipper, _bulk", seconds(time.Since(started)))
	var rows []table.Row
	for _, one := range found {
		var document struct {
			Message string
			Log     struct{ Level string }
			Event   struct{ Action string }
			JSON    json.RawMessage
		}
		if err := json.Unmarshal(nested(one.Source), &document); err != nil {
			return fmt.Errorf("reading a document: %w", err)
		}
		rows = append(rows, table.Row{document.Log.Level, brief(document.Message, 48), brief(string(document.JSON), 34)})
	}
	a.out.say("")
	a.out.table(table.Row{"log.level", "message", "json (one flat_object field)"}, rows)
	return nil
}

// outage takes the destination away while the function goes on, and brings it back.
func (a *shipperAct) outage(ctx context.Context) error {
	a.out.heading("The destination is down, and the function goes on")
	a.to.Kill()
	a.out.fact("killed", "%s: connections are refused", a.to.URL())
	if err := a.order(ctx, callsWhileDown); err != nil {
		return err
	}
	lost := callsWhileDown * linesACall
	err := a.out.until(ctx, "waiting for the shipper to give up and park", func() (bool, error) {
		sum, _, err := a.tally(ctx)
		return sum.Parked >= lost, err
	})
	if err != nil {
		return err
	}
	sum, why, err := a.tally(ctx)
	if err != nil {
		return err
	}
	a.out.fact("parked", "%s in the stack's bucket, each payload with a message in its queue", a.out.paint(fmt.Sprintf("%d events", sum.Parked), text.Bold))
	a.out.fact("its words", "%s", brief(why, 150))
	if err := a.to.Restart(ctx); err != nil {
		return err
	}
	a.out.fact("back", "on the same data. The messages come back after a minute; here the emulator's queue is told that it has passed")
	return a.out.until(ctx, "waiting for what was parked", func() (bool, error) {
		if err := a.Elapse(ctx, 20*time.Minute); err != nil {
			return false, err
		}
		held, err := opensearch.Look(a.to).Count(ctx, shippedStream)
		return held >= len(a.requests)*linesACall, err
	})
}

// verdict compares what CloudWatch Logs holds with what OpenSearch does, and adds the reports up.
func (a *shipperAct) verdict(ctx context.Context) error {
	a.out.heading("What became of every event")
	missing, twice, err := a.compare(ctx)
	if err != nil {
		return err
	}
	var sum logshipper.Tally
	err = a.out.until(ctx, "waiting for the last report", func() (done bool, err error) {
		sum, _, err = a.tally(ctx)
		return sum.Delivered >= len(a.requests)*linesACall, err
	})
	if err != nil {
		return err
	}
	a.out.fact("reports", "%d in = %d delivered + %d already delivered + %d filtered + %d dead-lettered + %d parked + %d handed back",
		sum.In, sum.Delivered, sum.Already, sum.Filtered, sum.DeadLettered, sum.Parked, sum.HandedBack)
	a.out.fact("", "%s", a.out.paint("what was parked comes in a second time", text.Faint))
	events := len(a.requests) * linesACall
	a.figure("an outage loses no event and doubles none", missing+twice == 0, "%d events, %d missing, %d twice", events, missing, twice)
	a.figure("every event is accounted for", sum.Imbalance() == 0, "%d in, %d unaccounted for", sum.In, sum.Imbalance())
	if missing+twice == 0 {
		a.out.say("\n   %s", a.out.success(fmt.Sprintf("All %d events of %d calls are there: none is missing, none stands there twice.", events, len(a.requests))))
	}
	return nil
}

// compare holds each event of the function's log group against the documents of its request.
func (a *shipperAct) compare(ctx context.Context) (missing, twice int, err error) {
	lines, err := a.logged(ctx, shopGroup)
	if err != nil {
		return 0, 0, err
	}
	if len(lines) != len(a.requests)*linesACall {
		return 0, 0, fmt.Errorf("CloudWatch Logs holds %d lines of %d calls", len(lines), len(a.requests))
	}
	held := map[string]int{}
	for _, request := range a.requests {
		found, err := opensearch.Look(a.to).Find(ctx, shippedStream, "faas.execution", request)
		if err != nil {
			return 0, 0, err
		}
		for _, one := range found {
			var document struct{ Message string }
			if err := json.Unmarshal(one.Source, &document); err != nil {
				return 0, 0, fmt.Errorf("reading a document: %w", err)
			}
			held[strings.TrimSpace(document.Message)]++
		}
	}
	for _, line := range lines {
		switch count := held[strings.TrimSpace(line)]; {
		case count == 0:
			missing++
		case count > 1:
			twice++
		}
	}
	return missing, twice, nil
}

// tally adds up the reports of the deployed shipper, and answers the last reason why something was not sent.
func (a *shipperAct) tally(ctx context.Context) (sum logshipper.Tally, why string, err error) {
	lines, err := a.logged(ctx, "/aws/lambda/"+shipperName)
	if err != nil {
		return sum, "", err
	}
	for _, line := range lines {
		var told struct {
			Message string
			Report  struct {
				logshipper.Tally
				Unsent string
			}
			Error string
		}
		if json.Unmarshal([]byte(line), &told) != nil || told.Message != "run completed" {
			continue
		}
		if told.Error != "" {
			return sum, "", errors.New("a run of the shipper ended in an error: " + told.Error)
		}
		sum.Add(told.Report.Tally)
		if told.Report.Unsent != "" {
			why = told.Report.Unsent
		}
	}
	return sum, why, nil
}

// logged are the lines of a log group.
func (a *shipperAct) logged(ctx context.Context, group string) (lines []string, err error) {
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(a.logs, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &group})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("reading the log group %s: %w", group, err)
		}
		for _, event := range page.Events {
			lines = append(lines, aws.ToString(event.Message))
		}
	}
	return lines, nil
}
