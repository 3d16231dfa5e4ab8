package notify

import (
	"bytes"
	"encoding/json"
	"strconv"

	"caretaker/internal/alarm"
)

// heard is what an event brings.
type heard struct {
	// scheduled says that the schedule started the run.
	scheduled  bool
	deliveries []delivery
}

// delivery is one alarm or notice, or the heartbeat.
type delivery struct {
	// message is the queue's message that it came in; empty where it came through none.
	message   string
	alarm     *alarm.Alarm
	notice    alarm.Notice
	heartbeat bool
	// received is how often the queue brought it, 1 for the first time and where it came through none.
	received int
}

// heartbeat is the message that the notifier sends itself.
const heartbeat = `{"caretaker":"heartbeat"}`

// hear reads an event. Whatever it is, it is a delivery: what is not an alarm, people read as it came.
func hear(event json.RawMessage) heard {
	if trimmed := bytes.TrimSpace(event); string(trimmed) == "{}" {
		return heard{scheduled: true}
	}
	received := receives(event)
	var all []delivery
	for _, d := range alarm.Decode(event) {
		one := delivery{message: d.MessageID, alarm: d.Alarm, received: max(received[d.MessageID], 1), heartbeat: string(d.Other) == heartbeat}
		if d.Notice != nil {
			one.notice = *d.Notice
		}
		all = append(all, one)
	}
	return heard{deliveries: all}
}

// receives is how often the queue has brought each of its messages.
func receives(event []byte) map[string]int {
	var batch struct {
		Records []struct {
			MessageID  string `json:"messageId"`
			Attributes struct {
				ApproximateReceiveCount string
			} `json:"attributes"`
		}
	}
	_ = json.Unmarshal(event, &batch) // another event has none
	counts := map[string]int{}
	for _, record := range batch.Records {
		counts[record.MessageID], _ = strconv.Atoi(record.Attributes.ApproximateReceiveCount)
	}
	return counts
}
