package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"

	"caretaker/internal/desk"
	"caretaker/janitor"
)

// janitorChild begins the names under which this command runs the janitor and nothing else.
const janitorChild = "janitor-alone-"

// unpaced is so many calls a second that nothing waits.
const unpaced = 5000

// aloneResult is what a janitor alone in its process has to tell.
type aloneResult struct {
	// PeakBytes is the most memory that the process held.
	PeakBytes int64
	// Decided is how many decisions were written out.
	Decided int
	Report  janitor.Report
}

// janitorAlone makes one run as the command line does, against what the environment points
// at, and writes the result to stdout.
func janitorAlone(ctx context.Context, dryRun bool) error {
	settings, err := config.LoadDefaultConfig(ctx, desk.AWSOptions()...)
	if err != nil {
		return err
	}
	cfg := janitor.Default()
	clients := janitor.Connect(settings, unpaced)
	decisions, err := newDecisions()
	if err != nil {
		return err
	}
	j := janitor.New(cfg, clients, janitor.Options{Stage: "bench", Observer: decisions, Now: paced(clients.Pace)})
	plan, err := j.Plan(ctx)
	if err != nil {
		return err
	}
	report, err := j.Apply(ctx, plan, dryRun)
	if err := errors.Join(err, decisions.close()); err != nil {
		return err
	}
	peak, err := peakMemory()
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(aloneResult{peak, decisions.count, report})
}

// paced is a clock that goes on with each call of the control plane, as if they came at the
// rate that ships: what is old for a real run is old for this one.
func paced(pace *janitor.Pace) func() time.Time {
	begun := time.Now()
	return func() time.Time {
		calls := 0
		for operation, count := range pace.Calls() {
			if strings.HasPrefix(operation, "Lambda.") && operation != "Lambda.GetPolicy" {
				calls += count
			}
		}
		return begun.Add(time.Duration(float64(calls) / shippedRate * float64(time.Second)))
	}
}

// decisions writes each decision as a line of JSON to where nobody reads it.
type decisions struct {
	file   *os.File
	buffer *bufio.Writer
	json   *json.Encoder
	count  int
	err    error
}

func newDecisions() (*decisions, error) {
	file, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	buffer := bufio.NewWriter(file)
	return &decisions{file: file, buffer: buffer, json: json.NewEncoder(buffer)}, nil
}

// Progress writes nothing.
func (*decisions) Progress(janitor.Phase, int, int) {}

// Decided writes the decision.
func (d *decisions) Decided(decision janitor.Decision) {
	d.count++
	d.err = errors.Join(d.err, d.json.Encode(decision))
}

func (d *decisions) close() error { return errors.Join(d.err, d.buffer.Flush(), d.file.Close()) }

// peakMemory is the most resident memory that this process ever had, in bytes. On Linux it is
// not what getrusage says: that begins at the size of the process that started this one.
func peakMemory() (int64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err == nil {
		return highWater(string(status))
	}
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0, fmt.Errorf("reading the peak memory: %w", err)
	}
	return usage.Maxrss, nil // macOS counts bytes
}

func highWater(status string) (int64, error) {
	for line := range strings.Lines(status) {
		if text, found := strings.CutPrefix(line, "VmHWM:"); found {
			kilobytes, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(text), " kB"), 10, 64)
			return kilobytes * 1024, err
		}
	}
	return 0, errors.New("reading the peak memory: there is no VmHWM in /proc/self/status")
}
