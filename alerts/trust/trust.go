// Package trust tells how far the alarms of an account can be trusted: what nobody watches, which alarms cannot
// fire, and how often each would have fired. It changes nothing.
//
// It runs on the command line alone, with the rights of who calls.
package trust

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"caretaker/alerts"
)

// Auditor looks at the alarms of one account and Region.
type Auditor struct {
	aws        Clients
	cfg        alerts.Config
	reconciler *alerts.Reconciler
	options    Options
}

// Options are what an auditor knows beside the configuration.
type Options struct {
	// Stage is the stage whose alarms are ours.
	Stage string
	// Account and Region are where it looks.
	Account, Region string
	// Now is the moment at which it looks.
	Now time.Time
	// Say is told what reading datapoints costs, before they are read; nil tells nobody.
	Say func(Price)
	// Progress is told how many calls of how many are made; nil tells nobody.
	Progress func(done, of int)
}

// Price is what reading datapoints takes.
type Price struct {
	Alarms, Metrics, Calls int
}

// Dollars is what AWS asks for that: a cent for a thousand metrics. Each call asks for its metrics once; a further
// page of an answer is a call too.
// https://aws.amazon.com/cloudwatch/pricing/
func (p Price) Dollars() float64 { return float64(p.Metrics) / 1000 * 0.01 }

// New makes an auditor. The reconciler is that of the same stage, account and Region.
func New(cfg alerts.Config, clients Clients, reconciler *alerts.Reconciler, options Options) *Auditor {
	if options.Say == nil {
		options.Say = func(Price) {}
	}
	if options.Progress == nil {
		options.Progress = func(int, int) {}
	}
	return &Auditor{clients, cfg, reconciler, options}
}

// look is what all three begin with: the resources, what the reconciler would do, and every alarm of the Region.
type look struct {
	facts alerts.Facts
	plan  alerts.Plan
	all   []Alarm
}

// look reads it. The failures are lists that could not be read; the rest is good.
func (a *Auditor) look(ctx context.Context) (look, []error, error) {
	facts, err := a.reconciler.Inventory(ctx)
	if err != nil {
		return look{}, nil, err
	}
	all, err := a.alarms(ctx)
	if err != nil {
		return look{}, nil, err
	}
	var failures []error
	for _, why := range slices.Compact(slices.Sorted(maps.Values(facts.Unread))) {
		failures = append(failures, errors.New(why))
	}
	cfg := a.cfg
	cfg.MaxChanges = len(facts.Resources)*len(alerts.Catalogue) + len(facts.Alarms) + 1 // what is over the limit of one run is wanted all the same
	return look{facts, alerts.Make(facts, cfg), all}, failures, nil
}

// Coverage says of each resource who watches it.
func (a *Auditor) Coverage(ctx context.Context) ([]Covered, []error, error) {
	found, failures, err := a.look(ctx)
	if err != nil {
		return nil, nil, err
	}
	return Cover(found.facts, found.plan, found.all, a.options.Stage), failures, nil
}

// Lint finds the alarms that cannot fire, and those that tell nobody.
func (a *Auditor) Lint(ctx context.Context) ([]Finding, []error, error) {
	found, failures, err := a.look(ctx)
	if err != nil {
		return nil, nil, err
	}
	evidence := Evidence{Facts: found.facts, Stage: a.options.Stage, Account: a.options.Account, Region: a.options.Region}
	if evidence.Subscribed, err = a.subscribed(ctx); err != nil {
		failures = append(failures, err)
	}
	if evidence.Datapoints, err = a.datapoints(ctx, found.all); err != nil {
		return nil, failures, fmt.Errorf("looking for datapoints: %w", err)
	}
	return Lint(found.all, evidence), failures, nil
}
