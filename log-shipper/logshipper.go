// Package logshipper brings the log events of a Lambda fleet to one destination or several, each of them
// once, and accounts for every one.
//
// An event brings deliveries: a payload of CloudWatch Logs straight from a subscription, those that a
// Kinesis stream holds, or messages of the stack's own queue, which say what waits in its bucket
// (event.go). All go the same road: payloads become documents, documents are sent in batches, and what
// became of each is counted (ship.go). Then each delivery is settled: what the destination will never
// take goes to the bucket with the reason, what was not sent in time is parked there, to come back
// through the queue later and later, or is handed back to the stream (settle.go). In each run the
// account must balance: events in = delivered + already delivered + filtered + dead-lettered + parked +
// handed back.
//
// Each destination has such an account of its own. None waits for another that takes nothing (lane.go):
// what one of them owes is parked for that one alone.
//
// It never logs what it ships, never sends what its own functions log, never changes a log group (the
// subscriber in log-shipper/subscriber does), and sends nothing while DRY_RUN is set: then it parks.
//
// Subscriptions trigger it, or a stream. Beside Lambda's time it costs nothing where all goes well; what
// is parked costs a request of S3 and a message each time it comes back.
package logshipper

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"caretaker/log-shipper/document"
	"caretaker/log-shipper/payload"
)

// Sender takes documents. It sends batch documents until ctx ends (ctx ends a margin before Lambda kills
// the run), retries what may be retried, and says what became of each. It never panics and never
// returns early with work it could still do.
type Sender interface {
	Send(ctx context.Context, b *document.Batch) document.Fates
}

// Shipper ships for one account and Region. It serves one event at a time, as Lambda calls it.
type Shipper struct {
	cfg     Config
	aws     Clients
	options Options

	reader payload.Reader
	maker  *document.Maker
	lanes  []*lane
	// parcels are what documents are put into: one, and one more for each destination that lags behind.
	parcels []*parcel
}

// Options are what a shipper knows beside its configuration.
type Options struct {
	// Region is that of the log groups.
	Region string
	// Bucket is the name of the stack's bucket, Queue the URL of its queue.
	Bucket, Queue string
	// Braked keeps the shipper from sending: it parks.
	Braked bool
	// Fill is how many bytes of documents are made before they are sent, and so how much memory they
	// take. 0 takes DefaultFill.
	Fill int
	// AtOnce is how many payloads are settled at the same time. 0 settles 16: a stream may bring a hundred.
	// With 1 one destination is sent to after the other, too.
	AtOnce int
	// Now is the clock; nil is the real one.
	Now func() time.Time
}

// DefaultFill is how many bytes of documents are made before they are sent: those of one usual request,
// 3,000 of some 1,000 bytes. More would only take more memory.
const DefaultFill = 3 << 20

// Senders are the ways to the destinations, by their names in the file; "" is the one without a name.
type Senders map[string]Sender

// Alone is the way to a single destination without a name.
func Alone(to Sender) Senders { return Senders{"": to} }

// New makes a shipper that sends to one destination or several. The configuration must be valid; an error names an
// expression of it that cannot be read.
func New(cfg Config, clients Clients, to Senders, options Options) (*Shipper, error) {
	if options.Now == nil {
		options.Now = time.Now
	}
	options.Fill, options.AtOnce = cmp.Or(options.Fill, DefaultFill), cmp.Or(options.AtOnce, 16)
	maker, err := cfg.Maker(options.Region)
	if err != nil {
		return nil, err
	}
	s := &Shipper{cfg: cfg, aws: clients, options: options, maker: maker}
	for _, name := range slices.Sorted(maps.Keys(to)) {
		s.lanes = append(s.lanes, &lane{name: name, to: to[name]})
	}
	return s, nil
}

func (s *Shipper) now() time.Time { return s.options.Now() }

// Handle ships what an event brings. What has to come again of a stream or a queue is in the report; an
// error is an event that is no log, a batch of which nothing went through, or an account that does not
// balance.
func (s *Shipper) Handle(ctx context.Context, event json.RawMessage) (Report, error) {
	deliveries, err := Decode(event)
	run, stop := s.begin(ctx, deliveries)
	defer stop()
	if err != nil {
		run.report.fail(err)
	}
	for _, one := range run.loads {
		run.ship(ctx, one)
	}
	run.send()
	run.wait(ctx, true)
	run.settle(ctx)
	run.account()
	return run.report, run.report.close()
}
