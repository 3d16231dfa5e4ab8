package warmer

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Calendar is the windows of a configuration, with their zones.
type Calendar map[string]hours

// hours are a window that was read: the days that it begins on, and minutes since midnight.
type hours struct {
	days     [7]bool // by time.Weekday
	from, to int     // to is over 24 hours where the window ends on the next day
	zone     *time.Location
}

var week = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

const dayMinutes = 24 * 60

// Calendar reads the windows. Those of a valid configuration all can be read.
func (c Config) Calendar() (Calendar, error) {
	calendar := Calendar{}
	for name, window := range c.Windows {
		zone, err := zoneOf(window.TimeZone)
		if err != nil {
			return nil, fmt.Errorf("reading the window %s: %w", name, err)
		}
		h := hours{days: daysOf(window.Days), from: minutesOf(window.From), to: minutesOf(window.To), zone: zone}
		if h.to <= h.from {
			h.to += dayMinutes
		}
		calendar[name] = h
	}
	return calendar, nil
}

// On tells whether a window is on at a time. Its end is no longer part of it. Always is on at any time,
// and a window that does not exist at none.
func (c Calendar) On(name string, at time.Time) bool {
	h, known := c[name]
	if !known {
		return name == Always
	}
	local := at.In(h.zone)
	// A window of yesterday may reach into today, and over the change of the clocks into tomorrow's first hour.
	for _, back := range []int{0, 1, 2} {
		day := time.Date(local.Year(), local.Month(), local.Day()-back, 12, 0, 0, 0, time.UTC)
		if !h.days[day.Weekday()] {
			continue
		}
		if begins, ends := h.instant(day, h.from, false), h.instant(day, h.to, true); !at.Before(begins) && at.Before(ends) {
			return true
		}
	}
	return false
}

// instant is when a zone's clocks show so many minutes after the midnight of a day. Where they show it
// twice, since they are set back, it is the last time if so asked, and the first if not: a window is then an
// hour longer, and never off in between. Where they skip it, it is the moment in which they do.
func (h hours) instant(day time.Time, minutes int, last bool) time.Time {
	clock := time.Date(day.Year(), day.Month(), day.Day(), 0, minutes, 0, 0, time.UTC)
	before, after := h.offset(clock.Add(-24*time.Hour)), h.offset(clock.Add(24*time.Hour))
	early, late := clock.Add(-max(before, after)), clock.Add(-min(before, after))
	shows := func(at time.Time) bool { return at.Add(h.offset(at)).Equal(clock) }
	switch {
	case shows(late) && (last || !shows(early)):
		return late
	case shows(early):
		return early
	}
	_, changed := early.In(h.zone).ZoneBounds()
	return changed
}

func (h hours) offset(at time.Time) time.Duration {
	_, seconds := at.In(h.zone).Zone()
	return time.Duration(seconds) * time.Second
}

// daysOf reads days such as mon-fri or sat,sun; fri-mon is four days. Empty is all of them.
// It has the form that is asked for.
func daysOf(text string) (days [7]bool) {
	if text == "" {
		text = "mon-sun"
	}
	for part := range strings.SplitSeq(text, ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		from, to := slices.Index(week, first), slices.Index(week, last)
		for ahead := range (to-from+len(week))%len(week) + 1 {
			days[(from+ahead)%len(week)] = true
		}
	}
	return days
}

// minutesOf are those since midnight of a time of day that has the form 07:45.
func minutesOf(text string) int {
	var hour, minute int
	if _, err := fmt.Sscanf(text, "%d:%d", &hour, &minute); err != nil {
		return 0 // the form was checked
	}
	return hour*60 + minute
}

// zoneOf finds a time zone by its name; the empty name is UTC.
func zoneOf(name string) (*time.Location, error) {
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		return nil, errors.New("a time zone by its IANA name, such as Europe/Berlin")
	}
	return zone, nil
}
