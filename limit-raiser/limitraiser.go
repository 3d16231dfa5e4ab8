// Package limitraiser raises what a CloudWatch alarm says is short: the capacity of DynamoDB
// tables and indexes, Kinesis shards, reserved concurrency and service quotas; once, by the
// right amount, within bounds that a person set, and tells people.
//
// Handle reads the alarms from whatever event they come in, and its own messages to look at one
// again, and turns them into visits: a resource, and why it is visited (event.go). A visit claims
// the step of its alarm and the resource in the ledger, so that nobody else acts on them meanwhile,
// reads what there is, settles what an earlier run left open, decides part by part with a reason for
// each, carries that out with as few calls as AWS allows, sends itself a message to look at the
// alarm again, since an alarm speaks only when it changes, and tells people (visit.go). What is
// particular to a kind of resource stands in its file (kind.go).
//
// It never lowers anything, raises nothing that the file or a tag gives no maximum, never
// repeats a call of which it does not know whether it was carried out, never reads a Region or
// a role from an event, writes no alarm, and raises nothing while dryRun is on, which is the
// default.
//
// Alarms trigger it, through a topic and a queue or straight. A raise makes some fifteen calls
// and costs some hundredths of a cent, most of it for metrics (14 of a table, as many of each
// index, at a cent for 1,000), beside what it adds to the bill.
package limitraiser

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"time"
)

// Raiser looks after one account and Region.
type Raiser struct {
	cfg     Config
	aws     Clients
	ledger  ledger
	options Options
}

// Options are what a raiser knows beside its configuration.
type Options struct {
	// Home is the account and Region whose alarms are answered. The zero value takes it from the
	// ARN of the function that runs.
	Home Home
	// Table is the ledger's table, Queue the URL of the queue that brings the looks.
	Table, Queue string
	// Topic is the ARN of the SNS topic for messages; empty sends none.
	Topic string
	// LookAfter is how long after a raise or a refusal the alarm is looked at again, WaitFor how
	// long after a resource was busy; up to 15 minutes, which is SQS's longest delay. 0 takes 5
	// minutes and 1 minute.
	LookAfter, WaitFor time.Duration
	// AsIfNew answers an event however old it is, without reading whether its alarm is over.
	AsIfNew bool
	// Now is the clock; nil is the real one.
	Now func() time.Time
}

// New makes a raiser that calls AWS with these clients. The configuration must be valid.
func New(cfg Config, clients Clients, options Options) *Raiser {
	options = options.WithDefaults()
	return &Raiser{cfg: cfg, aws: clients, ledger: newLedger(clients.Ledger, options.Table, options.Now), options: options}
}

// WithDefaults are the options with what their zero values stand for.
func (o Options) WithDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	o.LookAfter = cmp.Or(o.LookAfter, 5*time.Minute)
	o.WaitFor = cmp.Or(o.WaitFor, time.Minute)
	return o
}

func (r *Raiser) now() time.Time { return r.options.Now() }

// Handle answers one event, which may bring several alarms. What is to be tried again comes back
// in the report for a queue's messages, and as an error for all else.
func (r *Raiser) Handle(ctx context.Context, event json.RawMessage) (Report, error) {
	report := r.newReport(ctx)
	for _, delivery := range Decode(event) {
		visits, err := r.visits(ctx, delivery, &report)
		for _, v := range visits {
			err = errors.Join(err, r.visit(ctx, v, &report))
		}
		report.finished(delivery, err)
	}
	return report, report.sum(r.aws.Watch)
}
