package slack

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"
)

// sent is a message as it comes.
type sent struct {
	Channel     string       `json:"channel"`
	TS          string       `json:"ts"`
	Thread      string       `json:"thread_ts"`
	Broadcast   bool         `json:"reply_broadcast"`
	Text        string       `json:"text"`
	Blocks      []Block      `json:"blocks"`
	Attachments []Attachment `json:"attachments"`
}

// Attachment is what stands beside a coloured bar.
type Attachment struct {
	Color    string  `json:"color"`
	Fallback string  `json:"fallback"`
	Blocks   []Block `json:"blocks"`
}

// Block is a block of Block Kit, as far as it is known here.
type Block struct {
	Type     string    `json:"type"`
	Text     *Text     `json:"text"`
	Elements []Element `json:"elements"`
}

// Text is a text object.
type Text struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

// Element is one of a block: of rich text a section with elements of its own, or such an element.
type Element struct {
	Type      string          `json:"type"`
	Text      string          `json:"text"`
	URL       string          `json:"url"`
	Style     json.RawMessage `json:"style"`
	Elements  []Element       `json:"elements"`
	Timestamp json.Number     `json:"timestamp"`
	Format    string          `json:"format"`
	Fallback  string          `json:"fallback"`
}

// Slack's limits.
// https://docs.slack.dev/reference/block-kit/blocks
// https://docs.slack.dev/reference/methods/chat.postMessage#truncating
const (
	mostBlocks      = 50
	mostSection     = 3000
	mostHeader      = 150
	mostURL         = 3000
	mostAll         = 13_200 // found by users: https://github.com/slackapi/bolt-js/issues/2509
	mostMessage     = 40_000
	mostAttachments = 100
)

// wrong is Slack's word for what is wrong with a message; empty where nothing is.
func (s sent) wrong() string {
	blocks := slices.Clone(s.Blocks)
	for _, attachment := range s.Attachments {
		blocks = append(blocks, attachment.Blocks...)
	}
	switch {
	case len(s.Attachments) > mostAttachments:
		return "too_many_attachments"
	case s.Text == "" && len(blocks) == 0:
		return "no_text"
	case utf8.RuneCountInString(s.Text) > mostMessage:
		return "msg_too_long"
	case len(blocks) > mostBlocks:
		return "invalid_blocks"
	}
	all := 0
	for _, block := range blocks {
		length, fine := block.length()
		if !fine {
			return "invalid_blocks"
		}
		all += length
	}
	if all > mostAll {
		return "msg_blocks_too_long"
	}
	return ""
}

// length is how many characters a block has, with its addresses. It is false for one that Slack refuses.
func (b Block) length() (int, bool) {
	switch b.Type {
	case "divider":
		return 0, true
	case "section", "header":
		if b.Text == nil || b.Text.Text == "" {
			return 0, false
		}
		length := utf8.RuneCountInString(b.Text.Text)
		most := map[string]int{"section": mostSection, "header": mostHeader}[b.Type]
		return length, length <= most && (b.Text.Type == "plain_text" || b.Type == "section" && b.Text.Type == "mrkdwn")
	case "context", "rich_text":
		if len(b.Elements) == 0 {
			return 0, false
		}
		return lengths(b.Elements, b.Type == "rich_text")
	}
	return 0, false
}

// richSections are the elements of rich text that hold others.
var richSections = []string{"rich_text_section", "rich_text_preformatted", "rich_text_quote"}

func lengths(elements []Element, rich bool) (int, bool) {
	all := 0
	for _, element := range elements {
		length := utf8.RuneCountInString(element.Text) + len(element.URL)
		fine := element.Text != "" && length <= mostSection
		switch {
		case rich && slices.Contains(richSections, element.Type):
			length, fine = lengths(element.Elements, false)
			fine = fine && len(element.Elements) > 0
		case rich:
			fine = false
		case element.Type == "link":
			fine = strings.HasPrefix(element.URL, "http") && len(element.URL) <= mostURL
		case element.Type == "date":
			seconds, err := element.Timestamp.Int64()
			fine = err == nil && seconds > 0 && strings.Contains(element.Format, "{") && element.Fallback != ""
			length = len(element.Fallback)
		case element.Type != "text" && element.Type != "plain_text" && element.Type != "mrkdwn":
			fine = false
		}
		if !fine {
			return 0, false
		}
		all += length
	}
	return all, true
}

// Shown is all that a message shows, as text.
func (m Message) Shown() string {
	var text strings.Builder
	text.WriteString(m.Text)
	for _, attachment := range m.Attachments {
		for _, block := range attachment.Blocks {
			text.WriteByte('\n')
			if block.Text != nil {
				text.WriteString(block.Text.Text)
			}
			write(&text, block.Elements)
		}
	}
	return text.String()
}

func write(text *strings.Builder, elements []Element) {
	for _, element := range elements {
		text.WriteString(element.Text)
		if element.Type == "date" {
			text.WriteString(element.Fallback)
		}
		write(text, element.Elements)
	}
}

// Refuses is Slack's word for what is wrong with a message, as JSON; empty where it takes it.
func Refuses(message []byte) string {
	var given sent
	if json.Unmarshal(message, &given) != nil {
		return "invalid_payload"
	}
	return given.wrong()
}
