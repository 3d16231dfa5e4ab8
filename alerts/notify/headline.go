package notify

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

// Place is where the notifier stands.
type Place struct {
	// Account is the account's number, Name what people call it; empty is its number alone.
	Account, Name string
	Region, Stage string
}

// account names an account: the own one by its name too.
func (p Place) account(number string) string {
	if p.Name != "" && (number == p.Account || number == "") {
		return p.Name + " (" + p.Account + ")"
	}
	return cmp.Or(number, p.Account)
}

// headline is a message in one line.
func (m Message) headline() string {
	i := m.Incident
	on := i.alarmsOn()
	switch m.Kind {
	case Closed, Relieved:
		return fmt.Sprintf("OK again: %s, %s, after %s", i.Title, alarmsWere(len(i.Members)+i.Trimmed), lasted(i.ended().Sub(i.Since)))
	case Again:
		return fmt.Sprintf("OK again: %s", listed(names(m.Healed), 3))
	case Beat:
		return "Caretaker's heartbeat: " + open(m.Open)
	case Told:
		if len(m.Notices) > 1 {
			return fmt.Sprintf("%d messages", len(m.Notices))
		}
		return m.Notices[0].Title
	}
	text := word(on) + ": " + i.Title + ", " + alarmsAre(on)
	if healed := len(i.Members) + i.Trimmed - len(on); healed > 0 {
		text += fmt.Sprintf(", %d OK again", healed)
	}
	if m.Kind == Repeated || m.Kind == Escalated {
		text = "Still on after " + lasted(m.At.Sub(i.Since)) + ": " + text
	}
	return text
}

// word is the severity of the alarms that are on, in a word.
func word(on []Member) string {
	data := false
	for _, member := range on {
		data = data || member.State != stateNoData
	}
	switch {
	case !data:
		return "No data"
	case on[0].Severity == "":
		return "Alarm"
	}
	return strings.ToUpper(on[0].Severity[:1]) + on[0].Severity[1:]
}

// The colours of messages, those of the console.
var colours = map[string]string{
	"Critical": "#d13212", "Alarm": "#eb5f07", "Warning": "#f2a900", "No data": "#879596", "OK": "#1d8102", "Notice": "#0073bb",
}

func (m Message) colour() string {
	switch m.Kind {
	case Closed, Relieved, Again:
		return colours["OK"]
	case Told, Beat:
		return colours["Notice"]
	}
	return colours[word(m.Incident.alarmsOn())]
}

func alarmsAre(on []Member) string {
	if len(on) == 1 {
		return on[0].Name + " is on"
	}
	return fmt.Sprintf("%d alarms are on", len(on))
}

func alarmsWere(count int) string {
	if count == 1 {
		return "1 alarm"
	}
	return fmt.Sprintf("%d alarms", count)
}

func open(incidents []Incident) string {
	switch len(incidents) {
	case 0:
		return "no incident is open"
	case 1:
		return "1 incident is open"
	}
	return fmt.Sprintf("%d incidents are open", len(incidents))
}

func names(changes []Change) []string {
	list := make([]string, 0, len(changes))
	for _, change := range changes {
		list = append(list, change.Name)
	}
	return list
}

// listed are the first of a list, and how many more there are.
func listed(list []string, most int) string {
	text := strings.Join(list[:min(len(list), most)], ", ")
	if more := len(list) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// lasted is a length of time as people say it.
func lasted(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(max(d, 0).Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}

// clock is a moment for those who do not read it in Slack, which shows the reader's own time.
func clock(at time.Time) string { return at.UTC().Format("2 Jan 2006 15:04:05 UTC") }

// where says where a message comes from.
func (p Place) where(m Message) string {
	account, region := p.Account, p.Region
	if members := m.Incident.Members; len(members) > 0 {
		account, region = members[0].Account, members[0].Region
		for _, member := range members {
			if member.Account != account || member.Region != region {
				account, region = p.Account, p.Region
				break
			}
		}
	}
	text := "account " + p.account(account) + ", " + region
	if p.Stage != "" {
		text += ", stage " + p.Stage
	}
	return text
}

// title is what an alarm is about, in one line: what was compared, and of what.
func (m Member) title() string {
	var parts []string
	switch {
	case m.Flaps:
		parts = append(parts, "flaps")
	case !m.on():
		parts = append(parts, "OK again")
	case m.State == stateNoData:
		parts = append(parts, "no data")
	}
	if m.Resource != "" && !strings.HasSuffix(m.Resource, "/"+m.Name) && !strings.Contains(m.Name, m.Resource+"/") {
		parts = append(parts, strings.Replace(m.Resource, "/", " ", 1))
	}
	if m.Contributor != "" {
		parts = append(parts, m.Contributor)
	}
	if m.Compared != "" {
		parts = append(parts, m.Compared)
	}
	return strings.Join(parts, ", ")
}
