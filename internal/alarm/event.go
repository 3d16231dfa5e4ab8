package alarm

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// What one event may hold. Anything beyond is refused unread.
const (
	// maxEventBytes is the most that Lambda hands over:
	// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
	maxEventBytes = 6 << 20
	// maxRecords is a queue's largest batch:
	// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
	maxRecords = 10_000
	// maxNesting is as many envelopes as AWS ever puts around an alarm: a queue's event, the
	// record of a failed run, the event of SNS that it was run with.
	maxNesting = 4
)

// Delivery is one thing that an event brings: an alarm or an error, and only one of them.
type Delivery struct {
	// MessageID is the queue's message that it came in, by which that message alone can be
	// refused; empty when it came through no queue. Several deliveries may share one.
	MessageID string
	// Alarm is the state change of an alarm, whatever its new state.
	Alarm *Alarm
	// Err says what is wrong with this delivery; the others stand.
	Err error
	// Other is the JSON object that Err is about where it is whole and not an alarm at all: it may
	// be a message of the reader's own.
	Other json.RawMessage
	// Notice is what Err is about, for people to read. It is there wherever Err is.
	Notice *Notice
}

// Decode reads what a function is invoked with: an alarm through SNS, through SNS and a queue
// with the envelope of SNS or without, straight from CloudWatch or through EventBridge, and any
// of them in the record that Lambda leaves of a failed run. What cannot be read is a Delivery
// with Err. There is always at least one.
func Decode(event []byte) []Delivery {
	if len(event) > maxEventBytes {
		return noticed(failed(fmt.Errorf("decoding the event: it has %d bytes, more than %d", len(event), maxEventBytes)), event[:maxEventBytes])
	}
	return noticed(prefixed("decoding the event", decode(event, 0)), event)
}

// decode tells the shapes apart by the keys that only one of them has.
func decode(raw []byte, depth int) []Delivery {
	if depth > maxNesting {
		return failed(fmt.Errorf("more than %d envelopes are nested", maxNesting))
	}
	var keys map[string]json.RawMessage
	if err := unmarshal(raw, &keys); err != nil {
		return failed(err)
	}
	has := func(key string) bool { return len(keys[key]) > 0 }
	switch {
	case has("detail-type"):
		if what, alarm := eventKind(keys); !alarm {
			return []Delivery{{Err: fmt.Errorf("it is %s, and not the state change of an alarm", what), Other: raw}}
		}
		return decoded(decodeStateChange(raw))
	case has("Records"):
		return decodeRecords(keys["Records"], depth)
	case has("requestPayload"):
		return prefixed("reading requestPayload", decode(keys["requestPayload"], depth+1))
	case has("TopicArn") && has("Message"):
		return decodeNotification(raw, depth)
	case has("AlarmName"):
		return decoded(decodeMessage(raw))
	case has("alarmData"):
		return decoded(decodeInvocation(raw))
	}
	return []Delivery{{Err: errors.New("it is not the state change of an alarm and does not hold one"), Other: raw}}
}

// eventKind says what kind of event EventBridge brings, and whether it is an alarm's. What other
// services write into theirs is not looked at.
func eventKind(keys map[string]json.RawMessage) (what string, alarm bool) {
	var kind, source string // a value of another form stands for none
	_ = json.Unmarshal(keys["detail-type"], &kind)
	_ = json.Unmarshal(keys["source"], &source)
	return fmt.Sprintf("the event %.100q of %.50q", kind, source), slices.Contains(stateChanges, kind)
}

// decodeRecords reads the records of SNS or of a queue, each with a fate of its own.
func decodeRecords(raw json.RawMessage, depth int) []Delivery {
	var records []json.RawMessage
	if err := unmarshal(raw, &records); err != nil {
		return failed(fmt.Errorf("reading Records: %w", err))
	}
	if len(records) == 0 || len(records) > maxRecords {
		return failed(fmt.Errorf("reading Records: there are %d, and the most is %d", len(records), maxRecords))
	}
	deliveries := make([]Delivery, 0, len(records))
	for i, record := range records {
		deliveries = append(deliveries, noticed(prefixed(fmt.Sprintf("reading record %d", i+1), decodeRecord(record, depth)), record)...)
	}
	return deliveries
}

// decodeRecord reads one record, which is SNS's or a queue's.
func decodeRecord(raw json.RawMessage, depth int) []Delivery {
	var record struct {
		SNS       json.RawMessage `json:"Sns"`
		MessageID string          `json:"messageId"`
		Body      *string         `json:"body"`
	}
	if err := unmarshal(raw, &record); err != nil {
		return failed(err)
	}
	switch {
	case len(record.SNS) > 0:
		return prefixed("reading Sns", decodeNotification(record.SNS, depth))
	case record.Body == nil:
		return failed(errors.New("it comes from neither SNS nor a queue"))
	case record.MessageID == "":
		return failed(errors.New("reading messageId: it is missing"))
	}
	deliveries := noticed(prefixed("reading body", decode([]byte(*record.Body), depth+1)), []byte(*record.Body))
	for i := range deliveries {
		deliveries[i].MessageID = record.MessageID
		if notice := deliveries[i].Notice; notice != nil && notice.ID == "" {
			notice.ID = record.MessageID
		}
	}
	return deliveries
}

// decodeNotification reads what SNS says of a message, and the message.
func decodeNotification(raw []byte, depth int) []Delivery {
	var notification notification
	if err := unmarshal(raw, &notification); err != nil {
		return failed(err)
	}
	deliveries := prefixed("reading Message", decode([]byte(notification.Message), depth+1))
	topic, err := parseARN(notification.TopicARN)
	for i, d := range deliveries {
		if d.Err != nil && d.Notice == nil {
			deliveries[i].Notice = notification.notice()
		}
		// Only the topic knows the Region's code of an old message, which has but its name for
		// people: an alarm and the topic it tells are always in one Region.
		if err == nil && d.Alarm != nil && d.Alarm.ARN == "" {
			d.Alarm.Region = topic.Region
		}
	}
	return deliveries
}

func failed(err error) []Delivery { return []Delivery{{Err: err}} }

func decoded(alarm Alarm, err error) []Delivery {
	if err != nil {
		return failed(err)
	}
	return []Delivery{{Alarm: &alarm}}
}

// prefixed says of the errors where they happened.
func prefixed(where string, deliveries []Delivery) []Delivery {
	for i, d := range deliveries {
		if d.Err != nil {
			deliveries[i].Err = fmt.Errorf("%s: %w", where, d.Err)
		}
	}
	return deliveries
}
