package limitraiser

import "time"

// Sample is one minute of a resource's load, as CloudWatch counts it.
type Sample struct {
	At time.Time
	// Consumed are the units consumed in that minute, Requests the requests that succeeded,
	// Throttled those that did not for want of capacity: sums over the minute.
	Consumed, Requests, Throttled float64
}

// Demand is what a resource would have used if nothing had been throttled.
type Demand struct {
	// PerSecond is in the resource's units a second.
	PerSecond float64
	// Least is what it would be if clients sent a throttled request MostAttempts times; 0 where
	// that is not known.
	Least float64
	// Known is false when there were no samples to reckon from.
	Known bool
	// Detail says in words how it was reckoned.
	Detail string
}

// Step is how far a resource is to be raised.
type Step struct {
	// From is the present capacity, To what is asked for; equal when nothing is to be raised.
	From, To float64
	// AtMaximum says that the maximum cut the step, or left nothing to raise.
	AtMaximum bool
	// Reason says in words why so much.
	Reason string
}
