// Command demo is what make demo runs: the main job of each of Caretaker's parts, from
// a real cdk deploy to what is left afterwards, on a fleet of functions in an AWS emulator
// on this machine. Nothing in it is played: it shows what the emulated account answers.
//
//	demo [PART...]
//
// Without an argument it shows every part. Its last screen says what was shown, by which figures. It
// ends with 0 when all went as it should, with 1 when something did not or a figure is not what it
// should be, with 2 for an unknown part and with 130 when it was interrupted.
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
	// with are the ends of other stacks that are deployed for its sake.
	with []string
	// set is the key of caretaker.yaml that is not as shipped in the demo, file a section of it
	// that takes several, and why says why; one of the two may be empty. An act that only knows its
	// section once it has prepared has a method section.
	set, file, why string
	// look is a first step with a real account. It only reads.
	look hint
	// begin makes the part's act.
	begin func(*stage) act
}

// act is a part on the stage. All acts prepare, then all parts are deployed, then all acts perform.
type act interface {
	// prepare puts into the account what the part will look after.
	prepare(context.Context) error
	// perform shows the deployed part at work, and gives the stage the figures that it is judged by:
	// at least one. An error is for what cannot go on.
	perform(context.Context) error
}

// hint is a command and what it does.
type hint struct{ command, does string }

// parts are all there are, in the order in which they are shown.
var parts = []part{janitorPart, limitRaiserPart, warmerPart, logShipperPart, alertsPart}

// choose finds the parts by name; no name is all of them.
func choose(names []string) ([]part, error) {
	if len(names) == 0 {
		return slices.Clone(parts), nil
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
		s.turn = one.name
		acts[position] = one.begin(s)
		if err := acts[position].prepare(ctx); err != nil {
			return err
		}
		if configured, is := acts[position].(interface{ section() string }); is {
			chosen[position].file = configured.section()
		}
	}
	if err := s.deploy(ctx, chosen); err != nil {
		return err
	}
	for position, each := range acts { // before the first performs, since what one does may concern another
		s.turn = chosen[position].name
		if early, is := each.(interface{ ready(context.Context) error }); is {
			if err := early.ready(ctx); err != nil {
				return err
			}
		}
	}
	for position, each := range acts {
		s.turn = chosen[position].name
		if err = each.perform(ctx); err != nil {
			s.figure("shown to its end", false, "%s", firstLine(err))
			break
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return errors.Join(err, s.lastScreen(chosen))
}
