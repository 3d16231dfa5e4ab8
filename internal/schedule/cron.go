package schedule

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The years a cron expression may name.
const (
	firstYear = 1970
	lastYear  = 2199
)

// cron is a parsed cron expression: which minutes of which days.
type cron struct {
	// minutes are the minutes of the day, 0 to 1439, in order.
	minutes []int
	// months and years are indexed by the month and by the year less firstYear.
	months, years []bool
	// on says whether a day of the right month and year is one of the schedule's.
	on func(day time.Time) bool
}

// field is one of the six fields: its name, its bounds and the names its values may have.
type field struct {
	name      string
	low, high int
	names     []string
}

var (
	minuteField  = field{name: "minutes", low: 0, high: 59}
	hourField    = field{name: "hours", low: 0, high: 23}
	dayField     = field{name: "day of month", low: 1, high: 31}
	monthField   = field{name: "month", low: 1, high: 12, names: []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}}
	weekdayField = field{name: "day of week", low: 1, high: 7, names: []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}}
	yearField    = field{name: "year", low: firstYear, high: lastYear}
)

func parseCron(text string) (cron, error) {
	fields := strings.Split(text, " ")
	if len(fields) != 6 {
		return cron{}, errors.New("six fields with one space between them, minutes, hours, day of month, month, day of week and year: cron(0 3 * * ? *)")
	}
	minutes, err := minuteField.set(fields[0])
	if err != nil {
		return cron{}, err
	}
	hours, err := hourField.set(fields[1])
	if err != nil {
		return cron{}, err
	}
	months, err := monthField.set(fields[3])
	if err != nil {
		return cron{}, err
	}
	years, err := yearField.set(fields[5])
	if err != nil {
		return cron{}, err
	}
	on, err := parseDays(fields[2], fields[4])
	if err != nil {
		return cron{}, err
	}
	parsed := cron{months: months, years: years[firstYear:], on: on}
	for minute := range 24 * 60 {
		if hours[minute/60] && minutes[minute%60] {
			parsed.minutes = append(parsed.minutes, minute)
		}
	}
	return parsed, nil
}

// set reads a list of values, ranges and steps: 0, 1-5, */15, 10/20, MON-FRI. The
// result is indexed by value.
func (f field) set(text string) ([]bool, error) {
	set := make([]bool, f.high+1)
	for item := range strings.SplitSeq(text, ",") {
		span, stepText, stepped := strings.Cut(item, "/")
		low, high := f.low, f.high
		if span != "*" {
			from, to, ranged := strings.Cut(span, "-")
			var err error
			if low, err = f.value(from); err != nil {
				return nil, err
			}
			switch {
			case ranged:
				if high, err = f.value(to); err != nil {
					return nil, err
				}
			case !stepped:
				high = low
			}
			if low > high {
				return nil, fmt.Errorf("a range from low to high in the field %s, not %s", f.name, span)
			}
		}
		step := 1
		if stepped {
			var err error
			// AWS refuses */60 in the minutes.
			if step, err = number(stepText); err != nil || step < 1 || step > f.high {
				return nil, fmt.Errorf("a step from 1 to %d in the field %s, not %q", f.high, f.name, stepText)
			}
		}
		for value := low; value <= high; value += step {
			set[value] = true
		}
	}
	return set, nil
}

// value reads one value, by number or by name.
func (f field) value(text string) (int, error) {
	for index, name := range f.names {
		if strings.EqualFold(name, text) {
			return f.low + index, nil
		}
	}
	value, err := number(text)
	if err != nil || value < f.low || value > f.high {
		return 0, fmt.Errorf("%d to %d in the field %s, not %q", f.low, f.high, f.name, text)
	}
	return value, nil
}

// number reads ASCII digits only: strconv.Atoi would take a sign too.
func number(text string) (int, error) {
	if text == "" || len(text) > 4 || strings.Trim(text, "0123456789") != "" {
		return 0, fmt.Errorf("%q is not a number", text)
	}
	return strconv.Atoi(text)
}

// parseDays reads the two day fields, of which exactly one is a question mark.
func parseDays(ofMonth, ofWeek string) (func(time.Time) bool, error) {
	if (ofMonth == "?") == (ofWeek == "?") {
		return nil, errors.New("a ? in exactly one of day of month and day of week: cron(0 3 * * ? *), cron(0 3 ? * MON *)")
	}
	if ofWeek == "?" {
		return parseDayOfMonth(ofMonth)
	}
	return parseDayOfWeek(ofWeek)
}

// parseDayOfMonth knows, beside lists, L for the month's last day and 15W for the
// weekday nearest to the 15th within the month.
func parseDayOfMonth(text string) (func(time.Time) bool, error) {
	if text == "L" {
		return func(day time.Time) bool { return day.Day() == daysIn(day) }, nil
	}
	if near, found := strings.CutSuffix(text, "W"); found {
		target, err := dayField.value(near)
		if err != nil {
			return nil, err
		}
		return func(day time.Time) bool { return day.Day() == nearestWeekday(day, target) }, nil
	}
	set, err := dayField.set(text)
	if err != nil {
		return nil, err
	}
	return func(day time.Time) bool { return set[day.Day()] }, nil
}

// parseDayOfWeek knows, beside lists, L for Saturday, 6L for the month's last
// Friday and 3#2 for its second Tuesday.
func parseDayOfWeek(text string) (func(time.Time) bool, error) {
	if text == "L" {
		return func(day time.Time) bool { return day.Weekday() == time.Saturday }, nil
	}
	if last, found := strings.CutSuffix(text, "L"); found {
		weekday, err := weekdayField.value(last)
		if err != nil {
			return nil, err
		}
		return func(day time.Time) bool {
			return int(day.Weekday())+1 == weekday && day.Day()+7 > daysIn(day)
		}, nil
	}
	if name, nth, found := strings.Cut(text, "#"); found {
		weekday, err := weekdayField.value(name)
		if err != nil {
			return nil, err
		}
		week, err := number(nth)
		if err != nil || week < 1 || week > 5 {
			return nil, fmt.Errorf("1 to 5 after the # of the day of week, not %q", nth)
		}
		return func(day time.Time) bool {
			return int(day.Weekday())+1 == weekday && (day.Day()+6)/7 == week
		}, nil
	}
	set, err := weekdayField.set(text)
	if err != nil {
		return nil, err
	}
	return func(day time.Time) bool { return set[int(day.Weekday())+1] }, nil
}

// daysIn is how many days the month of day has.
func daysIn(day time.Time) int {
	return time.Date(day.Year(), day.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// nearestWeekday is the Monday to Friday nearest to the target day, never in
// another month; 0 where the month has no such day.
func nearestWeekday(day time.Time, target int) int {
	last := daysIn(day)
	if target > last {
		return 0
	}
	switch time.Date(day.Year(), day.Month(), target, 0, 0, 0, 0, time.UTC).Weekday() {
	case time.Saturday:
		if target == 1 {
			return 3
		}
		return target - 1
	case time.Sunday:
		if target == last {
			return target - 2
		}
		return target + 1
	}
	return target
}
