package metric

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// State is that of an alarm, in AWS's words.
type State string

// The states.
const (
	OK     State = "OK"
	On     State = "ALARM"
	NoData State = "INSUFFICIENT_DATA"
)

// Rule is when an alarm is on.
type Rule struct {
	// Comparison is AWS's word, such as GreaterThanThreshold.
	Comparison string
	Threshold  float64
	// Datapoints of Periods have to breach: M of N.
	Datapoints, Periods int
	// Missing is how a period without a datapoint counts: missing, which is also what empty means, notBreaching,
	// breaching or ignore.
	Missing string
	// Samples is how many samples the datapoints have to stand for together; with fewer the state stays as it
	// is. 0 asks for none. See Fewest.
	Samples float64
}

// How missing data counts.
const (
	AsMissing     = "missing"
	AsNotBreaches = "notBreaching"
	AsBreaches    = "breaching"
	AsIgnored     = "ignore"
)

// comparisons are those with a threshold.
var comparisons = map[string]func(value, threshold float64) bool{
	"GreaterThanOrEqualToThreshold": func(v, t float64) bool { return v >= t },
	"GreaterThanThreshold":          func(v, t float64) bool { return v > t },
	"LessThanThreshold":             func(v, t float64) bool { return v < t },
	"LessThanOrEqualToThreshold":    func(v, t float64) bool { return v <= t },
}

// Check says why the rule cannot be computed; nil where it can.
func (r Rule) Check() error {
	switch _, known := comparisons[r.Comparison]; {
	case strings.Contains(r.Comparison, "Upper"), strings.Contains(r.Comparison, "Lower"):
		return fmt.Errorf("%s compares with an anomaly band, whose model AWS alone has", r.Comparison)
	case !known:
		return fmt.Errorf("the comparison %q is not known", r.Comparison)
	case r.Periods < 1, r.Datapoints < 1, r.Datapoints > r.Periods:
		return fmt.Errorf("%d of %d datapoints cannot be judged", r.Datapoints, r.Periods)
	case !slices.Contains([]string{"", AsMissing, AsNotBreaches, AsBreaches, AsIgnored}, r.Missing):
		return fmt.Errorf("%q is no way to treat missing data", r.Missing)
	}
	return nil
}

// Breaches says whether a value, which must be there, is over the threshold, or under it.
func (r Rule) Breaches(value float64) bool { return comparisons[r.Comparison](value, r.Threshold) }

// Upwards says whether it is large values that breach.
func (r Rule) Upwards() bool { return strings.HasPrefix(r.Comparison, "Greater") }

// beyond is how many periods more than N CloudWatch looks at, in case some of the last N have no datapoint. AWS
// tells of one case, 5 periods for N = 3, and that it depends on the period.
const beyond = 2

// Range is how many periods are looked at: AWS's evaluation range.
func (r Rule) Range() int { return r.Periods + beyond }

// Judge is the state that an alarm comes to. The values are those of the evaluation range, the newest last; there
// may be fewer of them. Samples are how many samples each stands for, where Rule.Samples asks for that, else nil.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
func (r Rule) Judge(values, samples Series, now State) State {
	values = values[max(0, len(values)-r.Range()):]
	if r.Samples > 0 && total(samples[max(0, len(samples)-r.Periods):].there()) < r.Samples {
		return now
	}
	found := r.count(values)
	filled := r.Periods - found.there
	switch {
	case found.there == 0:
		return r.without(now)
	case found.breaching >= r.Datapoints:
		return On
	case filled <= 0, r.Missing == AsNotBreaches:
		return OK
	case r.Missing == AsBreaches:
		return stateOf(found.breaching+filled >= r.Datapoints)
	case found.breaching < found.there:
		return OK
	}
	// All that is there breaches, and it is too little. What is old enough is not waited for any more.
	switch {
	case r.Missing == AsIgnored:
		return now
	case found.oldest >= r.Datapoints:
		return On
	}
	return NoData
}

// counted is what stands in an evaluation range: the newest datapoints, at most N.
type counted struct {
	there, breaching int
	// oldest is how many periods ago the oldest breaching one was, the newest period being 1.
	oldest int
}

func (r Rule) count(values Series) (found counted) {
	for slot := len(values) - 1; slot >= 0 && found.there < r.Periods; slot-- {
		if Missing(values[slot]) {
			continue
		}
		found.there++
		if r.Breaches(values[slot]) {
			found.breaching++
			found.oldest = len(values) - slot
		}
	}
	return found
}

// without is the state where no datapoint is there at all.
func (r Rule) without(now State) State {
	switch r.Missing {
	case AsNotBreaches:
		return OK
	case AsBreaches:
		return On
	case AsIgnored:
		return now
	}
	return NoData
}

func stateOf(on bool) State {
	if on {
		return On
	}
	return OK
}

// Fewest is how many samples a percentile needs to say something, for alarms that ignore percentiles of few
// samples; 0 for another statistic.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/percentiles-with-low-samples.html
func Fewest(statistic string) float64 {
	text, is := strings.CutPrefix(statistic, "p")
	percent, err := strconv.ParseFloat(text, 64)
	switch {
	case !is, err != nil, percent <= 0, percent >= 100:
		return 0
	case percent >= 50:
		return 10 / (1 - percent/100)
	}
	return 10 / (percent / 100)
}
