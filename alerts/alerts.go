// Package alerts keeps the right alarms and dashboards on what runs in an account.
//
// A run finds the resources of the Region with their tags, and the alarms and dashboards of the stage. The
// catalogue says what is watched at each kind of resource. A plan compares the two, and says of each alarm
// and dashboard what is to be done and why. Then it is done, one write after the other.
//
// The names of a stage's alarms and dashboards begin with a prefix that nothing else has. It never touches others, never
// switches on what somebody switched off, deletes nothing where what was read cannot be right, and changes
// nothing while dryRun is on, which is the default.
//
// EventBridge Scheduler triggers it. A run makes a call for each page of a list, and one for each table,
// queue and dashboard.
package alerts

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
)

// Event is what triggers a run.
type Event struct {
	// DryRun keeps this one run from changing anything.
	DryRun bool `json:"dryRun"`
	// StackRequest is what CloudFormation asks when the stack is made, changed or deleted.
	StackRequest
}

// Options are what a reconciler knows beside its configuration.
type Options struct {
	// Stage is the stage whose alarms it keeps.
	Stage string
	// Topic is the ARN of the stack's topic. It also says which account and Region this is.
	Topic string
	// Brake keeps it from deleting the alarms with the stack, which dryRun does not.
	Brake bool
	// Runbook is the page that alarms send people to, without a heading. Empty means the repository's.
	Runbook string
	// Progress is told how many changes of how many are made; nil tells nobody.
	Progress func(done, of int)
}

// Reconciler keeps the alarms of one account and Region.
type Reconciler struct {
	cfg     Config
	aws     Clients
	options Options
	home    arn.ARN
	// settles and answerPause are shorter in tests.
	settles, answerPause time.Duration
	swept                sweep
}

// New makes a reconciler that calls AWS with these clients. The configuration must be valid.
func New(cfg Config, clients Clients, options Options) (*Reconciler, error) {
	home, err := arn.Parse(options.Topic)
	if err != nil || home.Service != "sns" {
		return nil, fmt.Errorf("the topic of the stack is %q: it must be the ARN of a topic", options.Topic)
	}
	if options.Progress == nil {
		options.Progress = func(int, int) {}
	}
	return &Reconciler{cfg: cfg, aws: clients, options: options, home: home, settles: settles, answerPause: time.Second}, nil
}

// Handle makes one whole run, or does what CloudFormation asks.
func (r *Reconciler) Handle(ctx context.Context, event Event) (Report, error) {
	if event.RequestType != "" {
		return r.answerStack(ctx, event.StackRequest)
	}
	dryRun := r.cfg.DryRun || event.DryRun
	plan, failures, err := r.Plan(ctx)
	if err != nil {
		return Report{DryRun: dryRun}, err
	}
	if !dryRun {
		var failed []error
		plan, failed = r.Apply(ctx, plan)
		failures = append(failures, failed...)
	}
	return newReport(plan, failures, dryRun), summed(failures)
}

// Plan says what is to be done, and does nothing. The failures are lists that could not be read, and a belt
// that holds deletions back; the rest of the plan is good.
func (r *Reconciler) Plan(ctx context.Context) (Plan, []error, error) {
	facts, err := r.inventory(ctx)
	if err != nil {
		return Plan{}, nil, fmt.Errorf("taking inventory: %w", err)
	}
	plan := Make(facts, r.cfg)
	var failures []error
	for _, why := range slices.Compact(slices.Sorted(maps.Values(facts.Unread))) {
		failures = append(failures, errors.New(why))
	}
	if facts.DashboardsUnread != "" {
		failures = append(failures, errors.New(facts.DashboardsUnread))
	}
	for _, decision := range plan.Filters {
		if decision.Outcome == NoFilter {
			failures = append(failures, fmt.Errorf("%s sees nothing of %s: %s: %s", decision.Filter, decision.Group, decision.Reason, decision.Detail))
		}
	}
	if plan.Held != "" && len(facts.Unread) == 0 {
		failures = append(failures, fmt.Errorf("no alarm is deleted: %s", plan.Held))
	}
	return plan, failures, nil
}

// Leave is the plan that deletes all alarms of the stage, its metric filters, and its dashboards of this Region.
func (r *Reconciler) Leave(ctx context.Context) (Plan, error) {
	found, err := r.alarms(ctx)
	if err != nil {
		return Plan{}, err
	}
	filters, err := r.filters(ctx)
	if err != nil {
		return Plan{}, err
	}
	dashboards, others, err := r.dashboards(ctx)
	if err != nil {
		return Plan{}, err
	}
	return leave(found, filters, dashboards, others, r.options.Stage), nil
}
