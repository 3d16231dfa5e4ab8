package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"golang.org/x/time/rate"

	"caretaker/alerts"
	"caretaker/internal/boot"
	"caretaker/internal/emulator"
	"caretaker/internal/emulator/lambdasim"
)

// Where make leaves the reconciler's binaries.
const (
	reconcilerBinary = "dist/alerts/bootstrap"
	reconcilerOnHost = "dist/host/alerts/bootstrap"
)

// The large fleet, and the one that is met for the first time. Five alarms a function are 10,000 and 2,500.
const (
	manyFunctions  = 2000
	firstFunctions = 500
	alarmsEach     = 5
)

// allowedWrites is how many writes of alarms a second AWS takes of an account in a Region.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
const allowedWrites = 3

// spedUp is how many times faster the clock of a first run goes, its limit and its pace with it.
const spedUp = 20

// measureReconciler measures the figures of the function that keeps alarms.
func measureReconciler(ctx context.Context, r *results) error {
	for _, measure := range []func(context.Context, *results) error{planned, firstMeetings} {
		if err := measure(ctx, r); err != nil {
			return err
		}
	}
	return namedSizes(r, "", reconcilerBinary, alerts.Default(), 15, 5.5)
}

// alertsRegion is a Region with functions and alarms, of which an emulator has everything else: nothing.
type alertsRegion struct {
	emulator *emulator.Emulator
	lambda   *lambdasim.Server
	alarms   *alarmStore
}

func startAlertsRegion(ctx context.Context, functions int) (*alertsRegion, error) {
	e, err := emulator.Start(ctx, emulator.Options{})
	if err != nil {
		return nil, err
	}
	sim, err := lambdasim.Start(lambdasim.Options{})
	if err != nil {
		e.Stop()
		return nil, err
	}
	sim.Put(lambdasim.Generate(functions, 1, time.Now())...)
	store, err := startAlarmStore(ctx)
	if err != nil {
		_ = sim.Close() // nobody calls it yet
		e.Stop()
		return nil, err
	}
	return &alertsRegion{e, sim, store}, nil
}

func (a *alertsRegion) stop() {
	a.alarms.stop()
	_ = a.lambda.Close() // nobody calls it any more
	a.emulator.Stop()
}

// reconcilerConfig has five alarms a function, and nothing else.
func reconcilerConfig() alerts.Config {
	cfg := alerts.Default()
	cfg.DryRun = false
	cfg.Thresholds = map[string]string{"function.dropped": "off", "account.concurrency": "off", "schedule-group.dropped": "off", "schedule-group.lost": "off", "schedule-group.throttles": "off"}
	return cfg
}

// reconciler is one in this process, with so many writes a second.
func (a *alertsRegion) reconciler(cfg alerts.Config, perSecond float64) (*alerts.Reconciler, error) {
	settings := a.emulator.AWS()
	settings.Retryer = boot.Retryer
	at := func(url string) aws.Config {
		moved := settings.Copy()
		moved.BaseEndpoint = &url
		return moved
	}
	clients := alerts.ConnectPaced(settings, perSecond)
	clients.CloudWatch = alerts.ConnectPaced(at(a.alarms.url()), perSecond).CloudWatch
	clients.Lambda = alerts.Connect(at(a.lambda.URL())).Lambda
	return alerts.New(cfg, clients, alerts.Options{Stage: "bench", Topic: "arn:aws:sns:us-east-1:000000000000:caretaker-bench-alerts"})
}

