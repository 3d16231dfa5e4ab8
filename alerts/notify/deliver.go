package notify

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/rs/zerolog"
)

// patience is how often a message comes through the queue before people are told another way, as long
// as Slack does not answer: they would wait for an hour otherwise, until it is among the dead letters.
const patience = 3

// deliver sends the messages to a chat, and answers what is to be remembered: where they stand, and nothing of
// those that could not be sent. What brought these comes again. charts are to be drawn for what was sent.
func (n *Notifier) deliver(ctx context.Context, to chat, before, after State, messages []Message, deliveries []delivery, report *Report) (_ State, charts []drawing) {
	var failed []Message
	for i := range messages {
		if messages[i].Kind == Opened {
			n.showLines(ctx, &messages[i], after, report)
		}
		message := messages[i]
		received := 1
		for _, one := range deliveries {
			if message.brought(one, after) {
				received = max(received, one.received)
			}
		}
		stands, err := to.tell(ctx, message, received, report)
		if err != nil {
			to.failed()
			report.list(err)
			failed = append(failed, message)
			continue
		}
		to.sent(message)
		if incident, open := after.Incidents[message.Group]; open && message.Kind != Escalated {
			incident.Channel, incident.Message = stands.channel, stands.ts
			after.Incidents[message.Group] = incident
		}
		charts = append(charts, n.toDraw(message, stands, deliveries)...)
		zerolog.Ctx(ctx).Info().Str("kind", string(message.Kind)).Str("about", message.headline()).Bool("edit", message.Edit).Msg("told people")
	}
	for _, one := range deliveries {
		if slices.ContainsFunc(failed, func(m Message) bool { return m.brought(one, after) }) {
			report.again(one)
		}
	}
	if len(deliveries) == 0 && len(failed) > 0 {
		report.fail(errors.New("people could not be told what the schedule found"))
	}
	return settle(before, after, failed), charts
}

// brought tells whether a delivery is news that this message tells of.
func (m Message) brought(one delivery, state State) bool {
	switch {
	case one.heartbeat:
		return m.Kind == Beat
	case one.alarm != nil:
		key := keyOf(*one.alarm)
		return m.Group != "" && state.Alarms[key].Group == m.Group || slices.ContainsFunc(m.Healed, func(c Change) bool { return c.Alarm == key })
	}
	for _, notice := range m.Notices {
		if notice.ID == one.notice.ID && notice.Title == one.notice.Title {
			return true
		}
	}
	return slices.Contains(m.Noted, one.notice.ID)
}

// tell sends one message to Slack, or where there is none by Amazon Q; and to people by mail and SMS where there is neither,
// or it is not taken. It answers where the message stands.
func (n *Notifier) tell(ctx context.Context, m Message, received int, report *Report) (receipt, error) {
	if m.Kind == Escalated || m.Kind == Relieved {
		err := n.publish(ctx, topicARN(n.cfg.Escalate.Topic, n.options.Partition, n.options.Place.Region, n.options.Place.Account), m, "alerts.notify.escalate names this topic for what stays on")
		if err == nil {
			report.Escalated++
		}
		return receipt{}, err
	}
	if n.target.Secret == "" {
		if m.Kind == Beat {
			return receipt{}, nil // it has come so far; nobody wants an SMS a day that all is well
		}
		if n.cfg.AmazonQ.Topic != "" {
			return n.tellQ(ctx, m, received, report)
		}
		return receipt{}, n.people(ctx, m, "", report)
	}
	stands, err := n.post(ctx, m, false, report)
	var no refused
	if err != nil && (!errors.As(err, &no) || no.cause != passing && no.cause != limited) {
		// The secret may have been changed: it is read once more.
		stands, err = n.post(ctx, m, true, report)
	}
	if err == nil {
		return stands, nil
	}
	if comesAgain := errors.As(err, &no) && (no.cause == passing || no.cause == limited); comesAgain && received < patience {
		return receipt{}, err
	}
	zerolog.Ctx(ctx).Error().Err(err).Msg("Slack does not take it: telling people another way")
	return receipt{}, n.people(ctx, m, err.Error(), report)
}

// post sends one message to Slack: as plain text where the blocks are refused, afresh where the message
// that it would edit is gone.
func (n *Notifier) post(ctx context.Context, m Message, fresh bool, report *Report) (receipt, error) {
	as, err := n.vault.credential(ctx, fresh)
	if err != nil {
		return receipt{}, err
	}
	if as.token != "" && n.target.Channel == "" {
		return receipt{}, refused{reason: "the secret holds a bot token, and notify.slack.channel names no channel", cause: misplaced}
	}
	stands := receipt{m.Incident.Channel, m.Incident.Message}
	edit := as.token != "" && stands.ts != "" && (m.Edit || m.Kind == Closed)
	content := n.options.Place.plainPost(m)
	if n.target.Blocks {
		content = n.options.Place.blocks(m)
	}
	sent, err := n.slack.send(ctx, as, content, stands, edit)
	var no refused
	if errors.As(err, &no) && no.cause == vanished {
		stands, edit = receipt{}, false
		sent, err = n.slack.send(ctx, as, content, stands, edit)
	}
	if errors.As(err, &no) && no.cause == malformed {
		report.Plain++
		sent, err = n.slack.send(ctx, as, n.options.Place.plainPost(m), stands, edit)
	}
	return sent, err
}

// people tells people by mail and SMS.
func (n *Notifier) people(ctx context.Context, m Message, why string, report *Report) error {
	if err := n.tellPeople(ctx, m, why); err != nil {
		if why != "" {
			return fmt.Errorf("%w; it would have gone there since %s", err, why)
		}
		return err
	}
	report.ToPeople++
	return nil
}
