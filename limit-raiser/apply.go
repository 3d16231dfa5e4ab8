package limitraiser

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go"
)

// call is one call to AWS that raises some of a resource's parts.
type call struct {
	// parts are the positions of its decisions in the plan.
	parts []int
	make  func(context.Context) error
}

// calls are as few as AWS allows: one for a table with all its indexes, and one for each
// scalable target, as for everything else.
func (r *Raiser) calls(facts Facts, plan Plan) []call {
	name := facts.Resource.Name
	var table call
	var whole []Decision
	var list []call
	for position, decision := range plan.Decisions {
		if decision.Outcome != ToRaise {
			continue
		}
		one := call{parts: []int{position}}
		switch {
		case decision.Means == AutoScaled:
			one.make = func(ctx context.Context) error {
				_, err := r.aws.AutoScaling.RegisterScalableTarget(ctx, registerTarget(name, decision),
					func(o *applicationautoscaling.Options) { o.Retryer = once() })
				return err
			}
		case facts.Resource.Kind == KindTable:
			table.parts, whole = append(table.parts, position), append(whole, decision)
			continue
		case facts.Resource.Kind == KindStream:
			one.make = func(ctx context.Context) error { return r.updateShards(ctx, name, decision.To) }
		case facts.Resource.Kind == KindFunction:
			one.make = func(ctx context.Context) error { return r.reserve(ctx, name, decision.To) }
		default:
			one.make = func(ctx context.Context) error { return r.requestQuota(ctx, name, decision.To) }
		}
		list = append(list, one)
	}
	if len(whole) > 0 {
		table.make = func(ctx context.Context) error {
			_, err := r.aws.DynamoDB.UpdateTable(ctx, updateTable(facts, whole), func(o *dynamodb.Options) { o.Retryer = once() })
			return err
		}
		list = append(list, table)
	}
	return list
}

// apply carries a plan out: it sets the cost aside, writes down what it is about to do, does
// it, and says in the plan what came of each part. The record comes back with what was done, and
// with an intent only where nobody knows. An error is for what must be tried again.
func (r *Raiser) apply(ctx context.Context, h held, known record, e episode, facts Facts, plan Plan, at time.Time) (record, Plan, error) {
	raises := plan.with(ToRaise)
	if len(raises) == 0 {
		return known, plan, nil
	}
	if r.cfg.DryRun {
		return known, plan.become(ToRaise, WouldRaise, DryRun), nil
	}
	if known.Intent != nil {
		// A scalable target could be raised while its table is being changed; but one raise at a
		// time, or what became of the first is forgotten.
		return known, plan.become(ToRaise, Waiting, IsBusy), nil
	}
	cost := costOf(raises)
	free, err := r.ledger.spend(ctx, at, cost, r.cfg.Limits.AddedCostAMonth)
	if err != nil {
		return known, plan, err
	}
	if !free {
		return known, plan.become(ToRaise, Refused, OverCost), nil
	}
	known.Intent = &intent{Event: e.event(facts.Resource), Episode: e, At: at, Decisions: raises, Goal: plan.Goal}
	if err := r.ledger.keep(ctx, h, known); err != nil {
		known.Intent = nil
		return known, plan, errors.Join(err, r.ledger.giveBack(ctx, at, cost))
	}
	var failures []error
	for _, one := range r.calls(facts, plan) {
		floor, err := r.carryOut(ctx, one, facts, plan)
		known.Floor = cmp.Or(floor, known.Floor)
		failures = append(failures, err)
	}
	raised, unclear := plan.with(Raised), plan.because(Unclear)
	unspent := cost - costOf(raised) - costOf(unclear)
	if unspent > 0 {
		known.Intent.Decisions = append(slices.Clone(raised), unclear...)
		if err := r.ledger.keep(ctx, h, known); err != nil {
			failures, unspent = append(failures, err), 0
		}
	}
	if known.Intent.Decisions = unclear; len(unclear) == 0 {
		known.Intent = nil
	}
	known.Memory = known.After(plan, e.key(facts.Resource), at)
	return known, plan, errors.Join(append(failures, r.ledger.giveBack(ctx, at, unspent))...)
}

// mostHalvings is how often a raise is halved that AWS refuses for a limit of its own.
const mostHalvings = 4

// applyWhatFits carries a plan out, and where AWS refuses it for a limit of its own, such as the
// shards or the units of an account, half of it, then a quarter, and so on. How much would fit no
// answer says; the looks that follow come closer to it. A table's own limit is refused by the code
// of any wrong value, and which it was only less can show.
func (r *Raiser) applyWhatFits(ctx context.Context, h held, known record, e episode, facts Facts, plan Plan, at time.Time) (record, Plan, error) {
	wanted := plan
	wanted.Decisions = slices.Clone(plan.Decisions)
	known, refused, err := r.apply(ctx, h, known, e, facts, plan, at)
	share := 1.0
	for range mostHalvings {
		why, limited := wanted.limited(refused)
		if err != nil || !limited {
			break
		}
		share /= 2
		var smaller Plan
		if known, smaller, err = r.apply(ctx, h, known, e, facts, wanted.cut(share, why), at); err != nil {
			return known, smaller, err
		}
		if _, again := wanted.limited(smaller); !again {
			return known, smaller, nil
		}
	}
	return known, refused, err
}

