package limitraiser

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/smithy-go"
)

// result is what came of a plan.
type result struct {
	plan  Plan
	known record
	// learned says that a refusal told what the plan could not know: only AWS tells how much
	// concurrency must stay unreserved, and only the ledger that another resource's raise spent the
	// money meanwhile. With that the plan is another.
	learned bool
}

// smallestShare is how much of a raise is still tried that AWS refuses for a limit of its own.
const smallestShare = 1.0 / 16

// carryOut carries a plan out, and where AWS refuses it for a limit of its own, such as the shards
// or the units of an account, half of it, then a quarter, and so on. How much would fit no answer
// says; the looks that follow come closer to it. A table's own limit is refused by the code of any
// wrong value, and which it was only less can show.
func (r *Raiser) carryOut(ctx context.Context, h hold, facts Facts, plan Plan) (result, error) {
	whole, err := r.attempt(ctx, h, facts, plan)
	for share := 0.5; err == nil && share >= smallestShare; share /= 2 {
		why, limited := plan.limited(whole.plan)
		if !limited {
			break
		}
		h.known = whole.known
		part, err := r.attempt(ctx, h, facts, plan.cut(share, why))
		if _, again := plan.limited(part.plan); err != nil || !again {
			return part, err
		}
		whole.known = part.known
	}
	return whole, err
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

// attempt sets the cost aside, writes down what is about to be done, does it, and says in the plan
// what came of each part. The record comes back with the raise as begun: as far as it was made, or
// nobody knows. An error is for what must be tried again.
func (r *Raiser) attempt(ctx context.Context, h hold, facts Facts, plan Plan) (result, error) {
	done := result{plan: plan, known: h.known}
	raises := plan.with(ToRaise)
	switch {
	case len(raises) == 0:
		return done, nil
	case r.cfg.DryRun:
		done.plan = plan.become(ToRaise, WouldRaise, DryRun)
		return done, nil
	case h.known.Intent != nil:
		// A target could be raised while its table is being changed, and what became of the first forgotten.
		done.plan = plan.become(ToRaise, Waiting, IsBusy)
		return done, nil
	}
	cost := costOf(raises)
	free, err := r.ledger.spend(ctx, plan.At, cost, r.cfg.Limits.AddedCostAMonth)
	if err != nil {
		return done, err
	}
	if !free {
		done.plan, done.learned = plan.become(ToRaise, Refused, OverCost), true
		return done, nil
	}
	done.plan.Decisions = slices.Clone(plan.Decisions)
	begun := intent{Event: h.event(), Episode: h.episode, At: plan.At, Decisions: raises, Goal: plan.Goal}
	done.known.Intent = &begun
	if err := r.ledger.keep(ctx, h.held, done.known); err != nil {
		done.known = h.known
		return done, errors.Join(err, r.ledger.giveBack(ctx, plan.At, cost))
	}
	var failures []error
	for _, one := range calls(facts, plan) {
		floor, err := r.make(ctx, one, facts, done.plan)
		done.known.Floor = cmp.Or(floor, done.known.Floor)
		failures = append(failures, err)
	}
	done.learned = done.known.Floor != h.known.Floor
	done.known.Memory = done.known.After(done.plan.but(Raised), h.key(h.Resource), plan.At) // its raises are remembered once their look is sent
	begun.Decisions = append(done.plan.with(Raised), done.plan.because(Unclear)...)
	unspent := cost - costOf(begun.Decisions)
	if unspent > 0 {
		if err := r.ledger.keep(ctx, h.held, done.known); err != nil {
			failures, unspent = append(failures, err), 0
		}
	}
	if len(begun.Decisions) == 0 {
		done.known.Intent = nil
	}
	return done, errors.Join(append(failures, r.ledger.giveBack(ctx, plan.At, unspent))...)
}

// calls are the positions of a plan's raises by the call to AWS that makes them, as few as AWS
// allows.
func calls(facts Facts, plan Plan) [][]int {
	var alone, together [][]int
	for position, decision := range plan.Decisions {
		switch {
		case decision.Outcome != ToRaise:
		case len(together) > 0 && facts.Resource.kind().together(decision):
			together[0] = append(together[0], position)
		case facts.Resource.kind().together(decision):
			together = [][]int{{position}}
		default:
			alone = append(alone, []int{position})
		}
	}
	return append(alone, together...)
}

// make makes one call and writes into the plan what came of it. An answer that leaves open whether
// the call was carried out is never asked for twice: what there is now is read back. What AWS says
// right after a call may be from before it, so that a raise which is not there then is not known
// to have failed.
// The refusal of a reservation tells the floor; 0 is none.
func (r *Raiser) make(ctx context.Context, positions []int, facts Facts, plan Plan) (floor float64, failure error) {
	var decisions []Decision
	for _, position := range positions {
		decisions = append(decisions, plan.Decisions[position])
	}
	err := facts.Resource.kind().raise(ctx, r, facts, decisions)
	var now Facts
	var reading error
	answer := answerOf(err)
	floor = facts.Resource.kind().floor(err)
	if err != nil && answer != throttled && answer != busy {
		now, reading = r.inventory(ctx, Shortage{facts.Resource, partsOf(decisions)})
	}
	for _, position := range positions {
		decision := &plan.Decisions[position]
		switch {
		case err == nil || reading == nil && reached(now, *decision):
			decision.Outcome = Raised
		case answer == busy:
			decision.Outcome, decision.Reason, decision.Detail = Waiting, IsBusy, errorText(err)
		case (answer == limited || answer == invalid) && now.moved(*decision):
			decision.Outcome, decision.Reason, decision.Detail = Waiting, IsBusy, "somebody else changed it in the meantime: "+errorText(err)
		case answer == limited:
			decision.Outcome, decision.Reason, decision.Detail = Refused, AWSRefused, errorText(err)
		case answer == invalid:
			decision.Outcome, decision.Reason, decision.Detail = Failed, NotTaken, errorText(err)
		case answer == asked:
			decision.Outcome, decision.Reason, decision.Detail = Refused, AlreadyAsked, errorText(err)
		case answer == no && floor > 0:
			decision.Outcome, decision.Reason, decision.Detail = Refused, FloorReached, fmt.Sprintf("AWS insists on %s unreserved", units(floor))
		case answer == no:
			decision.Outcome, decision.Reason, decision.Detail = Failed, AWSRefused, errorText(err)
		case answer == unknown:
			decision.Outcome, decision.Reason, decision.Detail = Waiting, Unclear, errorText(err)
		default:
			decision.Outcome, decision.Reason, decision.Detail = Waiting, CallFailed, errorText(err)
		}
	}
	first := plan.Decisions[positions[0]]
	if changing := reading != nil || now.Busy != ""; first.Reason == CallFailed || first.Reason == Unclear && !changing {
		return floor, fmt.Errorf("raising %s: %w", facts.Resource.Key(), err)
	}
	return floor, nil
}

// moved tells whether a part is no longer what a decision was made from. Less than was decided
// may then be less than there is.
func (f Facts) moved(decision Decision) bool {
	current, found := f.part(decision.Part)
	return found && (current.Means != decision.Means || current.Now != decision.From)
}

// errorText is an error for people: AWS's code and words without the request's number.
func errorText(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return cut(api.ErrorCode()+": "+api.ErrorMessage(), longest)
	}
	return cut(err.Error(), longest)
}

func partsOf(decisions []Decision) []Part {
	parts := make([]Part, 0, len(decisions))
	for _, decision := range decisions {
		parts = append(parts, decision.Part)
	}
	return parts
}

func costOf(decisions []Decision) float64 {
	var sum float64
	for _, decision := range decisions {
		sum += decision.CostAMonth
	}
	return sum
}
