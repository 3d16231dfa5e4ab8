package limitraiser

import (
	"slices"
	"time"
)

// Memory is what is remembered of a resource.
type Memory struct {
	// Raises are when it was raised, oldest first: the last hundred, the most that a day may have.
	Raises []time.Time `json:"raises,omitempty"`
	// Goal is what a raise of several calls is on its way to, in the episode of the key GoalOf; 0
	// when none is.
	Goal   float64 `json:"goal,omitempty"`
	GoalOf string  `json:"goalOf,omitempty"`
	// Floor is how much concurrency AWS said must stay unreserved; 0 when it never said.
	Floor float64 `json:"floor,omitempty"`
	// Measured says that CloudWatch has had metrics of its load: silence is then no load.
	Measured bool `json:"measured,omitempty"`
	// Guesses are the raises that no metrics told the size of, oldest first: the last hundred.
	Guesses []Guess `json:"guesses,omitempty"`
	// Denials are what AWS refused last of each part that was not raised since.
	Denials []Denial `json:"denials,omitempty"`
	// Again says that the last raise was the episode's own.
	Again bool `json:"-"`
	// Spent is what the raises of all resources in this UTC month add to a month's bill, in US dollars.
	Spent float64 `json:"-"`
}

const mostRaises = 100

// Guess is a raise that no metrics told the size of.
type Guess struct {
	// Episode is the digest of the episode's key, which may be long.
	Episode string  `json:"episode"`
	Part    Part    `json:"part"`
	From    float64 `json:"from"`
}

// Denial is a raise that AWS refused.
type Denial struct {
	Part Part `json:"part"`
	// Outcome and Reason are what was decided then.
	Outcome Outcome `json:"outcome"`
	Reason  Reason  `json:"reason"`
	// From and To are what was refused, To the lowest of several.
	From float64 `json:"from"`
	To   float64 `json:"to"`
	// Since is when it was refused first, At when last.
	Since time.Time `json:"since"`
	At    time.Time `json:"at"`
}

// After is the memory once an episode's plan was carried out.
func (m Memory) After(plan Plan, episode string, at time.Time) Memory {
	for _, decision := range plan.Decisions {
		switch {
		case decision.Outcome == Raised:
			m.Denials = m.denialsBut(decision.Part)
			if decision.Guess {
				guesses := append(slices.Clip(m.Guesses), Guess{digest(episode), decision.Part, decision.From})
				m.Guesses = guesses[max(0, len(guesses)-mostRaises):]
			}
		case decision.To > decision.From && (decision.Reason == AWSRefused || decision.Reason == NotTaken):
			denial := Denial{decision.Part, decision.Outcome, decision.Reason, decision.From, decision.To, at, at}
			if before, known := m.denialOf(decision.Part); known && before.From == decision.From && at.Sub(before.At) < 2*longestRest {
				denial.Since, denial.To = before.Since, min(before.To, decision.To)
			}
			m.Denials = append(m.denialsBut(decision.Part), denial)
		}
	}
	if len(plan.with(Raised)) > 0 {
		raises := append(slices.Clip(m.Raises), at)
		m.Raises = raises[max(0, len(raises)-mostRaises):]
		m.Goal, m.GoalOf = plan.Goal, episode
	}
	return m
}

// In is the memory as an episode sees it: neither a goal that another one left unreached nor
// another one's guesses are its own.
func (m Memory) In(episode string) Memory {
	if m.Again = m.GoalOf == episode; !m.Again {
		m.Goal = 0
	}
	own := digest(episode)
	m.Guesses = slices.DeleteFunc(slices.Clone(m.Guesses), func(g Guess) bool { return g.Episode != own })
	return m
}

// guessed tells whether what there is of a part is a guess. A request for a quota that AWS did not
// approve made nothing of it.
func (m Memory) guessed(current Current) bool {
	return slices.ContainsFunc(m.Guesses, func(g Guess) bool { return g.Part == current.Part && g.From < current.Now })
}

func (m Memory) denialOf(part Part) (Denial, bool) {
	for _, denial := range m.Denials {
		if denial.Part == part {
			return denial, true
		}
	}
	return Denial{}, false
}

func (m Memory) denialsBut(part Part) []Denial {
	return slices.DeleteFunc(slices.Clone(m.Denials), func(d Denial) bool { return d.Part == part })
}

// last is when the resource was last raised; zero when it never was.
func (m Memory) last() time.Time {
	if len(m.Raises) == 0 {
		return time.Time{}
	}
	return m.Raises[len(m.Raises)-1]
}

// takesEffect is about how long after a call a table has its new capacity.
const takesEffect = time.Minute

// unanswered are the minutes that began after the last raise took effect, where there are any. What was refused
// before is what that raise was for, and an estimate that errs upwards: an alarm over five minutes is
// still on by these when it is looked at again, and would bring another raise.
func (m Memory) unanswered(samples []Sample) []Sample {
	took := m.last().Add(takesEffect)
	first := slices.IndexFunc(samples, func(s Sample) bool { return s.At.After(took) })
	if len(m.Raises) == 0 || first < 0 {
		return samples
	}
	return samples[first:]
}

// since counts the raises from then on.
func (m Memory) since(then time.Time) int {
	count := 0
	for _, at := range m.Raises {
		if !at.Before(then) {
			count++
		}
	}
	return count
}

// record is a resource's record in the ledger.
type record struct {
	Memory
	// Intent is a raise that was begun: nobody knows yet what became of it, or no look was sent
	// after it.
	Intent *intent `json:"intent,omitempty"`
	// Unsent are the messages to people that could not be sent so far, oldest first.
	Unsent []notice `json:"untold,omitempty"`
}
