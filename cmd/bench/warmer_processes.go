package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"

	"caretaker/internal/boot"
	"caretaker/internal/emulator"
	"caretaker/test/warmer/instrumented"
	"caretaker/warmer"
	"caretaker/warmer/ping"
)

// longestDelay is how long each call is delayed at most on its way to the emulator. Without a delay it would
// give each call a process of its own whether pings are held or not.
const longestDelay = 500 * time.Millisecond

// processWorld is an emulator with functions that are real processes, which note themselves who was called.
type processWorld struct {
	*emulator.Emulator
	folder string
	counts map[string]int
}

// realProcesses counts processes that a run reaches, by their own notes.
func realProcesses(ctx context.Context, r *results) error {
	folder, err := os.MkdirTemp("", "caretaker-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	w := processWorld{folder: folder, counts: map[string]int{"one": 1, "five": 5, "twenty": 20}}
	if w.Emulator, err = emulator.Start(ctx, emulator.Options{}); err != nil {
		return err
	}
	defer w.Stop()
	if err := w.deploy(ctx); err != nil {
		return err
	}
	w.delay()
	held, err := w.warmed(ctx, r)
	if err != nil {
		return err
	}
	without, err := w.withoutHold(ctx)
	if err != nil {
		return err
	}
	r.note("process_short: how many of 1, 5 and 20 processes a run of the warmer did not call, by the processes' own notes, cold and then warm, with each call delayed by up to %s on its way. Without a hold, 20 warm processes and 20 pings: %d processes were called", longestDelay, without)
	r.report(figure{"process_short", float64(held), "processes", "=", 0})
	return nil
}

// witness is the file in which a function's processes note their calls.
func (w processWorld) witness(name string) string { return filepath.Join(w.folder, name) }

func (w processWorld) deploy(ctx context.Context) error {
	program, err := instrumented.Go(instrumented.Binary)
	if err != nil {
		return err
	}
	for name := range w.counts {
		if err := instrumented.Create(ctx, w.AWS(), instrumented.Function{Name: name, Program: program, Variables: map[string]string{"WITNESS": w.witness(name)}}); err != nil {
			return err
		}
	}
	return nil
}

// delay delays calls by chance, the same ones in each bench.
func (w processWorld) delay() {
	var mutex sync.Mutex
	random := rand.New(rand.NewPCG(4, 0)) // #nosec G404 -- it is to be repeated
	w.OnCall(func(call emulator.Call) {
		if call.Operation == "Invoke" {
			mutex.Lock()
			delay := time.Duration(random.Int64N(int64(longestDelay)))
			mutex.Unlock()
			time.Sleep(delay)
		}
	})
}

// warmed lets the warmer run twice, and counts what it did not reach.
func (w processWorld) warmed(ctx context.Context, r *results) (short int, err error) {
	cfg := warmer.Default()
	cfg.Enabled, cfg.DryRun = true, false
	for name, count := range w.counts {
		cfg.Functions = append(cfg.Functions, warmer.Function{Name: name, Warm: map[string]int{warmer.Always: count}})
	}
	settings := w.AWS()
	settings.HTTPClient, settings.Retryer = boot.HTTPClient(), boot.Retryer
	run, err := warmer.New(cfg, warmer.Connect(settings, cfg.MaxInFlight), warmer.Options{})
	if err != nil {
		return 0, err
	}
	for turn := range 2 {
		report, err := run.Handle(ctx, warmer.Event{})
		if err != nil {
			return 0, err
		}
		r.note("  run %d: %d of %d environments by the report, %d of them cold, %d pings, %.2f s", turn+1, report.Distinct, report.Wanted, report.Cold, report.Pings, report.Seconds)
		for name, count := range w.counts {
			called, err := w.forget(name)
			if err != nil {
				return 0, err
			}
			short += max(0, count-called)
		}
	}
	return short, nil
}

// forget counts the processes that a function's notes name, and begins them anew.
func (w processWorld) forget(name string) (processes int, err error) {
	calls, err := instrumented.Witnessed(w.witness(name))
	if err != nil {
		return 0, err
	}
	if len(calls.Events) > 0 {
		return 0, fmt.Errorf("pings of %s reached its own code: %v", name, calls.Events)
	}
	return len(calls.Pings), os.Remove(w.witness(name))
}

// withoutHold sends as many pings as there are warm processes, all at once, and none is held.
func (w processWorld) withoutHold(ctx context.Context) (processes int, err error) {
	settings := w.AWS()
	settings.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	client, name := lambdasvc.NewFromConfig(settings), "twenty"
	failures := make([]error, w.counts[name])
	var pings sync.WaitGroup
	for index := range failures {
		pings.Go(func() {
			_, failures[index] = client.Invoke(ctx, &lambdasvc.InvokeInput{FunctionName: &name, Payload: ping.Event(0)})
		})
	}
	pings.Wait()
	for _, err := range failures {
		if err != nil {
			return 0, err
		}
	}
	return w.forget(name)
}
