package emulator

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"
)

// muteRulePage is smaller than AWS's, so that two rules make two pages.
const muteRulePage = 1

// muteRules answers what is asked of mute rules, of which the emulator knows none. It keeps them; no alarm is
// muted by one, since SetAlarmState alone moves alarms here.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutAlarmMuteRule.html
func muteRules(x *exchange) (*answer, error) {
	request, refused, err := x.asksInCBOR()
	if err != nil || refused != nil {
		return refused, err
	}
	name, _ := request["AlarmMuteRuleName"].(cbor.String)
	if x.call.Operation == "PutAlarmMuteRule" {
		name, _ = request["Name"].(cbor.String)
	}
	arn := "arn:aws:cloudwatch:" + x.region() + ":" + x.account() + ":alarm-mute-rule:"
	x.memory.mutex.Lock()
	defer x.memory.mutex.Unlock()
	rule, there := x.memory.mutes[arn+string(name)]
	switch {
	case x.call.Operation == "PutAlarmMuteRule":
		if x.memory.mutes == nil {
			x.memory.mutes = map[string]cbor.Map{}
		}
		delete(request, "Tags")
		request["AlarmMuteRuleArn"] = cbor.String(arn + string(name))
		request["Status"], request["MuteType"] = cbor.String("SCHEDULED"), cbor.String("RECURRING")
		request["LastUpdatedTimestamp"] = &cbor.Tag{ID: 1, Value: cbor.Float64(float64(time.Now().Unix()))}
		x.memory.mutes[arn+string(name)] = request
		return inCBOR(cbor.Map{}), nil
	case x.call.Operation == "ListAlarmMuteRules":
		token, _ := request["NextToken"].(cbor.String)
		names := slices.DeleteFunc(slices.Sorted(maps.Keys(x.memory.mutes)), func(one string) bool { return !strings.HasPrefix(one, arn) })
		part, next := window(names, string(token), muteRulePage)
		list := cbor.List{}
		for _, one := range part {
			rule := x.memory.mutes[one]
			list = append(list, cbor.Map{"AlarmMuteRuleArn": cbor.String(one), "Status": rule["Status"], "MuteType": rule["MuteType"], "LastUpdatedTimestamp": rule["LastUpdatedTimestamp"]})
		}
		body := cbor.Map{"AlarmMuteRuleSummaries": list}
		if next != "" {
			body["NextToken"] = cbor.String(next)
		}
		return inCBOR(body), nil
	case x.call.Operation == "DeleteAlarmMuteRule":
		delete(x.memory.mutes, arn+string(name)) // one that is not there is as good
		return inCBOR(cbor.Map{}), nil
	case !there:
		return x.refuse(http.StatusNotFound, "ResourceNotFoundException", "Mute rule "+string(name)+" does not exist"), nil
	}
	return inCBOR(rule), nil
}
