package emulator

import (
	"encoding/base64"
	"net/http"
	"strconv"

	"github.com/aws/smithy-go/encoding/cbor"
)

// What one call of GetMetricData takes and answers at most; the emulator takes any number, and answers with all.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
const (
	mostMetricQueries = 500
	mostDatapoints    = 100_800
)

// getMetricData refuses too many queries, and makes pages. One may end in the midst of a metric, whose
// StatusCode then is PartialData.
func getMetricData(x *exchange) (*answer, error) {
	asked, err := cbor.Decode(x.body)
	if err != nil { // another protocol: as it is
		return x.forward()
	}
	request, _ := asked.(cbor.Map)
	queries, _ := request["MetricDataQueries"].(cbor.List)
	if len(queries) > mostMetricQueries {
		if refused, err := x.authorise(); err != nil || refused != nil {
			return refused, err
		}
		return x.refuse(http.StatusBadRequest, "ValidationError", "The collection MetricDataQueries must not have a size greater than 500."), nil
	}
	carry := x.forward
	if hasExpressions(queries) {
		carry = func() (*answer, error) { return x.computed(request, queries) }
	}
	given, err := carry()
	if err != nil || !given.ok() {
		return given, err
	}
	found, err := cbor.Decode(given.body)
	if err != nil {
		return nil, err
	}
	body, _ := found.(cbor.Map)
	size := mostDatapoints
	if most, is := whole(request["MaxDatapoints"]); is {
		size = min(size, most)
	}
	token, _ := request["NextToken"].(cbor.String)
	decoded, _ := base64.StdEncoding.DecodeString(string(token))
	from, _ := strconv.Atoi(string(decoded)) // no token: from the start
	results, _ := body["MetricDataResults"].(cbor.List)
	page, more := datapoints(results, from, from+size)
	body["MetricDataResults"] = page
	if more {
		body["NextToken"] = cbor.String(base64.StdEncoding.EncodeToString([]byte(strconv.Itoa(from + size))))
	}
	return &answer{status: given.status, header: given.header, body: cbor.Encode(body)}, nil
}

func whole(value cbor.Value) (int, bool) {
	number, is := value.(cbor.Uint)
	return int(number), is // #nosec G115 -- a page's size
}

// datapoints are those from one place to another, counted over all metrics, and whether there are more. Metrics
// without one are on the first page.
func datapoints(results cbor.List, from, to int) (page cbor.List, more bool) {
	page = cbor.List{}
	place := 0
	for _, one := range results {
		result, _ := one.(cbor.Map)
		values, _ := result["Values"].(cbor.List)
		times, _ := result["Timestamps"].(cbor.List)
		first, last := max(from-place, 0), min(to-place, len(values))
		place += len(values)
		more = more || place > to
		if first >= last && (len(values) > 0 || from > 0) {
			continue
		}
		if first < last {
			result["Values"], result["Timestamps"] = values[first:last], times[first:last]
		}
		if last < len(values) {
			result["StatusCode"] = cbor.String("PartialData")
		}
		page = append(page, result)
	}
	return page, more
}
