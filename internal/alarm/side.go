package alarm

import (
	"math"
	"strings"
)

// Side is on which side of what is usual a metric is.
type Side string

// The sides.
const (
	Unclear Side = ""
	High    Side = "high"
	Low     Side = "low"
)

// Side tells whether an alarm that is in ALARM says that one of its metrics, by its id, is high or
// low. It is Unclear where the alarm does not say how it compares, or the metric does not move what
// is compared in one direction.
func (a Alarm) Side(id string) Side {
	side := a.crossed()
	switch a.course(id) {
	case rises:
		return side
	case falls:
		return map[Side]Side{High: Low, Low: High}[side]
	}
	return Unclear
}

// crossed is the side on which what the alarm compares is.
func (a Alarm) crossed() Side {
	switch a.Comparison {
	case "GreaterThanThreshold", "GreaterThanOrEqualToThreshold", "GreaterThanUpperThreshold":
		return High
	case "LessThanThreshold", "LessThanOrEqualToThreshold", "LessThanLowerThreshold":
		return Low
	case BothWays:
		return a.Recent.side()
	}
	return Unclear
}

// BothWays is the comparison that tells only with Recent which way a band was left.
const BothWays = "LessThanLowerOrGreaterThanUpperThreshold"

// side is where the values are that are outside their band, when all are on one side.
func (r Recent) side() Side {
	var over, under bool
	for i, value := range r.Values {
		over = over || i < len(r.Upper) && value > r.Upper[i]
		under = under || i < len(r.Lower) && value < r.Lower[i]
	}
	switch {
	case over && !under:
		return High
	case under && !over:
		return Low
	}
	return Unclear
}

// course is which way the value of an alarm goes while one of its metrics goes up.
type course int

const (
	flat    course = iota // it does not move
	rises                 // it never falls, and rises somewhere
	falls                 // it never rises, and falls somewhere
	unclear               // it does both, or cannot be worked out
)

// What expressions may be for a course to be worked out. An alarm has up to ten, of 2,048 characters:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataQuery.html
const (
	maxMath   = 20_480
	maxValues = 1000
)

// course works the alarm's value out for one metric from next to nothing to very much, all others
// staying the same. That shows the direction of whatever the expression is, a ratio, headroom or a
// condition, without knowing it.
func (a Alarm) course(id string) course {
	shown, found := a.shown()
	length, words := 0, map[string][]string{}
	for _, metric := range a.Metrics {
		if length += len(metric.Expression); length > maxMath {
			return unclear
		}
		words[metric.ID] = wordForm.FindAllString(metric.Expression, -1)
	}
	if !found {
		return unclear
	}
	var up, down bool
	last := math.NaN()
	for exponent := -20; exponent <= 30; exponent++ {
		now, ok := a.value(shown, words, known(a.Metrics, id, math.Ldexp(1, exponent)))
		if !ok {
			return unclear
		}
		up, down = up || now > last, down || now < last
		if !math.IsNaN(now) {
			last = now
		}
	}
	switch {
	case up && down:
		return unclear
	case up:
		return rises
	case down:
		return falls
	}
	return flat
}

// shown is the metric, or the expression, that the alarm compares with its threshold or band.
func (a Alarm) shown() (Metric, bool) {
	if len(a.Metrics) == 1 {
		return a.Metrics[0], true
	}
	var compared []Metric
	for _, metric := range a.Metrics {
		if metric.Compared && !strings.HasPrefix(metric.Expression, "ANOMALY_DETECTION_BAND") {
			compared = append(compared, metric)
		}
	}
	if len(compared) != 1 {
		return Metric{}, false
	}
	return compared[0], true
}

// known are the values of the metrics by their ids: that of one, and a thousand for all others.
func known(metrics []Metric, id string, value float64) map[string][]float64 {
	values := map[string][]float64{}
	for _, metric := range metrics {
		if metric.measured() {
			values[metric.ID] = []float64{1000}
		}
	}
	values[id] = []float64{value}
	return values
}

// value is what the alarm compares. It is false where that cannot be worked out.
func (a Alarm) value(shown Metric, words map[string][]string, known map[string][]float64) (float64, bool) {
	e := &evaluation{words: words, known: known}
	for _, metric := range a.Metrics {
		if metric.measured() {
			e.metrics = append(e.metrics, known[metric.ID]...)
		}
	}
	values := e.named(shown.ID)
	return first(values), !e.failed && len(values) > 0
}

// measured tells a metric from an expression over others. A query is measured as a metric is.
func (m Metric) measured() bool { return m.Expression == "" || insights.MatchString(m.Expression) }

func first(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	return values[0]
}
