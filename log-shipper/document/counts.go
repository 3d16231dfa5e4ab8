package document

import "time"

// Counts are what became of the events of one or more payloads on the way to documents. Always
// In = the documents made + Dropped + Sampled + Own + len(Refused).
type Counts struct {
	// In is how many events there were. A text in which no events can be told apart is one.
	In int
	// Dropped were left out by the configuration.
	Dropped int
	// Sampled are of invocations that were left out for others like them.
	Sampled int
	// Own came from a log group that must not be shipped.
	Own int
	// OwnGroups names those groups, each once.
	OwnGroups []string
	// Refused are events of which no document can be made.
	Refused []Refusal
	// Controls is how many payloads were CloudWatch's own messages, which have nothing to send.
	Controls int
	// Untyped is how many payloads with events said no, or an unknown, messageType.
	Untyped int
	// Marked is how many documents had to be changed, or lack their lifted field; their field tags
	// says why.
	Marked int
	// Redacted is how many documents have something redacted.
	Redacted int
}

// Refusal is a piece of a payload that cannot be sent.
type Refusal struct {
	// Reason says what is wrong with it.
	Reason string
	// Raw is the piece as it came, unredacted; it is valid as long as the payload is.
	Raw []byte
}

// Add adds the counts of another payload.
func (c *Counts) Add(more Counts) {
	c.In += more.In
	c.Dropped += more.Dropped
	c.Sampled += more.Sampled
	c.Own += more.Own
	c.OwnGroups = append(c.OwnGroups, more.OwnGroups...)
	c.Refused = append(c.Refused, more.Refused...)
	c.Controls += more.Controls
	c.Untyped += more.Untyped
	c.Marked += more.Marked
	c.Redacted += more.Redacted
}

// Lag is how long before now the event of document i happened; 0 where its time lies ahead.
func (b *Batch) Lag(i int, now time.Time) time.Duration {
	return max(0, time.Duration(now.UnixMilli()-b.docs[i].time)*time.Millisecond)
}
