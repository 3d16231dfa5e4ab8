package janitor

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"golang.org/x/sync/errgroup"
)

// answers is the time that is kept for the last answers to come in.
const answers = 2 * time.Second

// leastBill is the least that a run must still be able to do when the Region was read: to read one
// function, to delete one version and to verify it.
var leastBill = bill{reads: 3, functions: 1, versions: 1, deletions: 1, most: 1, region: pageSize}

// reading is the time in which a run may read: all but what leastBill takes, or half when there
// is hardly any. Without a deadline there is no end to it.
func (j *Janitor) reading(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, limited := ctx.Deadline()
	if !limited {
		return context.WithCancel(ctx)
	}
	kept := j.takes(leastBill.calls())
	return context.WithDeadline(ctx, deadline.Add(-min(kept, time.Until(deadline)/2)))
}

// takes is how long so many calls of the control plane take, those in flight ahead of them
// included, at the pace that AWS leaves us just now.
func (j *Janitor) takes(calls int) time.Duration {
	return time.Duration(float64(calls+inFlight)/j.aws.Pace.rate(controlPlane)*float64(time.Second)) + answers
}

// callsLeft is takes the other way round.
func (j *Janitor) callsLeft(ctx context.Context) int {
	deadline, limited := ctx.Deadline()
	if !limited {
		return math.MaxInt
	}
	left := (time.Until(deadline) - answers).Seconds()
	return int(left*j.aws.Pace.rate(controlPlane)) - inFlight
}

// functionByFunction reads what is known of single functions only, as long as what was read can
// be deleted and verified before the deadline. Functions that turn out to have little or nothing
// to delete make room for more. Those that it did not come to wait for the next run; when it
// came to none that something could go from, there is no use in trying again.
func (j *Janitor) functionByFunction(ctx, reading context.Context, in scope, facts *Facts) error {
	if len(in.shortlist) == 0 {
		return nil
	}
	waiting := inTurn(efforts(in.shortlist, *facts, j.cfg, in.now), in.now)
	listed := make(map[string]Function, len(in.shortlist))
	for _, function := range in.shortlist {
		listed[function.Name] = function
	}
	useful := len(waiting) > 0 && waiting[0].deletions > 0
	spent := bill{region: len(facts.Functions), most: j.cfg.Belts.MaxDeletions}
	for _, function := range facts.Functions {
		spent.region += len(function.Versions)
	}
	facts.NotReached = make(map[string]bool, len(waiting))
	for _, one := range waiting {
		facts.NotReached[one.function] = true
	}
	var read []Function
	for len(waiting) > 0 {
		count := affordable(waiting, known(spent, read, *facts, j.cfg, in.now), j.callsLeft(ctx))
		batch := make([]Function, count)
		for position, one := range waiting[:count] {
			batch[position] = listed[one.function]
		}
		whole, err := j.readWhole(reading, in, batch, facts)
		if err != nil {
			return err
		}
		read = append(read, whole...)
		waiting = waiting[count:]
		if count == 0 || len(whole) < count {
			break
		}
	}
	if useful && len(read) == 0 {
		return errNoTime
	}
	facts.counted(j.cfg, len(read))
	return nil
}

// known is the bill for what was read, now that its references are known.
func known(spent bill, read []Function, facts Facts, cfg Config, now time.Time) bill {
	for _, one := range efforts(read, facts, cfg, now) {
		one.reads = 0
		spent.add(one)
	}
	return spent
}

// readWhole reads functions side by side and takes those off the list of the not reached of which everything was
// asked. What had no time is not an error.
func (j *Janitor) readWhole(ctx context.Context, in scope, functions []Function, facts *Facts) ([]Function, error) {
	var found gathered
	var whole []Function
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(inFlight)
	for _, function := range functions {
		group.Go(func() error {
			own, err := j.readFunction(groupCtx, in, function)
			if err != nil {
				return err
			}
			found.with(func(all *Findings) {
				all.add(own)
				whole = append(whole, function)
				j.options.Observer.Progress(ReadingEach, len(in.shortlist)-len(facts.NotReached)+len(whole), len(in.shortlist))
			})
			return nil
		})
	}
	err := group.Wait()
	facts.add(found.Findings)
	for _, function := range whole {
		delete(facts.NotReached, function.Name)
	}
	if errors.Is(err, errNoTime) || errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return whole, nil
	}
	return whole, err
}

// readFunction makes all scans that read function by function of one.
func (j *Janitor) readFunction(ctx context.Context, in scope, function Function) (Findings, error) {
	var found Findings
	in.shortlist = []Function{function}
	for _, one := range scans {
		if one.calls == nil || !one.on(j.cfg) {
			continue
		}
		in.own = one
		own, err := one.read(j, ctx, in)
		if err := errors.Join(err, ctx.Err()); err != nil {
			return Findings{}, err
		}
		found.add(own)
	}
	return found, nil
}

// counted says how many functions were read for each kind that is read function by function.
func (f *Findings) counted(cfg Config, read int) {
	for _, one := range scans {
		if one.calls == nil || !one.on(cfg) {
			continue
		}
		for _, kind := range one.kinds {
			f.FunctionsRead = merged(f.FunctionsRead, map[Kind]int{kind: read})
		}
	}
}

// explained says of a run that had no time to read what to do about it.
func (j *Janitor) explained(ctx context.Context, doing string, err error) error {
	switch inTime := !errors.Is(err, errNoTime) && !errors.Is(ctx.Err(), context.DeadlineExceeded); {
	case inTime && causeOf(err) == expiry:
		return CredentialsError{fmt.Errorf("%s: %w", doing, err)}
	case inTime:
		return fmt.Errorf("%s: %w", doing, err)
	}
	raise := ""
	if j.cfg.Rate < mostRate {
		raise = fmt.Sprintf("raise janitor.rate (it is %g, and AWS allows an account %g calls a second), or ", j.cfg.Rate, mostRate)
	}
	return fmt.Errorf("%s: this Region is too large: reading what concerns all of it takes a whole run's time, so nothing was deleted, and later runs end here too, unless AWS throttled this one; "+
		"%srun `%s`, which has no deadline: %w", doing, raise, Command("apply", j.options.Stage), err)
}
