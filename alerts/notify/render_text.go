package notify

import (
	"fmt"
	"strings"
)

// Text is a message for a reader of plain text: a mail, an SMS, a chat that knows no blocks.
type Text struct {
	// Subject is one line, Body all of it, the subject's words among it.
	Subject, Body string
}

// What a text holds at most.
const (
	mostInText   = 30     // alarms
	mostTextBody = 12_000 // characters; https://docs.slack.dev/changelog/2018-truncating-really-long-messages: 40,000
)

// text renders a message. Why, where it is not empty, says why it comes this way.
func (p Place) text(m Message, why string) Text {
	var body strings.Builder
	line := func(format string, values ...any) { fmt.Fprintf(&body, format+"\n", values...) }
	line("%s", m.headline())
	line("Where: %s", p.where(m))
	if !m.Incident.Since.IsZero() {
		line("Since: %s", clock(m.Incident.Since))
	}
	if why != "" {
		line("Why you read this here: %s", why)
	}
	on := m.Incident.alarmsOn()
	for _, member := range on[:min(len(on), mostInText)] {
		line("")
		writeMember(line, member)
	}
	if more := len(on) - mostInText; more > 0 {
		line("\nand %d more alarms", more)
	}
	if healed := m.healed(); len(healed) > 0 {
		line("\nOK again: %s", listed(healed, mostInText))
	}
	for position, one := range m.Incident.Lines {
		if position == 0 {
			line("\nLast error lines:")
		}
		line("  %s", one)
	}
	for _, note := range m.Incident.Notes {
		line("\nDone about it: %s", note)
	}
	for _, notice := range m.Notices {
		line("\n%s", notice.Title)
		if rest := beyondTitle(notice.Title, notice.Text); rest != "" {
			line("\n%s", leftOut(rest, mostTextBody/len(m.Notices)))
		}
	}
	for _, incident := range m.Open {
		line("\n%s, since %s", incident.Title, clock(incident.Since))
	}
	return Text{Subject: m.headline(), Body: leftOut(body.String(), mostTextBody)}
}

func writeMember(line func(string, ...any), member Member) {
	line("%s", strings.TrimSuffix(member.Name+": "+member.title(), ": "))
	for _, text := range []string{member.Reason, member.Description} {
		if text != "" {
			line("  %s", text)
		}
	}
	if member.Runbook != "" {
		line("  Runbook: %s", member.Runbook)
	}
	for _, link := range member.links() {
		if link.Title != "runbook" {
			line("  %s: %s", link.Title, link.URL)
		}
	}
}

// healed are the names of the alarms that are OK again.
func (m Message) healed() []string {
	list := names(m.Healed)
	for _, member := range m.Incident.Members {
		if !member.on() {
			list = append(list, member.Name)
		}
	}
	return list
}

// beyondTitle is a notice's text without its title, where that is its first line.
func beyondTitle(title, text string) string {
	if after, is := strings.CutPrefix(strings.TrimSpace(text), title); is {
		return strings.TrimSpace(after)
	}
	return strings.TrimSpace(text)
}

// leftOut cuts a text between characters, and says how much of it is left out.
func leftOut(text string, most int) string {
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	const note = "\n... and %d more characters"
	kept := max(most-len(note)-8, 0)
	return string(runes[:kept]) + fmt.Sprintf(note, len(runes)-kept)
}
