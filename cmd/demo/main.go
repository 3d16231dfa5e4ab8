// Command demo is what make demo runs: the main job of each of Caretaker's parts, from
// a real cdk deploy to what is left afterwards, on a fleet of functions in an AWS emulator
// on this machine. Nothing in it is played: it shows what the emulated account answers.
//
//	demo [PART...]
//
// Without an argument it shows every part. It ends with 0 when all went as it should, with
// 1 when something did not, with 2 for an unknown part and with 130 when it was interrupted.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

// part is one of Caretaker's parts as the demo shows it.
type part struct {
	// name is the part's folder, stack what its stack's name ends in.
	name, stack string
	// set is the key of caretaker.yaml that is not as shipped in the demo, file a section of it
	// that takes several, and why says why; one of the two may be empty.
	set, file, why string
	// look, edit and arm are what to do for a real account: before the deployment, in caretaker.yaml
	// for it, and after it. An empty edit is for a part that ships switched on.
	look, edit, arm hint
	// begin makes the part's act.
	begin func(*stage) act
}

// act is a part on the stage. All acts prepare, then all parts are deployed, then all acts perform.
type act interface {
	// prepare puts into the account what the part will look after.
	prepare(context.Context) error
	// perform shows the deployed part at work. An error is also a result that is not what it should be.
	perform(context.Context) error
}

// hint is a command and what it does.
type hint struct{ command, does string }

// parts are all there are, in the order in which they are shown.
var parts = []part{janitorPart, limitRaiserPart}

// choose finds the parts by name; no name is all of them.
func choose(names []string) ([]part, error) {
	if len(names) == 0 {
		return parts, nil
	}
	var known []string
	for _, one := range parts {
		known = append(known, one.name)
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("there is no part %q to show; there is: %s", name, strings.Join(known, ", "))
		}
	}
	return slices.DeleteFunc(slices.Clone(parts), func(one part) bool { return !slices.Contains(names, one.name) }), nil
}

func main() { os.Exit(run(os.Args[1:])) }

// run answers the exit code.
func run(names []string) int {
	chosen, err := choose(names)
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop() // after everything has ended: a second Ctrl-C must not leave processes behind
	// Taken, so that a reader who goes away (make demo | head) is an error of Write and not our end.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	out := newScreen(os.Stdout, cancel)
	err = play(ctx, out, chosen)
	switch {
	case ctx.Err() != nil:
		out.clear()
		fmt.Fprintln(os.Stderr, "\nStopped. Nothing of the demo runs any more.")
		return 130
	case err != nil:
		out.clear()
		fmt.Fprintln(os.Stderr, "\ndemo:", err)
		return 1
	}
	return 0
}

// play shows the chosen parts, from the empty account to its end.
func play(ctx context.Context, out *screen, chosen []part) (err error) {
	s, err := openStage(ctx, out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close(err != nil && ctx.Err() == nil)) }()
	acts := make([]act, len(chosen))
	for position, one := range chosen {
		acts[position] = one.begin(s)
		if err := acts[position].prepare(ctx); err != nil {
			return err
		}
	}
	if err := s.deploy(ctx, chosen); err != nil {
		return err
	}
	for _, each := range acts {
		if err := each.perform(ctx); err != nil {
			return err
		}
	}
	s.farewell(chosen)
	return nil
}
