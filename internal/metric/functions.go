package metric

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

// function is one of metric math.
type function struct {
	least, most int
	// windowed says that the value at a moment depends on more than the metrics at that moment. An alarm computes
	// such a function over its evaluation range alone.
	windowed bool
	compute  func(*computation, []node) (value, error)
}

// functions are those that are computed here, by name. It is filled at the start, since they call each other.
var functions map[string]function

func functionNames() []string { return slices.Sorted(maps.Keys(functions)) }

func init() {
	functions = map[string]function{
		"ABS":             {1, 1, false, pointwise(math.Abs)},
		"CEIL":            {1, 1, false, pointwise(math.Ceil)},
		"FLOOR":           {1, 1, false, pointwise(math.Floor)},
		"LOG":             {1, 1, false, pointwise(math.Log)},
		"LOG10":           {1, 1, false, pointwise(math.Log10)},
		"AVG":             {1, 1, true, aggregate(average, true)},
		"MAX":             {1, 1, true, aggregate(slices.Max[[]float64], false)},
		"MIN":             {1, 1, true, aggregate(slices.Min[[]float64], false)},
		"SUM":             {1, 1, true, aggregate(total, false)},
		"STDDEV":          {1, 1, true, aggregate(deviation, false)},
		"DATAPOINT_COUNT": {1, 1, true, aggregate(func(v []float64) float64 { return float64(len(v)) }, false)},
		"DIFF":            {1, 1, true, steps(func(change, _ float64) float64 { return change })},
		"DIFF_TIME":       {1, 1, true, steps(func(_, seconds float64) float64 { return seconds })},
		"RATE":            {1, 1, true, steps(func(change, seconds float64) float64 { return change / seconds })},
		"RUNNING_SUM":     {1, 1, true, overall(running)},
		"FILL":            {2, 2, true, (*computation).fill},
		"IF":              {2, 3, false, (*computation).choose},
		"METRICS":         {0, 1, false, (*computation).all},
		"METRIC_COUNT":    {1, 1, false, (*computation).count},
		"PERIOD":          {1, 1, false, (*computation).period},
		"TIME_SERIES":     {1, 1, false, (*computation).flat},
		"MINUTE":          {1, 1, false, clock(func(t time.Time) int { return t.Minute() })},
		"HOUR":            {1, 1, false, clock(func(t time.Time) int { return t.Hour() })},
		"DAY":             {1, 1, false, clock(func(t time.Time) int { return (int(t.Weekday())+6)%7 + 1 })}, // Monday is 1
		"DATE":            {1, 1, false, clock(func(t time.Time) int { return t.Day() })},
		"MONTH":           {1, 1, false, clock(func(t time.Time) int { return int(t.Month()) })},
		"YEAR":            {1, 1, false, clock(func(t time.Time) int { return t.Year() })},
		"EPOCH":           {1, 1, false, clock(func(t time.Time) int { return int(t.Unix()) })},
	}
}

// needs is an argument that has to be one series or several.
func (c *computation) needs(function string, of node) (value, error) {
	found, err := c.value(of)
	if err == nil && found.kind == scalar {
		err = fmt.Errorf("%s takes a metric, not a number", function)
	}
	return found, err
}

// overall makes each series of another.
func overall(compute func(Series) Series) func(*computation, []node) (value, error) {
	return func(c *computation, arguments []node) (value, error) {
		of, err := c.needs("it", arguments[0])
		return of.made(compute), err
	}
}

func pointwise(compute func(float64) float64) func(*computation, []node) (value, error) {
	return func(c *computation, arguments []node) (value, error) {
		of, err := c.value(arguments[0])
		return of.each(compute), err
	}
}

// aggregate is a number of one series, and a series of several: at each moment of those that have a datapoint.
// Where the others count as 0, an average is over all.
func aggregate(compute func([]float64) float64, zeros bool) func(*computation, []node) (value, error) {
	return func(c *computation, arguments []node) (value, error) {
		of, err := c.needs("it", arguments[0])
		if err != nil {
			return value{}, err
		}
		if of.kind == one {
			values := of.series[0].there()
			if len(values) == 0 {
				return value{number: math.NaN()}, nil
			}
			return value{number: compute(values)}, nil
		}
		result := None(c.frame.Count)
		for slot := range result {
			var values []float64
			there := false
			for _, series := range of.series {
				if is := !Missing(series[slot]); is || zeros {
					values = append(values, orZero(series[slot]))
					there = there || is
				}
			}
			if there {
				result[slot] = compute(values)
			}
		}
		return single(result), nil
	}
}

func total(values []float64) (sum float64) {
	for _, value := range values {
		sum += value
	}
	return sum
}

func average(values []float64) float64 { return total(values) / float64(len(values)) }

func deviation(values []float64) float64 {
	mean, squares := average(values), 0.0
	for _, value := range values {
		squares += (value - mean) * (value - mean)
	}
	return math.Sqrt(squares / float64(len(values)))
}

// steps compares each datapoint with the one before it. The first has none, and so no value.
func steps(compute func(change, seconds float64) float64) func(*computation, []node) (value, error) {
	return func(c *computation, arguments []node) (value, error) {
		of, err := c.needs("it", arguments[0])
		return of.made(func(series Series) Series {
			result, before := None(len(series)), -1
			for slot, now := range series {
				if Missing(now) {
					continue
				}
				if before >= 0 {
					result[slot] = compute(now-series[before], c.frame.Period.Seconds()*float64(slot-before))
				}
				before = slot
			}
			return result
		}), err
	}
}

func running(series Series) Series {
	sum := 0.0
	return series.each(func(value float64) float64 {
		sum += value
		return sum
	})
}

// all are the metrics of the alarm, or those whose id contains a text.
func (c *computation) all(arguments []node) (value, error) {
	found, part := value{kind: several}, ""
	if len(arguments) > 0 {
		if arguments[0].what != quoted {
			return value{}, fmt.Errorf("METRICS takes a text")
		}
		part = arguments[0].text
	}
	for _, id := range c.ids {
		if strings.Contains(id, part) {
			found.series = append(found.series, c.metrics[id])
		}
	}
	return found, nil
}

func (c *computation) count(arguments []node) (value, error) {
	of, err := c.needs("METRIC_COUNT", arguments[0])
	return value{number: float64(len(of.series))}, err
}

func (c *computation) period(arguments []node) (value, error) {
	_, err := c.needs("PERIOD", arguments[0])
	return value{number: c.frame.Period.Seconds()}, err
}

func (c *computation) flat(arguments []node) (value, error) {
	of, err := c.value(arguments[0])
	if err == nil && of.kind != scalar {
		err = fmt.Errorf("TIME_SERIES takes a number")
	}
	return single(constant(of.number, c.frame.Count)), err
}

// clock is a value for each moment, datapoint or not.
func clock(read func(time.Time) int) func(*computation, []node) (value, error) {
	return func(c *computation, arguments []node) (value, error) {
		if _, err := c.needs("it", arguments[0]); err != nil {
			return value{}, err
		}
		result := None(c.frame.Count)
		for slot := range result {
			result[slot] = float64(read(c.frame.At(slot).UTC()))
		}
		return single(result), nil
	}
}
