package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"caretaker/internal/emulator"
	"caretaker/internal/emulator/lambdasim"
	"caretaker/janitor"
)

// throttledRuns measures what a second in which AWS throttles everything costs a run of 12 seconds, and
// how much a run uses of a limit that stays under its rate.
func throttledRuns(ctx context.Context, r *results) error {
	e, err := emulator.Start(ctx, emulator.Options{CloudTrail: true})
	if err != nil {
		return err
	}
	defer e.Stop()
	undisturbed, err := (&throttled{emulator: e, versions: 16}).run(ctx)
	if err != nil {
		return err
	}
	disturbed, err := (&throttled{emulator: e, versions: 16, outage: 3 * time.Second}).run(ctx)
	if err != nil {
		return err
	}
	r.note("throttle_recovery: a run at %g calls a second that took %.1f s took %.1f s with one second of nothing but 429 in it", shippedRate,
		undisturbed.Seconds(), disturbed.Seconds())
	r.report(figure{"throttle_recovery", (disturbed - undisturbed).Seconds(), "s", "<=", 5})

	const limit = 5
	slow := throttled{emulator: e, versions: 24, limit: limit}
	took, err := slow.run(ctx)
	if err != nil {
		return err
	}
	use := (float64(slow.let.Load()) - limit) / took.Seconds() / limit // the first second's worth AWS had saved up
	r.note("throttle_use: at %g calls a second where AWS allows %d, %d were let through in %.1f s", shippedRate, limit, slow.let.Load(), took.Seconds())
	r.report(figure{"throttle_use", use, "ratio", ">=", 0.8})
	return nil
}

// throttled is a run on six functions in which AWS throttles.
type throttled struct {
	emulator *emulator.Emulator
	versions int
	// outage is how long after the first call a second begins in which everything is throttled; 0 is
	// never. limit is how many calls a second AWS allows; 0 is all.
	outage time.Duration
	limit  float64

	begun atomic.Pointer[time.Time]
	// let counts the calls of the control plane that were let through.
	let atomic.Int64
}

func (o *throttled) run(ctx context.Context) (time.Duration, error) {
	sim, err := lambdasim.Start(lambdasim.Options{Rate: o.limit, Latency: latency, Before: o.before})
	if err != nil {
		return 0, err
	}
	defer func() { _ = sim.Close() }() // it listens to nobody else
	const functions = 6
	sim.Put(lambdasim.Generate(functions, o.versions, time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -30))...)
	f, _, err := startFunction(ctx, janitorOnHost, `{"dryRun": false, "belts": {"maxPercent": 100}}`,
		append(o.emulator.Environ(), "STAGE=bench", "AWS_ENDPOINT_URL_LAMBDA="+sim.URL()))
	if err != nil {
		return 0, err
	}
	defer f.Stop()
	body, took, err := f.invoke("{}", 15*time.Minute)
	if err != nil {
		return 0, err
	}
	var report janitor.Report
	if err := json.Unmarshal(body, &report); err != nil {
		return 0, fmt.Errorf("reading the report: %w", err)
	}
	if want := functions * (o.versions - janitor.Default().Keep.Newest); report.Outcomes[janitor.Deleted] != want || len(report.Errors) > 0 {
		return 0, fmt.Errorf("%d versions were deleted and not %d: %s", report.Outcomes[janitor.Deleted], want, body)
	}
	return took, nil
}

func (o *throttled) before(call lambdasim.Call) *lambdasim.Fault {
	now := time.Now()
	o.begun.CompareAndSwap(nil, &now)
	if since := now.Sub(*o.begun.Load()); o.outage > 0 && since >= o.outage && since < o.outage+time.Second {
		return &lambdasim.Fault{Status: http.StatusTooManyRequests, Code: "TooManyRequestsException", Message: "Rate exceeded"}
	}
	if call.Operation != "GetPolicy" {
		o.let.Add(1)
	}
	return nil
}
