package emulator

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"

	"github.com/aws/smithy-go/encoding/cbor"
)

// The greatest pages of lists that the emulator answers with whole.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListMetrics.html
// https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
const (
	metricPage  = 500
	taggingPage = 100
)

// window is the part of a list that a token and a size ask for, and the next
// token, which is opaque.
func window[T any](list []T, token string, size int) (part []T, next string) {
	decoded, _ := base64.StdEncoding.DecodeString(token)
	from, _ := strconv.Atoi(string(decoded)) // no token: from the start
	from = min(max(from, 0), len(list))
	to := min(from+size, len(list))
	if to < len(list) {
		next = base64.StdEncoding.EncodeToString([]byte(strconv.Itoa(to)))
	}
	return list[from:to], next
}

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

// getResources makes pages. The last one's token is empty, not absent.
func getResources(x *exchange) (*answer, error) {
	given, err := x.forward()
	if err != nil || !given.ok() {
		return given, err
	}
	var asked struct {
		PaginationToken  string
		ResourcesPerPage int
	}
	var body struct {
		PaginationToken        string
		ResourceTagMappingList []json.RawMessage
	}
	if err := decode(x.body, &asked); err != nil {
		return nil, err
	}
	if err := decode(given.body, &body); err != nil {
		return nil, err
	}
	size := taggingPage
	if asked.ResourcesPerPage > 0 {
		size = min(size, asked.ResourcesPerPage)
	}
	body.ResourceTagMappingList, body.PaginationToken = window(body.ResourceTagMappingList, asked.PaginationToken, size)
	return given.replace(body)
}

// listEventInvokeConfigs makes pages, in the order of the ARNs.
func listEventInvokeConfigs(x *exchange) (*answer, error) {
	given, err := x.forward()
	if err != nil || !given.ok() {
		return given, err
	}
	size, refused := x.pageSize(functionPage)
	if refused != nil {
		return refused, nil
	}
	var body struct {
		FunctionEventInvokeConfigs []object
		NextMarker                 string `json:",omitempty"`
	}
	if err := decode(given.body, &body); err != nil {
		return nil, err
	}
	slices.SortFunc(body.FunctionEventInvokeConfigs, func(a, b object) int {
		return cmp.Compare(text(a, "FunctionArn"), text(b, "FunctionArn"))
	})
	body.FunctionEventInvokeConfigs, body.NextMarker = window(body.FunctionEventInvokeConfigs, x.request.URL.Query().Get("Marker"), size)
	return given.replace(body)
}
