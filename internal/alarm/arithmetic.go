package alarm

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// evaluation works out expressions at one moment, at which each series is one number: metric math
// as far as it says which way a value goes.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
type evaluation struct {
	words   map[string][]string  // of each expression, by its id
	known   map[string][]float64 // nil while it is being worked out
	metrics []float64
	rest    []string // of the expression at hand
	failed  bool
}

var wordForm = regexp.MustCompile(`[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?|"[^"]*"|'[^']*'|[A-Za-z_][A-Za-z0-9_]*|\|\||&&|==|!=|<=|>=|\S`)

// named is the value of a metric or an expression by its id. A word that is not an id, such as
// REPEAT, has none.
func (e *evaluation) named(id string) []float64 {
	if values, begun := e.known[id]; begun {
		e.failed = e.failed || values == nil // it stands on itself
		return values
	}
	words, exists := e.words[id]
	if !exists {
		return []float64{math.NaN()}
	}
	e.known[id] = nil
	outer := e.rest
	e.rest = words
	values := e.terms(1)
	e.failed = e.failed || len(e.rest) > 0 || len(values) > maxValues
	e.rest, e.known[id] = outer, values
	return values
}

func (e *evaluation) next() string {
	if len(e.rest) == 0 {
		return ""
	}
	return strings.ToUpper(e.rest[0])
}

func (e *evaluation) take() string {
	token := e.next()
	if token != "" {
		e.rest = e.rest[1:]
	}
	return token
}

// expect takes one token, and fails at any other.
func (e *evaluation) expect(token string) { e.failed = e.take() != token || e.failed }

// binding is how tightly an operator binds.
var binding = map[string]int{
	"||": 1, "OR": 1, "&&": 2, "AND": 2, "==": 3, "!=": 3, "<": 3, "<=": 3, ">": 3, ">=": 3, "+": 4, "-": 4, "*": 5, "/": 5, "^": 6,
}

// terms are what stands between operators that bind at least so tightly.
func (e *evaluation) terms(least int) []float64 {
	left := e.operand()
	for !e.failed && binding[e.next()] >= least {
		operator := e.take()
		right := e.terms(binding[operator] + 1)
		left = each(operator, left, right)
	}
	return left
}

// each applies an operator, to each of several values with the other's one or its own.
func each(operator string, left, right []float64) []float64 {
	if len(left) == 0 || len(right) == 0 {
		return nil
	}
	values := make([]float64, max(len(left), len(right)))
	for i := range values {
		values[i] = apply(operator, left[min(i, len(left)-1)], right[min(i, len(right)-1)])
	}
	return values
}

func apply(operator string, left, right float64) float64 {
	switch operator {
	case "+":
		return left + right
	case "-":
		return left - right
	case "*":
		return left * right
	case "/":
		return left / right
	case "^":
		return math.Pow(left, right)
	}
	return truth(map[string]bool{
		"||": left != 0 || right != 0, "OR": left != 0 || right != 0, "&&": left != 0 && right != 0, "AND": left != 0 && right != 0,
		"==": left == right, "!=": left != right, "<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right,
	}[operator])
}

func truth(holds bool) float64 {
	if holds {
		return 1
	}
	return 0
}

// operand is a number, an id, a call, or what stands in brackets.
func (e *evaluation) operand() []float64 {
	if len(e.rest) == 0 {
		e.failed = true
		return nil
	}
	word := e.rest[0] // ids are in small letters
	token := e.take()
	if number, err := strconv.ParseFloat(token, 64); err == nil {
		return []float64{number}
	}
	switch token[0] {
	case '-':
		return each("*", []float64{-1}, e.terms(binding["^"]))
	case '+':
		return e.terms(binding["^"])
	case '(':
		values := e.terms(1)
		e.expect(")")
		return values
	case '[':
		return slices.Concat(e.list("]")...)
	case '"', '\'':
		return nil
	}
	switch {
	case token[0] < 'A' || token[0] > '_':
		e.failed = true
		return nil
	case e.next() == "(":
		e.take()
		return e.call(token, e.list(")"))
	}
	return e.named(word)
}

// list is what stands between commas, up to the closing bracket.
func (e *evaluation) list(closing string) [][]float64 {
	var list [][]float64
	for !e.failed && e.next() != closing {
		if len(list) > 0 {
			e.expect(",")
		}
		list = append(list, e.terms(1))
	}
	e.expect(closing)
	return list
}

// call is the value of a function. Over time, and with gaps filled, a series goes the way that it goes
// at a moment. What is not listed here may do anything.
func (e *evaluation) call(name string, arguments [][]float64) []float64 {
	all := slices.Concat(arguments...)
	if e.failed {
		return nil
	}
	switch name {
	case "METRICS":
		return e.metrics
	case "PERIOD", "SERVICE_QUOTA", "METRIC_COUNT", "DIFF_TIME", "MINUTE", "HOUR", "DAY", "DATE", "MONTH", "YEAR", "EPOCH":
		return []float64{60}
	case "IF":
		return e.choose(arguments)
	}
	if len(all) == 0 || len(arguments[0]) == 0 {
		e.failed = true
		return nil
	}
	switch name {
	case "FILL", "RATE", "DIFF", "RUNNING_SUM", "TIME_SERIES", "FIRST", "REMOVE_EMPTY", "CEIL", "FLOOR":
		return arguments[0]
	case "LAST":
		return arguments[0][len(arguments[0])-1:]
	case "SUM", "AVG":
		total := 0.0
		for _, value := range all {
			total += value
		}
		return []float64{total}
	case "MAX":
		return []float64{slices.Max(all)}
	case "MIN":
		return []float64{slices.Min(all)}
	case "ABS":
		return []float64{math.Abs(all[0])}
	case "LOG", "LOG10":
		return []float64{math.Log(all[0])}
	case "EXP":
		return []float64{math.Exp(min(all[0]/1e9, 700))}
	}
	e.failed = true
	return nil
}

// choose is IF(condition, value, other).
func (e *evaluation) choose(arguments [][]float64) []float64 {
	switch {
	case len(arguments) < 2:
		e.failed = true
		return nil
	case first(arguments[0]) != 0:
		return arguments[1]
	case len(arguments) > 2:
		return arguments[2]
	}
	return []float64{math.NaN()}
}
