package notify

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// storm is the group of the incidents that open together with many others.
const storm = "*storm*"

// mostOpening incidents that open within openingWithin are told of by themselves; more are one storm, which takes in what
// opens for stormLasts more.
const (
	mostOpening   = 5
	openingWithin = 10 * time.Minute
	stormLasts    = time.Hour
)

// gather drops the incidents that were over before anybody heard of them, and makes one of those that
// open together with too many others.
func (d *decision) gather() {
	var opening []string
	recent := 0
	for _, group := range slices.Sorted(maps.Keys(d.state.Incidents)) {
		incident := d.state.Incidents[group]
		_, known := d.before.Incidents[group]
		switch {
		case known && group != storm && d.now.Sub(incident.Opened) < openingWithin:
			recent++
		case known:
		case len(incident.alarmsOn()) == 0:
			delete(d.state.Incidents, group)
		default:
			opening = append(opening, group)
		}
	}
	whole, raging := d.before.Incidents[storm]
	raging = raging && d.now.Sub(whole.Opened) < stormLasts
	if len(opening) == 0 || !raging && recent+len(opening) <= mostOpening {
		return
	}
	whole = d.state.Incidents[storm]
	for _, group := range opening {
		one := d.state.Incidents[group]
		delete(d.state.Incidents, group)
		delete(d.touched, group)
		whole.Members, whole.Notes = append(whole.Members, one.Members...), append(whole.Notes, one.Notes...)
		for _, member := range one.Members {
			last := d.state.Alarms[member.Alarm]
			last.Group = storm
			d.state.Alarms[member.Alarm] = last
		}
		d.noted[storm] = append(d.noted[storm], d.noted[group]...)
	}
	whole.Notes = whole.Notes[max(0, len(whole.Notes)-mostNotes):]
	d.state.Incidents[storm], d.touched[storm] = whole, true
}

// servicesOf counts the services of a storm.
func servicesOf(i Incident) string {
	services := map[string]bool{}
	for _, member := range i.Members {
		services[member.Service] = true
	}
	return fmt.Sprintf("%d services", len(services))
}
