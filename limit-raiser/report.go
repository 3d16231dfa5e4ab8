package limitraiser

import (
	"context"
	"errors"
	"time"

	"caretaker/internal/emf"
)

// Report says what came of an event. It is also the answer that SQS reads.
type Report struct {
	Account string `json:"account,omitempty"`
	Region  string `json:"region,omitempty"`
	DryRun  bool   `json:"dryRun"`
	// Alarms are the alarms of this account and Region, Looks the raiser's own messages.
	Alarms int `json:"alarms"`
	Looks  int `json:"looks"`
	// Ignored are alarms that changed to another state than ALARM, Duplicates events that were
	// answered before, Ended episodes that a look, or an event that comes late, found over.
	Ignored    int `json:"ignored,omitempty"`
	Duplicates int `json:"duplicates,omitempty"`
	Ended      int `json:"ended,omitempty"`
	// EventsRefused is how many were not acted on: no alarm, from elsewhere, or about nothing that
	// could be raised. Refusals are the first hundred.
	EventsRefused int            `json:"eventsRefused,omitempty"`
	Refusals      []RefusedEvent `json:"refusals,omitempty"`
	// Outcomes counts the decisions, and Answers are the first hundred plans.
	Outcomes map[Outcome]int `json:"outcomes,omitempty"`
	Answers  []Answer        `json:"answers,omitempty"`
	// CostAMonth is what the raises made add to a month's bill, in US dollars at list prices.
	CostAMonth float64 `json:"costAMonth,omitempty"`
	// LooksSent and MessagesSent are the messages to itself and to people.
	LooksSent    int `json:"looksSent,omitempty"`
	MessagesSent int `json:"messagesSent,omitempty"`
	// Errors are the first hundred.
	Errors []string `json:"errors,omitempty"`
	// Seconds is how long the run took, OwnSeconds how much of it no call to AWS was on its way.
	Seconds    float64 `json:"seconds"`
	OwnSeconds float64 `json:"ownSeconds"`
	// BatchItemFailures are the queue's messages that must come again: never nil, which some
	// read as none and some as an error.
	BatchItemFailures []BatchItemFailure `json:"batchItemFailures"`

	started time.Time
	waited  time.Duration
	failure []error
	// outage is why the run tells people nothing more.
	outage error
}

// BatchItemFailure names a message of a queue:
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
type BatchItemFailure struct {
	ItemIdentifier string `json:"itemIdentifier"`
}

// RefusedEvent is an event that was not acted on.
type RefusedEvent struct {
	// Alarm is empty where there is none.
	Alarm string `json:"alarm,omitempty"`
	Why   string `json:"why"`
}

// Answer is what was decided about a resource for an alarm.
type Answer struct {
	Alarm string `json:"alarm"`
	Step  int    `json:"step,omitempty"`
	Plan
}

// What a report holds at most of each, and how long a text in it may be.
const (
	mostListed = 100
	longest    = 500
)

func (r *Raiser) newReport(ctx context.Context) Report {
	home := r.home(ctx)
	return Report{
		Account: home.Account, Region: home.Region, DryRun: r.cfg.DryRun, Outcomes: map[Outcome]int{},
		BatchItemFailures: []BatchItemFailure{}, started: time.Now(), waited: r.aws.Watch.Waited(),
	}
}

// refuse counts an event that is not acted on.
func (r *Report) refuse(alarm, why string) {
	r.EventsRefused++
	if len(r.Refusals) < mostListed {
		r.Refusals = append(r.Refusals, RefusedEvent{cut(alarm, longest), cut(why, longest)})
	}
}

// planned counts what was decided about a resource; an empty plan decides nothing.
func (r *Report) planned(e episode, plan Plan) {
	if len(plan.Decisions) == 0 {
		return
	}
	for _, decision := range plan.Decisions {
		r.Outcomes[decision.Outcome]++
		if decision.Outcome == Raised {
			r.CostAMonth += decision.CostAMonth
		}
	}
	if len(r.Answers) < mostListed {
		r.Answers = append(r.Answers, Answer{e.Alarm.Name, e.Step, plan})
	}
}

// cut shortens a text to so many characters.
func cut(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most])
	}
	return text
}

// finished says what is to come of a delivery that failed: its message alone comes again, or, where
// there is none, the whole event.
func (r *Report) finished(delivery Delivery, err error) {
	if err == nil {
		return
	}
	if delivery.MessageID == "" {
		r.fail(err)
		return
	}
	r.list(err)
	item := BatchItemFailure{delivery.MessageID}
	for _, failed := range r.BatchItemFailures {
		if failed == item {
			return
		}
	}
	r.BatchItemFailures = append(r.BatchItemFailures, item)
}

// fail ends the run in an error, also where nothing needs to come again.
func (r *Report) fail(err error) {
	if err != nil {
		r.list(err)
		r.failure = append(r.failure, err)
	}
}

// unsent says what comes of messages that could not be sent. A look that was sent since there were so
// many tells it: did the event come again for that, another look would follow.
func (r *Report) unsent(err error, looks int) error {
	if r.LooksSent > looks {
		r.fail(err)
		return nil
	}
	return err
}

func (r *Report) list(err error) {
	if len(r.Errors) < mostListed {
		r.Errors = append(r.Errors, cut(err.Error(), longest))
	}
}

// sum ends the report with how long the run took.
func (r *Report) sum(watch *Watch) error {
	took := time.Since(r.started)
	r.Seconds, r.OwnSeconds = took.Seconds(), (took - (watch.Waited() - r.waited)).Seconds()
	return errors.Join(r.failure...)
}

// Metrics are the figures of the run.
func (r Report) Metrics() []emf.Metric {
	count := func(name string, value int) emf.Metric {
		return emf.Metric{Name: name, Value: float64(value), Unit: emf.Count}
	}
	return []emf.Metric{
		count("AlarmsReceived", r.Alarms),
		count("EventsRefused", r.EventsRefused),
		count("Duplicates", r.Duplicates),
		count("RaisesMade", r.Outcomes[Raised]),
		count("RaisesInDryRun", r.Outcomes[WouldRaise]),
		count("RaisesRefused", r.Outcomes[Refused]),
		count("RaisesFailed", r.Outcomes[Failed]),
		count("AtMaximum", r.Outcomes[AtMaximum]),
		count("Waiting", r.Outcomes[Waiting]),
		count("LookAgain", r.LooksSent),
		count("Errors", len(r.Errors)),
		{Name: "AddedCostAMonth", Value: r.CostAMonth, Unit: emf.None},
	}
}
