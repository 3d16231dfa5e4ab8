package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
)

// code is an exit code.
type code int

// The exit codes.
const (
	done       code = 0
	failed     code = 1
	misused    code = 2
	beltClosed code = 3
	workLeft   code = 4
)

// String is the code in words.
func (c code) String() string {
	switch c {
	case done:
		return "well"
	case beltClosed:
		return "belt closed"
	case workLeft:
		return "work left"
	default:
		return "in error"
	}
}

const exitCodes = "Exit codes: 0 done or nothing to do, 1 error, 2 usage or configuration, " +
	"3 a safety belt closed, 4 stopped with work left."

// ending is the error of a command that ends with a code of its own.
type ending struct {
	code code
	// cause is what there is to say still; nil when the output has said it all.
	cause error
}

// Error is the cause's.
func (e ending) Error() string {
	if e.cause == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.cause.Error()
}

func misuse(format string, values ...any) error {
	return ending{misused, fmt.Errorf(format, values...)}
}

// worse is the code to end with when two Regions ended differently.
func worse(a, b code) code {
	for _, bad := range []code{failed, misused, beltClosed, workLeft} {
		if a == bad || b == bad {
			return bad
		}
	}
	return done
}

// interruption is what an interrupt ends.
type interruption struct {
	// stopping ends with the first interrupt.
	stopping context.Context
	// deleting says that deletions have begun: until then an interrupt ends a reading.
	deleting *atomic.Bool
}

// deletes says that from now on something is changed.
func (i interruption) deletes() {
	if i.stopping.Err() == nil {
		i.deleting.Store(true)
	}
}

// read says whether somebody stopped the command before anything was changed.
func (i interruption) read() bool { return i.stopping.Err() != nil && !i.deleting.Load() }

// untilInterrupted ends with the first interrupt. The second one then ends the process, as if
// nothing had been set up.
func untilInterrupted(c console, interrupts <-chan os.Signal) (interruption, func()) {
	ctx, cancel := context.WithCancel(context.Background())
	i := interruption{ctx, &atomic.Bool{}}
	go func() {
		select {
		case <-interrupts:
			signal.Reset(os.Interrupt, syscall.SIGTERM)
			what := "Nothing has been changed."
			if i.deleting.Load() {
				what = "A deletion under way is finished and checked."
			}
			c.say("\nStopping. %s Once more ends at once.", what)
			cancel()
		case <-ctx.Done():
		}
	}()
	return i, cancel
}
