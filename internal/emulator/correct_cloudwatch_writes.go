package emulator

import (
	"fmt"
	"net/http"

	"github.com/aws/smithy-go/encoding/cbor"
)

// putMetricAlarm refuses a write while another one is under way, even of another alarm, as users report of AWS:
// https://github.com/hashicorp/terraform/issues/10689
func putMetricAlarm(x *exchange) (*answer, error) {
	where := x.account() + " " + x.region()
	if !x.memory.begin(where) {
		return x.refuse(http.StatusBadRequest, "ValidationError", "A separate request to update this alarm is in progress"), nil
	}
	defer x.memory.end(where)
	return putBand(x)
}

// begin notes a write of alarms in an account and Region, unless there is one.
func (m *memory) begin(where string) bool {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.writing[where] {
		return false
	}
	if m.writing == nil {
		m.writing = map[string]bool{}
	}
	m.writing[where] = true
	return true
}

func (m *memory) end(where string) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	delete(m.writing, where)
}

// mostDeleted is how many alarms one call deletes:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DeleteAlarms.html
const mostDeleted = 100

// deleteAlarms refuses more names than AWS takes, and more than one composite alarm among them.
func deleteAlarms(x *exchange) (*answer, error) {
	asked, err := cbor.Decode(x.body)
	if err != nil { // another protocol: as it is
		return x.forward()
	}
	request, _ := asked.(cbor.Map)
	names, _ := request["AlarmNames"].(cbor.List)
	if len(names) > mostDeleted {
		return x.refuse(http.StatusBadRequest, "ValidationError",
			fmt.Sprintf("1 validation error detected: Value at 'alarmNames' failed to satisfy constraint: Member must have length less than or equal to %d", mostDeleted)), nil
	}
	composites, err := x.compositesAmong(names)
	if err != nil {
		return nil, err
	}
	if composites > 1 {
		return x.refuse(http.StatusBadRequest, "ValidationError", "At most one composite alarm can be deleted in one operation"), nil
	}
	return x.forward()
}

// compositesAmong is how many of some alarms are composite.
func (x *exchange) compositesAmong(names cbor.List) (int, error) {
	listed, err := x.asked("DescribeAlarms", cbor.Map{"AlarmNames": names, "AlarmTypes": cbor.List{cbor.String("CompositeAlarm")}})
	if err != nil {
		return 0, err
	}
	found, _ := listed["CompositeAlarms"].(cbor.List)
	return len(found), nil
}
