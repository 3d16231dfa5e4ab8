package notify

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"caretaker/alerts/label"
	"caretaker/internal/alarm"
)

// News is what a run hears of.
type News struct {
	Changes []Change
	Notices []alarm.Notice
	// Heartbeat says that the message came which the notifier sends itself once a day.
	Heartbeat bool
}

// Rules are by what it is decided what people are told.
type Rules struct {
	// Edits says that a message that stands can be written anew, which disturbs nobody. Without it
	// what changes is told in further messages, FollowUp apart at least.
	Edits    bool
	FollowUp time.Duration
	// Escalate is after how long somebody else is told of an incident that is still open; 0 is never.
	Escalate time.Duration
	// Repeat is after how long people are told again of an incident that is still open; 0 is never.
	Repeat time.Duration
}

// The quiet rules that have no key; those of flaps and storms stand with them.
const (
	// beatAfter is less than a day, so that a heartbeat is not left out for having come early.
	beatAfter = 20 * time.Hour
	// mostHealed members that are OK again stay with an incident that is open.
	mostHealed = 200
)

// Decide says what is remembered from now on, and what people are told. It is pure: the same state,
// news and time give the same answer, in whatever order the news come. The state that it answers holds
// once all messages are sent; see settle for those that cannot be.
func Decide(before State, news News, now time.Time, rules Rules) (State, []Message) {
	d := &decision{before: before, state: before.clone(), now: now, rules: rules, touched: map[string]bool{}, noted: map[string][]string{}}
	d.calm()
	changes := slices.Clone(news.Changes)
	slices.SortStableFunc(changes, func(a, b Change) int {
		return cmp.Or(a.At.Compare(b.At), strings.Compare(a.Alarm, b.Alarm), strings.Compare(a.State, b.State))
	})
	for _, change := range changes {
		d.change(change)
	}
	d.calm() // what came late may be of a flap that is long over
	fresh := d.notices(news.Notices)
	d.gather()
	for _, group := range slices.Sorted(maps.Keys(d.state.Incidents)) {
		d.escalate(group)
		d.incident(group)
	}
	d.tell(fresh)
	if news.Heartbeat && now.Sub(d.state.Heartbeat) >= beatAfter {
		d.state.Heartbeat = now
		d.messages = append(d.messages, Message{Kind: Beat, At: now, Open: slices.Collect(maps.Values(d.state.Incidents))})
	}
	d.state.forget(now)
	return d.state, d.messages
}

// decision is what Decide works on.
type decision struct {
	before, state State
	now           time.Time
	rules         Rules
	// touched are the groups of which people do not know everything.
	touched map[string]bool
	// noted are the ids of the notices that joined an incident.
	noted map[string][]string
	// again are alarms that are OK again and of which nothing is remembered.
	again    []Change
	messages []Message
}

// notices takes in what is not an alarm, and answers what belongs to no incident.
func (d *decision) notices(all []alarm.Notice) (fresh []alarm.Notice) {
	for _, notice := range all {
		if _, known := d.state.Notices[notice.ID]; known && notice.ID != "" {
			continue
		}
		if notice.ID != "" {
			d.state.Notices[notice.ID] = d.now
		}
		group := d.about(notice.Attributes["cause"])
		if group == "" {
			fresh = append(fresh, notice)
			continue
		}
		incident := d.state.Incidents[group]
		incident.Notes = append(slices.Clone(incident.Notes), notice.Title)
		incident.Notes = incident.Notes[max(0, len(incident.Notes)-mostNotes):]
		d.state.Incidents[group] = incident
		d.touched[group], d.noted[group] = true, append(d.noted[group], notice.ID)
	}
	return fresh
}

// about is the incident of which an alarm of this name is a member; empty where none is.
func (d *decision) about(name string) string {
	for _, group := range slices.Sorted(maps.Keys(d.state.Incidents)) {
		if name != "" && slices.ContainsFunc(d.state.Incidents[group].Members, func(m Member) bool { return m.Name == name }) {
			return group
		}
	}
	return ""
}

// incident decides what people are told of one.
func (d *decision) incident(group string) {
	incident := d.state.Incidents[group].trimmed()
	_, known := d.before.Incidents[group]
	if group == storm {
		incident.Title = servicesOf(incident)
	}
	message := Message{Group: group, At: d.now, Noted: d.noted[group]}
	on := incident.alarmsOn()
	rose := len(on) > 0 && rank(on[0].Severity) > rank(incident.Worst)
	since := d.now.Sub(incident.Told)
	switch {
	case !known:
		message.Kind = Opened
		incident.Opened, incident.Since = d.now, first(incident.Members)
	case len(on) == 0:
		message.Kind = Closed
	case d.rules.Repeat > 0 && since >= d.rules.Repeat:
		message.Kind = Repeated
	case !d.touched[group] && !incident.Pending:
		return
	case d.rules.Edits && !rose && incident.Message != "":
		message.Kind, message.Edit = Changed, true
	case rose, since >= d.rules.FollowUp:
		message.Kind = Changed
	default:
		incident.Pending = true
		d.state.Incidents[group] = incident
		return
	}
	incident.Pending = false
	if !message.Edit {
		incident.Told, incident.Worst = d.now, worse(incident.Worst, incident.severity())
	}
	message.Incident = incident
	d.messages = append(d.messages, message)
	d.state.Incidents[group] = incident
	if message.Kind == Closed {
		delete(d.state.Incidents, group)
	}
}

// escalate tells somebody else of an incident that stays on, and of its end. Nobody is called for a warning alone.
func (d *decision) escalate(group string) {
	incident := d.state.Incidents[group]
	on := incident.alarmsOn()
	message := Message{Kind: Escalated, Group: group, At: d.now}
	switch began, known := d.before.Incidents[group]; {
	case !known:
		return
	case len(on) == 0 && !incident.Escalated.IsZero():
		message.Kind = Relieved
	case len(on) == 0, !incident.Escalated.IsZero(), d.rules.Escalate <= 0, d.now.Sub(began.Since) < d.rules.Escalate, on[0].Severity == label.Warning:
		return
	default:
		incident.Escalated = d.now
		d.state.Incidents[group] = incident
	}
	message.Incident = incident
	d.messages = append(d.messages, message)
}

// worse is the worse of two severities; the first may be of an incident that nobody was told of.
func worse(known, now string) string {
	if rank(now) > rank(known) || known == "" {
		return now
	}
	return known
}

// first is when the first of the members went on.
func first(members []Member) time.Time {
	var began time.Time
	for _, member := range members {
		if began.IsZero() || member.Since.Before(began) {
			began = member.Since
		}
	}
	return began
}

// trimmed leaves out the oldest of very many members that are OK again.
func (i Incident) trimmed() Incident {
	many := len(i.Members) - len(i.alarmsOn()) - mostHealed
	i.Trimmed += max(many, 0)
	i.Members = slices.DeleteFunc(slices.Clone(i.Members), func(m Member) bool {
		if m.on() || many <= 0 {
			return false
		}
		many--
		return true
	})
	return i
}

// tell makes messages of what belongs to no incident. Many at once are one message.
func (d *decision) tell(fresh []alarm.Notice) {
	if len(d.again) > 0 {
		d.messages = append(d.messages, Message{Kind: Again, At: d.now, Healed: d.again})
	}
	if len(fresh) > mostOpening {
		d.messages = append(d.messages, Message{Kind: Told, At: d.now, Notices: fresh})
		return
	}
	for _, notice := range fresh {
		d.messages = append(d.messages, Message{Kind: Told, At: d.now, Notices: []alarm.Notice{notice}})
	}
}
