package metric

import (
	"fmt"
	"math"
)

// value is what a part of an expression comes to: a number, one series, or several.
type value struct {
	kind   kind
	number float64
	series []Series
}

type kind int

const (
	scalar kind = iota
	one
	several
)

func single(series Series) value { return value{kind: one, series: []Series{series}} }

// computation is an expression over the metrics and expressions beside it.
type computation struct {
	frame Frame
	// metrics are by id, in the order of the alarm.
	ids     []string
	metrics map[string]Series
	others  map[string]Expression
	// open are the expressions whose value is asked for: one that needs itself has none.
	open map[string]bool
}

func (c *computation) value(n node) (value, error) {
	switch n.what {
	case number:
		return value{number: n.number}, nil
	case name:
		return c.named(n.text)
	case list:
		return c.listed(n.arguments)
	case operator:
		return c.operate(n)
	case call:
		return functions[n.text].compute(c, n.arguments)
	}
	return value{}, fmt.Errorf("%q stands where a metric, a number or a function has to", n.text)
}

func (c *computation) named(id string) (value, error) {
	if series, is := c.metrics[id]; is {
		return single(series), nil
	}
	other, is := c.others[id]
	if !is {
		return value{}, fmt.Errorf("there is no %s", id)
	}
	if c.open[id] {
		return value{}, fmt.Errorf("%s needs itself", id)
	}
	c.open[id] = true
	defer delete(c.open, id)
	return c.value(other.root)
}

func (c *computation) listed(items []node) (value, error) {
	all := value{kind: several}
	for _, item := range items {
		found, err := c.value(item)
		if err != nil {
			return value{}, err
		}
		if found.kind == scalar {
			return value{}, fmt.Errorf("a list is of metrics, and a number is none")
		}
		all.series = append(all.series, found.series...)
	}
	return all, nil
}

func (c *computation) operate(n node) (value, error) {
	left, err := c.value(n.arguments[0])
	if err != nil {
		return value{}, err
	}
	if n.text == "negative" {
		return left.each(func(a float64) float64 { return -a }), nil
	}
	right, err := c.value(n.arguments[1])
	if err != nil {
		return value{}, err
	}
	compute := operators[n.text]
	switch {
	case left.kind == scalar && right.kind == scalar:
		return value{number: drop(compute(left.number, right.number))}, nil
	case right.kind == scalar:
		return left.each(func(a float64) float64 { return compute(a, right.number) }), nil
	case left.kind == scalar:
		return right.each(func(b float64) float64 { return compute(left.number, b) }), nil
	case left.kind == one && right.kind == one:
		return single(both(left.series[0], right.series[0], compute)), nil
	case left.kind == several && right.kind == one:
		return left.made(func(s Series) Series { return both(s, right.series[0], compute) }), nil
	case left.kind == one && right.kind == several:
		return right.made(func(s Series) Series { return both(left.series[0], s, compute) }), nil
	}
	return value{}, fmt.Errorf("%s takes no list on both sides", n.text)
}

// both is made of two series. Where one of them alone has a datapoint, the other counts as 0.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html#metric-math-syntax-arithmetic
func both(a, b Series, compute func(a, b float64) float64) Series {
	result := None(len(a))
	for slot := range a {
		if Missing(a[slot]) && Missing(b[slot]) {
			continue
		}
		result[slot] = drop(compute(orZero(a[slot]), orZero(b[slot])))
	}
	return result
}

func orZero(value float64) float64 {
	if Missing(value) {
		return 0
	}
	return value
}

var operators = map[string]func(a, b float64) float64{
	"+": func(a, b float64) float64 { return a + b },
	"-": func(a, b float64) float64 { return a - b },
	"*": func(a, b float64) float64 { return a * b },
	// 0/0 is NaN, and so no datapoint either.
	"/":   func(a, b float64) float64 { return a / b },
	"^":   math.Pow,
	"==":  truth(func(a, b float64) bool { return a == b }),
	"!=":  truth(func(a, b float64) bool { return a != b }),
	"<=":  truth(func(a, b float64) bool { return a <= b }),
	">=":  truth(func(a, b float64) bool { return a >= b }),
	"<":   truth(func(a, b float64) bool { return a < b }),
	">":   truth(func(a, b float64) bool { return a > b }),
	"AND": and, "&&": and,
	"OR": or, "||": or,
}

var (
	and = truth(func(a, b float64) bool { return a != 0 && b != 0 })
	or  = truth(func(a, b float64) bool { return a != 0 || b != 0 })
)

func truth(is func(a, b float64) bool) func(a, b float64) float64 {
	return func(a, b float64) float64 {
		switch {
		case Missing(a), Missing(b): // a number that has no value, as the average of nothing
			return math.NaN()
		case is(a, b):
			return 1
		}
		return 0
	}
}

// each computes a number, or each value of each series.
func (v value) each(compute func(float64) float64) value {
	if v.kind == scalar {
		return value{number: drop(compute(v.number))}
	}
	return v.made(func(s Series) Series { return s.each(compute) })
}

// made makes each series of another.
func (v value) made(compute func(Series) Series) value {
	result := value{kind: v.kind}
	for _, series := range v.series {
		result.series = append(result.series, compute(series))
	}
	return result
}
