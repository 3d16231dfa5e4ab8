package emulator

import (
	"net/http"
	"strings"

	"github.com/aws/smithy-go/encoding/cbor"
)

// The emulator forgets which expression an alarm has as its threshold, and gives such an alarm a number. AWS keeps it, has no
// number then, and refuses the one with the other:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html

// putBand carries a write of an alarm out, and notes its band.
func putBand(x *exchange) (*answer, error) {
	asked, err := cbor.Decode(x.body)
	if err != nil { // another protocol: as it is
		return x.forward()
	}
	request, _ := asked.(cbor.Map)
	name, _ := request["AlarmName"].(cbor.String)
	band, _ := request["ThresholdMetricId"].(cbor.String)
	comparison, _ := request["ComparisonOperator"].(cbor.String)
	_, number := request["Threshold"]
	over := strings.Contains(string(comparison), "LowerThreshold") || strings.Contains(string(comparison), "LowerOr") || strings.Contains(string(comparison), "UpperThreshold")
	if band != "" && number || over != (band != "") {
		return x.refuse(http.StatusBadRequest, "ValidationError", "An alarm on an anomaly detection band has ThresholdMetricId, a comparison with a band, and no Threshold"), nil
	}
	given, err := x.forward()
	if err != nil || !given.ok() {
		return given, err
	}
	x.memory.mutex.Lock()
	defer x.memory.mutex.Unlock()
	if x.memory.bands == nil {
		x.memory.bands = map[string]string{}
	}
	delete(x.memory.bands, x.band(string(name)))
	if band != "" {
		x.memory.bands[x.band(string(name))] = string(band)
	}
	return given, nil
}

// band is the key of an alarm's band in the memory.
func (x *exchange) band(alarm string) string { return x.account() + " " + x.region() + " " + alarm }

// withBands puts the bands into described alarms. The memory is locked.
func (x *exchange) withBands(body cbor.Map) {
	alarms, _ := body["MetricAlarms"].(cbor.List)
	for _, item := range alarms {
		alarm, _ := item.(cbor.Map)
		name, _ := alarm["AlarmName"].(cbor.String)
		if band := x.memory.bands[x.band(string(name))]; band != "" {
			alarm["ThresholdMetricId"] = cbor.String(band)
			delete(alarm, "Threshold")
		}
	}
}
