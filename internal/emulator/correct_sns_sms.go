package emulator

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/url"
	"slices"
)

// SMS is a text message that a subscriber of a topic got.
type SMS struct{ Number, Text string }

// SMS are those that were sent since the emulator started or was reset, oldest first: the emulator drops them.
func (e *Emulator) SMS() []SMS {
	e.memory.mutex.Lock()
	defer e.memory.mutex.Unlock()
	return slices.Clone(e.memory.sms)
}

// publish sends what a topic gets to the numbers that subscribe it: of a message with a text for each protocol
// that of sms, else its default.
// https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
func publish(x *exchange) (*answer, error) {
	given, err := x.forward()
	if err != nil || !given.ok() {
		return given, err
	}
	form, err := url.ParseQuery(string(x.body))
	if err != nil || form.Get("TopicArn") == "" { // another protocol, or to a number
		return given, nil
	}
	text := form.Get("Message")
	if form.Get("MessageStructure") == "json" {
		var texts map[string]string
		if err := json.Unmarshal([]byte(text), &texts); err != nil {
			return nil, fmt.Errorf("reading a message for each protocol: %w", err)
		}
		text = texts["default"]
		if short, is := texts["sms"]; is {
			text = short
		}
	}
	var list struct {
		Members []struct{ Protocol, Endpoint string } `xml:"ListSubscriptionsByTopicResult>Subscriptions>member"`
	}
	listed, err := x.askForm("sns", url.Values{"Action": {"ListSubscriptionsByTopic"}, "Version": {"2010-03-31"}, "TopicArn": {form.Get("TopicArn")}})
	if err != nil || !listed.ok() {
		return given, err
	}
	if err := xml.Unmarshal(listed.body, &list); err != nil {
		return nil, fmt.Errorf("reading the subscriptions of a topic: %w", err)
	}
	x.memory.mutex.Lock()
	defer x.memory.mutex.Unlock()
	for _, one := range list.Members {
		if one.Protocol == "sms" {
			x.memory.sms = append(x.memory.sms, SMS{one.Endpoint, text})
		}
	}
	return given, nil
}
