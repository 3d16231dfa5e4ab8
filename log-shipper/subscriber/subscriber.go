// Package subscriber puts subscription filters on log groups, so that their lines reach the shipper.
//
// A run lists the log groups of the Region and their tags, and then goes through them: it reads a
// group's filters, decides with a reason (package groups), and puts, changes or removes the one
// filter called caretaker-<stage>. Where it is told to, it sets the retention of a group that has
// none. It comes to the groups in another order in each hour, so that what one run has no time for
// the next ones do.
//
// It never touches a filter of another name, never shortens a retention that is set, reads no log
// line, reads no Region, role or destination from an event, and changes nothing while dryRun is on,
// which is the default.
//
// EventBridge Scheduler triggers it, and each CreateLogGroup where a CloudTrail trail tells of it. A
// run makes a call for each group and costs some tenths of a cent for thousands of them.
package subscriber

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"caretaker/log-shipper/groups"
)

// Config is what the subscriber has of the section logShipper.
type Config struct {
	// DryRun keeps it from changing anything: it reports what it would do.
	DryRun bool `json:"dryRun"`
	// Subscribe says which groups are shipped.
	Subscribe groups.Config `json:"subscribe"`
}

// Default is what applies if the file sets nothing.
func Default() Config { return Config{DryRun: true, Subscribe: groups.Default()} }

// Options are what a subscriber knows beside its configuration.
type Options struct {
	// Stage is the stage whose filters it looks after.
	Stage string
	// Target is where the filters have to point. The destination's ARN also says whose events are
	// answered: those of its account and Region.
	Target groups.Target
	// Leaving takes the stage's filters off all groups, and puts none.
	Leaving bool
	// Progress is told how many groups of how many were looked at, from several goroutines; nil tells
	// nobody.
	Progress func(done, of int)
	// Now is the clock; nil is the real one.
	Now func() time.Time
}

// Subscriber looks after one account and Region.
type Subscriber struct {
	cfg     Config
	aws     Clients
	options Options
}

// New makes a subscriber that calls AWS with these clients. The configuration must be valid.
func New(cfg Config, clients Clients, options Options) *Subscriber {
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Progress == nil {
		options.Progress = func(int, int) {}
	}
	return &Subscriber{cfg: cfg, aws: clients, options: options}
}

// Handle makes one whole run, or looks at the one group that an event tells of.
func (s *Subscriber) Handle(ctx context.Context, event Event) (Report, error) {
	result, err := s.Run(ctx, event)
	report := newReport(result, event, s.cfg.DryRun || event.DryRun)
	if err == nil {
		err = summed(result.Failures, len(result.Decisions))
	}
	return report, err
}

// Result is what came of a run.
type Result struct {
	// Decisions are about every group, sorted by name. Nil is a run that came to none.
	Decisions []groups.Decision
	// Failures are those of single groups, which did not stop the rest.
	Failures []error
}

// Run goes through the groups. Its error is one that kept it from doing so.
func (s *Subscriber) Run(ctx context.Context, event Event) (Result, error) {
	r := run{Subscriber: s, dryRun: s.cfg.DryRun || event.DryRun}
	if err := s.belongs(event); err != nil {
		return Result{}, err
	}
	found, err := r.inventory(ctx, event)
	if err != nil {
		return Result{}, fmt.Errorf("taking inventory: %w", err)
	}
	return r.visits(ctx, found), nil
}

// belongs refuses an event of another account or Region than the destination's.
func (s *Subscriber) belongs(event Event) error {
	if event.Group == "" {
		return nil
	}
	to, err := arn.Parse(s.options.Target.Destination)
	if err != nil {
		return fmt.Errorf("reading the destination %q: %w", s.options.Target.Destination, err)
	}
	if event.Account != to.AccountID || event.Region != to.Region {
		return fmt.Errorf("the log group %s was made in account %s, Region %s, and the destination is %s", event.Group, event.Account, event.Region, to)
	}
	return nil
}

// Apply does what was decided before, such as what a person was shown. Its result holds these
// decisions alone.
func (s *Subscriber) Apply(ctx context.Context, decisions []groups.Decision) Result {
	r := run{Subscriber: s}
	names := make([]groups.Group, 0, len(decisions))
	decided := make(map[string]groups.Decision, len(decisions))
	for _, decision := range decisions {
		names = append(names, groups.Group{Name: decision.Group})
		decided[decision.Group] = decision
	}
	visited, failures := r.each(ctx, names, func(ctx context.Context, group groups.Group) (groups.Decision, error) {
		return r.apply(ctx, decided[group.Name])
	})
	maps.Copy(decided, visited)
	return Result{groups.Sorted(decided), failures}
}

// run is one run of a subscriber.
type run struct {
	*Subscriber
	dryRun bool
	// fresh says that the tags were read from CloudWatch Logs itself.
	fresh    bool
	patience patience
}
