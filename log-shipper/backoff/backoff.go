// Package backoff is the pause of a destination before it sends again what was not taken.
package backoff

import (
	"context"
	"math/rand/v2"
	"time"
)

const (
	first   = 100 * time.Millisecond
	longest = 5 * time.Second
	// least is the time before the end in which another attempt is not worth its while.
	least = 50 * time.Millisecond
)

// brief is the key of the most pauses.
type brief struct{}

// Brief lets a destination have no more than so many pauses one after the other without taking anything: there are
// others, which are not to wait for it.
func Brief(ctx context.Context, pauses int) context.Context {
	return context.WithValue(ctx, brief{}, pauses)
}

// Pause waits before the next attempt: longer with each pause since something was accepted, never at the
// same pace as other senders, and at least as long as the destination asked for. It tells whether there is
// time for another attempt.
func Pause(ctx context.Context, pauses int, asked time.Duration) bool {
	if most, is := ctx.Value(brief{}).(int); is && pauses >= most {
		return false
	}
	most := min(first<<min(pauses, 10), longest)
	length := max(most/2+rand.N(most/2), asked) // #nosec G404 -- nobody gains by knowing it
	if deadline, ends := ctx.Deadline(); ends {
		left := time.Until(deadline)
		if left < 2*least {
			return false
		}
		length = min(length, left/2)
	}
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
