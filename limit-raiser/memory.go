package limitraiser

import (
	"time"

	"caretaker/internal/alarm"
)

// Memory is what is remembered of a resource.
type Memory struct {
	// Raises are when it was raised, oldest first: the last hundred, the most that a day may have.
	Raises []time.Time `json:"raises,omitempty"`
	// Goal is what a raise of several steps is on its way to, in the episode of the key GoalOf; 0
	// when none is.
	Goal   float64 `json:"goal,omitempty"`
	GoalOf string  `json:"goalOf,omitempty"`
	// Floor is how much concurrency AWS said must stay unreserved; 0 when it never said.
	Floor float64 `json:"floor,omitempty"`
	// Measured says that CloudWatch has had metrics of its load: silence is then no load.
	Measured bool `json:"measured,omitempty"`
	// Spent is what the raises of all resources in this UTC month add to a month's bill, in US dollars.
	Spent float64 `json:"-"`
}

const mostRaises = 100

// raised adds a raise.
func (m Memory) raised(at time.Time) Memory {
	raises := append(m.Raises[:len(m.Raises):len(m.Raises)], at)
	m.Raises = raises[max(0, len(raises)-mostRaises):]
	return m
}

// toward remembers what an episode's raise is on its way to.
func (m Memory) toward(goal float64, episode string) Memory {
	m.Goal, m.GoalOf = goal, episode
	return m
}

// in is the memory as an episode sees it: a goal that another one left unreached is not its own.
func (m Memory) in(episode string) Memory {
	if m.GoalOf != episode {
		m.Goal = 0
	}
	return m
}

// last is when the resource was last raised; zero when it never was.
func (m Memory) last() time.Time {
	if len(m.Raises) == 0 {
		return time.Time{}
	}
	return m.Raises[len(m.Raises)-1]
}

// since counts the raises from then on.
func (m Memory) since(then time.Time) int {
	count := 0
	for _, at := range m.Raises {
		if !at.Before(then) {
			count++
		}
	}
	return count
}

// record is a resource's record in the ledger.
type record struct {
	Memory
	// Intent is a raise that was begun: nobody knows yet what became of it, or no look was sent
	// after it.
	Intent *intent `json:"intent,omitempty"`
	// Untold is what people could not be told so far, oldest first.
	Untold []notice `json:"untold,omitempty"`
}

// intent is a raise that is about to be made. It is written down before the call, so that
// whoever finds it can read from AWS whether the call was carried out.
type intent struct {
	// Event is the key of the event that it answers.
	Event   string    `json:"event"`
	Episode episode   `json:"episode"`
	At      time.Time `json:"at"`
	// Decisions are the raises of the resource's parts, as Raised where that is known.
	Decisions []Decision `json:"decisions"`
	// Goal is what a raise of several steps is on its way to.
	Goal float64 `json:"goal,omitempty"`
}

// episode is an alarm from one change to ALARM until it is OK again, and the step that it is in.
type episode struct {
	Alarm alarm.Alarm `json:"alarm"`
	// Step is 0 for the alarm itself and counts the looks after it.
	Step int `json:"step"`
}

// key names the episode of a resource.
func (e episode) key(resource Resource) string { return e.Alarm.Key() + "#" + resource.Key() }

// event names the step of a resource's episode, of which only one is ever acted on.
func (e episode) event(resource Resource) string {
	if e.Step == 0 {
		return e.key(resource)
	}
	return Look{Alarm: e.Alarm, Step: e.Step}.Key() + "#" + resource.Key()
}
