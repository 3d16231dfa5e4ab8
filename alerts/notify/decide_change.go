package notify

import (
	"slices"
	"time"
)

// flapMoves changes to and from ALARM within flapWithin are a flap, which is told of once and ends when the alarm has not
// changed for as long.
const (
	flapMoves  = 3
	flapWithin = 10 * time.Minute
)

// calm ends the flaps of alarms that have not changed for a while.
func (d *decision) calm() {
	for group, incident := range d.state.Incidents {
		for i, member := range incident.Members {
			last := d.state.Alarms[member.Alarm]
			if !member.Flaps || d.now.Sub(last.At) < flapWithin {
				continue
			}
			incident.Members[i].Flaps, last.Flaps, last.Moves = false, false, nil
			if last.State == stateOK {
				incident.Members[i].Ended = last.At
			}
			d.state.Alarms[member.Alarm] = last
			d.touched[group] = true
		}
	}
}

// change takes a change of an alarm in, unless it is known, or older than what is known.
func (d *decision) change(c Change) {
	last, known := d.state.Alarms[c.Alarm]
	if known && (c.At.Before(last.At) || c.At.Equal(last.At) && c.State == last.State) {
		return
	}
	was := last.State
	last.State, last.At = c.State, c.At
	if was != c.State && (was == stateAlarm || c.State == stateAlarm) {
		last.Moves = moves(last.Moves, c.At)
	}
	flapped := last.Flaps
	last.Flaps = flapped || len(last.Moves) >= flapMoves
	incident, at := d.state.Incidents[last.Group], -1
	if known {
		at = incident.member(c.Alarm)
	}
	if at < 0 {
		last.Group = c.Service
		if incident = d.state.Incidents[c.Service]; incident.Title == "" {
			incident.Title = c.Service
		}
	}
	d.state.Alarms[c.Alarm] = last
	switch {
	case at < 0 && c.State != stateAlarm && !last.Flaps:
		if d.before.Blind && c.State == stateOK && c.OldState == stateAlarm {
			d.again = append(d.again, c)
		}
		return // it was born, or nobody was told that it was on
	case at < 0:
		incident.Members = append(incident.Members, Member{Change: c, Since: c.At, Flaps: last.Flaps})
	default:
		incident.Members = slices.Clone(incident.Members)
		incident.Members[at] = incident.Members[at].after(c, last.Flaps)
	}
	if !flapped {
		d.touched[last.Group] = true
	}
	d.state.Incidents[last.Group] = incident
}

// moves are the last changes up to this one that are near enough to make a flap.
func moves(earlier []time.Time, at time.Time) []time.Time {
	var near []time.Time
	for _, move := range append(slices.Clone(earlier), at) {
		if at.Sub(move) < flapWithin {
			near = append(near, move)
		}
	}
	return near[max(0, len(near)-flapMoves):]
}

// after is the member once its alarm changed.
func (m Member) after(c Change, flaps bool) Member {
	m.Flaps = flaps
	switch c.State {
	case stateAlarm:
		if m.Ended.IsZero() {
			c.At = m.Change.At // it is on since then
		} else {
			m.Since, m.Ended = c.At, time.Time{}
		}
		m.Change = c
	case stateNoData:
		m.State = c.State
	case stateOK:
		m.State = c.State
		if !flaps {
			m.Ended = c.At
		}
	}
	return m
}
