package warmer

import "time"

// resting tells whether a target is left out of this run, and until when: after rounds in which all answered and none
// was cold, it is pinged less often, up to longestInterval.
func resting(cfg Config, target Target, facts Facts, now time.Time) (until time.Time, rests bool) {
	last, known := facts.Traces[target.Ref]
	if !known || cfg.LongestInterval == 0 || last.Calm == 0 || last.Code != target.Code.ID || last.Wanted < target.Wanted || last.Throttled || target.Unseen || target.Library != "" {
		return until, false
	}
	until = time.Unix(last.At, 0).Add(interval(cfg, facts.Every, last.Calm))
	// A run of the schedule may come a little early: half its time decides which of two is nearer.
	return until, now.Before(until.Add(-facts.Every / 2))
}

// interval is the time between two rounds after so many calm ones: each adds the time between two runs.
func interval(cfg Config, every time.Duration, calm int) time.Duration {
	longest := max(cfg.LongestInterval.Std(), every)
	if every <= 0 || time.Duration(calm) >= longest/every {
		return longest
	}
	return time.Duration(calm+1) * every
}

// calm tells whether a round found all that was wanted, and nothing cold.
func (p *progress) calm() bool {
	return p.target.Library == "" && p.err == nil && p.short() == 0 && p.cold+p.proactive == 0 && len(p.environments) > 0 && p.outcomes[Throttled] == 0
}
