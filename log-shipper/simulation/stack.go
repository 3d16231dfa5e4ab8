package simulation

import (
	"encoding/json"
	"errors"
	"time"

	"caretaker/log-shipper/shelf"
)

// errTrouble is what AWS answers when something is wrong with it, and nothing after a process is killed.
var errTrouble = errors.New("simulated trouble")

// stack holds the bucket and the queue. Several goroutines of a run use them at the same time.
type stack struct {
	*world
	shelf.Shelf
	messages []message
	// givenUp are messages that failed for good.
	givenUp []message
}

// message is one of the queue.
type message struct {
	id, body string
	at       time.Time
	receives int
}

func newStack(w *world) *stack {
	s := &stack{world: w}
	s.Refuse = func() error {
		if s.killed() || s.troubled(30) {
			return errTrouble
		}
		return nil
	}
	s.Sent = func(body string, delay time.Duration) {
		s.messages = append(s.messages, message{id: sequence(len(s.messages) + s.outcome.Runs*1000), body: body, at: s.clock.Add(delay)})
	}
	return s
}

// visibility is how long a message that failed waits, receives how often it is tried.
const (
	visibility = 6 * time.Minute
	receives   = 10
)

// deliver runs the function for messages that are due: up to five, and now and then one of them again.
func (s *stack) deliver() {
	var due, later []message
	for _, m := range s.messages {
		if len(due) < 5 && !s.clock.Before(m.at) {
			due = append(due, m)
		} else {
			later = append(later, m)
		}
	}
	s.messages = later
	if len(due) == 0 {
		return
	}
	list := make([]any, 0, len(due))
	for _, m := range due {
		list = append(list, map[string]any{"eventSource": "aws:sqs", "messageId": m.id, "body": m.body})
	}
	event, err := json.Marshal(map[string]any{"Records": list})
	if err != nil {
		panic(err) // texts
	}
	answered, failed := s.invoke(event)
	for _, m := range due {
		again := failed || s.troubled(20) // SQS may deliver twice
		for _, failure := range answered.BatchItemFailures {
			again = again || failure.ItemIdentifier == m.id
		}
		if !again {
			continue
		}
		m.at = s.clock.Add(visibility)
		if m.receives++; m.receives < receives {
			s.messages = append(s.messages, m)
		} else {
			s.givenUp = append(s.givenUp, m)
		}
	}
}
