package alerts

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"caretaker/internal/setting"
)

// Inventory is what a plan is made of: for those who look at it and make none.
func (r *Reconciler) Inventory(ctx context.Context) (Facts, error) {
	facts, err := r.inventory(ctx)
	if err != nil {
		return Facts{}, fmt.Errorf("taking inventory: %w", err)
	}
	return facts, nil
}

// Wanted is the alarm as it should be; without a name where none should be there.
func (d Decision) Wanted() Alarm { return d.wanted }

// There is the alarm that stands; without a name where none does.
func (d Decision) There() Existing { return d.there }

// Identity are the dimensions by which AWS publishes what a resource does, sorted by name; none of the account.
func Identity(r Resource) []Dimension { return dimensions(r, Measure{}) }

// CheckOf is the check that an alarm of a stage is made by; false of another alarm.
func CheckOf(stage, alarm string) (Check, bool) {
	if !strings.HasPrefix(alarm, Prefix(stage)) {
		return Check{}, false
	}
	_, kind, key := parts(stage, alarm)
	return checkAt(string(kind) + "." + key)
}

// Written is a threshold as CloudWatch judges it, in the words of the file and the tags, rounded up; empty where
// no threshold that can be written so is as high.
func (c Check) Written(judged float64, r Resource) string {
	switch {
	case c.Of == OfTimeout && r.Timeout > 0:
		judged = judged / float64(r.Timeout.Milliseconds()) * 100
	case c.Of == OfConcurrency && r.Concurrency > 0:
		judged = judged / float64(r.Concurrency) * 100
	case c.Of == OfQuota && c.whole(r) > 0:
		judged = judged / c.whole(r) * 100
	case c.Millis:
		judged /= 1000
	}
	switch c.Unit {
	case Share:
		if judged = math.Ceil(judged*10) / 10; judged > 100 {
			return ""
		}
	case Span:
		judged = math.Ceil(judged)
		return setting.Duration(time.Duration(judged) * time.Second).String()
	default:
		judged = math.Ceil(judged)
	}
	return c.written(judged)
}
