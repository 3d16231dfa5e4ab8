package janitor

import (
	"errors"

	"caretaker/janitor"
)

// carryOutAll applies a Region's plan and prints what came of it. Where so many versions go that
// what was found grows old meanwhile, everything is looked at again and the rest of what was
// confirmed goes, as far as it still may. All rounds are printed as one run.
func (s *session) carryOutAll(r *region, show printer) {
	if r.err == nil {
		shown := r.shown(show)
		for _, decision := range s.rounds(r) {
			shown(decision)
		}
	}
	s.finish(r, show)
}

// rounds goes on until nothing is left that was only looked at too long ago.
func (s *session) rounds(r *region) []janitor.Decision {
	all := s.round(r)
	for old := all.OutOfDate(); len(old.Versions) > 0 && s.Stopping.Err() == nil; {
		s.Say("%s: the findings are too old by now: looking again before the other %d versions are deleted.", r.name, len(old.Versions))
		earlier := r.err
		s.makeAnew(r, old)
		if r.interrupted { // what was deleted before stands in the report
			r.interrupted, r.err = false, earlier
			break
		}
		if r.err != nil {
			r.err = errors.Join(earlier, r.err)
			break
		}
		if !r.plan.Belt.Closed() {
			s.Say("%s: %d of them would still be deleted.", r.name, len(r.plan.Deletions()))
		}
		all = all.Then(s.round(r))
		r.report, r.err = all.Report, errors.Join(earlier, r.err)
		before := len(old.Versions)
		if old = all.OutOfDate(); len(old.Versions) == before {
			break // a clock that jumps must not keep it going for ever
		}
	}
	return all.Decisions
}

func (s *session) round(r *region) janitor.Round {
	decisions := make([]janitor.Decision, 0, len(r.plan.Decisions))
	s.carryOut(r, s.Stopping.Done(), false, func(d janitor.Decision) { decisions = append(decisions, d) })
	return janitor.Round{Decisions: decisions, Report: r.report}
}
