package slack_test

import (
	"encoding/json"
	"strings"
	"testing"

	"caretaker/internal/slack"
	"caretaker/internal/want"
)

// object is JSON of Slack's.
type object map[string]any

func text(kind, words string) object { return object{"type": kind, "text": words} }

func richText(elements ...object) object {
	return object{"type": "rich_text", "elements": []object{{"type": "rich_text_section", "elements": elements}}}
}

func times[T any](count int, one T) []T {
	list := make([]T, count)
	for at := range list {
		list[at] = one
	}
	return list
}

// What Slack's own pages refuse, and what is just within their limits.
func TestRefuses_isSlacksWordForWhatIsTooMuch(t *testing.T) {
	section := object{"type": "section", "text": text("mrkdwn", "x")}
	long := func(kind string, length int) object {
		return object{"type": kind, "text": text("plain_text", strings.Repeat("é", length))}
	}
	for name, one := range map[string]struct {
		message object
		word    string
	}{
		"a text":                       {object{"text": "hello"}, ""},
		"nothing":                      {object{}, "no_text"},
		"40,000 characters":            {object{"text": strings.Repeat("é", 40_000)}, ""},
		"one more":                     {object{"text": strings.Repeat("é", 40_001)}, "msg_too_long"},
		"50 blocks":                    {object{"blocks": times(50, section)}, ""},
		"51 blocks":                    {object{"blocks": times(51, section)}, "invalid_blocks"},
		"51 blocks in attachments":     {object{"attachments": []object{{"blocks": times(26, section)}, {"blocks": times(25, section)}}}, "invalid_blocks"},
		"100 attachments":              {object{"text": "x", "attachments": times(100, object{})}, ""},
		"101 attachments":              {object{"text": "x", "attachments": times(101, object{})}, "too_many_attachments"},
		"a section of 3,000":           {object{"blocks": []object{long("section", 3000)}}, ""},
		"a section of 3,001":           {object{"blocks": []object{long("section", 3001)}}, "invalid_blocks"},
		"a header of 150":              {object{"blocks": []object{long("header", 150)}}, ""},
		"a header of 151":              {object{"blocks": []object{long("header", 151)}}, "invalid_blocks"},
		"a header with markup":         {object{"blocks": []object{{"type": "header", "text": text("mrkdwn", "x")}}}, "invalid_blocks"},
		"a section without a text":     {object{"blocks": []object{{"type": "section", "text": text("mrkdwn", "")}}}, "invalid_blocks"},
		"blocks of 13,200 together":    {object{"blocks": append(times(4, long("section", 3000)), long("section", 1200))}, ""},
		"blocks of 13,201 together":    {object{"blocks": append(times(4, long("section", 3000)), long("section", 1201))}, "msg_blocks_too_long"},
		"a divider":                    {object{"blocks": []object{{"type": "divider"}}}, ""},
		"a block of another kind":      {object{"blocks": []object{{"type": "carousel"}}}, "invalid_blocks"},
		"a context":                    {object{"blocks": []object{{"type": "context", "elements": []object{text("mrkdwn", "x")}}}}, ""},
		"a context without elements":   {object{"blocks": []object{{"type": "context"}}}, "invalid_blocks"},
		"rich text":                    {object{"blocks": []object{richText(text("text", "x"))}}, ""},
		"rich text with an empty text": {object{"blocks": []object{richText(text("text", ""))}}, "invalid_blocks"},
		"rich text without a section":  {object{"blocks": []object{{"type": "rich_text", "elements": []object{text("text", "x")}}}}, "invalid_blocks"},
		"an empty section":             {object{"blocks": []object{richText()}}, "invalid_blocks"},
		"a link":                       {object{"blocks": []object{richText(object{"type": "link", "url": "https://a", "text": "x"})}}, ""},
		"a link to nowhere":            {object{"blocks": []object{richText(object{"type": "link", "url": "javascript:x", "text": "x"})}}, "invalid_blocks"},
		"a link of 3,001":              {object{"blocks": []object{richText(object{"type": "link", "url": "https://" + strings.Repeat("a", 2993), "text": "x"})}}, "invalid_blocks"},
		"a date":                       {object{"blocks": []object{richText(object{"type": "date", "timestamp": 1_764_000_000, "format": "{time}", "fallback": "noon"})}}, ""},
		"a date without a fallback":    {object{"blocks": []object{richText(object{"type": "date", "timestamp": 1_764_000_000, "format": "{time}"})}}, "invalid_blocks"},
		"an element of another kind":   {object{"blocks": []object{richText(object{"type": "emoji", "name": "x", "text": "x"})}}, "invalid_blocks"},
	} {
		message, err := json.Marshal(one.message)
		want.NoError(t, "encoding", err)
		want.Equal(t, name, slack.Refuses(message), one.word)
	}
	want.Equal(t, "what is no JSON", slack.Refuses([]byte("{")), "invalid_payload")
}