// limited tells whether AWS refused all raises of the plan for what may be a limit of its own, and
// in which words. Requests for quotas, which have no parts, are not meant.
func (p Plan) limited(after Plan) (why string, limited bool) {
	for i, decision := range p.Decisions {
		if decision.Outcome != ToRaise {
			continue
		}
		became := after.Decisions[i]
		refused := became.Outcome == Refused && became.Reason == AWSRefused || became.Reason == NotTaken
		if !refused || decision.Means == Requested {
			return "", false
		}
		why, limited = became.Detail, true
	}
	return why, limited
}

// carryOut makes one call and writes into the plan what came of it. An answer that leaves open
// whether the call was carried out is never asked for twice: what there is now is read back. What
// AWS says right after a call may be from before it, so that a raise which is not there then is not
// known to have failed.
// The refusal of a reservation tells the floor; 0 is none.
func (r *Raiser) carryOut(ctx context.Context, one call, facts Facts, plan Plan) (floor float64, failure error) {
	err := one.make(ctx)
	var now Facts
	var reading error
	answer := answerOf(err)
	floor, _ = floorOf(err)
	if err != nil && answer != throttled && answer != busy {
		now, reading = r.inventory(ctx, plan.shortage(one.parts))
	}
	for _, position := range one.parts {
		decision := &plan.Decisions[position]
		switch {
		case err == nil || reading == nil && there(now, *decision):
			decision.Outcome = Raised
		case answer == busy:
			decision.Outcome, decision.Reason, decision.Detail = Waiting, IsBusy, said(err)
		case (answer == limited || answer == invalid) && now.moved(*decision):
			decision.Outcome, decision.Reason, decision.Detail = Waiting, IsBusy, "somebody else changed it meanwhile: "+said(err)
		case answer == limited:
			decision.Outcome, decision.Reason, decision.Detail = Refused, AWSRefused, said(err)
		case answer == invalid:
			decision.Outcome, decision.Reason, decision.Detail = Failed, NotTaken, said(err)
		case answer == asked:
			decision.Outcome, decision.Reason, decision.Detail = Refused, AlreadyAsked, said(err)
		case answer == no && floor > 0:
			decision.Outcome, decision.Reason, decision.Detail = Refused, FloorReached, fmt.Sprintf("AWS insists on %s unreserved", units(floor))
		case answer == no:
			decision.Outcome, decision.Reason, decision.Detail = Failed, AWSRefused, said(err)
		case answer == unknown:
			decision.Outcome, decision.Reason, decision.Detail = Waiting, Unclear, said(err)
		default:
			decision.Outcome, decision.Reason, decision.Detail = Waiting, CallFailed, said(err)
		}
	}
	first := plan.Decisions[one.parts[0]]
	if changing := reading != nil || now.Busy != ""; first.Reason == CallFailed || first.Reason == Unclear && !changing {
		return floor, fmt.Errorf("raising %s: %w", facts.Resource.Key(), err)
	}
	return floor, nil
}

// there tells whether a raise is in what AWS says there is, whoever made it.
func there(facts Facts, decision Decision) bool {
	have, found := facts.part(decision.Part)
	if decision.Means == Requested && facts.OpenRequest >= decision.To {
		return true
	}
	return found && have.Means == decision.Means && have.Now >= decision.To
}

// moved tells whether a part is no longer what a decision was made from. Less than was decided
// may then be less than there is.
func (f Facts) moved(decision Decision) bool {
	have, found := f.part(decision.Part)
	return found && (have.Means != decision.Means || have.Now != decision.From)
}

// said is an error for people: AWS's code and words without the request's number.
func said(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return cut(api.ErrorCode()+": "+api.ErrorMessage(), longest)
	}
	return cut(err.Error(), longest)
}

// resolve finds out what became of a raise that was begun and whose end nobody knows: a run died,
// or AWS's answer was lost. What was made is looked at again, to be told and counted as by that
// run, and completes its event; what was not costs nothing. While the resource is being changed
// it stays open. It is true when that event is this one, so that there is nothing left to do.
func (r *Raiser) resolve(ctx context.Context, known record, event string, facts Facts, report *Report) (record, bool, error) {
	if known.Intent == nil {
		return known, false, nil
	}
	begun := *known.Intent
	plan := Plan{Resource: facts.Resource, Goal: begun.Goal}
	for _, decision := range begun.Decisions {
		if decision.Outcome == Raised || there(facts, decision) {
			decision.Outcome = Raised
			if decision.Reason == Unclear {
				decision.Reason, decision.Detail = IsShort, "AWS's answer was lost, and it is there"
			}
			plan.Decisions = append(plan.Decisions, decision)
		}
	}
	if len(plan.Decisions) < len(begun.Decisions) && facts.Busy != "" {
		return known, false, nil
	}
	if len(plan.Decisions) > 0 {
		err := r.lookAgain(ctx, begun.Episode, plan, report)
		if err == nil && begun.Event != event {
			err = r.ledger.completeFor(ctx, begun.Event)
		}
		if err != nil {
			return known, false, err
		}
		report.planned(begun.Episode, plan)
		known.Memory = known.After(plan, begun.Episode.key(facts.Resource), begun.At)
		known.Untold = append(known.Untold, notices(begun.Episode, facts, plan, begun.At, nil)...)
	}
	known.Intent = nil
	// What cannot be taken off stays counted: that spends less than is allowed, not more.
	report.fail(r.ledger.giveBack(ctx, begun.At, costOf(begun.Decisions)-costOf(plan.Decisions)))
	return known, len(plan.Decisions) > 0 && begun.Event == event, nil
}

func costOf(decisions []Decision) float64 {
	var sum float64
	for _, decision := range decisions {
		sum += decision.CostAMonth
	}
	return sum
}
