// Package metric computes what CloudWatch computes of metrics: metric math, and the state that an alarm
// comes to. It is given the datapoints, and reaches nothing.
//
// The rules are those of AWS's pages, which are named where they are applied; what the pages leave open is in
// docs/not-verified.md.
package metric

import (
	"math"
	"time"
)

// Frame is the stretch of time that all series of a computation share.
type Frame struct {
	// Start is when the first period begins.
	Start  time.Time
	Period time.Duration
	Count  int
}

// End is when the last period is over.
func (f Frame) End() time.Time { return f.Start.Add(time.Duration(f.Count) * f.Period) }

// At is when a period begins.
func (f Frame) At(slot int) time.Time { return f.Start.Add(time.Duration(slot) * f.Period) }

// Slot is the period in which a moment lies; false where it lies outside the frame.
func (f Frame) Slot(at time.Time) (int, bool) {
	since := at.Sub(f.Start)
	slot := int(since / f.Period)
	return slot, since >= 0 && slot < f.Count
}

// cut is a part of the frame.
func (f Frame) cut(from, to int) Frame { return Frame{f.At(from), f.Period, to - from} }

// Series are the values of a metric, one a period of the frame. A period without a datapoint is NaN.
type Series []float64

// None is a series without a datapoint.
func None(count int) Series { return constant(math.NaN(), count) }

func constant(value float64, count int) Series {
	series := make(Series, count)
	for slot := range series {
		series[slot] = value
	}
	return series
}

// Missing says whether a value stands for a period without a datapoint.
func Missing(value float64) bool { return math.IsNaN(value) }

// drop makes what no datapoint can be, such as what was divided by zero, no datapoint.
func drop(value float64) float64 {
	if math.IsInf(value, 0) {
		return math.NaN()
	}
	return value
}

// each is a series made value by value, of the values that are there.
func (s Series) each(compute func(float64) float64) Series {
	result := None(len(s))
	for slot, value := range s {
		if !Missing(value) {
			result[slot] = drop(compute(value))
		}
	}
	return result
}

// there are the values of the datapoints.
func (s Series) there() []float64 {
	var values []float64
	for _, value := range s {
		if !Missing(value) {
			values = append(values, value)
		}
	}
	return values
}
