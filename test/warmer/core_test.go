package warmer_test

import (
	"context"
	"encoding/json"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	schedulertypes "github.com/aws/aws-sdk-go-v2/service/scheduler/types"

	"caretaker/internal/want"
	"caretaker/test/warmer/instrumented"
	"caretaker/warmer"
)

// everyMinute has the deployed schedule fire each minute, until the returned function is called.
func (w world) everyMinute(t *testing.T) (end func()) {
	t.Helper()
	client, name := scheduler.NewFromConfig(w.AWS()), functionName
	own, err := client.GetSchedule(t.Context(), &scheduler.GetScheduleInput{Name: &name})
	want.NoError(t, "reading the schedule", err)
	set := func(expression string) {
		_, err := client.UpdateSchedule(context.WithoutCancel(t.Context()), &scheduler.UpdateScheduleInput{
			Name: &name, Target: own.Target, ScheduleExpression: &expression,
			FlexibleTimeWindow: &schedulertypes.FlexibleTimeWindow{Mode: schedulertypes.FlexibleTimeWindowModeOff},
		})
		want.NoError(t, "setting the schedule", err)
	}
	set("rate(1 minute)")
	return func() { set(aws.ToString(own.ScheduleExpression)) }
}

// Three instrumented functions, cold, and one that is not, from the first run of the schedule on. What is counted are
// processes, by the files in which they note each call.
func TestDeployed_itsScheduleWarmsAsManyProcessesAsAreWanted(t *testing.T) {
	w := shared
	folder := t.TempDir()
	wanted := map[string]int{"single": 1, "five": 5, "twenty": 20, "mute": 0}
	function := func(name, alias string, variables map[string]string) instrumented.Function {
		variables["WITNESS"] = filepath.Join(folder, name)
		return instrumented.Function{Name: name, Alias: alias, Variables: variables}
	}
	w.make(t,
		function("single", "", map[string]string{}), function("five", "live", map[string]string{}), function("twenty", "", map[string]string{}),
		function("mute", "", map[string]string{"MIDDLEWARE": "none"}))
	for name := range wanted { // the tests before may have asked code that is the same
		w.forget(t, "function", name)
	}
	w.delayed()
	w.rested(t)
	began := time.Now()
	defer w.everyMinute(t)()
	pinged := func(name string) (processes, calls int) {
		seen, err := instrumented.Witnessed(filepath.Join(folder, name))
		want.NoError(t, "reading what the processes noted", err)
		for _, count := range seen.Pings {
			calls += count
		}
		if name == "mute" {
			want.Equal(t, "processes without the middleware", len(seen.Events) <= 1, true)
			return 0, 0
		}
		want.Equal(t, "pings that reached the handler of "+name, len(seen.Events), 0)
		return len(seen.Pings), calls
	}
	// The handshakes come before the first run's pings: 1, then 1 + 5, then 1 + 20.
	after := func(run int) map[string]int {
		return map[string]int{"single": run, "five": 1 + 5*run, "twenty": 1 + 20*run, "mute": 0}
	}
	for run := 1; run <= 2; run++ {
		// Pings alone do not tell: where a round fell short, those of the next one are still on their way.
		w.eventually(t, "a run of the schedule is over", func() bool { return len(w.runsSince(t, began)) >= run })
		for name, want := range wanted {
			processes, calls := pinged(name)
			// More pings come where a busy machine makes a round fall short, or the next run has begun.
			if processes != want || calls < after(run)[name] {
				t.Errorf("after run %d, %s: %d processes were reached by %d pings, want %d by %d at least", run, name, processes, calls, want, after(run)[name])
				t.Logf("the runs until now: %+v", w.runsSince(t, began))
			}
		}
	}
	seen, err := instrumented.Witnessed(filepath.Join(folder, "mute"))
	want.NoError(t, "reading what the processes noted", err)
	events := 0
	for _, count := range seen.Events {
		events += count
	}
	want.Equal(t, "pings to the function that is not instrumented", events, 1)
}

// runsSince are the reports of the runs that had something to ping and were completed since then, by the function's log.
func (w world) runsSince(t *testing.T, since time.Time) (runs []warmer.Report) {
	t.Helper()
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(cloudwatchlogs.NewFromConfig(w.AWS()), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("/aws/lambda/" + functionName)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		want.NoError(t, "reading the log", err)
		for _, event := range page.Events {
			var line struct {
				Message string
				Report  warmer.Report
			}
			if json.Unmarshal([]byte(aws.ToString(event.Message)), &line) != nil || line.Message != "run completed" {
				continue
			}
			if aws.ToInt64(event.Timestamp) >= since.UnixMilli() && line.Report.TargetCount > 0 && !line.Report.Busy {
				runs = append(runs, line.Report)
			}
		}
	}
	return runs
}

func (w world) eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(4 * time.Minute); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("within four minutes it was not so: %s", what)
}

// A second run sees that all are warm, in the report too, and asks nobody anything; neither does a new process.
func TestDeployed_reportsWhatItReached(t *testing.T) {
	w := shared
	w.make(t, instrumented.Function{Name: "five", Alias: "live"}, instrumented.Function{Name: "mute", Variables: map[string]string{"MIDDLEWARE": "none"}})
	w.forget(t, "function", "mute")
	first := w.good(t)
	warmed := of(t, first, "five:live")
	want.Equal(t, "wanted", warmed.Wanted, 5)
	want.Equal(t, "its window", warmed.Window, "ever")
	want.Equal(t, "its version", warmed.Version, "1")
	want.Equal(t, "distinct", warmed.Distinct, 5)
	want.Equal(t, "cold", warmed.Cold, 5)
	want.Equal(t, "why mute is left alone", skipped(t, first, "mute").Reason, warmer.NotInstrumented)
	want.Equal(t, "why twenty is not pinged", skipped(t, first, "twenty").Reason, warmer.NotThere)
	for _, again := range []string{"the same process", "a new process"} {
		if again == "a new process" {
			w.begin(t)
		}
		w.ForgetCalls()
		report := w.good(t)
		want.Equal(t, again+": distinct", report.Distinct, 5)
		want.Equal(t, again+": cold", report.Cold, 0)
		want.Equal(t, again+": pings", report.Pings, 5)
		want.Equal(t, again+": why mute is left alone", skipped(t, report, "mute").Reason, warmer.NotInstrumented)
		want.Equal(t, again+": calls to mute", w.called("Invoke", "mute"), 0)
	}
}
