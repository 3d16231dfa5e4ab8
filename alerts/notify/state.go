package notify

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// State is all that is remembered from run to run. The zero value remembers nothing.
type State struct {
	// Incidents are those that are open, by what they are grouped by.
	Incidents map[string]Incident `json:"incidents,omitempty"`
	// Alarms are the last changes of alarms, by Change.Alarm, whether they are on or not.
	Alarms map[string]Last `json:"alarms,omitempty"`
	// Notices are when messages that are not alarms were read, by their ids.
	Notices map[string]time.Time `json:"notices,omitempty"`
	// Heartbeat is when one was last told of, and HeartbeatAsked when one was last sent on its way.
	Heartbeat      time.Time `json:"heartbeat,omitzero"`
	HeartbeatAsked time.Time `json:"heartbeatAsked,omitzero"`
	// Blind says that what was remembered could not be read. Then every change is told of, since
	// nobody knows what was told before.
	Blind bool `json:"-"`
}

// Last is the last change of an alarm.
type Last struct {
	State string    `json:"state"`
	At    time.Time `json:"at"`
	// Group is the incident that it is part of, or was.
	Group string `json:"group"`
	// Moves are its last changes to and from ALARM, oldest first: as many as make a flap.
	Moves []time.Time `json:"moves,omitempty"`
	// Flaps says that it changes too often for each change to be told of.
	Flaps bool `json:"flaps,omitempty"`
}

// Incident is what is wrong with one service, from the first alarm until the last is OK.
type Incident struct {
	// Title is the service; of a storm it is how many there are.
	Title string `json:"title"`
	// Opened is when people were told first, Since when the first alarm changed.
	Opened time.Time `json:"opened"`
	Since  time.Time `json:"since"`
	// Members are the alarms, in the order in which they came, those that are OK again among them.
	Members []Member `json:"members"`
	// Trimmed is how many more members there were, which are OK again and left out for want of room.
	Trimmed int `json:"trimmed,omitempty"`
	// Notes are what other parts did about it, such as a raise, oldest first: the last five.
	Notes []string `json:"notes,omitempty"`
	// Lines are the last error lines of its functions when it opened.
	Lines []LogLine `json:"lines,omitempty"`
	// Escalated is when somebody else was told of it; zero until then.
	Escalated time.Time `json:"escalated,omitzero"`
	// Told is when people were last told, and Worst the severity that they know of.
	Told  time.Time `json:"told"`
	Worst string    `json:"worst,omitempty"`
	// Pending says that something changed that people were not told yet.
	Pending bool `json:"pending,omitempty"`
	// Message is the id of the message that stands in the channel, where one can be edited.
	Message string `json:"message,omitempty"`
	// Channel is where it stands, as Slack names it.
	Channel string `json:"channel,omitempty"`
}

// Member is an alarm of an incident.
type Member struct {
	Change
	// Since is when it went on, Ended when it was OK again; zero while it is on.
	Since time.Time `json:"since"`
	Ended time.Time `json:"ended,omitzero"`
	Flaps bool      `json:"flaps,omitempty"`
}

// on tells whether the member keeps the incident open.
func (m Member) on() bool { return m.Ended.IsZero() }

// How long what is over is remembered: a message may come again for as long as its queue keeps it.
const (
	keepOver = 4 * 24 * time.Hour
	// mostAlarms and mostNotices bound the memory; the oldest that are over go first.
	mostAlarms  = 20_000
	mostNotices = 2000
	mostNotes   = 5
)

// clone is a copy that can be changed.
func (s State) clone() State {
	s.Incidents, s.Alarms, s.Notices = maps.Clone(s.Incidents), maps.Clone(s.Alarms), maps.Clone(s.Notices)
	if s.Incidents == nil {
		s.Incidents = map[string]Incident{}
	}
	if s.Alarms == nil {
		s.Alarms = map[string]Last{}
	}
	if s.Notices == nil {
		s.Notices = map[string]time.Time{}
	}
	for group, incident := range s.Incidents {
		s.Incidents[group] = incident.clone()
	}
	return s
}

func (i Incident) clone() Incident {
	i.Members, i.Notes = slices.Clone(i.Members), slices.Clone(i.Notes)
	return i
}

