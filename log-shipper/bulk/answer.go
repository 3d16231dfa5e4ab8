package bulk

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
)

// item is what the node answered about one document. Its texts are parts of the answer.
type item struct {
	status int
	// index is where the document is, or was to be.
	index []byte
	// failure is used where Elasticsearch put the document into its failure store.
	failure []byte
	// problem is the error, as JSON.
	problem []byte
}

// errUnreadable is an answer that says nothing certain about any document.
var errUnreadable = errors.New("the answer cannot be read")

// readItems appends the items of an answer of _bulk. An answer that is cut off, or no JSON, is an error:
// then nothing of it counts.
func readItems(items []item, answer []byte) ([]item, error) {
	c := cursor{text: answer}
	found := false
	whole := c.object(func(key []byte) bool {
		if string(key) != "items" {
			return c.skip()
		}
		if found {
			return false
		}
		found = true
		return c.array(func() bool {
			var one item
			// One key, the operation's name, holds what became of it.
			if !c.object(func([]byte) bool { return c.object(func(key []byte) bool { return c.field(&one, key) }) }) {
				return false
			}
			items = append(items, one)
			return one.status != 0
		})
	})
	if !whole || !found || !c.ended() {
		return items, errUnreadable
	}
	return items, nil
}

// field reads one field of an item.
func (c *cursor) field(one *item, key []byte) bool {
	switch string(key) {
	case "status":
		number, ok := c.number()
		one.status = number
		return ok
	case "_index":
		text, ok := c.str()
		one.index = text
		return ok
	case "failure_store":
		text, ok := c.str()
		one.failure = text
		return ok
	case "error":
		from := c.next()
		ok := c.skip()
		one.problem = c.text[from:c.at]
		return ok
	}
	return c.skip()
}

// longestReason bounds what is kept of a reason: a node quotes what it could not read.
const longestReason = 1000

// reason says why the node refused something, from the error that it answered.
func reason(status int, problem []byte) string {
	text := strconv.Itoa(status)
	var told struct {
		Type     string
		Reason   string
		CausedBy struct{ Reason string } `json:"caused_by"`
	}
	if json.Unmarshal(problem, &told) != nil || told.Type == "" && told.Reason == "" {
		if problem = bytes.TrimSpace(problem); len(problem) > 0 {
			text += ": " + string(problem)
		}
		return cut(text)
	}
	text += " " + told.Type + ": " + told.Reason
	if told.CausedBy.Reason != "" {
		text += ": " + told.CausedBy.Reason
	}
	return cut(text)
}

func cut(text string) string {
	if len(text) > longestReason {
		text = text[:longestReason] + "..."
	}
	return string(bytes.ToValidUTF8([]byte(text), []byte("?")))
}
