package alerts

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// What AWS allows of searches:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
const (
	// longestSearch is the query's, in characters: what stands between the single quotes.
	longestSearch = 1024
	// mostFound is how many series a search finds, and a graph shows.
	mostFound = 500
	// mostSearches is how many a graph has.
	mostSearches = 100
)

// graphPeriod is that of the graphs of functions, in seconds: 36 points in the three hours that are shown.
const graphPeriod = 300

// lambdaSearch looks for a metric of functions; of all, or of those that are named.
func lambdaSearch(metric, statistic string, names []string) string {
	return fmt.Sprintf("SEARCH('%s', '%s', %d)", lambdaQuery(metric, names), statistic, graphPeriod)
}

func lambdaQuery(metric string, names []string) string {
	query := `{AWS/Lambda,FunctionName} MetricName="` + metric + `"`
	if len(names) == 0 {
		return query
	}
	var named []string
	for _, name := range names {
		named = append(named, `FunctionName="`+name+`"`)
	}
	return query + " AND (" + strings.Join(named, " OR ") + ")"
}

// longestMetricName is that of the metrics that are looked for, with room to spare.
const longestMetricName = 40

// queries are names in so many searches as they fill.
func queries(names []string) [][]string {
	var all [][]string
	rest := slices.Clone(names)
	for len(rest) > 0 {
		count := 1
		for count < len(rest) && len(lambdaQuery(strings.Repeat("x", longestMetricName), rest[:count+1])) <= longestSearch {
			count++
		}
		all = append(all, rest[:count])
		rest = rest[count:]
	}
	return all
}

// expression is a line of a graph that is reckoned. Its label stands before that of each metric.
func expression(at int, text, label string) []any {
	return []any{map[string]any{"expression": text, "id": "e" + strconv.Itoa(at+1), "label": label, "period": graphPeriod}}
}

// expressions are several.
func expressions(label string, texts []string) (lines [][]any) {
	for at, text := range texts {
		lines = append(lines, expression(at, text, label))
	}
	return lines
}

// ofNames looks for a metric of functions that are named.
func ofNames(metric, statistic string, names []string) (texts []string) {
	for _, few := range queries(names) {
		texts = append(texts, lambdaSearch(metric, statistic, few))
	}
	return texts
}

// topTen are the ten functions of the Region with the highest values. A search finds 500; of more functions
// Metrics Insights knows the top, as long as no percentile is asked for.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-metrics-insights-querylanguage.html
func topTen(metric, statistic string, functions int) string {
	by := map[string]string{"Sum": "SUM", "Maximum": "MAX"}[statistic]
	if functions > mostFound && by != "" {
		return fmt.Sprintf(`SELECT %[1]s(%[2]s) FROM SCHEMA("AWS/Lambda", FunctionName) GROUP BY FunctionName ORDER BY %[1]s() DESC LIMIT 10`, by, metric)
	}
	if by == "" {
		by = "MAX"
	}
	return fmt.Sprintf("SORT(%s, %s, DESC, 10)", lambdaSearch(metric, statistic, nil), by)
}

// decimal is a number as metric math reads it: no document says that it takes 1e-06.
func decimal(value float64) string {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(value, 'e', 9, 64), 64)
	if err != nil {
		return "0"
	}
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}
