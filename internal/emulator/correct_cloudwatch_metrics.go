package emulator

import (
	"github.com/aws/smithy-go/encoding/cbor"
)

// metricPage is ListMetrics' greatest page; the emulator answers with the whole list.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListMetrics.html
const metricPage = 500

// listMetrics makes pages.
func listMetrics(x *exchange) (*answer, error) {
	given, err := x.forward()
	if err != nil || !given.ok() {
		return given, err
	}
	asked, err := cbor.Decode(x.body)
	if err != nil { // another protocol: as it is
		return given, nil
	}
	found, err := cbor.Decode(given.body)
	if err != nil {
		return nil, err
	}
	request, _ := asked.(cbor.Map)
	body, _ := found.(cbor.Map)
	token, _ := request["NextToken"].(cbor.String)
	metrics, _ := body["Metrics"].(cbor.List)
	part, next := window(metrics, string(token), metricPage)
	body["Metrics"] = cbor.List(part)
	if next != "" {
		body["NextToken"] = cbor.String(next)
	}
	return &answer{status: given.status, header: given.header, body: cbor.Encode(body)}, nil
}
