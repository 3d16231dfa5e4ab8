package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	schedulertypes "github.com/aws/aws-sdk-go-v2/service/scheduler/types"
	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"caretaker/internal/config"
	"caretaker/internal/emulator"
	"caretaker/test/warmer/instrumented"
)

var warmerPart = part{
	name: "warmer", stack: "Warmer",
	file: `warmer:
  enabled: true
  dryRun: false
  windows: {open: {from: "00:00", to: "24:00"}}
  functions:
    - {name: storefront, warm: {always: 1}}
    - {name: search, warm: {always: 5}}
    - {name: payments, qualifier: live, warm: {always: 20}}
    - {name: invoices, warm: {always: 5}}
    - {name: billing, qualifier: live, provisioned: {open: 3}}
    - {name: reports, qualifier: live, provisioned: {open: 3}}
`,
	why:   "it ships off and in dry run",
	look:  hint{"dist/caretaker warmer middleware --lang go", "the file that answers pings; asks nobody"},
	begin: func(s *stage) act { return newWarmerAct(s) },
}

// warmerName is the deployed function, and its schedule.
const warmerName = "caretaker-" + config.DefaultStage + "-warmer"

// latest is how late a ping may come in the demo.
const latest = 500 * time.Millisecond

// keptWarm are the functions of the file, in its order; of invoices none is wanted, since it has no middleware.
var keptWarm = []struct {
	name, alias string
	wanted      int
}{{"storefront", "", 1}, {"search", "", 5}, {"payments", "live", 20}, {"invoices", "", 0}}

// warmerAct is a few functions, cold, and the warmer that its schedule starts.
type warmerAct struct {
	*stage
	schedules *scheduler.Client
	logs      *cloudwatchlogs.Client
}

func newWarmerAct(s *stage) *warmerAct {
	return &warmerAct{stage: s, schedules: scheduler.NewFromConfig(s.AWS()), logs: cloudwatchlogs.NewFromConfig(s.AWS())}
}

// prepare makes nothing: functions that are there would be looked after by the other acts too.
func (a *warmerAct) prepare(context.Context) error { return nil }

// perform makes the functions and shows two runs.
func (a *warmerAct) perform(ctx context.Context) error {
	if err := a.makeFunctions(ctx); err != nil {
		return err
	}
	a.out.heading("The deployed warmer, started by its schedule")
	a.delay()
	defer a.ClearFaults()
	a.ForgetCalls()
	if err := a.everyMinute(ctx); err != nil {
		return err
	}
	var last told
	for run := 1; run <= 2; run++ {
		told, err := a.report(ctx, run)
		if err != nil {
			return err
		}
		if err := a.show(run, told); err != nil {
			return err
		}
		last = told
	}
	if err := a.showProvisioned(ctx, last); err != nil {
		return err
	}
	return a.cost(ctx)
}

// makeFunctions makes the functions, each of which notes what processes it has.
func (a *warmerAct) makeFunctions(ctx context.Context) error {
	a.out.heading("Three functions with the middleware and one without, all cold")
	program, err := instrumented.Go(instrumented.Binary)
	if err != nil {
		return err
	}
	for _, one := range keptWarm {
		function := instrumented.Function{Name: one.name, Alias: one.alias, Program: program, Variables: map[string]string{"WITNESS": a.witness(one.name)}}
		if one.wanted == 0 {
			function.Variables["MIDDLEWARE"] = "none"
		}
		if err := instrumented.Create(ctx, a.AWS(), function); err != nil {
			return err
		}
	}
	if err := a.makeProvisioned(ctx, program); err != nil {
		return err
	}
	a.out.fact("functions", "storefront, search and payments:live with one line of middleware: lambda.Start(ping.Wrap(...))")
	a.out.fact("", "invoices is on the list too, and takes a ping for an invoice")
	a.out.aside("Each process writes its number into a file at each call, so that what the warmer says can be held against what really ran. "+
		"The proxy delays each ping by up to %d ms, by chance: without a hold, half of them would find an environment that is free again.", latest.Milliseconds())
	return nil
}

// witness is the file into which a function's processes note their calls.
func (a *warmerAct) witness(function string) string {
	return filepath.Join(a.folder, "calls-of-"+function)
}

