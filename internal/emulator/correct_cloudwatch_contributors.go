package emulator

import (
	"maps"
	"slices"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"
)

// SetContributors says which contributors of an alarm are in ALARM, by their ids, and since when:
// the emulator has alarms on one series each. It holds in every account and Region.
func (e *Emulator) SetContributors(alarm string, since map[string]time.Time) {
	e.memory.mutex.Lock()
	defer e.memory.mutex.Unlock()
	if e.memory.contributors == nil {
		e.memory.contributors = map[string]map[string]time.Time{}
	}
	e.memory.contributors[alarm] = maps.Clone(since)
}

// contributorPage is smaller than AWS's, so that two contributors make two pages.
const contributorPage = 1

// describeContributors answers with those that are in ALARM.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmContributors.html
func describeContributors(x *exchange) (*answer, error) {
	request, refused, err := x.asksInCBOR()
	if err != nil || refused != nil {
		return refused, err
	}
	name, _ := request["AlarmName"].(cbor.String)
	token, _ := request["NextToken"].(cbor.String)
	x.memory.mutex.Lock()
	defer x.memory.mutex.Unlock()
	since := x.memory.contributors[string(name)]
	part, next := window(slices.Sorted(maps.Keys(since)), string(token), contributorPage)
	list := cbor.List{}
	for _, id := range part {
		list = append(list, cbor.Map{
			"ContributorId": cbor.String(id), "ContributorAttributes": cbor.Map{}, "StateReason": cbor.String("the test says so"),
			"StateTransitionedTimestamp": &cbor.Tag{ID: 1, Value: cbor.Float64(float64(since[id].UnixMilli()) / 1000)},
		})
	}
	body := cbor.Map{"AlarmContributors": list}
	if next != "" {
		body["NextToken"] = cbor.String(next)
	}
	return inCBOR(body), nil
}
