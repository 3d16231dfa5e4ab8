package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"golang.org/x/sync/errgroup"

	"caretaker/internal/boot"
	"caretaker/internal/environments"
	"caretaker/internal/setting"
	"caretaker/warmer"
	"caretaker/warmer/ping"
)

// warmerBinary is where make leaves the warmer's binary for a deployment.
const warmerBinary = "dist/warmer/bootstrap"

// measureWarmer measures all figures of the warmer.
func measureWarmer(ctx context.Context, r *results) error {
	for _, step := range []warmStep{{"the barrier", barrierReach}, {"a fleet", fleetTime}, {"real processes", realProcesses}} {
		if err := step.measure(ctx, r); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	// Nothing of these is a matter of time, and most of it is waiting.
	err := together(ctx, r, warmStep{"pings in a steady state", steadyPings}, warmStep{"pings at the worst", worstPings}, warmStep{"a day's traffic", dayOfTraffic})
	if err != nil {
		return err
	}
	if err := middlewareCost(r); err != nil {
		return fmt.Errorf("the middleware: %w", err)
	}
	if err := binarySizes(r, warmerBinary, warmer.Default(), 12, 4.5); err != nil {
		return fmt.Errorf("the binary: %w", err)
	}
	return nil
}

// warmStep is what is measured at once.
type warmStep struct {
	what    string
	measure func(context.Context, *results) error
}

// together measures several things at a time, and tells of them one after another.
func together(ctx context.Context, r *results, steps ...warmStep) error {
	own := make([]struct{ out, notes bytes.Buffer }, len(steps))
	results := make([]results, len(steps))
	group, ctx := errgroup.WithContext(ctx)
	for index, step := range steps {
		results[index].out, results[index].notes, results[index].part = &own[index].out, &own[index].notes, r.part
		group.Go(func() error {
			if err := step.measure(ctx, &results[index]); err != nil {
				return fmt.Errorf("%s: %w", step.what, err)
			}
			return nil
		})
	}
	err := group.Wait()
	for index := range own {
		_, _ = own[index].notes.WriteTo(r.notes) // nobody is left to tell
		_, _ = own[index].out.WriteTo(r.out)
		r.short = append(r.short, results[index].short...)
	}
	return err
}

// warmWorld is a modelled Region with a warmer that looks after all its functions.
type warmWorld struct {
	*environments.Server
	warmer *warmer.Warmer
	names  []string
}

// startWarmWorld starts it. The counts are those of each function.
func startWarmWorld(options environments.Options, counts map[string]int, windows map[string]warmer.Window, functions ...environments.Function) (*warmWorld, error) {
	return startRestingWorld(options, counts, windows, 0, functions...)
}

// startRestingWorld starts one whose targets may be left out for so long while nothing is cold.
func startRestingWorld(options environments.Options, counts map[string]int, windows map[string]warmer.Window, longest time.Duration, functions ...environments.Function) (*warmWorld, error) {
	options.Concurrency = 10_000 // of which the share that pings may take is above the cap in flight
	server, err := environments.Start(options, functions...)
	if err != nil {
		return nil, err
	}
	w := &warmWorld{Server: server}
	cfg := warmer.Default()
	cfg.Enabled, cfg.DryRun, cfg.Windows, cfg.LongestInterval = true, false, windows, setting.Duration(longest)
	for _, function := range functions {
		w.names = append(w.names, function.Name)
		cfg.Functions = append(cfg.Functions, warmer.Function{Name: function.Name, Warm: counts})
	}
	settings := aws.Config{
		Region: environments.Region, BaseEndpoint: aws.String(server.URL()), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient: boot.HTTPClient(), Retryer: boot.Retryer,
	}
	if w.warmer, err = warmer.New(cfg, warmer.Connect(settings, cfg.MaxInFlight), warmer.Options{Now: server.Now}); err != nil {
		return nil, fmt.Errorf("making the warmer: %w", err)
	}
	return w, nil
}

func (w *warmWorld) stop() { _ = w.Close() }

// run does one run of the warmer, from counts at zero, and says how long it took. A run that ends in an
// error has a report as well.
func (w *warmWorld) run(ctx context.Context) (warmer.Report, time.Duration, error) {
	w.Forget()
	began := time.Now()
	report, err := w.warmer.Handle(ctx, warmer.Event{})
	return report, time.Since(began), err
}

// pause lets the time pass until the next run of the schedule.
func (w *warmWorld) pause() { w.Elapse(w.Now().Add(5*time.Minute), w.names[0], nil) }

// middlewareCost measures what a real event costs beside the handler.
func middlewareCost(r *results) error {
	var slowest, most float64
	for _, size := range []int{4 << 10, 1 << 20} {
		event := []byte(`{"version":"2.0","body":"` + strings.Repeat("x", size) + `"}`)
		handler := ping.Wrap(idle{})
		result := testing.Benchmark(func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := handler.Invoke(context.Background(), event); err != nil {
					b.Fatal(err)
				}
			}
		})
		if result.N == 0 {
			return fmt.Errorf("an event of %d bytes could not be measured", len(event))
		}
		each := float64(result.T.Nanoseconds()) / float64(result.N)
		r.note("middleware: a real event of %d bytes costs %.0f ns and %d allocations more than without the middleware", len(event), each, result.AllocsPerOp())
		slowest, most = max(slowest, each), max(most, float64(result.AllocsPerOp()))
	}
	r.report(figure{"middleware_ns", slowest, "ns", "<=", 1000})
	r.report(figure{"middleware_allocs", most, "allocations", "=", 0})
	return nil
}

// idle is a handler that does nothing.
type idle struct{}

func (idle) Invoke(context.Context, []byte) ([]byte, error) { return nil, nil }