// planned measures a plan for many functions whose alarms are all there: its time, and of the function's own
// binary its memory and its calls.
func planned(ctx context.Context, r *results) error {
	region, err := startAlertsRegion(ctx, manyFunctions)
	if err != nil {
		return err
	}
	defer region.stop()
	cfg := reconcilerConfig()
	cfg.MaxChanges = manyFunctions * alarmsEach
	const unlimited = 1e6
	reconciler, err := region.reconciler(cfg, unlimited)
	if err != nil {
		return err
	}
	r.note("making %d alarms of %d functions ...", manyFunctions*alarmsEach, manyFunctions)
	report, err := reconciler.Handle(ctx, alerts.Event{})
	if err != nil {
		return err
	}
	if _, err := reconciler.Handle(ctx, alerts.Event{}); err != nil { // the dashboard, for which maxChanges left no room
		return err
	}
	if made := report.Outcomes[alerts.Created]; made != manyFunctions*alarmsEach {
		return fmt.Errorf("%d alarms were made and not %d: %v", made, manyFunctions*alarmsEach, report.Outcomes)
	}
	if err := planTime(ctx, r, reconciler, cfg); err != nil {
		return err
	}
	return unchanged(ctx, r, region, cfg)
}

// timedPlans is how many plans the median is taken of.
const timedPlans = 5

// planTime is the time of a plan of what was read.
func planTime(ctx context.Context, r *results, reconciler *alerts.Reconciler, cfg alerts.Config) error {
	begun := time.Now()
	facts, err := reconciler.Inventory(ctx)
	if err != nil {
		return err
	}
	read := time.Since(begun)
	took := make([]float64, timedPlans)
	for i := range took {
		begun, err := cpuTime()
		if err != nil {
			return err
		}
		plan := alerts.Make(facts, cfg)
		ended, err := cpuTime()
		if err != nil {
			return err
		}
		took[i] = 1000 * (ended - begun).Seconds()
		if len(plan.Decisions) < manyFunctions*alarmsEach {
			return fmt.Errorf("the plan has %d decisions", len(plan.Decisions))
		}
	}
	slices.Sort(took)
	r.note("plan_2000_functions_ms: the processor's time for a plan, whatever else the machine does: the median of %d plans for %d functions with %d alarms; the fastest took %.0f ms, the slowest %.0f. Reading it all, from lists that answer at once, took %.0f",
		timedPlans, manyFunctions, manyFunctions*alarmsEach, took[0], took[timedPlans-1], 1000*read.Seconds())
	r.report(figure{"plan_2000_functions_ms", took[timedPlans/2], "ms", "<=", 1000})
	return nil
}

// cpuTime is how long processors have worked for this process.
func cpuTime() (time.Duration, error) {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0, fmt.Errorf("reading the processor's time: %w", err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), nil
}

// pagesOf is how many pages a list has.
func pagesOf(items, size int) int { return max((items+size-1)/size, 1) }

