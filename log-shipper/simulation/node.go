package simulation

import (
	"context"
	"time"

	"caretaker/log-shipper/document"
)

// node is a destination: it is down for a time, refuses poison, is busy now and then, and loses an
// answer now and then.
type node struct {
	*world
	name      string
	documents map[string]bool
	poison    map[string]bool
	down, up  time.Time
	away      bool // whatever the time is
}

// addNode makes a destination.
func (w *world) addNode(name string) {
	n := &node{world: w, name: name, documents: map[string]bool{}, poison: map[string]bool{}}
	n.down = w.clock.Add(time.Duration(w.IntN(60)) * time.Minute)
	n.up = n.down.Add(time.Duration(w.IntN(4*60)) * time.Minute)
	w.nodes = append(w.nodes, n)
}

// poison makes an event one that some destinations refuse, and at least one.
func (w *world) poison(id string) {
	for at, n := range w.nodes {
		n.poison[id] = at == 0 || w.IntN(2) == 0
	}
}

// Send takes a batch as a bulk destination would.
func (n *node) Send(_ context.Context, b *document.Batch) document.Fates {
	fates := document.Fates{Of: make([]document.Fate, b.Len()), Reasons: map[int]string{}}
	away := n.away || n.clock.Before(n.calm) && n.clock.After(n.down) && n.clock.Before(n.up) || n.troubled(30)
	for i := range b.Len() {
		if away || n.killed() || n.troubled(50) {
			fates.Err = errTrouble
			continue
		}
		fates.Of[i] = n.take(string(b.ID(i)))
		if fates.Of[i] == document.Refused {
			fates.Reasons[i] = "400 mapper_parsing_exception"
		}
		if n.troubled(60) { // it was carried out, and nobody heard of it
			fates.Of[i], fates.Err = document.Unsent, errTrouble
			delete(fates.Reasons, i)
		}
	}
	return fates
}

func (n *node) take(id string) document.Fate {
	switch {
	case n.poison[id]:
		return document.Refused
	case n.documents[id]:
		return document.Already
	}
	n.documents[id] = true
	return document.Delivered
}
