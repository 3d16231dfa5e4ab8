package alarm

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// Notice is a message that is not the state change of an alarm: the report of a part, an event of
// another service, or whatever somebody wrote to a topic. It is for people to read.
type Notice struct {
	// ID is the same when the message is delivered again; empty where it came through neither SNS
	// nor a queue.
	ID string
	// Topic is the ARN of the topic that it was published to; empty where there is none.
	Topic string
	// Title is the subject, or the kind of event, or the first line of the text, in one line of at
	// most 200 characters. It is never empty.
	Title string
	// Text is what it says. JSON is written as lines of "key: value".
	Text string
	// At is when it was published; zero where that is not said.
	At time.Time
	// Attributes are those of SNS that are texts or numbers; nil where there are none.
	Attributes map[string]string
}

// notification is what SNS says of a message.
type notification struct {
	TopicARN          string `json:"TopicArn"`
	MessageID         string `json:"MessageId"`
	Subject, Message  string
	Timestamp         string
	MessageAttributes json.RawMessage
}

func (n notification) notice() *Notice {
	notice := newNotice(n.Subject, []byte(n.Message))
	notice.ID, notice.Topic = n.MessageID, n.TopicARN
	notice.At, _ = parseTime(n.Timestamp) // it is not known then
	var attributes map[string]struct{ Value string }
	_ = json.Unmarshal(n.MessageAttributes, &attributes) // of another form they say nothing
	for name, attribute := range attributes {
		if notice.Attributes == nil {
			notice.Attributes = map[string]string{}
		}
		notice.Attributes[name] = attribute.Value
	}
	return notice
}

// noticed makes a notice of what the deliveries without one failed to read.
func noticed(deliveries []Delivery, raw []byte) []Delivery {
	for i, d := range deliveries {
		if d.Err != nil && d.Notice == nil {
			deliveries[i].Notice = newNotice("", raw)
		}
	}
	return deliveries
}

// What a notice holds at most, in characters: more than one screen of any reader. SNS takes 256 KB.
const (
	maxTitle = 200
	maxText  = 64_000
)

func newNotice(title string, raw []byte) *Notice {
	text := readable(raw)
	if title == "" {
		title = kindOf(raw)
	}
	if title == "" {
		title, _, _ = strings.Cut(strings.TrimSpace(text), "\n")
	}
	title = strings.Join(strings.Fields(strings.ToValidUTF8(title, "\uFFFD")), " ")
	if title == "" {
		title = "a message without text"
	}
	return &Notice{Title: cut(title, maxTitle), Text: cut(text, maxText)}
}

// kindOf is what an event of EventBridge is about; empty for all else.
func kindOf(raw []byte) string {
	var event struct {
		Kind   string `json:"detail-type"`
		Source string `json:"source"`
	}
	if json.Unmarshal(raw, &event) != nil || event.Kind == "" {
		return ""
	}
	return fmt.Sprintf("%s (%s)", event.Kind, event.Source)
}

// readable is a text as it is, and a JSON object or list as lines, in its own order.
func readable(raw []byte) string {
	text := strings.ToValidUTF8(string(raw), "\uFFFD")
	trimmed := bytes.TrimSpace(raw)
	if len(trimmed) == 0 || trimmed[0] != '{' && trimmed[0] != '[' {
		return text
	}
	lines := &outline{decoder: json.NewDecoder(bytes.NewReader(trimmed))}
	lines.decoder.UseNumber()
	if err := lines.value("", 0); err != nil {
		return text
	}
	if _, err := lines.decoder.Token(); !errors.Is(err, io.EOF) {
		return text
	}
	return strings.ToValidUTF8(lines.text.String(), "\uFFFD")
}

// outline writes JSON as lines.
type outline struct {
	decoder *json.Decoder
	text    strings.Builder
}

// deepestOutline is how deep JSON may be nested to be written as lines: a stack overflows at some depth.
const deepestOutline = 100

var errDeep = errors.New("it is nested too deeply")

// value writes what comes next, which stands at a path such as detail.state.
func (o *outline) value(path string, depth int) error {
	token, err := o.decoder.Token()
	if err != nil {
		return err
	}
	open, nested := token.(json.Delim)
	switch {
	case !nested:
		o.line(path, token)
		return nil
	case depth == deepestOutline:
		return errDeep
	}
	for index := 0; o.decoder.More(); index++ {
		below := fmt.Sprintf("%s[%d]", path, index)
		if open == '{' {
			key, err := o.decoder.Token()
			if err != nil {
				return err
			}
			below = strings.TrimPrefix(fmt.Sprintf("%s.%s", path, key), ".")
		}
		if err := o.value(below, depth+1); err != nil {
			return err
		}
	}
	_, err = o.decoder.Token()
	return err
}

// line writes one value; what says nothing is left out.
func (o *outline) line(path string, value json.Token) {
	if value == nil || value == "" || o.text.Len() > utf8.UTFMax*maxText {
		return
	}
	if path != "" {
		path += ": "
	}
	fmt.Fprintf(&o.text, "%s%v\n", path, value)
}
