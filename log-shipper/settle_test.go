package logshipper_test

import (
	"bytes"
	"fmt"
	"testing"

	"caretaker/internal/want"
	logshipper "caretaker/log-shipper"
)

// newAlone is a shipper with one destination, the pair's archive.
func newAlone(t *testing.T) *pair {
	t.Helper()
	p := newPair(t, 0)
	p.start(logshipper.Alone(p.archive), 0, false)
	return p
}

// What is parked is parked, and not delivered: it is when it has come back. The account balances either way.
func TestSettle_countsWhatIsParkedAsParkedUntilItIsDelivered(t *testing.T) {
	p := newAlone(t)
	p.archive.down = true
	want.Equal(t, "what became of the events", p.ships(t.Context(), straight(0, 4)).Tally, logshipper.Tally{In: 4, Parked: 4})
	want.Equal(t, "what became of them while it is down still", p.back(t.Context()).Tally, logshipper.Tally{In: 4, Parked: 4})
	want.Equal(t, "what waits", p.keys(), []string{"parked"})
	want.Equal(t, "documents", len(p.archive.got), 0)
	p.archive.down = false
	want.Equal(t, "what became of them when it is up", p.back(t.Context()).Tally, logshipper.Tally{In: 4, Delivered: 4})
	want.Equal(t, "documents", len(p.archive.got), 4)
	want.Equal(t, "objects that are left", len(p.shelf.Objects), 0)
}

// sentAgain has the shipper send an object of dead letters again, as redrive asks for it.
func (p *pair) sentAgain(key string) logshipper.Report {
	p.Helper()
	return p.ships(p.Context(), fmt.Sprintf(`{"Records":[{"eventSource":"aws:sqs","messageId":"m","body":%q}]}`, fmt.Sprintf(`{"key":%q,"since":%d}`, key, p.now.UnixMilli())))
}

// lettersIn counts the dead letters of an object.
func (p *pair) lettersIn(key string) (count int) {
	p.Helper()
	want.NoError(p, "reading "+key, logshipper.ReadLetters(p.shelf.Objects[key], func(logshipper.Letter) { count++ }))
	return count
}

// Dead letters that are refused again stand under the key that they have: it must not be deleted as done with.
func TestSettle_keepsDeadLettersThatAreRefusedAgain(t *testing.T) {
	p := newAlone(t)
	p.archive.refuses = "order"
	report := p.ships(t.Context(), straight(0, 2))
	want.Equal(t, "what became of the events", report.Tally, logshipper.Tally{In: 2, DeadLettered: 2})
	key := report.Letters[0]
	before := bytes.Clone(p.shelf.Objects[key])
	for range 2 {
		want.Equal(t, "what became of them again", p.sentAgain(key).Tally, logshipper.Tally{In: 2, DeadLettered: 2})
		want.Equal(t, "objects", len(p.shelf.Objects), 1)
		want.Equal(t, "dead letters", p.lettersIn(key), 2)
	}
	want.Equal(t, "whether the object is the same", bytes.Equal(before, p.shelf.Objects[key]), true)
	p.archive.refuses = "order 1"
	want.Equal(t, "what became of them when one is taken", p.sentAgain(key).Tally, logshipper.Tally{In: 2, Delivered: 1, DeadLettered: 1})
	want.Equal(t, "objects", len(p.shelf.Objects), 1)
	if _, there := p.shelf.Objects[key]; there {
		t.Error("the object that holds one more than was refused is still there")
	}
	p.archive.refuses = ""
	for key := range p.shelf.Objects {
		want.Equal(t, "what became of the last one", p.sentAgain(key).Tally, logshipper.Tally{In: 1, Delivered: 1})
	}
	want.Equal(t, "objects that are left", len(p.shelf.Objects), 0)
	want.Equal(t, "documents", len(p.archive.got), 2)
}

// Dead letters that the destination does not take now come back by themselves, from where they are.
func TestSettle_keepsDeadLettersWhileTheDestinationIsDown(t *testing.T) {
	p := newAlone(t)
	p.archive.refuses = "order"
	key := p.ships(t.Context(), straight(0, 2)).Letters[0]
	p.archive.refuses, p.archive.down = "", true
	want.Equal(t, "what became of them", p.sentAgain(key).Tally, logshipper.Tally{In: 2, Parked: 2})
	want.Equal(t, "dead letters", p.lettersIn(key), 2)
	p.archive.down = false
	want.Equal(t, "what became of them later", p.back(t.Context()).Tally, logshipper.Tally{In: 2, Delivered: 2})
	want.Equal(t, "objects that are left", len(p.shelf.Objects), 0)
}
