// Package search computes the lines of a graph that look for metrics: SEARCH, SORT over it and metric math with
// it, and the queries of Metrics Insights that ask for the top of a metric. CloudWatch computes them itself;
// the emulator does not, and samples have to come from somewhere. It is given the metrics, and reaches nothing.
package search

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"caretaker/internal/metric"
)

// Search is what is looked for.
type Search struct {
	Namespace, Metric string
	// Dimensions are the names of all that the metrics have.
	Dimensions []string
	// Values are those that the first dimension may have; nil is any.
	Values    []string
	Statistic string
	// Period is 0 where the search has none, and that of the graph holds.
	Period time.Duration
}

// Found is a line. Its label tells it from the others of its expression.
type Found struct {
	Label  string
	Series metric.Series
}

// Look answers with the series that a search finds, over the frame of the evaluation.
type Look func(Search) ([]Found, error)

var (
	searched = regexp.MustCompile(`SEARCH\('([^']*)',\s*'([A-Za-z0-9.]+)'(?:,\s*(\d+))?\)`)
	sorted   = regexp.MustCompile(`SORT\((s\d+),\s*(AVG|MAX|MIN|SUM),\s*(ASC|DESC)(?:,\s*(\d+))?\)`)
	selected = regexp.MustCompile(`^SELECT (SUM|MAX|MIN|AVG|COUNT)\("?([A-Za-z]+)"?\) FROM SCHEMA\("([^"]+)", ?([A-Za-z]+)\) GROUP BY ([A-Za-z]+) ORDER BY ([A-Z]+)\(\) (ASC|DESC)(?: LIMIT (\d+))?$`)
	schema   = regexp.MustCompile(`^\s*\{([^,{}]+),([^{}]+)\}\s*MetricName="([^"]+)"(?:\s+AND\s+\((.*)\))?\s*$`)
	valued   = regexp.MustCompile(`^([A-Za-z]+)="([^"]+)"$`)
	together = regexp.MustCompile(`\b(SUM|AVG|MIN|MAX)\((s\d+)\)`)
)

// ordered is how lines are sorted, and how many stay; 0 is all.
type ordered struct {
	by, way string
	most    int
}

// Evaluate computes an expression of a graph. One that is written in another form than those above is an error.
func Evaluate(text string, frame metric.Frame, look Look) ([]Found, error) {
	if match := selected.FindStringSubmatch(text); match != nil {
		most, _ := strconv.Atoi(match[8]) // no limit: all
		found, err := look(Search{Namespace: match[3], Metric: match[2], Dimensions: []string{match[4]}, Statistic: map[string]string{"SUM": "Sum", "MAX": "Maximum", "MIN": "Minimum", "AVG": "Average", "COUNT": "SampleCount"}[match[1]]})
		return ordered{match[6], match[7], most}.apply(found), err
	}
	var searches []Search
	var failed error
	plain := searched.ReplaceAllStringFunc(text, func(one string) string {
		match := searched.FindStringSubmatch(one)
		search, err := parse(match[1])
		if err != nil {
			failed = err
			return one
		}
		seconds, _ := strconv.Atoi(match[3]) // none: the graph's
		search.Statistic, search.Period = match[2], time.Duration(seconds)*time.Second
		searches = append(searches, search)
		return fmt.Sprintf("s%d", len(searches)-1)
	})
	if failed != nil {
		return nil, failed
	}
	results := make([][]Found, len(searches))
	for at, search := range searches {
		found, err := look(search)
		if err != nil {
			return nil, err
		}
		results[at] = found
	}
	if together.MatchString(plain) {
		return summed(plain, frame, results)
	}
	if len(searches) != 1 {
		return nil, fmt.Errorf("%q has %d searches, where 1 can be computed, or sums of them", text, len(searches))
	}
	return each(plain, frame, results[0])
}

