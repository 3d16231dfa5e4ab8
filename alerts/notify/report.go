package notify

import (
	"errors"

	"caretaker/internal/emf"
)

// Report says what came of a run. It is also the answer that SQS reads.
type Report struct {
	// Alarms are the changes of alarms, Muted those of which nobody is to hear, Notices what is not an alarm.
	Alarms  int `json:"alarms"`
	Muted   int `json:"muted,omitempty"`
	Notices int `json:"notices,omitempty"`
	// Looked are the changes that a look at the alarms found.
	Looked int `json:"looked,omitempty"`
	// Open are the incidents that are open after the run.
	Open int `json:"open"`
	// Sent are the messages by their kind, Edited those of them that were written anew, and Plain
	// those whose blocks were refused.
	Sent   map[Kind]int `json:"sent,omitempty"`
	Edited int          `json:"edited,omitempty"`
	Plain  int          `json:"plain,omitempty"`
	// AmazonQ is what was told to Amazon Q beside Slack.
	AmazonQ *Tally `json:"amazonQ,omitempty"`
	// Escalated are the messages that went to the topic of alerts.notify.escalate.
	Escalated int `json:"escalated,omitempty"`
	// Charts are those that were put into threads, ChartsFailed those that are missing there.
	Charts       int `json:"charts,omitempty"`
	ChartsFailed int `json:"chartsFailed,omitempty"`
	// ToPeople are the messages that went to the people topic, and Failed those that went nowhere.
	ToPeople int `json:"toPeople,omitempty"`
	Failed   int `json:"failed,omitempty"`
	// Forgotten says that what is remembered could not be read or written: people may hear things twice.
	Forgotten bool `json:"forgotten,omitempty"`
	// Scheduled says that the schedule started the run.
	Scheduled bool `json:"scheduled,omitempty"`
	// Errors are the first hundred.
	Errors []string `json:"errors,omitempty"`
	// BatchItemFailures are the queue's messages that must come again: never nil, which some
	// read as none and some as an error.
	BatchItemFailures []BatchItemFailure `json:"batchItemFailures"`

	beats   int
	failure []error
}

// Tally is what one chat was told beside another.
type Tally struct {
	// Sent are the messages by their kind, Failed those that it did not take.
	Sent   map[Kind]int `json:"sent,omitempty"`
	Failed int          `json:"failed,omitempty"`
}

// BatchItemFailure names a message of a queue:
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
type BatchItemFailure struct {
	ItemIdentifier string `json:"itemIdentifier"`
}

// What a report holds at most, and how long an error in it may be.
const (
	mostErrors   = 100
	longestError = 500
)

// list notes an error that does not end the run in one.
func (r *Report) list(err error) {
	if err != nil && len(r.Errors) < mostErrors {
		r.Errors = append(r.Errors, shorten(err.Error(), longestError))
	}
}

// fail notes one that does.
func (r *Report) fail(err error) {
	if err != nil {
		r.list(err)
		r.failure = append(r.failure, err)
	}
}

// again has a delivery come again: its message of the queue alone, or else the whole event.
func (r *Report) again(one delivery) {
	if one.message == "" {
		if len(r.failure) == 0 {
			r.failure = append(r.failure, errors.New("people could not be told"))
		}
		return
	}
	item := BatchItemFailure{one.message}
	for _, failed := range r.BatchItemFailures {
		if failed == item {
			return
		}
	}
	r.BatchItemFailures = append(r.BatchItemFailures, item)
}

func (r *Report) err() error { return errors.Join(r.failure...) }

// Metrics are the figures of the run.
func (r Report) Metrics() []emf.Metric {
	count := func(name string, value int) emf.Metric {
		return emf.Metric{Name: name, Value: float64(value), Unit: emf.Count}
	}
	sent := 0
	for _, number := range r.Sent {
		sent += number
	}
	forgotten := 0
	if r.Forgotten {
		forgotten = 1
	}
	metrics := []emf.Metric{
		count("AlarmsReceived", r.Alarms), count("NoticesReceived", r.Notices), count("MessagesSent", sent), count("MessagesEdited", r.Edited),
		count("MessagesToPeople", r.ToPeople), count("MessagesFailed", r.Failed), count("Forgotten", forgotten), count("Heartbeats", r.beats), count("Errors", len(r.Errors)),
	}
	if r.Scheduled && len(r.failure) == 0 {
		metrics = append(metrics, count("RunCompleted", 1))
	}
	return metrics
}