// forget leaves out what is over for long, and the oldest of what would be too much.
func (s *State) forget(now time.Time) {
	for key, last := range s.Alarms {
		if last.over() && now.Sub(last.At) > keepOver {
			delete(s.Alarms, key)
		}
	}
	for id, at := range s.Notices {
		if now.Sub(at) > keepOver {
			delete(s.Notices, id)
		}
	}
	if over := len(s.Alarms) - mostAlarms; over > 0 {
		oldest := slices.SortedFunc(maps.Keys(s.Alarms), func(a, b string) int { return s.Alarms[a].At.Compare(s.Alarms[b].At) })
		for _, key := range oldest {
			if over > 0 && s.Alarms[key].over() {
				delete(s.Alarms, key)
				over--
			}
		}
	}
	if over := len(s.Notices) - mostNotices; over > 0 {
		oldest := slices.SortedFunc(maps.Keys(s.Notices), func(a, b string) int { return s.Notices[a].Compare(s.Notices[b]) })
		for _, id := range oldest[:over] {
			delete(s.Notices, id)
		}
	}
}

func (l Last) over() bool { return l.State == stateOK && !l.Flaps }

// member is where an alarm stands among the members; -1 where it does not.
func (i Incident) member(alarm string) int {
	return slices.IndexFunc(i.Members, func(m Member) bool { return m.Alarm == alarm })
}

// alarmsOn are the members that are on, the worst first and then the oldest.
func (i Incident) alarmsOn() []Member {
	on := slices.DeleteFunc(slices.Clone(i.Members), func(m Member) bool { return !m.on() })
	slices.SortStableFunc(on, func(a, b Member) int {
		return cmp.Or(-cmp.Compare(rank(a.Severity), rank(b.Severity)), a.Since.Compare(b.Since), strings.Compare(a.Alarm, b.Alarm))
	})
	return on
}

// rank orders severities. An alarm that says none is between the two: nobody knows.
func rank(severity string) int {
	return map[string]int{"": 2, "warning": 1, "critical": 3}[severity]
}

// severity is the worst of the members that are on.
func (i Incident) severity() string {
	on := i.alarmsOn()
	if len(on) == 0 {
		return i.Worst
	}
	return on[0].Severity
}

// ended is when the last member was OK again.
func (i Incident) ended() time.Time {
	var end time.Time
	for _, member := range i.Members {
		if member.Ended.After(end) {
			end = member.Ended
		}
	}
	return end
}

// settle is what is remembered once the messages were sent: the next state, but for the incidents and
// notices of those that could not be, which are as they were before, so that what brought them is
// news again when it comes again.
func settle(before, next State, failed []Message) State {
	settled := next.clone()
	for _, message := range failed {
		for _, notice := range message.Notices {
			delete(settled.Notices, notice.ID)
		}
		if message.Kind == Beat {
			settled.Heartbeat = before.Heartbeat
		}
		if message.Group == "" {
			continue
		}
		if incident, was := before.Incidents[message.Group]; was {
			settled.Incidents[message.Group] = incident
		} else {
			delete(settled.Incidents, message.Group)
		}
		for alarm, last := range next.Alarms {
			if last.Group != message.Group {
				continue
			}
			if earlier, was := before.Alarms[alarm]; was {
				settled.Alarms[alarm] = earlier
			} else {
				delete(settled.Alarms, alarm)
			}
		}
		for _, id := range message.Noted {
			delete(settled.Notices, id)
		}
	}
	return settled
}

// wordless is the state without what its alarms say of themselves.
func wordless(s State) State {
	s = s.clone()
	for group, incident := range s.Incidents {
		incident.Lines = nil
		for i := range incident.Members {
			member := &incident.Members[i]
			member.Reason, member.Description, member.Compared, member.Contributor = "", "", "", ""
		}
		s.Incidents[group] = incident
	}
	return s
}

// withoutOver is the state of what is on alone.
func withoutOver(s State) State {
	s = wordless(s)
	maps.DeleteFunc(s.Alarms, func(_ string, last Last) bool { return last.over() })
	for group, incident := range s.Incidents {
		incident.Members = slices.DeleteFunc(incident.Members, func(m Member) bool { return !m.on() })
		s.Incidents[group] = incident
	}
	return s
}
