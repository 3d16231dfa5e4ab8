package notify

import (
	"context"
	"maps"
)

// chat is one of the ways by which people are told. Each has a memory of its own, so that what one does not take is told to
// it again, and not once more to the other.
type chat struct {
	tell func(ctx context.Context, m Message, received int, report *Report) (receipt, error)
	// sent and failed count.
	sent   func(Message)
	failed func()
}

// told decides what people are told, and tells them: in Slack, or where there is none, the way that there is; and beside
// Slack by Amazon Q, where the file names a topic of it.
func (n *Notifier) told(ctx context.Context, before remembered, news News, deliveries []delivery, report *Report) (after remembered, charts []drawing) {
	next, messages := Decide(before.State, news, n.now(), n.rules(ctx))
	after.State, charts = n.deliver(ctx, n.first(report), before.State, next, messages, deliveries, report)
	if n.cfg.AmazonQ.Topic == "" || n.target.Secret == "" {
		return after, charts
	}
	if before.Q == nil {
		before.Q = &State{}
	}
	lines := map[string][]LogLine{} // a log is read once
	for _, message := range messages {
		lines[message.Group] = message.Incident.Lines
	}
	news.Heartbeat = false // it shows that the way to Slack is open
	next, messages = Decide(*before.Q, news, n.now(), Rules{FollowUp: n.cfg.FollowUp.Std(), Repeat: n.cfg.Repeat.Std()})
	for i := range messages {
		messages[i].Incident.Lines = lines[messages[i].Group]
	}
	next, _ = n.deliver(ctx, n.beside(report), *before.Q, next, messages, deliveries, report)
	after.Q = &next
	return after, charts
}

// first is the chat that people are told in where there is but one.
func (n *Notifier) first(report *Report) chat {
	return chat{
		tell: n.tell,
		sent: func(m Message) {
			report.Sent[m.Kind]++
			if m.Edit {
				report.Edited++
			}
			if m.Kind == Beat {
				report.beats++
			}
		},
		failed: func() { report.Failed++ },
	}
}

// beside is Amazon Q's, beside Slack.
func (n *Notifier) beside(report *Report) chat {
	report.AmazonQ = &Tally{Sent: map[Kind]int{}}
	return chat{
		tell:   n.tellQ,
		sent:   func(m Message) { report.AmazonQ.Sent[m.Kind]++ },
		failed: func() { report.AmazonQ.Failed++ },
	}
}

// known is what is open in either chat.
func (r remembered) known() State {
	if r.Q == nil {
		return r.State
	}
	both := r.State
	both.Incidents = maps.Clone(r.Incidents)
	if both.Incidents == nil {
		both.Incidents = map[string]Incident{}
	}
	for group, incident := range r.Q.Incidents {
		both.Incidents["*beside*"+group] = incident
	}
	return both
}
