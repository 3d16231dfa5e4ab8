package simulation

import "math"

// targetTracking is what Application Auto Scaling publishes of its rules for tables: up to the
// target after two minutes over it, down to it after 15 minutes more than 20 points under it, and
// never under the capacity of the beginning:
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/AutoScaling.html
type targetTracking struct {
	policy Policy
	// lowered are the minutes of the decreases, of which DynamoDB allows four at once and
	// then one an hour:
	// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
	lowered []int
}

func (t *targetTracking) decide(minute int, seen []measured, capacity float64, busy bool) float64 {
	target := float64(t.policy.Target) / 100
	if len(seen) == 0 || busy {
		return capacity
	}
	consumed := seen[len(seen)-1].Consumed / 60
	to := min(max(math.Ceil(consumed/target), t.policy.Present), max(t.policy.Maximum, t.policy.Present))
	if to > capacity && onFor(seen, 2, 2, func(m measured) bool { return m.utilisation() > target }) {
		return to
	}
	if to < capacity && onFor(seen, 15, 15, func(m measured) bool { return m.utilisation() < target-0.2 }) {
		if n := len(t.lowered); n < 4 || minute-t.lowered[n-1] >= 60 {
			t.lowered = append(t.lowered, minute)
			return to
		}
	}
	return capacity
}
