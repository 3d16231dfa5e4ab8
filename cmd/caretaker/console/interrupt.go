package console

import (
	"context"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
)

// Interruption is what an interrupt ends.
type Interruption struct {
	// Stopping ends with the first interrupt.
	Stopping context.Context
	// changing says that changes have begun: until then an interrupt ends a reading.
	changing *atomic.Bool
}

// ReadingStopped is why there is no result when somebody interrupted the command.
const ReadingStopped = "you stopped the reading before it was through; nothing was changed"

// Deletes says that from now on something is changed.
func (i Interruption) Deletes() {
	if i.Stopping.Err() == nil {
		i.changing.Store(true)
	}
}

// StoppedReading says whether somebody stopped the command before anything was changed.
func (i Interruption) StoppedReading() bool { return i.Stopping.Err() != nil && !i.changing.Load() }

// UntilInterrupted ends with the first interrupt. The second one then ends the process, as if
// nothing had been set up.
func (c Console) UntilInterrupted(interrupts <-chan os.Signal) (Interruption, func()) {
	ctx, cancel := context.WithCancel(context.Background())
	i := Interruption{ctx, &atomic.Bool{}}
	go func() {
		select {
		case <-interrupts:
			signal.Reset(os.Interrupt, syscall.SIGTERM)
			what := "Nothing has been changed."
			if i.changing.Load() {
				what = "What is under way is finished and checked."
			}
			c.Say("\nStopping. %s Press Ctrl-C again to stop at once.", what)
			cancel()
		case <-ctx.Done():
		}
	}()
	return i, cancel
}
