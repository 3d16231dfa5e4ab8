package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"caretaker/internal/environments"
	"caretaker/warmer"
)

// steadyPings counts the pings of runs in which nothing changes.
func steadyPings(ctx context.Context, r *results) error {
	const size, each, runs = 10, 5, 12
	var functions []environments.Function
	for number := range size {
		functions = append(functions, environments.Function{Name: fmt.Sprintf("steady-%02d", number), Timeout: 30 * time.Second, Init: 200 * time.Millisecond})
	}
	w, err := startWarmWorld(environments.Options{Seed: 2, Spread: 150 * time.Millisecond}, map[string]int{warmer.Always: each}, nil, functions...)
	if err != nil {
		return err
	}
	defer w.stop()
	pings, wanted, reads := 0, 0, 0
	for turn := range runs + 1 {
		report, _, err := w.run(ctx)
		if err != nil {
			return err
		}
		if turn > 0 { // the first asks each whether it has the middleware
			wanted += report.Wanted
			reads += w.Reads()
			for _, name := range w.names {
				pings += w.Counts(name).Calls
			}
		}
		w.pause()
	}
	r.note("pings_ratio: %d runs for %d functions of %d, five minutes apart: %d pings arrived for %d wanted, and %d other calls were made", runs, size, each, pings, wanted, reads)
	r.report(figure{"pings_ratio", float64(pings) / float64(wanted), "ratio", "<=", 1.05})
	return nil
}

// worstPings counts the pings of runs in which everything goes wrong: a client that sends again what was not
// answered at once would send five for one.
func worstPings(ctx context.Context, r *results) error {
	const wanted, name = 20, "checkout"
	most := 0.0
	for what, spoil := range map[string]func(*environments.Function){
		"each answer comes after 8 s": func(f *environments.Function) { f.Late = 8 * time.Second },
		"each call is refused by 429": func(f *environments.Function) {
			f.Refuse, f.RefuseStatus = "TooManyRequestsException", http.StatusTooManyRequests
		},
		"each call meets a fault of AWS": func(f *environments.Function) {
			f.Refuse, f.RefuseStatus = "ServiceException", http.StatusInternalServerError
		},
		"the role may not": func(f *environments.Function) {
			f.Refuse, f.RefuseStatus = "AccessDeniedException", http.StatusForbidden
		},
		"no answer is in the protocol":        func(f *environments.Function) { f.Answer = answering(`{"statusCode":200}`) },
		"the same environment answers always": func(f *environments.Function) { f.Answer = answering(sameAnswer) },
	} {
		w, err := startWarmWorld(environments.Options{Seed: 3, Spread: 50 * time.Millisecond}, map[string]int{warmer.Always: wanted}, nil,
			environments.Function{Name: name, Timeout: 30 * time.Second})
		if err != nil {
			return err
		}
		pings, err := spoiled(ctx, w, spoil)
		w.stop()
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		r.note("  %s: %d pings in the run that goes well, then %d and %d", what, pings[0], pings[1], pings[2])
		most = max(most, float64(slices.Max(pings))/wanted)
	}
	r.note("pings_worst: the most pings of a run over N = %d, whatever went wrong, a handshake included", wanted)
	r.report(figure{"pings_worst", most, "ratio", "<=", 2.1})
	return nil
}

// spoiled counts the pings of a run that goes well, and of two that do not and may end in an error.
func spoiled(ctx context.Context, w *warmWorld, spoil func(*environments.Function)) ([]int, error) {
	pings := make([]int, 3)
	for turn := range pings {
		if _, _, err := w.run(ctx); err != nil && turn == 0 {
			return nil, err
		}
		pings[turn] = w.Counts(w.names[0]).Calls
		if turn == 0 {
			w.Change(w.names[0], spoil)
		}
		w.pause()
	}
	return pings, nil
}

// sameAnswer is that of a middleware which has made its id in the init, before a snapshot was taken.
const sameAnswer = `{"caretakerPong":{"protocol":1,"environment":"5c0f64b7a8f94c53a5fb2d1eb10b9a3e","version":"$LATEST","initType":"snap-start","pings":1,"requests":0,"initMs":0,"sinceInitMs":0,"arrivedMs":1,"heldMs":0,"sinceRequestMs":null}}`

func answering(text string) func(context.Context, []byte) ([]byte, error) {
	return func(context.Context, []byte) ([]byte, error) { return []byte(text), nil }
}
