package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	limitraiser "caretaker/limit-raiser"
)

// answered is how many alarms the median of the handler's time is taken of.
const answered = 41

// handlerTime invokes the function's own binary for a raise each time. How much of a run is its
// own it measures itself: while no request is on its way, from the first byte sent to the head of
// the answer. Decoding answers is its own time.
func handlerTime(ctx context.Context, r *results, w *raiserWorld) error {
	cfg, tables, err := w.seed(ctx, "timed", answered)
	if err != nil {
		return err
	}
	config, err := json.Marshal(cfg)
	if err != nil {
		return err
	}
	f, _, err := startFunction(ctx, limitRaiserOnHost, string(config), append(w.emulator.Environ(), "STAGE=bench",
		"TABLE_NAME="+w.options.Table, "QUEUE_URL="+w.options.Queue))
	if err != nil {
		return err
	}
	defer f.Stop()
	at := time.Now().UTC().Truncate(time.Millisecond)
	own, whole := make([]float64, answered), make([]float64, answered)
	for i, table := range tables {
		body, _, err := f.invoke(string(w.throughSNS(change{table, at})), time.Minute)
		if err != nil {
			return err
		}
		var report limitraiser.Report
		if err := json.Unmarshal(body, &report); err != nil {
			return fmt.Errorf("reading the report: %w", err)
		}
		if report.Outcomes[limitraiser.Raised] != 1 {
			return fmt.Errorf("nothing was raised: %s", body)
		}
		own[i], whole[i] = 1000*report.OwnSeconds, 1000*report.Seconds
	}
	first := own[0]
	slices.Sort(own)
	slices.Sort(whole)
	r.note("handler_ms: the median of %d raises by %s, as it says itself: the time in which no call was on its way. The first took %.2f ms, the slowest %.2f; with its calls to the emulator, %.0f ms",
		answered, limitRaiserOnHost, first, own[answered-1], whole[answered/2])
	r.report(figure{"handler_ms", own[answered/2], "ms", "<", 5})
	return nil
}
