// Package limitraiser raises what a CloudWatch alarm says is short: the capacity of DynamoDB
// tables and indexes, Kinesis shards, reserved concurrency and service quotas; once, by the
// right amount, within bounds that a person set, and tells people.
//
// A run reads the alarms from whatever event they come in (Decode), finds what each says is
// short (shortages), claims the event and the resource in its ledger, so that nobody else acts
// on them meanwhile, reads what there is (inventory), decides part by part with a reason for
// each (Decide), raises with as few calls as AWS allows (apply), sends itself a message to look
// at the alarm again, since an alarm speaks only when it changes, and tells people.
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
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
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
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.LookAfter == 0 {
		options.LookAfter = 5 * time.Minute
	}
	if options.WaitFor == 0 {
		options.WaitFor = time.Minute
	}
	return &Raiser{cfg: cfg, aws: clients, ledger: newLedger(clients.Ledger, options.Table, options.Now), options: options}
}

func (r *Raiser) now() time.Time { return r.options.Now() }

// Handle answers one event, which may bring several alarms. What is to be tried again comes back
// in the report for a queue's messages, and as an error for all else.
func (r *Raiser) Handle(ctx context.Context, event json.RawMessage) (Report, error) {
	report := r.newReport(ctx)
	for _, delivery := range Decode(event) {
		report.finished(delivery, r.deliver(ctx, delivery, &report))
	}
	return report, report.sum(r.aws.Watch)
}

// deliver answers one alarm, or one look at an alarm.
func (r *Raiser) deliver(ctx context.Context, delivery Delivery, report *Report) error {
	e, still, err := r.open(ctx, delivery, report)
	if err != nil || !still {
		return err
	}
	short, more, err := r.shortages(ctx, e.Alarm, false)
	failures := []error{err}
	of, own, composite := anyChild, false, e.Alarm.Rule != ""
	if delivery.Look != nil {
		of = resourceOf(delivery.Look.Resource)
	}
	for _, shortage := range short {
		step, duplicates := e, report.Duplicates
		switch {
		case delivery.Look == nil || shortage.Resource == of:
			own = true
		case composite:
			step.Step = 0 // a child that came after the others begins with its first
		default:
			continue
		}
		failures = append(failures, r.answer(ctx, step, shortage, report))
		if step.Step != e.Step {
			report.Duplicates = duplicates // that it has begun long since is no news
		}
	}
	if composite && err == nil {
		all, _, err := r.shortages(ctx, e.Alarm, true)
		failures = append(failures, err)
		for _, other := range all {
			if !slices.ContainsFunc(short, func(s Shortage) bool { return s.Resource == other.Resource }) && (delivery.Look == nil || other.Resource != of) {
				failures = append(failures, r.finish(ctx, e, other.Resource, report))
			}
		}
	}
	switch {
	case own || err != nil:
	case composite && more && (of != anyChild || len(short) == 0):
		failures = append(failures, r.wait(ctx, e, of, report))
	case !composite || len(short) == 0:
		report.refuse(e.Alarm.Name, "it names nothing that could be raised")
	}
	return errors.Join(failures...)
}

// answer acts on one shortage, once.
func (r *Raiser) answer(ctx context.Context, e episode, shortage Shortage, report *Report) error {
	return r.stepOnce(ctx, e, shortage.Resource, report, func(event held) error { return r.hold(ctx, event, e, shortage, report) })
}

// wait looks once more at a composite alarm of which no child says at present that the resource is
// short, and leaves nothing of an earlier step unclear or untold.
func (r *Raiser) wait(ctx context.Context, e episode, resource Resource, report *Report) error {
	return r.stepOnce(ctx, e, resource, report, func(event held) error {
		unfinished := r.finish(ctx, e, resource, report)
		if err := r.lookAgain(ctx, e, Plan{Resource: resource}, report); err != nil {
			return errors.Join(unfinished, err)
		}
		report.fail(unfinished) // the next look tries again
		return r.ledger.complete(ctx, event)
	})
}

// stepOnce does something for a step of a resource's episode: whoever brings the same step again, or at
// the same time, finds it claimed.
func (r *Raiser) stepOnce(ctx context.Context, e episode, resource Resource, report *Report, do func(event held) error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("answering %s: %w", e.Alarm.Name, ctx.Err())
	}
	event, standing, err := r.ledger.claim(ctx, e.event(resource), r.until(ctx))
	switch {
	case err != nil:
		return err
	case standing == completed:
		report.Duplicates++
		return nil
	case standing == inProgress:
		return fmt.Errorf("answering %s: %w", e.Alarm.Name, errInProgress)
	}
	if err := do(event); err != nil {
		return errors.Join(err, r.tidy(ctx, func(ctx context.Context) error { return r.ledger.letGo(ctx, event) }))
	}
	return nil
}

// errInProgress fails a copy of an event that another run is at work on: it must come again,
// since that run may die.
var errInProgress = errors.New("another run is at work on the same event")

