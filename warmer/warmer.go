// Package warmer keeps environments of chosen Lambda functions warm, and shows how many it reached: all pings
// of a function are in flight together and hold until one common time, so that no environment can answer
// two of them, and each answer names its environment.
//
// Handle reads who is wished to be warm and what AWS says of them (inventory.go), decides whom to ping and how
// often, with a reason for everyone who is not (plan.go), claims the run in its ledger, and pings: one alone where code
// was never met, to see whether the middleware is in front of it, and then all at once (apply.go,
// send.go), a second time and held longer where that fell short (round.go).
//
// It never invokes asynchronously, never sends a ping twice by itself, never pings what does not answer in
// its protocol until that code changes, never takes more than half of a function's reserved
// concurrency, and invokes nothing while dryRun is on, which is the default. It runs outside any VPC; the functions call nothing.
//
// Beside the pings, aliases of the file may have provisioned concurrency by the same windows (provision.go, provisioner.go).
//
// A schedule triggers it, and a deployment of what it keeps warm where onDeployment is set (deployment.go). Keeping an environment of 1 GB warm costs about a tenth of a dollar a month, a hundredth of
// provisioned concurrency, which alone is a guarantee.
package warmer

import (
	"context"
	"errors"
	"strings"
	"time"
)

// Warmer looks after one account and Region.
type Warmer struct {
	cfg      Config
	calendar Calendar
	aws      Clients
	ledger   memory
	options  Options
	// every is the time between two runs of the schedule.
	every time.Duration
	// reads and left are what this process remembers from run to run; with a table, left is read with each claim.
	reads reads
	left  lasting
	// looking is set in a run for one function after a deployment.
	looking looking
}

// Options are what a warmer knows beside its configuration.
type Options struct {
	// Table is the ledger's table. Empty remembers within the process alone.
	Table string
	// Choice are the functions to keep to; its zero value is all of them.
	Choice Choice
	// NoRest lets the next run begin as soon as this one is over, where somebody waits for it, and has everything
	// pinged, whether it rests or not.
	NoRest bool
	// PingsOnly leaves provisioned concurrency as it is.
	PingsOnly bool
	// Now is the clock of windows, claims and reads; nil is the real one.
	Now func() time.Time
}

// New makes a warmer that calls AWS with these clients. It is for one run at a time. An invalid configuration is an error.
func New(cfg Config, clients Clients, options Options) (*Warmer, error) {
	if problems := cfg.Validate(); len(problems) > 0 {
		return nil, problems[0]
	}
	calendar, err := cfg.Calendar()
	if err != nil {
		return nil, err
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	w := &Warmer{cfg: cfg, calendar: calendar, aws: clients, options: options, every: cfg.every(), ledger: &own{records: map[string]record{}}}
	if options.Table != "" {
		w.ledger = ledger{db: clients.Ledger, table: options.Table, now: options.Now}
	}
	return w, nil
}

func (w *Warmer) now() time.Time { return w.options.Now() }

const (
	// rest is how long after a run began no other one pings: a schedule's event may come twice.
	rest = 30 * time.Second
	// longestRun is when the claim of a run ends that has no deadline, or died.
	longestRun = 5 * time.Minute
)

// Handle does one run: of everything, or of the function of a deployment.
func (w *Warmer) Handle(ctx context.Context, event Event) (Report, error) {
	if event.Change != nil {
		return w.after(ctx, *event.Change)
	}
	return w.run(ctx)
}

func (w *Warmer) run(ctx context.Context) (Report, error) {
	started := w.now()
	facts, unread, fatal := w.inventory(ctx)
	if fatal != nil {
		return Report{DryRun: w.cfg.DryRun}, fatal
	}
	claim, mine, err := w.claim(ctx)
	if err != nil || !mine {
		return Report{Busy: err == nil, DryRun: w.cfg.DryRun}, errors.Join(unread, err)
	}
	plan, records, err := w.decide(ctx, facts)
	if err != nil {
		return Report{DryRun: w.cfg.DryRun}, errors.Join(unread, err, w.release(ctx, claim, started))
	}
	report := newReport(w.cfg, plan, w.now())
	if w.looking.name != "" && w.left.looked != nil {
		w.left.looked[w.looking.name] = w.looking.at.Unix()
	}
	if !w.cfg.DryRun {
		report.addProvisioned(ctx, w.provision(ctx, claim, plan), w.now())
		results := w.apply(ctx, plan, records)
		w.remember(results)
		report.add(ctx, results)
	}
	return report.finished(w.now().Sub(started), errors.Join(unread, w.release(ctx, claim, started)))
}

// Plan is what a run would do now. It pings nobody and writes nothing.
func (w *Warmer) Plan(ctx context.Context) (Plan, error) {
	facts, unread, fatal := w.inventory(ctx)
	if fatal != nil {
		return Plan{}, fatal
	}
	left, _, err := w.ledger.peek(ctx)
	if err != nil {
		return Plan{}, errors.Join(unread, err)
	}
	w.left = left
	plan, _, err := w.decide(ctx, facts)
	return plan, errors.Join(unread, err)
}

// decide plans from what is remembered, which is read when nobody else can change it any more.
func (w *Warmer) decide(ctx context.Context, facts Facts) (Plan, map[string]record, error) {
	records, err := w.ledger.recall(ctx)
	if err != nil {
		return Plan{}, nil, err
	}
	facts.Code = knowledge(facts.Readings, records)
	facts.Provisioned, facts.Traces = byRef(w.left.provisions), byRef(w.left.traces)
	if w.options.NoRest {
		facts.Traces = nil
	}
	plan := NewPlan(w.cfg, w.calendar, facts, w.now())
	if w.options.PingsOnly {
		plan.Provisions = nil
		for _, wish := range facts.Provisions {
			if len(wish.Warm) == 0 {
				plan.skip(wish.Ref, OnlyProvisioned, "")
			}
		}
	}
	return plan, records, nil
}

// claim is whose run it is, and until when. Its zero value is that of a dry run.
type claim struct {
	owner string
	until time.Time
}

// claim is true for a run that may go on. A dry run changes nothing and needs none.
func (w *Warmer) claim(ctx context.Context) (c claim, mine bool, err error) {
	if w.cfg.DryRun {
		w.left, _, err = w.ledger.peek(ctx)
		return c, err == nil, err
	}
	c.until = w.now().Add(longestRun)
	if deadline, limited := ctx.Deadline(); limited {
		c.until = w.now().Add(time.Until(deadline) + rest)
	}
	c.owner, w.left, mine, err = w.ledger.claim(ctx, c.until)
	return c, mine, err
}

func (w *Warmer) release(ctx context.Context, c claim, started time.Time) error {
	if c.owner == "" {
		return nil
	}
	until := started.Add(rest)
	if w.options.NoRest {
		until = w.now()
	}
	return w.ledger.release(context.WithoutCancel(ctx), c.owner, until, w.left)
}

// byRef has what is remembered by the texts of references.
func byRef[T any](remembered map[string]T) map[Ref]T {
	values := map[Ref]T{}
	for text, value := range remembered {
		name, qualifier, _ := strings.Cut(text, ":")
		values[Ref{name, qualifier}] = value
	}
	return values
}

// knowledge is what the records say of the code that functions have.
func knowledge(readings map[Ref]Reading, records map[string]record) map[Code]Knowledge {
	known := map[Code]Knowledge{}
	for _, reading := range readings {
		known[reading.Code] = records[reading.Code.Function].of(reading.Code.ID)
	}
	return known
}
