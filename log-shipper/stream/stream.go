// Package stream sends documents into a Kinesis stream or a Firehose stream.
//
// Each document is a line of JSON; lines are packed into records of up to 25 KB, which is what Kinesis
// charges for. Of a call that AWS took in part, only the records that failed are sent again, until the
// context ends. A record whose answer did not arrive is sent again too, and may then stand there twice:
// neither service knows ids. The field event.id tells.
//
// It logs nothing.
package stream

import (
	"context"
	"errors"
	"fmt"

	"caretaker/log-shipper/backoff"
	"caretaker/log-shipper/document"
)

// Destination sends to one stream. Make it once. It serves one batch at a time.
type Destination struct {
	to service
	// text is the memory of the records of one call.
	text []byte
	data [][]byte
	keys []string
}

// service is what tells Kinesis and Firehose apart.
type service interface {
	// put sends records, with a key each where keyed says so. failed are those that were not taken, by
	// their places, with the reason of one of them. An error is one of the whole call; again tells
	// whether the same call may succeed later.
	put(ctx context.Context, data [][]byte, keys []string) (failed []int, reason string, again bool, err error)
	// most is how many bytes one call may bring.
	most() int
	// keyed tells whether records have partition keys, which count.
	keyed() bool
}

// Send sends a batch until ctx ends, and says what became of each document.
func (d *Destination) Send(ctx context.Context, b *document.Batch) document.Fates {
	fates := document.Fates{Of: make([]document.Fate, b.Len())}
	waiting := pack(b)
	var pauses int
	for len(waiting) > 0 {
		count := fit(b, waiting, d.to.most(), d.to.keyed())
		d.compose(b, waiting[:count])
		failed, reason, again, err := d.to.put(ctx, d.data, d.keys)
		if err != nil {
			failed, reason = all(count), err.Error()
		}
		taken, left := split(waiting[:count], failed)
		for _, r := range taken {
			for i := r.from; i < r.to; i++ {
				fates.Of[i] = document.Delivered
			}
		}
		waiting = waiting[count-len(left):]
		copy(waiting, left)
		if len(left) == 0 {
			pauses = 0
			continue
		}
		if fates.Err = fmt.Errorf("%d of %d records were not taken: %s", len(left), count, reason); err != nil {
			fates.Err = err
		}
		if len(taken) > 0 {
			pauses = 0
		}
		if err != nil && !again || !backoff.Pause(ctx, pauses, 0) {
			return fates
		}
		pauses++
	}
	fates.Err = nil
	return fates
}

// compose writes the records of a call.
func (d *Destination) compose(b *document.Batch, records []record) {
	d.text, d.data, d.keys = d.text[:0], d.data[:0], d.keys[:0]
	total := 0
	for _, r := range records {
		total += r.size
	}
	if cap(d.text) < total { // so that it does not move while records point into it
		d.text = make([]byte, 0, total)
	}
	for _, r := range records {
		begin := len(d.text)
		d.text = r.appendTo(d.text, b)
		d.data = append(d.data, d.text[begin:len(d.text):len(d.text)])
		d.keys = append(d.keys, string(r.key(b)))
	}
}

func all(count int) (places []int) {
	for place := range count {
		places = append(places, place)
	}
	return places
}

// split tells the records that were taken from those that failed, whose places rise.
func split(records []record, failed []int) (taken, left []record) {
	for place, r := range records {
		if len(failed) > 0 && failed[0] == place {
			left, failed = append(left, r), failed[1:]
			continue
		}
		taken = append(taken, r)
	}
	return taken, left
}

// errShort is an answer that does not say of each record what became of it: none of it is believed.
var errShort = errors.New("the answer is not about all records")
