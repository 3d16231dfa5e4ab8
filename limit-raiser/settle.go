package limitraiser

import "time"

// intent is a raise that is about to be made. It is written down before the call, so that
// whoever finds it can read from AWS whether the call was carried out.
type intent struct {
	// Event is the key of the event that it answers.
	Event   string    `json:"event"`
	Episode episode   `json:"episode"`
	At      time.Time `json:"at"`
	// Decisions are the raises of the resource's parts, as Raised where that is known.
	Decisions []Decision `json:"decisions"`
	// Goal is what a raise of several steps is on its way to.
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

// comesTo says what an intent comes to, by what AWS says there is. Without one there is nothing.
func comesTo(begun *intent, facts Facts, v visit) leftover {
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
	left.own = len(left.made.Decisions) > 0 && v.claims() && begun.Event == v.event()
	return left
}

// reached tells whether a raise is in what AWS says there is, whoever made it.
func reached(facts Facts, decision Decision) bool {
	have, found := facts.part(decision.Part)
	if decision.Means == Requested && facts.OpenRequest >= decision.To {
		return true
	}
	return found && have.Means == decision.Means && have.Now >= decision.To
}
