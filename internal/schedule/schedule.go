// Package schedule reads the expressions of EventBridge Scheduler, rate(6 hours)
// and cron(0 3 * * ? *), refuses what AWS would refuse, and says how far apart
// the runs lie at the least and at the most. It never says when the next run is:
// that is AWS's business.
//
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
package schedule

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Unbounded is the longest gap of a schedule that comes to an end: a cron
// expression whose year field does not hold every year.
const Unbounded = time.Duration(math.MaxInt64)

// Schedule is what Parse has read. The zero value has no gaps.
type Schedule struct {
	shortest, longest time.Duration
	// last is the last run of a schedule that comes to an end.
	last time.Time
}

// LastRun is when a schedule that comes to an end runs for the last time; zero for all others.
func (s Schedule) LastRun() time.Time { return s.last }

// ShortestGap is the least time between two runs, Unbounded if there is only one run.
func (s Schedule) ShortestGap() time.Duration { return s.shortest }

// LongestGap is the most time between two runs, clock changes included, or Unbounded.
func (s Schedule) LongestGap() time.Duration { return s.longest }

// Zone finds an IANA time zone such as Europe/Berlin; the empty name is UTC.
func Zone(name string) (*time.Location, error) {
	if name == "Local" {
		return nil, errors.New("a time zone by its IANA name, such as Europe/Berlin")
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("a time zone by its IANA name, such as Europe/Berlin: %w", err)
	}
	return zone, nil
}

// Parse reads an expression in a time zone as Zone has it. Its errors say what
// is allowed instead.
func Parse(expression, zone string) (Schedule, error) {
	location, err := Zone(zone)
	if err != nil {
		return Schedule{}, err
	}
	switch {
	case strings.HasPrefix(expression, "rate("):
		return parseRate(expression)
	case strings.HasPrefix(expression, "cron(") && strings.HasSuffix(expression, ")"):
		fields := strings.TrimSuffix(strings.TrimPrefix(expression, "cron("), ")")
		parsed, err := parseCron(fields)
		if err != nil {
			return Schedule{}, err
		}
		return parsed.gaps(location)
	}
	return Schedule{}, errors.New("rate(6 hours) or cron(0 3 * * ? *), as EventBridge Scheduler has them")
}

var rateForm = regexp.MustCompile(`^rate\(([1-9]\d{0,5}) (minute|hour|day)(s?)\)$`)

// parseRate is strict about blanks and about the plural: Scheduler refuses
// rate( 10 minutes ), and the older EventBridge rules refuse rate(1 minutes).
func parseRate(expression string) (Schedule, error) {
	parts := rateForm.FindStringSubmatch(expression)
	if parts == nil {
		return Schedule{}, errors.New("a whole number and minutes, hours or days, with one space between them: rate(6 hours)")
	}
	value, err := strconv.Atoi(parts[1])
	if err != nil {
		return Schedule{}, fmt.Errorf("reading the rate: %w", err)
	}
	if (value == 1) != (parts[3] == "") {
		return Schedule{}, errors.New("the singular for 1 and the plural for all else: rate(1 hour), rate(6 hours)")
	}
	// A day is 24 hours here, whatever the clocks do.
	unit := map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}[parts[2]]
	if time.Duration(value) > 36500*24*time.Hour/unit {
		return Schedule{}, errors.New("a rate of at most 36500 days")
	}
	gap := time.Duration(value) * unit
	return Schedule{shortest: gap, longest: gap}, nil
}
