package logshipper

// Tally says what became of the events of a run, or of one delivery. Each event is in In and in one of the others.
type Tally struct {
	// In is how many events there were.
	In int `json:"in"`
	// Delivered were accepted by the destination now, Already stood there.
	Delivered int `json:"delivered"`
	Already   int `json:"already,omitempty"`
	// Unanswered were sent to a destination that never says what it took.
	Unanswered int `json:"unanswered,omitempty"`
	// Filtered were dropped or sampled as the file says, or come from a log group that must not be shipped.
	Filtered int `json:"filtered,omitempty"`
	// DeadLettered will never be accepted: they are in the bucket with their reasons, or where the
	// destination itself puts what it refuses.
	DeadLettered int `json:"deadLettered,omitempty"`
	// Parked are in the bucket and come back through the queue.
	Parked int `json:"parked,omitempty"`
	// HandedBack are left to Lambda, which brings them again.
	HandedBack int `json:"handedBack,omitempty"`
}

// Imbalance is how many events became nothing, or, below 0, more than one thing. It must be 0.
func (t Tally) Imbalance() int {
	return t.In - t.Delivered - t.Already - t.Unanswered - t.Filtered - t.DeadLettered - t.Parked - t.HandedBack
}

// Add adds what became of more events.
func (t *Tally) Add(more Tally) {
	t.In += more.In
	t.Delivered += more.Delivered
	t.Already += more.Already
	t.Unanswered += more.Unanswered
	t.Filtered += more.Filtered
	t.DeadLettered += more.DeadLettered
	t.Parked += more.Parked
	t.HandedBack += more.HandedBack
}

// Account is what became of the events that are for a destination, or for all of them.
type Account struct {
	Tally
	// Diverted were accepted and put aside by the destination itself; they are among the dead letters.
	Diverted int `json:"diverted,omitempty"`
	// Bare arrived without their lifted field.
	Bare int `json:"bare,omitempty"`
	// LagMs is how long before now the oldest event happened that was delivered, or sent without an answer. Nil where none was.
	LagMs *int64 `json:"lagMs,omitempty"`
	// ParkedMs is how long ago the oldest of what is parked again was parked first.
	ParkedMs int64 `json:"parkedMs,omitempty"`
	// Unsent says why something was not sent.
	Unsent string `json:"unsent,omitempty"`
}

// settled adds what became of a delivery.
func (a *Account) settled(d *due) {
	a.Add(d.tally)
	a.Diverted += d.diverted
	if d.lag == nil {
		return
	}
	if ms := d.lag.Milliseconds(); a.LagMs == nil || *a.LagMs < ms {
		a.LagMs = &ms
	}
}
