package alerts

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"caretaker/internal/setting"
)

// asked is what the file or a tag wants of a check.
type asked struct {
	// off takes the check away; on makes one that is off by default.
	off, on bool
	// threshold is in the check's unit; 0 keeps the default.
	threshold float64
	// band is how wide the band is that stands for the threshold; 0 is none.
	band float64
}

// parse reads off, on, or a threshold such as 2%, 10 or 60s. Where it cannot, it answers what is allowed.
func (c Check) parse(text string) (asked, string) {
	switch text {
	case "off":
		return asked{off: true}, ""
	case "on":
		return asked{on: true}, ""
	}
	if ask, is := c.parseBand(text); is {
		return ask, ""
	}
	orSwitch := c.allowsBand() + ", or on or off"
	switch c.Unit {
	case Deviations:
		return asked{}, strings.TrimPrefix(orSwitch, ", or ")
	case Share:
		if share, err := setting.ParsePercent(text); err == nil && share > 0 {
			return asked{on: true, threshold: float64(share)}, ""
		}
		return asked{}, "a percentage over 0% and up to 100%, such as " + c.written(c.Threshold) + orSwitch
	case Span:
		if span, err := setting.ParseDuration(text); err == nil && span > 0 && span <= setting.Duration(365*setting.Day) {
			return asked{on: true, threshold: span.Std().Seconds()}, ""
		}
		return asked{}, "a time such as " + c.written(c.Threshold) + ", up to 365d" + orSwitch
	}
	if count, err := strconv.ParseUint(text, 10, 31); err == nil && count > 0 {
		return asked{on: true, threshold: float64(count)}, ""
	}
	return asked{}, "a whole number from 1 on, such as " + c.written(c.Threshold) + orSwitch
}

// written is a threshold as people write it.
func (c Check) written(threshold float64) string {
	switch c.Unit {
	case Share:
		return setting.Percent(threshold).String()
	case Deviations:
		return number(threshold) + " standard deviations"
	case Span:
		return setting.Duration(time.Duration(threshold * float64(time.Second))).String()
	}
	return strconv.FormatFloat(threshold, 'f', -1, 64)
}

// patience is how many visibility timeouts a message may wait where nobody said how long: it comes again
// after each failure.
const patience = 6

// standard is the threshold at a resource where nobody asks for another.
func (c Check) standard(r Resource) float64 {
	if c.Kind == Queue && c.Unit == Span {
		return max(c.Threshold, patience*r.Visibility.Seconds())
	}
	if r.Pattern != nil {
		return cmp.Or(float64(r.Pattern.Threshold), c.Threshold)
	}
	return c.Threshold
}

// inMetric is a threshold in the unit of what is judged.
func (c Check) inMetric(threshold float64, r Resource) float64 {
	switch {
	case c.Of == OfTimeout:
		return threshold / 100 * float64(r.Timeout.Milliseconds())
	case c.Of == OfConcurrency:
		return threshold / 100 * float64(r.Concurrency)
	case c.Of == OfQuota:
		return threshold / 100 * c.whole(r)
	case c.Millis:
		return threshold * 1000
	}
	return threshold
}

// periods is N at a resource.
func (c Check) periods(r Resource) int {
	if !c.Early {
		return c.Periods
	}
	reach := int((r.Timeout + c.Period - 1) / c.Period)
	return max(c.Periods, reach+c.Datapoints)
}

// checkAt finds a check by its path, such as function.errors.
func checkAt(path string) (Check, bool) {
	for _, check := range Catalogue {
		if check.Path() == path {
			return check, true
		}
	}
	return Check{}, false
}

// paths are those of a kind's checks, or of all, for people.
func paths(kind Kind) string {
	var all []string
	for _, check := range Catalogue {
		if kind == "" {
			all = append(all, check.Path())
		} else if check.Kind == kind {
			all = append(all, check.Key)
		}
	}
	return strings.Join(all, ", ")
}