// delay makes each ping come late.
func (a *warmerAct) delay() {
	chance := rand.New(rand.NewPCG(2026, 11)) // #nosec G404 -- delays of a demo
	delays := make(chan time.Duration, 1000)
	for range cap(delays) {
		delays <- time.Duration(chance.Int64N(int64(latest)))
	}
	a.OnCall(func(call emulator.Call) {
		if call.Operation == "Invoke" && call.Function != warmerName {
			time.Sleep(<-delays)
		}
	})
}

// everyMinute has the deployed schedule fire each minute.
func (a *warmerAct) everyMinute(ctx context.Context) error {
	own, err := a.schedules.GetSchedule(ctx, &scheduler.GetScheduleInput{Name: aws.String(warmerName)})
	if err != nil {
		return fmt.Errorf("reading the schedule: %w", err)
	}
	_, err = a.schedules.UpdateSchedule(ctx, &scheduler.UpdateScheduleInput{
		Name: own.Name, Target: own.Target, ScheduleExpression: aws.String("rate(1 minute)"),
		FlexibleTimeWindow: &schedulertypes.FlexibleTimeWindow{Mode: schedulertypes.FlexibleTimeWindowModeOff},
	})
	if err != nil {
		return fmt.Errorf("setting the schedule: %w", err)
	}
	a.out.fact("schedule", "as deployed %s, for the demo each minute", aws.ToString(own.ScheduleExpression))
	return nil
}

// processes are how many of a function were pinged, with how many pings, and how often its own work ran.
func (a *warmerAct) processes(function string) (pinged, pings, works int, err error) {
	calls, err := instrumented.Witnessed(a.witness(function))
	for _, count := range calls.Pings {
		pings += count
	}
	for _, count := range calls.Events {
		works += count
	}
	return len(calls.Pings), pings, works, err
}

// show shows a run, and holds what it says against the processes.
func (a *warmerAct) show(run int, told told) error {
	var rows []table.Row
	warm, wanted, cold, own := 0, 0, 0, 0
	for _, one := range keptWarm {
		pinged, pings, works, err := a.processes(one.name)
		if err != nil {
			return err
		}
		name := one.name
		if one.alias != "" {
			name += ":" + one.alias
		}
		if one.wanted == 0 {
			own = works
			rows = append(rows, table.Row{name, "-", "-", "-", "-", "-", fmt.Sprintf("not instrumented: asked %s, left alone", map[bool]string{true: "once", false: fmt.Sprint(works, " times")}[works == 1])})
			continue
		}
		said, state := told.of(name), a.out.success(fmt.Sprintf("%d of %d", pinged, one.wanted))
		if pinged != one.wanted || said.Distinct != one.wanted || works != 0 {
			state = a.out.paint(fmt.Sprintf("%d of %d, %d pings, %d as real events", pinged, one.wanted, pings, works), text.FgRed)
		} else {
			warm += pinged
		}
		wanted, cold = wanted+one.wanted, cold+said.Cold
		rows = append(rows, table.Row{name, one.wanted, said.Distinct, pinged, said.Cold, fmt.Sprintf("%d ms", said.SpreadMs), state})
	}
	a.out.say("")
	a.out.table(table.Row{fmt.Sprintf("Run %d", run), "wanted", "answers of", "processes", "cold", "spread", ""}, rows, rightAligned(2, 3, 4, 5, 6)...)
	a.out.fact("report", "%d wanted, %s, %d cold, %d pings in %s", told.Wanted, a.out.paint(fmt.Sprintf("%d distinct", told.Distinct), text.Bold), told.Cold, told.Pings, seconds(time.Duration(told.Seconds*float64(time.Second))))
	if run == 1 {
		a.figure("as many processes are warm as are wanted", warm == wanted && told.Shortfall == 0, "%d of %d, each counted by itself", warm, wanted)
		return nil
	}
	a.figure("the next run finds them warm", warm == wanted && told.Shortfall == 0 && cold == 0, "%d cold of %d", cold, wanted)
	a.figure("who has no middleware is left alone", own == 1, "called %d time in %d runs", own, run)
	return nil
}
