package logshipper

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
)

// ending is what becomes of a delivery once its documents were sent, or were not.
type ending uint8

const (
	// settled is one of which nothing is left to do.
	settled ending = iota
	// parked is put aside in the bucket, and comes back through the queue.
	parked
	// handedBack is left to Lambda, which brings it again.
	handedBack
)

// plan says what becomes of a delivery that so many of its destinations did not take as a whole. A stream keeps
// what it brought and brings it again; a direct payload nobody else has; a message of the queue comes back
// later than Lambda would bring it.
//
// What a stream brings again, all destinations get again. So where some took it, it is parked for the others,
// unless something before it comes again, and it with that. With the brake on, a stream is not left to wait:
// Lambda would give its records up in the end.
func plan(way Way, unsent, of int, again, braked bool) ending {
	switch {
	case unsent == 0:
		return settled
	case way == Stream && !braked && (unsent == of || again):
		return handedBack
	}
	return parked
}

const (
	// firstWait is how long a payload waits that was parked; each time it is twice as long.
	firstWait = time.Minute
	// longestWait is the longest delay of a message:
	// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
	longestWait = 15 * time.Minute
)

// wait is how long something waits in the queue after so many steps: later and later. What was parked
// together does not come back together: up to a quarter of the time is taken off by the key.
func wait(w Waiting) time.Duration {
	delay := longestWait
	if w.Step < 4 {
		delay = firstWait << max(w.Step, 0)
	}
	sum := sha256.Sum256([]byte(w.Key))
	return (delay - delay*time.Duration(sum[0])/(4*256)).Truncate(time.Second)
}

// What the keys of the stack's bucket begin with.
const (
	parkedPrefix = "parked/"
	// DeadLettersPrefix is that of the dead letters.
	DeadLettersPrefix = "dead-letters/"
)

func isOurs(key string) bool {
	return strings.HasPrefix(key, parkedPrefix) || strings.HasPrefix(key, DeadLettersPrefix)
}

// holdsLetters tells whether what waits are dead letters that are to be sent again.
func (w Waiting) holdsLetters() bool { return strings.HasPrefix(w.Key, DeadLettersPrefix) }

// parkedKey is where a payload is parked: the same one always at the same place, so that a run that is
// tried again puts nothing twice.
func parkedKey(data []byte) string {
	sum := sha256.Sum256(data)
	return parkedPrefix + hex.EncodeToString(sum[:])
}

// keyOf is the key of something that waits for a destination of that name: empty is for all.
func keyOf(key, name string) string {
	if name == "" {
		return key
	}
	kind, rest, _ := strings.Cut(key, "/")
	return kind + "/" + name + "/" + rest
}

// isLast tells whether something waits for so long that the bucket would soon empty it: what cannot be
// sent even now becomes a dead letter, which is kept as long again.
func isLast(w Waiting, keepDays int, now time.Time) bool {
	return w.Key != "" && now.Sub(time.UnixMilli(w.Since)) > time.Duration(keepDays-1)*24*time.Hour
}
