package replay

import (
	"context"
	"encoding/json"
	"fmt"

	logshipper "caretaker/log-shipper"
	"caretaker/log-shipper/document"
)

// payload makes documents of a payload, and sends them whenever there are enough.
func (r *Replayer) payload(ctx context.Context, text []byte) error {
	r.maker.Begin(text)
	for more := true; more; {
		if more = r.maker.Fill(&r.batch, logshipper.DefaultFill); more || r.batch.Bytes() >= logshipper.DefaultFill {
			if err := r.send(ctx); err != nil {
				r.count(r.maker.Counts())
				return err
			}
		}
	}
	r.count(r.maker.Counts())
	return nil
}

// count adds what became of events on the way to documents. Those that became none, since sending ended, are not in it.
func (r *Replayer) count(c document.Counts) {
	left := c.Dropped + c.Sampled + c.Own
	r.result.In += left + len(c.Refused)
	r.result.Filtered += left
	r.result.DeadLettered += len(c.Refused)
	for _, one := range c.Refused {
		r.result.refused(one.Reason)
	}
}

func (r *Result) refused(reason string) {
	if len(r.Refused) < mostTold {
		r.Refused = append(r.Refused, reason)
	}
}

// letter sends the document of a dead letter again.
func (r *Replayer) letter(ctx context.Context, text []byte) error {
	var letter logshipper.Letter
	if err := json.Unmarshal(text, &letter); err != nil || letter.Document == nil || letter.ID == "" {
		r.result.In++
		r.result.DeadLettered++
		r.result.refused("a dead letter without a document: " + letter.Reason)
		return nil
	}
	r.batch.Add([]byte(letter.ID), letter.Document, nil, letter.Time)
	if r.batch.Bytes() < logshipper.DefaultFill {
		return nil
	}
	return r.send(ctx)
}

// send sends the batch. It is an error that ends the replay if not all of it was taken or refused: what comes
// after would not be taken either.
func (r *Replayer) send(ctx context.Context) error {
	count := r.batch.Len()
	if count == 0 {
		return nil
	}
	defer r.batch.Reset()
	r.result.In += count
	if r.options.DryRun {
		r.result.Delivered += count
		return nil
	}
	if err := r.wait(ctx, count); err != nil {
		r.result.HandedBack += count
		return stopped{err}
	}
	sending, done := context.WithTimeout(ctx, r.options.Patience)
	defer done()
	fates := r.to.Send(sending, &r.batch)
	unsent := 0
	for i := range count {
		fate := document.Unsent
		if i < len(fates.Of) {
			fate = fates.Of[i]
		}
		switch fate {
		case document.Delivered:
			r.result.Delivered++
		case document.Already:
			r.result.Already++
		case document.Refused, document.Diverted:
			r.result.DeadLettered++
			r.result.refused(string(r.maker.Redact(nil, []byte(fates.Reasons[i]))))
		default:
			unsent++
		}
	}
	r.result.HandedBack += unsent
	switch {
	case unsent == 0:
		return nil
	case ctx.Err() != nil:
		return stopped{ctx.Err()}
	}
	return stopped{fmt.Errorf("%d documents were not taken: %w", unsent, fates.Err)}
}

// wait waits for the turn of so many documents.
func (r *Replayer) wait(ctx context.Context, count int) error {
	for count > 0 && r.pace != nil {
		step := min(count, r.pace.Burst())
		if err := r.pace.WaitN(ctx, step); err != nil {
			return err
		}
		count -= step
	}
	return ctx.Err()
}
