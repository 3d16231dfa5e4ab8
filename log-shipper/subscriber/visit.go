package subscriber

import (
	"context"
	"errors"
	"sync"

	"golang.org/x/sync/errgroup"

	"caretaker/log-shipper/groups"
)

// inFlight is how many groups are looked at side by side: at AWS's usual 100 ms an answer, one would
// reach ten calls a second; the rest is for slow answers.
const inFlight = 8

// visits goes through the groups, the most urgent first, until the deadline. What comes back is a
// decision for every group, and why some failed.
func (r *run) visits(ctx context.Context, all []groups.Group) Result {
	order := all
	if !r.options.Leaving {
		order = groups.Order(all, r.cfg.Subscribe, r.options.Now())
	}
	visited, failures := r.each(ctx, order, r.visit)
	for _, group := range all {
		if _, done := visited[group.Name]; !done {
			visited[group.Name] = r.decide(group)
		}
	}
	return Result{groups.Sorted(visited), failures}
}

// each visits groups side by side, as many as there is time for. One failure does not stop the rest.
func (r *run) each(ctx context.Context, order []groups.Group, visit func(context.Context, groups.Group) (groups.Decision, error)) (visited map[string]groups.Decision, failures []error) {
	var mutex sync.Mutex
	visited = make(map[string]groups.Decision, len(order))
	var side errgroup.Group
	side.SetLimit(inFlight)
	for _, group := range order {
		if ctx.Err() != nil {
			break
		}
		side.Go(func() error {
			decision, err := visit(ctx, group)
			mutex.Lock()
			defer mutex.Unlock()
			visited[group.Name] = decision
			if err != nil {
				failures = append(failures, err)
			}
			r.options.Progress(len(visited), len(order))
			return nil
		})
	}
	_ = side.Wait() // the failures are gathered above
	return visited, failures
}

// visit reads a group's filters, decides, and does what is decided.
func (r *run) visit(ctx context.Context, group groups.Group) (groups.Decision, error) {
	group, err := r.filters(ctx, group)
	switch {
	case gone(err):
		return groups.Decision{Group: group.Name, Outcome: groups.Gone, Reason: groups.NoLonger}, nil
	case outOfTime(ctx, err):
		return r.decide(group), nil
	case err != nil:
		group.Unread = err.Error()
		return r.decide(group), err
	}
	decision := r.decide(group)
	if r.dryRun || !decision.Changes() {
		return decision, nil
	}
	if decision, err = r.lastLook(ctx, group, decision); err != nil || !decision.Changes() {
		return decision, err
	}
	return r.apply(ctx, decision)
}

// lastLook decides once more, by the group's tags as they are just before the change: its owner may have
// put caretaker:logs=off on it a moment ago, or what includes it.
func (r *run) lastLook(ctx context.Context, group groups.Group, decision groups.Decision) (groups.Decision, error) {
	if r.options.Leaving || r.fresh {
		return decision, nil
	}
	var err error
	switch group.Tags, err = r.tagsNow(ctx, group); {
	case gone(err):
		return groups.Decision{Group: group.Name, Outcome: groups.Gone, Reason: groups.NoLonger}, nil
	case outOfTime(ctx, err):
		group.Read = false
		return r.decide(group), nil
	case err != nil:
		decision.Outcome, decision.Reason, decision.Detail, decision.Retention = groups.Failed, groups.CallFailed, err.Error(), 0
		return decision, err
	}
	return r.decide(group), nil
}

func (r *run) decide(group groups.Group) groups.Decision {
	if r.options.Leaving {
		return groups.Leave(group, r.options.Stage)
	}
	return groups.Decide(group, r.options.Stage, r.options.Target, r.cfg.Subscribe)
}

// outOfTime tells whether a call was not made, or not waited for, since the run ends: no failure,
// the next run does it.
func outOfTime(ctx context.Context, err error) bool {
	return err != nil && (ctx.Err() != nil || errors.Is(err, errNoTime))
}
