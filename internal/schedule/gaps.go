package schedule

import (
	"errors"
	"slices"
	"time"
)

// The years that stand for all years: 28 of them, in which every date has fallen
// on every day of the week and the leap day has come seven times.
const (
	cycleFrom = 2026
	cycleTo   = cycleFrom + 28
)

// gaps goes through all runs of a whole cycle of years. A time that the clocks skip in
// spring does not run; one that they repeat in autumn runs once, and AWS does not
// say which of the two times that is, so both are reckoned and the worse counts:
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#daylist-savings-time
func (c cron) gaps(zone *time.Location) (Schedule, error) {
	from, to, ends := cycleFrom, cycleTo, slices.Contains(c.years, false)
	if ends {
		from = firstYear + slices.Index(c.years, true)
		to = lastYear + 1
	}
	early, late, within := meter{shortest: Unbounded}, meter{shortest: Unbounded}, meter{shortest: Unbounded}
	for _, minute := range c.minutes {
		within.run(time.Time{}.Add(time.Duration(minute+1) * time.Minute))
	}
	end := time.Date(to, 1, 1, 0, 0, 0, 0, time.UTC)
	for day := time.Date(from, 1, 1, 0, 0, 0, 0, time.UTC); day.Before(end); day = day.AddDate(0, 0, 1) {
		if !c.years[day.Year()-firstYear] || !c.months[day.Month()] || !c.on(day) {
			continue
		}
		before, after := offset(day.Add(-24*time.Hour), zone), offset(day.Add(48*time.Hour), zone)
		if before == after {
			early.day(day.Add(-before), c.minutes, within)
			late.day(day.Add(-before), c.minutes, within)
			continue
		}
		for _, minute := range c.minutes {
			first, last, exists := instants(day.Add(time.Duration(minute)*time.Minute), before, after, zone)
			if exists {
				early.run(first)
				late.run(last)
			}
		}
	}
	if early.last.IsZero() {
		return Schedule{}, errors.New("a schedule that runs: no day matches all the fields together")
	}
	found := Schedule{shortest: min(early.shortest, late.shortest), longest: max(early.longest, late.longest)}
	if ends {
		found.longest, found.last = Unbounded, late.last
	}
	return found, nil
}

// meter measures the gaps of a row of runs.
type meter struct {
	last              time.Time
	shortest, longest time.Duration
}

func (m *meter) run(at time.Time) {
	if !m.last.IsZero() {
		gap := at.Sub(m.last)
		m.shortest, m.longest = min(m.shortest, gap), max(m.longest, gap)
	}
	m.last = at
}

// day measures a day on which the clocks do not change: the gap before its first
// run, and those within, which are the same each day.
func (m *meter) day(midnight time.Time, minutes []int, within meter) {
	m.run(midnight.Add(time.Duration(minutes[0]) * time.Minute))
	m.shortest, m.longest = min(m.shortest, within.shortest), max(m.longest, within.longest)
	m.last = midnight.Add(time.Duration(minutes[len(minutes)-1]) * time.Minute)
}

// offset is what the zone's clocks are ahead of UTC.
func offset(at time.Time, zone *time.Location) time.Duration {
	_, seconds := at.In(zone).Zone()
	return time.Duration(seconds) * time.Second
}

// instants are the first and the last moment at which the zone's clocks show the
// wall time, which is given as if it were UTC. None exists where they skip it.
func instants(wall time.Time, before, after time.Duration, zone *time.Location) (first, last time.Time, exists bool) {
	for _, ahead := range []time.Duration{max(before, after), min(before, after)} {
		at := wall.Add(-ahead)
		if offset(at, zone) != ahead {
			continue
		}
		if !exists {
			first = at
		}
		last, exists = at, true
	}
	return first, last, exists
}