// hold keeps others away from the resource while it is raised, and until the event is completed:
// a run that dies in between leaves its intent to whoever comes next. Another run that holds
// the resource is waited for through the queue.
func (r *Raiser) hold(ctx context.Context, event held, e episode, shortage Shortage, report *Report) error {
	resource, known, free, err := r.ledger.take(ctx, shortage.Resource.Key(), r.until(ctx))
	if err != nil {
		return err
	}
	if !free {
		plan := inFlight(shortage)
		report.planned(e, plan)
		if err := r.lookAgain(ctx, e, plan, report); err != nil {
			return err
		}
		return r.ledger.complete(ctx, event)
	}
	looks := report.LooksSent
	known, err = r.raise(ctx, resource, known, e, shortage, report)
	if err == nil {
		var untold error
		if known.Untold, untold = r.tell(ctx, shortage.Resource, known.Untold, report); report.LooksSent > looks {
			// The look tells it. Did the event come again for that, another look would follow.
			report.fail(untold)
		} else {
			err = untold
		}
	}
	if err == nil {
		if err := r.ledger.complete(ctx, event); err != nil {
			return err // its raise stands as begun
		}
	}
	return errors.Join(err, r.tidy(ctx, func(ctx context.Context) error { return r.ledger.settle(ctx, resource, known) }))
}

// end leaves nothing unclear and nothing untold of what an alarm was about that is over: until
// that is done, its look, or its event, comes again.
func (r *Raiser) end(ctx context.Context, e episode, look *Look, report *Report) error {
	if look != nil {
		return r.finish(ctx, e, resourceOf(look.Resource), report)
	}
	short, _, err := r.shortages(ctx, e.Alarm, true)
	for _, shortage := range short {
		err = errors.Join(err, r.finish(ctx, e, shortage.Resource, report))
	}
	return err
}

// finish does that for one resource.
func (r *Raiser) finish(ctx context.Context, e episode, resource Resource, report *Report) error {
	known, err := r.ledger.known(ctx, resource.Key())
	if err != nil || known.Intent == nil && len(known.Untold) == 0 {
		return err
	}
	h, known, free, err := r.ledger.take(ctx, resource.Key(), r.until(ctx))
	if err != nil || !free {
		return err // whoever holds it does the same
	}
	if known.Intent != nil {
		known, err = r.resolveAlone(ctx, known, e, resource, report)
	}
	if err == nil {
		known.Untold, err = r.tell(ctx, resource, known.Untold, report)
	}
	return errors.Join(err, r.tidy(ctx, func(ctx context.Context) error { return r.ledger.settle(ctx, h, known) }))
}

// resolveAlone finds out what became of a raise that was begun when there is no other to make.
func (r *Raiser) resolveAlone(ctx context.Context, known record, e episode, resource Resource, report *Report) (record, error) {
	shortage := Shortage{Resource: resource}
	for _, decision := range known.Intent.Decisions {
		shortage.Parts = append(shortage.Parts, decision.Part)
	}
	facts, err := r.inventory(ctx, shortage)
	if err != nil {
		return known, err
	}
	known, _, err = r.resolve(ctx, known, "", facts, report)
	if err == nil && known.Intent != nil {
		err = r.lookAgain(ctx, e, inFlight(shortage), report)
	}
	return known, err
}

// raise makes the one raise that a shortage needs, sends the look that follows, and says what is
// known of the resource then, and what is to be told.
func (r *Raiser) raise(ctx context.Context, resource held, known record, e episode, shortage Shortage, report *Report) (record, error) {
	facts, err := r.inventory(ctx, shortage)
	if err != nil {
		return known, err
	}
	resolved, made, err := r.resolve(ctx, known, e.event(shortage.Resource), facts, report)
	if err != nil || made {
		return resolved, err
	}
	known = resolved
	if known.Spent, err = r.ledger.spent(ctx, r.now()); err != nil {
		return known, err
	}
	known.Measured = known.Measured || facts.measured()
	at, before, key := r.now(), known, e.key(shortage.Resource)
	plan := Decide(facts, known.In(key), r.cfg, r.home(ctx).Region, at)
	floor, dear := known.Floor, len(plan.because(OverCost))
	known, plan, err = r.applyWhatFits(ctx, resource, known, e, facts, plan, at)
	if err == nil && (known.Floor != floor || len(plan.because(OverCost)) > dear) {
		// Only a refusal tells how much concurrency must stay unreserved, and only the ledger that
		// another resource's raise spent the money meanwhile: with that the plan is another.
		if known.Spent, err = r.ledger.spent(ctx, at); err != nil {
			return known, err
		}
		plan = Decide(facts, known.In(key), r.cfg, r.home(ctx).Region, at)
		known, plan, err = r.applyWhatFits(ctx, resource, known, e, facts, plan, at)
	}
	var news []notice
	if err == nil {
		news, err = r.news(ctx, known, e, facts, plan, at)
	}
	if err == nil { // otherwise the event itself comes again
		err = r.lookAgain(ctx, e, plan, report)
	}
	if raised := plan.with(Raised); err != nil && len(raised) > 0 {
		// It stands as begun, so that the event, when it comes again, does the rest and raises
		// nothing.
		before.Floor = known.Floor
		before.Intent = &intent{
			Event: e.event(shortage.Resource), Episode: e, At: at, Decisions: append(raised, plan.because(Unclear)...), Goal: plan.Goal,
		}
		return before, err
	}
	report.planned(e, plan)
	known.Untold = append(known.Untold, news...)
	return known, err
}

// until is when a claim ends by itself: once this run is dead for sure.
func (r *Raiser) until(ctx context.Context) time.Time {
	deadline, limited := ctx.Deadline()
	if !limited {
		return r.now().Add(unlimited)
	}
	return r.now().Add(time.Until(deadline) + grace)
}

const (
	// unlimited is how long a run without a deadline holds what it claims.
	unlimited = 5 * time.Minute
	// grace is how long a run may live on after its deadline, to tidy up.
	grace = 3 * time.Second
)

// tidy gives back what a run holds, even if its time is up.
func (r *Raiser) tidy(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace/2)
	defer cancel()
	return do(ctx)
}