// unchanged measures a run that finds everything as it should be, of the function's own binary.
func unchanged(ctx context.Context, r *results, region *alertsRegion, cfg alerts.Config) error {
	text, err := json.Marshal(cfg)
	if err != nil {
		return err
	}
	f, _, err := startFunction(ctx, reconcilerOnHost, string(text), append(region.emulator.Environ(), "STAGE=bench",
		"TOPIC_ARN=arn:aws:sns:us-east-1:000000000000:caretaker-bench-alerts",
		"AWS_ENDPOINT_URL_LAMBDA="+region.lambda.URL(), "AWS_ENDPOINT_URL_CLOUDWATCH="+region.alarms.url()))
	if err != nil {
		return err
	}
	defer f.Stop()
	region.alarms.forget(nil)
	region.emulator.ForgetCalls()
	listed := total(region.lambda.Calls())
	body, _, err := f.invoke("{}", cfg.Function.Timeout.Std())
	if err != nil {
		return err
	}
	var report alerts.Report
	if err := json.Unmarshal(body, &report); err != nil {
		return fmt.Errorf("reading the report: %w", err)
	}
	if kept := report.Outcomes[alerts.Kept]; kept != manyFunctions*alarmsEach {
		return fmt.Errorf("%d alarms are as they should be and not %d: %v", kept, manyFunctions*alarmsEach, report.Outcomes)
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", f.PID()))
	if err != nil {
		r.note("plan_memory: needs Linux, which says the most memory that another process held: %v", err)
		return nil
	}
	peak, err := highWater(string(status))
	if err != nil {
		return err
	}
	r.note("plan_memory: the most memory that the process of %s held in a run with %d functions and %d alarms", reconcilerOnHost, manyFunctions, manyFunctions*alarmsEach)
	r.report(figure{"plan_memory", float64(peak) / (1 << 20), "MB", "<=", 128})

	calls := total(region.lambda.Calls()) - listed + total(region.alarms.calls) + len(region.emulator.Calls())
	// Of functions, of mappings, of alarms; the account's settings; tags, of which nothing has any; tables, streams,
	// queues, topics, state machines, buses and the rules of one bus, REST APIs, HTTP APIs, delivery streams, schedule
	// groups; dashboards, and the one that there is. Of each service two lists of quotas, since the process is new: it reads
	// them once a day.
	pages := pagesOf(manyFunctions, 50) + pagesOf(0, 100) + pagesOf(manyFunctions*alarmsEach, 100) + 1 + 1 + 11 + 2 + 2*len(cfg.Quotas.Services)
	r.note("calls_unchanged: all calls of that run; the goal is a call for each page of each list there is, %d. writes_unchanged: those that write", pages)
	if calls != pages {
		for _, call := range region.emulator.Calls() {
			r.note("  %s:%s", call.Service, call.Operation)
		}
		r.note("  %v of Lambda before and after %d, %v of CloudWatch", region.lambda.Calls(), listed, region.alarms.calls)
	}
	r.report(figure{"calls_unchanged", float64(calls), "calls", "=", float64(pages)})
	r.report(figure{"writes_unchanged", float64(region.alarms.calls["PutMetricAlarm"] + region.alarms.calls["PutDashboard"]), "calls", "=", 0})
	return nil
}

func total(counts map[string]int) int {
	sum := 0
	for _, count := range counts {
		sum += count
	}
	return sum
}

// firstMeetings measures the runs that meet a fleet for the first time, on a clock that is sped up: pace, limit and
// deadline are those of the deployed function, each so many times faster.
func firstMeetings(ctx context.Context, r *results) error {
	region, err := startAlertsRegion(ctx, firstFunctions)
	if err != nil {
		return err
	}
	defer region.stop()
	cfg := reconcilerConfig()
	cfg.MaxChanges = manyFunctions * alarmsEach // the deadline alone ends a run
	reconciler, err := region.reconciler(cfg, alerts.WritesPerSecond*spedUp)
	if err != nil {
		return err
	}
	region.alarms.forget(rate.NewLimiter(allowedWrites*spedUp, allowedWrites))
	var made []string
	for left := true; left; {
		run, end := context.WithTimeout(ctx, cfg.Function.Timeout.Std()/spedUp)
		report, err := reconciler.Handle(run, alerts.Event{})
		end()
		if err != nil {
			return err
		}
		if report.Outcomes[alerts.Created] == 0 {
			return fmt.Errorf("a run makes nothing: %v", report.Outcomes)
		}
		made = append(made, fmt.Sprint(report.Outcomes[alerts.Created]))
		left = report.Outcomes[alerts.NotYet] > 0
	}
	if alarms := len(region.alarms.alarms); alarms != firstFunctions*alarmsEach {
		return fmt.Errorf("%d alarms stand and not %d", alarms, firstFunctions*alarmsEach)
	}
	repeated := 0
	for _, puts := range region.alarms.puts {
		repeated += puts - 1
	}
	r.note("first_run_repeated: how many of %d alarms are written twice until all stand, which takes %d runs of %s that make %s. first_run_throttled: writes that are refused, at %d a second and one at a time. The clock goes %d times as fast",
		firstFunctions*alarmsEach, len(made), cfg.Function.Timeout, strings.Join(made, " and "), allowedWrites, spedUp)
	if len(made) < 2 {
		return fmt.Errorf("one run made all, and nothing is known of what a second one repeats")
	}
	r.report(figure{"first_run_repeated", float64(repeated), "alarms", "=", 0})
	r.report(figure{"first_run_throttled", float64(region.alarms.refused), "calls", "=", 0})
	return nil
}
