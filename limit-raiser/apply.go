package limitraiser

import (
	"context"
	"errors"
	"fmt"

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
func (r *Raiser) apply(ctx context.Context, h held, known record, e episode, facts Facts, plan Plan) (record, Plan, error) {
	raises := plan.with(ToRaise)
	if len(raises) == 0 {
		return known, plan, nil
	}
	if r.cfg.DryRun {
		return known, plan.become(ToRaise, WouldRaise, DryRun), nil
	}
	at, cost := r.now(), costOf(raises)
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
		failures = append(failures, r.carryOut(ctx, one, facts, plan))
	}
	raised, unclear := plan.with(Raised), plan.because(Unclear)
	if known.Intent.Decisions = unclear; len(unclear) == 0 {
		known.Intent = nil
	}
	if len(raised) > 0 {
		known.Memory = known.raised(at)
		known.Goal = plan.Goal
	}
	unspent := cost - costOf(raised) - costOf(unclear)
	return known, plan, errors.Join(append(failures, r.ledger.giveBack(ctx, at, unspent))...)
}

// carryOut makes one call and writes into the plan what came of it. An answer that leaves open
// whether the call was carried out is never asked for twice: what there is now is read back.
func (r *Raiser) carryOut(ctx context.Context, one call, facts Facts, plan Plan) error {
	err := one.make(ctx)
	var now Facts
	var reading error
	answer := answerOf(err)
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
		case answer == limited:
			decision.Outcome, decision.Reason, decision.Detail = Refused, AWSRefused, said(err)
		case answer == asked:
			decision.Outcome, decision.Reason, decision.Detail = Refused, AlreadyAsked, said(err)
		case answer == no:
			decision.Outcome, decision.Reason, decision.Detail = Failed, AWSRefused, said(err)
		case answer == unknown && (reading != nil || now.Busy != ""):
			decision.Outcome, decision.Reason, decision.Detail = Waiting, Unclear, said(err)
		default:
			decision.Outcome, decision.Reason, decision.Detail = Waiting, CallFailed, said(err)
		}
	}
	first := plan.Decisions[one.parts[0]]
	if first.Outcome == Waiting && first.Reason == CallFailed {
		return fmt.Errorf("raising %s: %w", facts.Resource.Key(), err)
	}
	return nil
}

// there tells whether a raise is in what AWS says there is, whoever made it.
func there(facts Facts, decision Decision) bool {
	have, found := facts.part(decision.Part)
	if decision.Means == Requested && facts.OpenRequest >= decision.To {
		return true
	}
	return found && have.Means == decision.Means && have.Now >= decision.To
}

// said is an error for people: AWS's code and words without the request's number.
func said(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return cut(api.ErrorCode()+": "+api.ErrorMessage(), longest)
	}
	return cut(err.Error(), longest)
}

// resolve finds out what became of a raise that was begun and whose end nobody knows. Its
// decisions come back as Raised where they were; what was not made costs nothing. While the
// resource is being changed it stays open.
func (r *Raiser) resolve(ctx context.Context, known record, facts Facts) (record, *intent, error) {
	if known.Intent == nil {
		return known, nil, nil
	}
	begun := *known.Intent
	var made []Decision
	for _, decision := range begun.Decisions {
		if there(facts, decision) {
			decision.Outcome = Raised
			made = append(made, decision)
		}
	}
	if len(made) < len(begun.Decisions) && facts.Busy != "" {
		return known, nil, nil
	}
	known.Intent = nil
	if len(made) > 0 {
		known.Memory = known.raised(begun.At)
		known.Goal = begun.Goal
	}
	lost := costOf(begun.Decisions) - costOf(made)
	begun.Decisions = made
	return known, &begun, r.ledger.giveBack(ctx, begun.At, lost)
}

func costOf(decisions []Decision) float64 {
	var sum float64
	for _, decision := range decisions {
		sum += decision.CostAMonth
	}
	return sum
}
