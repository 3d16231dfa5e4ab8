// Package janitor deletes the versions of Lambda functions that nothing refers to,
// before the Region's code storage is full and every deployment fails.
//
// A run takes stock of the whole Region with a few calls (inventory), decides
// which functions have anything to delete (shortlist), looks for references to
// those everywhere a version can be named (references), decides version by
// version with a reason for each (plan), and deletes what is left, biggest
// first, with a last look at each just before (apply). Under a deadline it looks at
// as many functions as it can also clean; the next run goes on with the others.
//
// It never deletes $LATEST, an alias, a function, or a version whose references
// it could not read; it never reads a Region or a role from an event; and it
// deletes nothing at all while dryRun is on, which is the default.
//
// EventBridge Scheduler triggers it. A run on 50 functions with 20 versions each
// makes some 200 calls and costs less than a tenth of a cent.
package janitor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Janitor looks after one account and Region.
type Janitor struct {
	cfg     Config
	aws     Clients
	options Options
}

// Options are what a run knows beside its configuration. The zero value is a run on the
// command line that nobody watches.
type Options struct {
	// Self is the version that the janitor runs as.
	Self Self
	// Topic is the ARN of the SNS topic for summaries; empty sends none.
	Topic string
	// Stage is the stage under whose name the runs' metrics stand.
	Stage string
	// Elsewhere reads what refers to functions of other Regions even where nothing may go here: the
	// plans of these Regions are to heed it.
	Elsewhere bool
	// Observer is told what happens while it happens; nil tells nobody.
	Observer Observer
	// Stop ends the run early when it is closed: nothing further is looked at or deleted, and
	// what was is verified and reported. Nil never does.
	Stop <-chan struct{}
	// Now is the clock; nil is the real one.
	Now func() time.Time
}

// Phase is a part of a run, for progress.
type Phase string

// The phases of a run.
const (
	ReadingFunctions  Phase = "reading functions"
	ReadingReferences Phase = "reading references"
	ReadingEach       Phase = "reading function by function"
	LookingAtPolicies Phase = "looking at policies"
	Deleting          Phase = "deleting"
	Verifying         Phase = "verifying"
)

// Observer is told what happens while it happens. Its methods are called from
// several goroutines, Decided from one.
type Observer interface {
	// Progress says how far a phase is; total is 0 while nobody knows it.
	Progress(phase Phase, done, total int)
	// Decided gets the final decision about each version that was looked at.
	Decided(Decision)
}

type nobody struct{}

func (nobody) Progress(Phase, int, int) {}
func (nobody) Decided(Decision)         {}

// New makes a janitor that calls AWS with these clients. The configuration must be valid.
func New(cfg Config, clients Clients, options Options) *Janitor {
	if options.Observer == nil {
		options.Observer = nobody{}
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	return &Janitor{cfg: cfg, aws: clients, options: options}
}

func (j *Janitor) now() time.Time { return j.options.Now() }

// Event is what the Lambda function is invoked with.
type Event struct {
	// DryRun makes this run a dry run, and what it finds what the next run is compared with: that
	// opens the functions and the references belt. False leaves it to the configuration: no
	// event switches a configured dry run off.
	DryRun bool `json:"dryRun"`
}

// UnmarshalJSON refuses every other key: a misspelt dryRun must not delete.
func (e *Event) UnmarshalJSON(text []byte) error {
	type event Event // without this method
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode((*event)(e)); err != nil {
		return fmt.Errorf(`it must be {} or {"dryRun": true}: %w`, err)
	}
	return nil
}

// Handle makes one whole run.
func (j *Janitor) Handle(ctx context.Context, event Event) (Report, error) {
	plan, err := j.Plan(ctx)
	if err != nil {
		return j.unplanned(plan, err), err
	}
	report, err := j.Apply(ctx, plan, j.cfg.DryRun || event.DryRun)
	if event.DryRun {
		report.doubted = false // somebody has looked, and asked for just this run
	}
	return report, errors.Join(err, j.tell(ctx, report))
}

// Plan looks at the Region and decides; it changes nothing. First it reads what concerns the whole
// Region, then function by function, with a deadline as many as can also be cleaned before it. The plan
// of one that fails holds what was read of the storage by then, and nothing to delete.
func (j *Janitor) Plan(ctx context.Context) (plan Plan, err error) {
	plan.Made = j.now()
	j.aws.Pace.reset()
	reading, cancel := j.reading(ctx)
	defer cancel()
	if plan.Storage, err = j.storage(reading); err != nil {
		return plan, j.explained(reading, "taking inventory", err)
	}
	if plan.History, err = j.history(reading, plan.Made); err != nil {
		return plan, j.explained(reading, "taking inventory", err)
	}
	facts, err := j.inventory(reading, plan.Storage)
	if err != nil {
		return plan, j.explained(reading, "taking inventory", err)
	}
	if idle(facts.Storage, j.cfg.Pressure) && !j.options.Elsewhere {
		return Decide(facts, plan.History, j.cfg, plan.Made), nil
	}
	in := scope{place: target{region: facts.Region, account: facts.Account}, functions: facts.Functions, now: plan.Made}
	early, err := j.references(reading, in, true)
	if err != nil {
		return plan, j.explained(reading, "taking inventory", err)
	}
	facts.add(early)
	in.shortlist = Shortlist(facts, j.cfg, plan.Made)
	if len(in.shortlist) > 0 || j.options.Elsewhere {
		found, err := j.references(reading, in, false)
		facts.add(found)
		if err == nil {
			err = j.functionByFunction(ctx, reading, in, &facts)
		}
		if err != nil {
			return plan, j.explained(reading, "looking for references", err)
		}
	}
	plan = Decide(facts, plan.History, j.cfg, plan.Made)
	plan.Read = j.now().Round(0) // without the monotonic reading, which stands still in a sleep
	return plan, nil
}
