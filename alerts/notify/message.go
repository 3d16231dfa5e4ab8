package notify

import (
	"time"

	"caretaker/internal/alarm"
)

// Kind is what a message is about.
type Kind string

// The kinds of messages.
const (
	Opened   Kind = "opened"
	Changed  Kind = "changed"
	Repeated Kind = "still on"
	Closed   Kind = "closed"
	// Escalated is an incident that stays on, told to the topic of alerts.notify.escalate; Relieved is its end there.
	Escalated Kind = "escalated"
	Relieved  Kind = "relieved"
	// Again is that an alarm is OK again of which nothing is remembered.
	Again Kind = "ok again"
	// Told is what is not an alarm.
	Told Kind = "notice"
	// Beat is the heartbeat.
	Beat Kind = "heartbeat"
)

// Message is what people are told.
type Message struct {
	Kind Kind
	At   time.Time
	// Group is the incident's; empty for what is about none.
	Group    string
	Incident Incident
	// Edit says that the message that stands is written anew, and that nobody is told otherwise.
	Edit bool
	// Notices are those of Told, Noted the ids of those that joined the incident.
	Notices []alarm.Notice
	Noted   []string
	// Healed are the alarms of Again, Open the incidents of Beat.
	Healed []Change
	Open   []Incident
}
