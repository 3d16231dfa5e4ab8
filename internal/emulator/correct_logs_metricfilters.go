package emulator

import (
	"net/http"
	"strings"
)

// mostMetricFilters is how many metric filters a log group can have. The emulator takes any number.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
const mostMetricFilters = 100

// putMetricFilter refuses a filter too many, and a pattern that is none, as far as brackets and quotation marks tell. The
// emulator takes both.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html
func putMetricFilter(x *exchange) (*answer, error) {
	refused, err := x.authorise()
	if err != nil || refused != nil {
		return refused, err
	}
	var asked struct{ LogGroupName, FilterName, FilterPattern string }
	if err := decode(x.body, &asked); err != nil {
		return nil, err
	}
	pattern := strings.TrimSpace(asked.FilterPattern)
	for begin, end := range map[string]string{"{": "}", "[": "]", "\"": "\""} {
		if strings.HasPrefix(pattern, begin) && (len(pattern) < 2 || !strings.Contains(pattern[1:], end)) {
			return x.refuse(http.StatusBadRequest, "InvalidParameterException", "Invalid metric filter pattern"), nil
		}
	}
	if strings.HasPrefix(pattern, "{") && !strings.Contains(pattern, "$") {
		return x.refuse(http.StatusBadRequest, "InvalidParameterException", "Invalid metric filter pattern"), nil
	}
	names, next := map[string]bool{}, ""
	for {
		var page struct {
			MetricFilters []struct{ FilterName string }
			NextToken     string
		}
		request := object{"logGroupName": asked.LogGroupName}
		if next != "" {
			request["nextToken"] = next
		}
		given, err := x.askTarget("logs", logsTarget+"DescribeMetricFilters", request, &page)
		if err != nil || !given.ok() {
			return given, err
		}
		for _, filter := range page.MetricFilters {
			names[filter.FilterName] = true
		}
		if next = page.NextToken; next == "" {
			break
		}
	}
	if len(names) >= mostMetricFilters && !names[asked.FilterName] {
		return x.refuse(http.StatusBadRequest, "LimitExceededException", "Resource limit exceeded."), nil
	}
	return x.forward()
}
