package limitraiser

import (
	"context"
	"time"
)

// intent is a raise that is about to be made. It is written down before the call, so that
// whoever finds it can read from AWS whether the call was carried out.
type intent struct {
	// Event is the key of the event that it answers.
	Event   string    `json:"event"`
	Episode episode   `json:"episode"`
	At      time.Time `json:"at"`
	// Decisions are the raises of the resource's parts, as Raised where that is known.
	Decisions []Decision `json:"decisions"`
	// Goal is what a raise of several calls is on its way to.
	Goal float64 `json:"goal,omitempty"`
}

// leftover is what an intent comes to that an earlier run left.
type leftover struct {
	// open says that nobody knows yet, since the resource is being changed.
	open bool
	// made are the raises of it that are there, whoever made them.
	made Plan
	// own says that the step which began it is the one that comes now.
	own bool
}

// comesTo says what the intent of the record comes to, by what AWS says there is. Without one there
// is nothing.
func (h hold) comesTo(facts Facts) leftover {
	begun := h.known.Intent
	if begun == nil {
		return leftover{}
	}
	left := leftover{made: Plan{Resource: facts.Resource, Goal: begun.Goal, At: begun.At}}
	for _, decision := range begun.Decisions {
		if decision.Outcome == Raised || reached(facts, decision) {
			decision.Outcome = Raised
			if decision.Reason == Unclear {
				decision.Reason, decision.Detail = IsShort, "AWS's answer was lost, and it is there"
			}
			left.made.Decisions = append(left.made.Decisions, decision)
		}
	}
	if len(left.made.Decisions) < len(begun.Decisions) && facts.Busy != "" {
		return leftover{open: true}
	}
	left.own = len(left.made.Decisions) > 0 && h.claims() && begun.Event == h.event()
	return left
}

// settle leaves no intent of another step: what was made is looked at again, to be told and counted
// as by the run that made it, and completes its event; what was not costs nothing. What this step
// made stands as begun until its look is sent.
func (r *Raiser) settle(ctx context.Context, h hold, left leftover, facts Facts, report *Report) (record, error) {
	known := h.known
	known.Measured = known.Measured || facts.measured()
	if known.Intent == nil || left.open {
		return known, nil
	}
	begun := *known.Intent
	unspent := costOf(begun.Decisions) - costOf(left.made.Decisions)
	begun.Decisions = left.made.Decisions
	known.Intent = &begun
	if !left.own && len(begun.Decisions) > 0 {
		err := r.look(ctx, visit{episode: begun.Episode, Shortage: Shortage{Resource: facts.Resource}}, left.made, false, report)
		if err == nil {
			err = r.ledger.completeFor(ctx, begun.Event)
		}
		if err != nil {
			return h.known, err
		}
		report.planned(begun.Episode, left.made)
		known.Unsent = append(known.Unsent, notices(begun.Episode, facts, left.made, nil)...)
	}
	if !left.own {
		known = known.closed(facts.Resource)
	}
	if unspent > 0 {
		// What cannot be taken off stays counted: that spends less than is allowed, not more.
		err := r.ledger.keep(ctx, h.held, known)
		if err == nil {
			err = r.ledger.giveBack(ctx, begun.At, unspent)
		}
		report.fail(err)
	}
	return known, nil
}

// reached tells whether a raise is in what AWS says there is, whoever made it.
func reached(facts Facts, decision Decision) bool {
	current, found := facts.part(decision.Part)
	if decision.Means == Requested && facts.OpenRequest >= decision.To {
		return true
	}
	return found && current.Means == decision.Means && current.Now >= decision.To
}

// closed is the record once the look is sent that follows its raise: what was made is remembered,
// and of the intent stays what nobody knows.
func (k record) closed(resource Resource) record {
	begun := *k.Intent
	plan := Plan{Decisions: begun.Decisions, Goal: begun.Goal}
	k.Memory = k.After(Plan{Decisions: plan.with(Raised), Goal: begun.Goal}, begun.Episode.key(resource), begun.At)
	if begun.Decisions = plan.because(Unclear); len(begun.Decisions) > 0 {
		k.Intent = &begun
	} else {
		k.Intent = nil
	}
	return k
}
