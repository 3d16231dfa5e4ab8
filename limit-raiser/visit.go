package limitraiser

import (
	"context"
	"errors"

	"caretaker/internal/alarm"
)

// visit is what one step of an alarm's episode asks of one resource, and why.
type visit struct {
	episode
	// Shortage is the resource, with its parts that are short where that is why it is visited.
	Shortage
	why why
	// joined says that the resource came after others of a composite alarm. Each look at the alarm
	// then finds that its episode has begun, which is not news.
	joined bool
}

// why is the reason for a visit.
type why int

const (
	// short is what the alarm says of the resource.
	short why = iota
	// over is the end of the alarm.
	over
	// calm is a child of a composite alarm that is not short, while the alarm is still on.
	calm
	// again is a composite alarm of which no child says at present that something is short, and
	// which says nothing when one does.
	again
)

// claims tells whether the visit is what its step of the episode is for. The others only leave
// nothing unclear and nothing unsent, which may be done any number of times.
func (v visit) claims() bool { return v.why == short || v.why == again }

// event names what only one run ever acts on.
func (v visit) event() string { return v.episode.event(v.Resource) }

// visit runs a visit from top to bottom. It alone knows the order of the stages, which is the same
// whatever the visit is for: each takes what those before it found, and none calls another, but for
// settle, which sends the look of a step that died before it could.
func (r *Raiser) visit(ctx context.Context, v visit, report *Report) (failure error) {
	step, ours, err := r.claim(ctx, v, report)
	if err != nil || !ours {
		return err
	}
	var h hold
	failure = errDied
	defer func() { failure = r.release(ctx, step, h, failure) }()
	if h, err = r.take(ctx, v); err != nil {
		return err
	}
	facts, err := r.read(ctx, h)
	if err != nil {
		return err
	}
	left, looks := h.comesTo(facts), report.LooksSent
	if h.known, err = r.settle(ctx, h, left, facts, report); err != nil {
		return err
	}
	done := result{learned: true}
	for plans := 0; err == nil && done.learned && plans < mostPlans; plans++ {
		if done.plan, err = r.decide(ctx, h, left, facts); err == nil {
			done, err = r.carryOut(ctx, h, facts, done.plan)
			h.known = done.known
		}
	}
	raised := len(done.plan.with(Raised)) > 0
	if !raised { // A raise is counted where its look was sent, and so once.
		report.planned(h.episode, done.plan)
	}
	if err != nil {
		return err
	}
	news, err := r.news(ctx, h, facts, done.plan)
	if err != nil {
		return err
	}
	if err := r.look(ctx, h.visit, done.plan, left.open, report); err != nil {
		return err // what was raised stands as begun: the event comes again for its look
	}
	if raised {
		report.planned(h.episode, done.plan)
		h.known = h.known.closed(h.Resource)
	}
	h.known.Unsent, err = r.tell(ctx, h.Resource, append(h.known.Unsent, news...), report)
	return report.unsent(err, looks)
}

// errDied is the failure of a visit that is under way.
var errDied = errors.New("the visit did not come to its end")

// mostPlans is how many plans a visit makes: a refusal may tell what the first could not know.
const mostPlans = 2

// decide makes the plan, which is empty where nothing is said to be short. A step that finds its
// own raise has nothing else to do.
func (r *Raiser) decide(ctx context.Context, h hold, left leftover, facts Facts) (Plan, error) {
	at := r.now()
	switch {
	case left.own:
		return left.made, nil
	case h.why != short:
		return Plan{Resource: h.Resource, At: at}, nil
	case h.busy:
		return inFlight(h.Shortage, at), nil
	}
	spent, err := r.ledger.spent(ctx, at)
	if err != nil {
		return Plan{}, err
	}
	memory := h.known.In(h.key(h.Resource))
	memory.Spent = spent
	return Decide(facts, memory, r.cfg, r.home(ctx).Region, at), nil
}

// episode is an alarm from one change to ALARM until it is OK again, and the step that it is in.
type episode struct {
	Alarm alarm.Alarm `json:"alarm"`
	// Step is 0 for the alarm itself and counts the looks after it.
	Step int `json:"step"`
}

// key names the episode of a resource.
func (e episode) key(resource Resource) string { return e.Alarm.Key() + "#" + resource.Key() }

// event names the step of a resource's episode, of which only one is ever acted on.
func (e episode) event(resource Resource) string {
	if e.Step == 0 {
		return e.key(resource)
	}
	return Look{Alarm: e.Alarm, Step: e.Step}.Key() + "#" + resource.Key()
}
