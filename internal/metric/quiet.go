package metric

import (
	"math"
	"slices"
)

// Quiet is the threshold nearest to that of the alarm with which it would not have come on; false where none
// would do, as where missing data breaches. It is a round number a little beyond what was measured.
func (r Replay) Quiet() (float64, bool) {
	if !slices.Contains(r.States, On) {
		return r.Alarm.Rule.Threshold, true
	}
	measured := r.measured()
	// The further a threshold lies beyond the values, the less breaches: so the first that is quiet is searched.
	at, _ := slices.BinarySearchFunc(measured, true, func(value float64, _ bool) int {
		if r.fires(r.past(value)) {
			return -1
		}
		return 0
	})
	for ; at < len(measured); at++ {
		if threshold := r.past(measured[at]); !r.fires(threshold) {
			return threshold, true
		}
	}
	return 0, false
}

// measured are the values that breach, each once, the nearest to the threshold first.
func (r Replay) measured() []float64 {
	var values []float64
	windows := r.windows
	if len(windows) == 0 {
		windows = []Series{r.Values}
	}
	for _, window := range windows {
		for _, value := range window {
			if !Missing(value) && r.Alarm.Rule.Breaches(value) {
				values = append(values, value)
			}
		}
	}
	slices.Sort(values)
	values = slices.Compact(values)
	if !r.Alarm.Rule.Upwards() {
		slices.Reverse(values)
	}
	return values
}

// past is a round threshold that a value does not breach: two digits, a tenth of the value further at most.
func (r Replay) past(value float64) float64 {
	if value == 0 {
		if r.Alarm.Rule.Upwards() {
			return 1
		}
		return -1
	}
	step := math.Pow(10, math.Floor(math.Log10(math.Abs(value)))-1)
	count := value / step
	if r.Alarm.Rule.Upwards() {
		count = math.Floor(count) + 1
	} else {
		count = math.Ceil(count) - 1
	}
	if step < 1 { // divided, a tenth is a tenth; multiplied, it is 0.30000000000000004
		return count / math.Round(1/step)
	}
	return count * step
}
