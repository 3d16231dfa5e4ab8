package limitraiser

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"caretaker/internal/alarm"
)

// Delivery is one thing that an event brings: an alarm, a look or an error, and only one of them.
type Delivery struct {
	// MessageID is the queue's message that it came in, by which that message alone can be
	// refused; empty when it came through no queue. Several deliveries may share one.
	MessageID string
	// Alarm is the state change of an alarm, whatever its new state.
	Alarm *alarm.Alarm
	// Look is the raiser's own message.
	Look *Look
	// Err says what is wrong with this delivery; the others stand.
	Err error
}

// Decode reads what the function is invoked with: alarms in any shape, and the raiser's own
// message. What cannot be read is a Delivery with Err. There is always at least one.
func Decode(event []byte) []Delivery {
	var deliveries []Delivery
	for _, brought := range alarm.Decode(event) {
		delivery := Delivery{MessageID: brought.MessageID, Alarm: brought.Alarm, Err: brought.Err}
		if look, is, err := decodeLook(brought.Other); is {
			delivery.Look, delivery.Err = look, err
		}
		deliveries = append(deliveries, delivery)
	}
	return deliveries
}

// visits are what a delivery asks for. What is not for this raiser, or asks for nothing, is counted.
func (r *Raiser) visits(ctx context.Context, delivery Delivery, report *Report) ([]visit, error) {
	e, of, ours := r.open(ctx, delivery, report)
	if !ours {
		return nil, nil
	}
	state, err := r.ask(ctx, e)
	e.Alarm = state.alarm
	if state.over {
		report.Ended++
	}
	list := visitsOf(e, of, state)
	switch {
	case state.alarm.SuppressedBy != "" && !state.over:
		report.refuse(e.Alarm.Name, fmt.Sprintf("its actions are suppressed (%s): it is looked at again", state.alarm.SuppressedBy))
	case err == nil && !state.over && !slices.ContainsFunc(list, visit.claims):
		report.refuse(e.Alarm.Name, cmp.Or(strings.Join(state.not, "; "), "it names nothing that could be raised"))
	}
	return list, err
}

// open tells which step of which episode a delivery asks for, and of which resource a look is. It
// is false for what is counted and not acted on: what is not an alarm, comes from elsewhere, is not
// in ALARM, or is muted.
func (r *Raiser) open(ctx context.Context, delivery Delivery, report *Report) (e episode, of Resource, ours bool) {
	switch {
	case delivery.Err != nil:
		report.refuse("", delivery.Err.Error())
		return e, of, false
	case delivery.Look != nil:
		e, of = episode{Alarm: delivery.Look.Alarm, Step: delivery.Look.Step}, resourceOf(delivery.Look.Resource)
	default:
		e, of = episode{Alarm: *delivery.Alarm}, anyChild
	}
	switch home := r.home(ctx); {
	case e.Alarm.Account != home.Account || e.Alarm.Region != home.Region:
		report.refuse(e.Alarm.Name, fmt.Sprintf("it is from account %s, Region %s", e.Alarm.Account, e.Alarm.Region))
		return e, of, false
	case delivery.Look != nil:
		report.Looks++
		return e, of, true
	}
	report.Alarms++
	mute := e.Alarm.Mute
	switch {
	case e.Alarm.State != stateAlarm:
		report.Ignored++
		return e, of, false
	case mute.Rule != "" && (mute.Until.IsZero() || r.now().Before(mute.Until)):
		report.refuse(e.Alarm.Name, "it is muted by "+mute.Rule)
		return e, of, false
	}
	return e, of, true
}

// late is how old an event must be for its alarm to be read before it is acted on: it has waited
// in a queue, or among the dead letters, and may be over.
const late = 3 * time.Minute

// anyChild stands for the resource of a look at a composite alarm of which no child that is in
// ALARM says that something is short.
var anyChild = Resource{"child", "any"}

// alarmState is what an alarm says at present.
type alarmState struct {
	// alarm is the alarm with what its event did not say.
	alarm alarm.Alarm
	// over says that it is not in ALARM any more, or began another episode.
	over bool
	// short is what it says is short, calm what those children of a composite alarm are about that
	// are not in ALARM. Of one that is over, short is what all of them are about.
	short, calm []Shortage
	// more says that more may come from those children.
	more bool
	// not says in words why what it is about is not short.
	not []string
}

// ask finds out what an alarm says. What is found stands beside an error.
func (r *Raiser) ask(ctx context.Context, e episode) (alarmState, error) {
	a, over, err := r.asked(ctx, e)
	if err != nil || over && e.Step > 0 || !over && a.SuppressedBy != "" {
		return alarmState{alarm: a, over: over}, err // of a look the resource is known
	}
	now, err := r.says(ctx, a, over)
	now.alarm = a
	if err != nil || over || a.Rule == "" {
		now.more = now.more && err == nil
		return now, err
	}
	all, err := r.says(ctx, a, true)
	now.calm = slices.DeleteFunc(all.short, func(s Shortage) bool { return among(now.short, s.Resource) })
	return now, err
}

// asked is the alarm as CloudWatch knows it, where that has to be asked, and whether it is over.
func (r *Raiser) asked(ctx context.Context, e episode) (a alarm.Alarm, over bool, err error) {
	a = e.Alarm
	if e.Step > 0 || !r.options.AsIfNew && r.now().Sub(a.ChangedAt) >= late {
		now, still, err := r.still(ctx, a)
		if err != nil || !still {
			return now, err == nil, err
		}
		a = now
	}
	a, err = r.learn(ctx, a)
	return a, false, err
}

func among(list []Shortage, resource Resource) bool {
	return slices.ContainsFunc(list, func(s Shortage) bool { return s.Resource == resource })
}

// visitsOf are the visits of a step, whose look, if it is one, is of a resource.
func visitsOf(e episode, of Resource, now alarmState) []visit {
	var list []visit
	look, composite := e.Step > 0, e.Alarm.Rule != ""
	if now.over {
		if look {
			return []visit{{episode: e, Shortage: Shortage{Resource: of}, why: over}}
		}
		for _, one := range now.short {
			list = append(list, visit{episode: e, Shortage: Shortage{Resource: one.Resource}, why: over})
		}
		return list
	}
	if now.alarm.SuppressedBy != "" {
		return []visit{{episode: e, Shortage: Shortage{Resource: of}, why: again}}
	}
	for _, one := range now.short {
		switch {
		case !look || one.Resource == of:
			list = append(list, visit{episode: e, Shortage: one})
		case composite:
			// A child that came after the others begins with its first step.
			list = append(list, visit{episode: episode{Alarm: e.Alarm}, Shortage: one, joined: true})
		}
	}
	for _, one := range now.calm {
		if one.Resource != of {
			list = append(list, visit{episode: e, Shortage: Shortage{Resource: one.Resource}, why: calm})
		}
	}
	// Once others are looked at, nobody waits for any child.
	if now.more && !among(now.short, of) && (of != anyChild || len(now.short) == 0) {
		list = append(list, visit{episode: e, Shortage: Shortage{Resource: of}, why: again})
	}
	return list
}
