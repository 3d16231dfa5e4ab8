package simulation

import (
	"encoding/json"
	"fmt"
	"time"
)

// record is one of the stream.
type record struct {
	sequence string
	arrived  time.Time
	data     string // base64
	events   []int  // their places among all events
}

// stream is one shard, and the event source mapping that reads it for the function.
//
// https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html says what a
// partial answer does: the lowest sequence number counts; an empty or unknown one fails the batch. That the
// rest of a batch counts its retries anew, public recordings of Lambda's answers show.
type stream struct {
	*world
	records []record
	// next is the checkpoint: records before it are done with.
	next int
	// batches are what the last batch became that failed, in order: the halves, or the rest.
	batches []batch
	most    int
	retries int
	oldest  time.Duration
	givenUp []record
}

// batch is records from..to-1 that are tried together.
type batch struct{ from, to, failures int }

func (s *stream) busy() bool { return s.next < len(s.records) }

// poll runs the function for the next batch.
func (s *stream) poll() {
	if len(s.batches) == 0 {
		to := s.next
		for to < len(s.records) && to-s.next < s.most && !s.records[to].arrived.After(s.clock) {
			to++
		}
		if to == s.next {
			return
		}
		s.batches = []batch{{from: s.next, to: to}}
	}
	b := s.batches[0]
	for b.from < b.to && s.clock.Sub(s.records[b.from].arrived) > s.oldest {
		s.givenUp = append(s.givenUp, s.records[b.from])
		b.from++
	}
	var rest []batch
	if b.from < b.to {
		rest = s.try(b)
	}
	s.batches = append(rest, s.batches[1:]...)
	s.next = b.to
	if len(s.batches) > 0 {
		s.next = s.batches[0].from
	}
}

// try runs the function for a batch, and says what of it is to be tried again.
func (s *stream) try(b batch) []batch {
	list := make([]any, 0, b.to-b.from)
	for _, r := range s.records[b.from:b.to] {
		list = append(list, map[string]any{"eventSource": "aws:kinesis", "kinesis": map[string]any{
			"sequenceNumber": r.sequence, "data": r.data, "approximateArrivalTimestamp": float64(r.arrived.UnixMilli()) / 1000,
		}})
	}
	event, err := json.Marshal(map[string]any{"Records": list})
	if err != nil {
		panic(err) // texts and numbers
	}
	answered, failed := s.invoke(event)
	if !failed && len(answered.BatchItemFailures) == 0 {
		return nil
	}
	if lowest := s.lowest(b, answered); !failed && lowest > b.from {
		return []batch{{from: lowest, to: b.to}} // the rest, with a count of its own
	}
	if size := b.to - b.from; size > 1 { // halving costs no retry
		middle := b.from + size/2
		return []batch{{b.from, middle, b.failures}, {middle, b.to, b.failures}}
	}
	if b.failures++; b.failures > s.retries {
		s.givenUp = append(s.givenUp, s.records[b.from:b.to]...)
		return nil
	}
	return []batch{b}
}

// lowest is the first record of a batch that is said to have failed. One that is not in the batch fails
// all of it.
func (s *stream) lowest(b batch, answered answer) int {
	first := b.to
	for _, failure := range answered.BatchItemFailures {
		found := false
		for i := b.from; i < b.to; i++ {
			if s.records[i].sequence == failure.ItemIdentifier {
				first, found = min(first, i), true
			}
		}
		if !found {
			return b.from
		}
	}
	return first
}

func sequence(number int) string { return fmt.Sprintf("4954%052d", number) }