// parse reads what stands between the quotes of a search.
func parse(text string) (Search, error) {
	match := schema.FindStringSubmatch(text)
	if match == nil {
		return Search{}, fmt.Errorf(`the search %q is not of the form {Namespace,Dimension} MetricName="name" AND (Dimension="value" OR ...)`, text)
	}
	search := Search{Namespace: match[1], Metric: match[3]}
	for name := range strings.SplitSeq(match[2], ",") {
		search.Dimensions = append(search.Dimensions, strings.TrimSpace(name))
	}
	if match[4] == "" {
		return search, nil
	}
	for part := range strings.SplitSeq(match[4], " OR ") {
		value := valued.FindStringSubmatch(strings.TrimSpace(part))
		if value == nil || value[1] != search.Dimensions[0] {
			return Search{}, fmt.Errorf("the search %q has %q, which is not %s=\"value\"", text, part, search.Dimensions[0])
		}
		search.Values = append(search.Values, value[2])
	}
	return search, nil
}

// each computes an expression for each series by itself.
func each(plain string, frame metric.Frame, found []Found) ([]Found, error) {
	var order ordered
	plain = sorted.ReplaceAllStringFunc(plain, func(one string) string {
		match := sorted.FindStringSubmatch(one)
		order.by, order.way = match[2], match[3]
		order.most, _ = strconv.Atoi(match[4]) // none: all
		return match[1]
	})
	found = order.apply(found)
	computed := make([]Found, 0, len(found))
	for _, one := range found {
		series, err := compute(plain, frame, map[string]metric.Series{"s0": one.Series})
		if err != nil {
			return nil, err
		}
		computed = append(computed, Found{one.Label, series})
	}
	return computed, nil
}

// summed computes an expression over sums of what was found. Where a search found nothing there is nothing to sum.
func summed(plain string, frame metric.Frame, results [][]Found) ([]Found, error) {
	data := map[string]metric.Series{}
	for number, found := range results {
		if len(found) == 0 {
			return nil, nil
		}
		var ids []string
		for at, one := range found {
			id := fmt.Sprintf("s%dx%d", number, at)
			data[id] = one.Series
			ids = append(ids, id)
		}
		plain = regexp.MustCompile(fmt.Sprintf(`\bs%d\b`, number)).ReplaceAllString(plain, "["+strings.Join(ids, ",")+"]")
	}
	series, err := compute(plain, frame, data)
	if err != nil {
		return nil, err
	}
	return []Found{{"", series}}, nil
}

// compute has the expression computed as that of an alarm is.
func compute(text string, frame metric.Frame, by map[string]metric.Series) (metric.Series, error) {
	queries := []metric.Query{{ID: "result", Expression: text, Judged: true}}
	data := metric.Data{}
	for _, id := range slices.Sorted(maps.Keys(by)) {
		of := metric.Metric{Name: id}
		queries = append(queries, metric.Query{ID: id, Metric: &of})
		data[of.Key()] = by[id]
	}
	alarm, err := metric.New("a graph", metric.Rule{Comparison: "GreaterThanThreshold", Datapoints: 1, Periods: 1}, frame.Period, queries)
	if err != nil {
		return nil, err
	}
	return alarm.Values(frame, data)
}

func (o ordered) apply(found []Found) []Found {
	if o.by == "" {
		return found
	}
	found = slices.Clone(found)
	slices.SortStableFunc(found, func(a, b Found) int {
		if o.way == "DESC" {
			a, b = b, a
		}
		return cmp.Or(cmp.Compare(a.weight(o.by), b.weight(o.by)), cmp.Compare(b.Label, a.Label))
	})
	if o.most > 0 {
		found = found[:min(len(found), o.most)]
	}
	return found
}

// weight is what a line is sorted by.
func (f Found) weight(by string) float64 {
	sum, most, least, count := 0.0, 0.0, 0.0, 0.0
	for _, value := range f.Series {
		if metric.Missing(value) {
			continue
		}
		if count == 0 {
			most, least = value, value
		}
		most, least = max(most, value), min(least, value)
		sum += value
		count++
	}
	switch by {
	case "MAX":
		return most
	case "MIN":
		return least
	case "AVG":
		return sum / max(count, 1)
	}
	return sum
}
