package emulator

import (
	"bytes"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"

	"caretaker/internal/metric"
	"caretaker/internal/metric/search"
)

// The emulator knows no expression in GetMetricData. Searches, and what is computed of them, are answered here from
// the metrics that it has, as AWS answers them.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-search-expressions.html

// hasExpressions says whether one of the queries is an expression.
func hasExpressions(queries cbor.List) bool {
	return slices.ContainsFunc(queries, func(item cbor.Value) bool {
		query, _ := item.(cbor.Map)
		return query["Expression"] != nil
	})
}

// computed answers the queries, those that are plain metrics too.
func (x *exchange) computed(request cbor.Map, queries cbor.List) (*answer, error) {
	refused, err := x.authorise()
	if err != nil || refused != nil {
		return refused, err
	}
	results := cbor.List{}
	for _, item := range queries {
		query, _ := item.(cbor.Map)
		expression, is := query["Expression"].(cbor.String)
		if !is {
			given, err := x.metricData(request, cbor.List{query})
			if err != nil {
				return nil, err
			}
			results = append(results, given...)
			continue
		}
		found, err := x.evaluate(request, query, string(expression))
		if err != nil {
			return x.refuse(http.StatusBadRequest, "ValidationError", "Error in expression '"+string(expression)+"': "+err.Error()), nil
		}
		results = append(results, found...)
	}
	return inCBOR(cbor.Map{"MetricDataResults": results, "Messages": cbor.List{}}), nil
}

// evaluate computes one expression. Each line is a result of its own, with the expression's id.
func (x *exchange) evaluate(request, query cbor.Map, expression string) (results cbor.List, err error) {
	start, err := cbor.AsTime(request["StartTime"])
	if err != nil {
		return nil, err
	}
	end, err := cbor.AsTime(request["EndTime"])
	if err != nil {
		return nil, err
	}
	seconds, _ := whole(query["Period"])
	if strings.Contains(expression, "SEARCH(") { // its own period, of which all searches of an expression have the same
		_, err = search.Evaluate(expression, metric.Frame{Period: time.Minute}, func(s search.Search) ([]search.Found, error) {
			seconds = max(int(s.Period.Seconds()), seconds)
			return nil, nil
		})
	}
	if err != nil || seconds == 0 {
		return nil, fmt.Errorf("it has no period, or cannot be read: %w", err)
	}
	period := time.Duration(seconds) * time.Second
	frame := metric.Frame{Start: start.Truncate(period), Period: period}
	frame.Count = int(end.Sub(frame.Start) / period)
	found, err := search.Evaluate(expression, frame, func(s search.Search) ([]search.Found, error) {
		return x.look(request, s, frame)
	})
	if err != nil {
		return nil, err
	}
	label, _ := query["Label"].(cbor.String)
	for _, line := range found {
		times, values := cbor.List{}, cbor.List{}
		for slot := len(line.Series) - 1; slot >= 0; slot-- { // the newest first
			if !metric.Missing(line.Series[slot]) {
				times = append(times, &cbor.Tag{ID: 1, Value: cbor.Float64(float64(frame.At(slot).Unix()))})
				values = append(values, cbor.Float64(line.Series[slot]))
			}
		}
		if request["ScanBy"] == cbor.String("TimestampAscending") {
			slices.Reverse(times)
			slices.Reverse(values)
		}
		named := strings.TrimSpace(string(label) + " " + line.Label)
		results = append(results, cbor.Map{"Id": query["Id"], "Label": cbor.String(named), "Timestamps": times, "Values": values, "StatusCode": cbor.String("Complete")})
	}
	return results, nil
}

// look finds the metrics of a search, and reads them.
func (x *exchange) look(request cbor.Map, s search.Search, frame metric.Frame) ([]search.Found, error) {
	listed, err := x.asked("ListMetrics", cbor.Map{"Namespace": cbor.String(s.Namespace), "MetricName": cbor.String(s.Metric)})
	if err != nil {
		return nil, err
	}
	metrics, _ := listed["Metrics"].(cbor.List)
	var found []search.Found
	for _, item := range metrics {
		of, _ := item.(cbor.Map)
		values := map[string]string{}
		dimensions, _ := of["Dimensions"].(cbor.List)
		for _, one := range dimensions {
			pair, _ := one.(cbor.Map)
			name, _ := pair["Name"].(cbor.String)
			value, _ := pair["Value"].(cbor.String)
			values[string(name)] = string(value)
		}
		value := values[s.Dimensions[0]]
		if len(values) != len(s.Dimensions) || value == "" || s.Values != nil && !slices.Contains(s.Values, value) {
			continue
		}
		series, err := x.series(request, of, s.Statistic, frame)
		if err != nil {
			return nil, err
		}
		named := make([]string, len(s.Dimensions)) // two of one first value need different labels
		for at, name := range s.Dimensions {
			named[at] = values[name]
		}
		found = append(found, search.Found{Label: strings.Join(named, " "), Series: series})
	}
	slices.SortFunc(found, func(a, b search.Found) int { return strings.Compare(a.Label, b.Label) })
	return found, nil
}

// series are the values of a metric over the frame.
func (x *exchange) series(request, of cbor.Map, statistic string, frame metric.Frame) (metric.Series, error) {
	results, err := x.metricData(request, cbor.List{cbor.Map{
		"Id": cbor.String("m1"), "MetricStat": cbor.Map{"Metric": of, "Stat": cbor.String(statistic), "Period": cbor.Uint(frame.Period.Seconds())},
	}})
	if err != nil {
		return nil, err
	}
	series := metric.None(frame.Count)
	for _, item := range results {
		result, _ := item.(cbor.Map)
		times, _ := result["Timestamps"].(cbor.List)
		values, _ := result["Values"].(cbor.List)
		for at := range min(len(times), len(values)) {
			moment, err := cbor.AsTime(times[at])
			if err != nil {
				return nil, err
			}
			value, err := cbor.AsFloat64(values[at])
			if slot, is := frame.Slot(moment); err == nil && is && !math.IsNaN(value) {
				series[slot] = value
			}
		}
	}
	return series, nil
}

// metricData asks the emulator for plain metrics, in the time that the request is about.
func (x *exchange) metricData(request cbor.Map, queries cbor.List) (cbor.List, error) {
	sent := cbor.Map{"StartTime": request["StartTime"], "EndTime": request["EndTime"], "MetricDataQueries": queries}
	if way, has := request["ScanBy"]; has {
		sent["ScanBy"] = way
	}
	body, err := x.asked("GetMetricData", sent)
	if err != nil {
		return nil, err
	}
	results, _ := body["MetricDataResults"].(cbor.List)
	return results, nil
}

// asked asks the emulator as root, past the proxy.
func (x *exchange) asked(operation string, sent cbor.Map) (cbor.Map, error) {
	body := cbor.Encode(sent)
	path := "/service/GraniteServiceVersion20100801/operation/" + operation
	request, err := http.NewRequestWithContext(x.request.Context(), http.MethodPost, x.upstream+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/cbor")
	request.Header.Set("Smithy-Protocol", "rpc-v2-cbor")
	given, err := x.asRoot(request, "monitoring", body)
	if err != nil {
		return nil, err
	}
	if !given.ok() {
		return nil, fmt.Errorf("%s answers %d %s", operation, given.status, errorCode(given))
	}
	decoded, err := cbor.Decode(given.body)
	if err != nil {
		return nil, err
	}
	answered, _ := decoded.(cbor.Map)
	return answered, nil
}
