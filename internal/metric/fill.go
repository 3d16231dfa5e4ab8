package metric

import (
	"fmt"
	"math"
)

// fill gives the periods without a datapoint a value: a number, that of another metric, the last one before,
// or what lies on the line between the two around the gap.
func (c *computation) fill(arguments []node) (value, error) {
	of, err := c.needs("FILL", arguments[0])
	if err != nil {
		return value{}, err
	}
	if how := arguments[1]; how.what == word {
		switch how.text {
		case "REPEAT":
			return of.made(repeated), nil
		case "LINEAR":
			return of.made(joined), nil
		}
		return value{}, fmt.Errorf("FILL takes a number, a metric, REPEAT or LINEAR, not %s", how.text)
	}
	by, err := c.value(arguments[1])
	if err == nil && by.kind == several {
		err = fmt.Errorf("FILL takes one metric to fill by")
	}
	if err != nil {
		return value{}, err
	}
	return of.made(func(series Series) Series {
		filled := append(Series{}, series...)
		for slot, there := range filled {
			switch {
			case !Missing(there):
			case by.kind == scalar:
				filled[slot] = by.number
			default:
				filled[slot] = by.series[0][slot]
			}
		}
		return filled
	}), nil
}

func repeated(series Series) Series {
	filled, last := append(Series{}, series...), math.NaN()
	for slot, there := range filled {
		if Missing(there) {
			filled[slot] = last
		} else {
			last = there
		}
	}
	return filled
}

func joined(series Series) Series {
	filled, before := append(Series{}, series...), -1
	for slot, there := range series {
		if Missing(there) {
			continue
		}
		if before >= 0 {
			step := (there - series[before]) / float64(slot-before)
			for gap := before + 1; gap < slot; gap++ {
				filled[gap] = series[before] + step*float64(gap-before)
			}
		}
		before = slot
	}
	return filled
}

// choose is IF. A condition without a datapoint gives none. Where it is true and the metric to take has no
// datapoint, that is a 0; where it is false, it is none.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html#using-IF-expressions
func (c *computation) choose(arguments []node) (value, error) {
	parts := []value{{}, {}, {number: math.NaN()}}
	for at, argument := range arguments {
		found, err := c.value(argument)
		if err == nil && found.kind == several {
			err = fmt.Errorf("IF takes no list")
		}
		if err != nil {
			return value{}, err
		}
		parts[at] = found
	}
	condition, yes, no := parts[0], parts[1], parts[2]
	if condition.kind == scalar {
		taken := no
		if condition.number != 0 {
			taken = yes
		}
		if taken.kind == scalar && (yes.kind == one || no.kind == one) {
			return single(constant(taken.number, c.frame.Count)), nil
		}
		return taken, nil
	}
	result := None(c.frame.Count)
	for slot, is := range condition.series[0] {
		switch {
		case Missing(is):
		case is == 0:
			result[slot] = no.at(slot)
		case yes.kind == scalar:
			result[slot] = yes.number
		default:
			result[slot] = orZero(yes.at(slot))
		}
	}
	return single(result), nil
}

// at is the value at a moment of a number, which is the same everywhere, or of a series.
func (v value) at(slot int) float64 {
	if v.kind == scalar {
		return v.number
	}
	return v.series[0][slot]
}
