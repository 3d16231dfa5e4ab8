package logshipper

import (
	"bytes"
	"errors"

	"caretaker/log-shipper/document"
	"caretaker/log-shipper/payload"
)

// errAsks is an event of which only AWS knows what it brings.
var errAsks = errors.New("it is a message of the shipper's own queue: what it is about is in the bucket")

// Try makes the documents that a shipper would make of an event, and sends nothing: of what the function
// is invoked with, or of a payload by itself, gzip or not. each is called with every document, and
// refused with every piece of which none can be made, redacted. An event that is no log is an error.
func Try(cfg Config, region string, event []byte, each func(body []byte), refused func(reason string, text []byte)) (document.Counts, error) {
	deliveries, err := tried(event)
	if err != nil {
		return document.Counts{}, err
	}
	maker, err := cfg.Maker(region)
	if err != nil {
		return document.Counts{}, err
	}
	var counts document.Counts
	var reader payload.Reader
	var batch document.Batch
	for _, d := range deliveries {
		plain, rest, err := reader.Open(d.Data)
		if d.Err != nil {
			plain, rest, err = nil, d.Data, d.Err
		}
		if err != nil {
			counts.In++
			counts.Refused = append(counts.Refused, document.Refusal{Reason: err.Error(), Raw: rest})
			refused(err.Error(), maker.Redact(nil, rest))
		}
		maker.Begin(plain)
		for more := true; more; {
			batch.Reset()
			more = maker.Fill(&batch, DefaultFill)
			for i := range batch.Len() {
				each(batch.Body(i))
			}
		}
		for _, one := range maker.Counts().Refused {
			refused(one.Reason, maker.Redact(nil, one.Raw))
		}
		counts.Add(maker.Counts())
	}
	return counts, nil
}

// tried are the deliveries of an event, or a payload as one.
func tried(event []byte) ([]Delivery, error) {
	var alone payload.Payload
	if _, found, err := alone.Next(event, 0); err == nil && found && (alone.Listed || alone.Type.To > 0) || bytes.HasPrefix(event, []byte{0x1f, 0x8b}) {
		return []Delivery{{Way: Direct, Data: event}}, nil
	}
	deliveries, err := Decode(event)
	for _, d := range deliveries {
		if d.Way == Queue {
			return nil, errAsks
		}
	}
	return deliveries, err
}
