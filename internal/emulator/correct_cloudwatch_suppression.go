package emulator

import "github.com/aws/smithy-go/encoding/cbor"

// SetSuppressed says why the actions of a composite alarm do not run: WaitPeriod, ExtensionPeriod or
// Alarm, empty where they do. The emulator knows no suppressors. It holds in every account and Region.
func (e *Emulator) SetSuppressed(alarm, by string) {
	e.memory.mutex.Lock()
	defer e.memory.mutex.Unlock()
	if e.memory.suppressed == nil {
		e.memory.suppressed = map[string]string{}
	}
	e.memory.suppressed[alarm] = by
}

// describeAlarms adds to composite alarms why their actions are suppressed.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_CompositeAlarm.html
func describeAlarms(x *exchange) (*answer, error) {
	given, err := x.forward()
	x.memory.mutex.Lock()
	defer x.memory.mutex.Unlock()
	if err != nil || !given.ok() || len(x.memory.suppressed)+len(x.memory.bands) == 0 {
		return given, err
	}
	found, err := cbor.Decode(given.body)
	if err != nil { // another protocol: as it is
		return given, nil
	}
	body, _ := found.(cbor.Map)
	alarms, _ := body["CompositeAlarms"].(cbor.List)
	for _, item := range alarms {
		alarm, _ := item.(cbor.Map)
		name, _ := alarm["AlarmName"].(cbor.String)
		if by := x.memory.suppressed[string(name)]; by != "" {
			alarm["ActionsSuppressedBy"] = cbor.String(by)
			alarm["ActionsSuppressedReason"] = cbor.String("Actions suppressed by " + by)
		}
	}
	x.withBands(body)
	return &answer{status: given.status, header: given.header, body: cbor.Encode(body)}, nil
}
