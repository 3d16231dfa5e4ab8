// Package notify tells people what alarms and the other parts of Caretaker say: in Slack, or what speaks
// like it, in Teams by way of Amazon Q, and by mail and SMS. It is the half of the part alerts that speaks; the other half makes
// the alarms.
//
// Handle reads what comes through a topic and a queue, whatever it is (event.go), looks up which
// service an alarm belongs to (tags.go), and decides, purely, what is said: one message for an
// incident, and nothing of what heals at once, flaps or is known (decide.go). Then it sends (chats.go, deliver.go),
// remembers (memory.go), and draws a chart for what is new (draw.go). A schedule starts it too: to look whether alarms are still on, to say
// again what is on for long, to end flaps, and to send the daily heartbeat on its way.
//
// It never loses what it hears: what cannot be sent comes again through the queue, and goes to the
// people topic when Slack does not want it. With its memory away it tells twice rather than never. It
// writes no alarm, and its secret stands in no log, error or report.
//
// A message costs some thousandths of a cent: a run of Lambda, three requests of SQS, and two writes
// of DynamoDB.
package notify

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/rs/zerolog"

	"caretaker/internal/alarm"
)

// Notifier tells people of one account and Region.
type Notifier struct {
	cfg     Config
	target  Target
	aws     Clients
	options Options
	memory  memory
	vault   *vault
	slack   *slackSender
	labels  labels
	// drawing is how long one chart may take.
	drawing time.Duration
}

// Options are what a notifier knows beside its configuration.
type Options struct {
	Place Place
	// Partition is aws, aws-cn and the like.
	Partition string
	// Table is the table that remembers, Queue the URL of the queue that feeds the function, and Topic the
	// ARN of the topic of people; empty sends them nothing.
	Table, Queue, Topic string
	// Now is the clock; nil is the real one.
	Now func() time.Time
}

// New makes a notifier that calls AWS with these clients. The configuration must be valid.
func New(deployed Deployed, clients Clients, options Options) *Notifier {
	if options.Now == nil {
		options.Now = time.Now
	}
	return &Notifier{
		cfg: deployed.Config, target: deployed.Target, aws: clients, options: options,
		memory: memory{
			db: clients.Memory, table: options.Table, now: options.Now,
			retry: 300 * time.Millisecond, length: 20 * time.Second, renew: 5 * time.Second,
		},
		vault: &vault{name: deployed.Target.Secret, secrets: clients.Secrets, parameters: clients.Parameters, now: options.Now},
		slack: newSlackSender(deployed.Target), drawing: mostDrawing,
	}
}

func (n *Notifier) now() time.Time { return n.options.Now() }

// Handle answers one event. What is to be tried again comes back in the report for a queue's messages,
// and as an error for all else.
func (n *Notifier) Handle(ctx context.Context, event json.RawMessage) (Report, error) {
	heard := hear(event)
	report := Report{Sent: map[Kind]int{}, Scheduled: heard.scheduled, BatchItemFailures: []BatchItemFailure{}}
	news := n.news(ctx, heard.deliveries, &report)
	owner, before, held := n.remember(ctx, heard, &report)
	if !held {
		return report, report.err()
	}
	release := n.memory.hold(ctx, owner)
	if heard.scheduled {
		news.Changes = n.looked(ctx, &before, &report)
	}
	after, charts := n.told(ctx, before, news, heard.deliveries, &report)
	report.Open = len(after.Incidents)
	release()
	n.keep(ctx, owner, after, &report)
	n.draw(ctx, charts, &report)
	return report, report.err()
}

// news is what the deliveries say.
func (n *Notifier) news(ctx context.Context, deliveries []delivery, report *Report) News {
	var news News
	var alarms []alarm.Alarm
	for _, one := range deliveries {
		switch {
		case one.heartbeat:
			news.Heartbeat = true
		case one.alarm != nil:
			alarms = append(alarms, *one.alarm)
		default:
			news.Notices = append(news.Notices, one.notice)
		}
	}
	report.Alarms, report.Notices = len(alarms), len(news.Notices)
	tags, err := n.tagsOf(ctx, alarms)
	report.list(err)
	for _, a := range alarms {
		if change, said := change(a, tags[a.Key()], n.now()); said {
			news.Changes = append(news.Changes, change)
		} else {
			report.Muted++
		}
	}
	return news
}

// remember reads what is remembered, and keeps others from it. With the memory away the run goes on
// without; while another run holds it, everything comes again.
func (n *Notifier) remember(ctx context.Context, heard heard, report *Report) (owner string, state remembered, held bool) {
	owner, state, err := n.memory.take(ctx)
	switch {
	case errors.Is(err, errHeld):
		report.list(err)
		for _, one := range heard.deliveries {
			report.again(one)
		}
		if heard.scheduled {
			report.fail(err)
		}
		return "", remembered{}, false
	case err != nil:
		zerolog.Ctx(ctx).Error().Err(err).Msg("telling people without a memory")
		report.list(err)
		report.Forgotten = true
		return "", remembered{State: State{Blind: true}, Q: &State{Blind: true}}, true
	}
	return owner, state, true
}

// looked is what a scheduled run finds out by itself. Once a day it sends the heartbeat on its way.
func (n *Notifier) looked(ctx context.Context, state *remembered, report *Report) []Change {
	changes, err := n.look(ctx, state.known())
	report.fail(err)
	report.Looked = len(changes)
	if now := n.now(); !state.Blind && now.Sub(state.Heartbeat) >= beatEvery && now.Sub(state.HeartbeatAsked) >= time.Hour {
		err := n.beat(ctx)
		report.fail(err)
		if err == nil {
			state.HeartbeatAsked = now
		}
	}
	return changes
}

// beatEvery is a day.
const beatEvery = 24 * time.Hour

// rules are those of the channel: a bot edits its messages.
func (n *Notifier) rules(ctx context.Context) Rules {
	rules := Rules{FollowUp: n.cfg.FollowUp.Std(), Repeat: n.cfg.Repeat.Std(), Escalate: n.cfg.Escalate.After.Std()}
	if n.target.Secret != "" {
		as, err := n.vault.credential(ctx, false) // one that cannot be read is told of when something is sent
		rules.Edits = err == nil && as.token != ""
	}
	return rules
}

// keep writes down what is to be remembered, also when the run's time is up: between that and Lambda's
// deadline there are some seconds.
func (n *Notifier) keep(ctx context.Context, owner string, state remembered, report *Report) {
	if owner == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if err := n.memory.keep(ctx, owner, state); err != nil {
		report.Forgotten = true
		report.fail(err)
	}
}
