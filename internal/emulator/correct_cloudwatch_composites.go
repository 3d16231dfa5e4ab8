package emulator

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/smithy-go/encoding/cbor"

	"caretaker/internal/alarm"
)

// What AWS takes in the rule of a composite alarm:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
const (
	mostInRule  = 100
	longestRule = 10_240
)

// putCompositeAlarm refuses a rule over alarms that are not there, over too many, or that is too long, and a write
// while another one is under way.
func putCompositeAlarm(x *exchange) (*answer, error) {
	asked, err := cbor.Decode(x.body)
	if err != nil { // another protocol: as it is
		return x.forward()
	}
	request, _ := asked.(cbor.Map)
	rule, _ := request["AlarmRule"].(cbor.String)
	children := alarm.Children(string(rule)) // a hundred at most
	if strings.Count(string(rule), "ALARM(") > mostInRule || len([]rune(string(rule))) > longestRule {
		return x.refuse(http.StatusBadRequest, "ValidationError", fmt.Sprintf("The alarm rule may have %d alarms and %d characters", mostInRule, longestRule)), nil
	}
	var names cbor.List
	for _, child := range children {
		names = append(names, cbor.String(child))
	}
	if len(names) > 0 {
		listed, err := x.asked("DescribeAlarms", cbor.Map{"AlarmNames": names, "AlarmTypes": cbor.List{cbor.String("CompositeAlarm"), cbor.String("MetricAlarm")}, "MaxRecords": cbor.Uint(mostInRule)})
		if err != nil {
			return nil, err
		}
		metric, _ := listed["MetricAlarms"].(cbor.List)
		composite, _ := listed["CompositeAlarms"].(cbor.List)
		if lacking := len(names) - len(metric) - len(composite); lacking > 0 {
			return x.refuse(http.StatusBadRequest, "ValidationError", fmt.Sprintf("Could not save the composite alarm as %d of the alarms in the alarm rule do not exist", lacking)), nil
		}
	}
	return putMetricAlarm(x)
}
