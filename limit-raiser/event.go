package limitraiser

import (
	"encoding/json"
	"fmt"

	"caretaker/internal/alarm"
)

// Delivery is one thing that an event brings: an alarm, a look or an error, and only one of them.
type Delivery struct {
	// MessageID is the queue's message that it came in, by which that message alone can be
	// refused; empty when it came through no queue. Several deliveries may share one.
	MessageID string
	// Alarm is the state change of an alarm, whatever its new state.
	Alarm *alarm.Alarm
	// Look is the raiser's own message.
	Look *Look
	// Err says what is wrong with this delivery; the others stand.
	Err error
}

// Decode reads what the function is invoked with: alarms in any shape, and the raiser's own
// message. What cannot be read is a Delivery with Err. There is always at least one.
func Decode(event []byte) []Delivery {
	var deliveries []Delivery
	for _, brought := range alarm.Decode(event) {
		delivery := Delivery{MessageID: brought.MessageID, Alarm: brought.Alarm, Err: brought.Err}
		if isLook(brought.Other) {
			delivery.Look, delivery.Err = decodeLook(brought.Other)
			if delivery.Err != nil {
				delivery.Err = fmt.Errorf("decoding the event: %w", delivery.Err)
			}
		}
		deliveries = append(deliveries, delivery)
	}
	return deliveries
}

// isLook tells whether what is not an alarm is, or wants to be, the raiser's own message.
func isLook(raw json.RawMessage) bool {
	var message struct {
		Look json.RawMessage `json:"look"`
	}
	return json.Unmarshal(raw, &message) == nil && len(message.Look) > 0
}
