package emulator

import (
	"cmp"
	"slices"
)

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
