package janitor

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strings"

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
	for old := outOfDate(all); len(old.Versions) > 0 && s.Stopping.Err() == nil; {
		s.Say("%s: what was found is too old by now: looking again, before the other %d versions go.", r.name, len(old.Versions))
		report, earlier := r.report, r.err
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
			s.Say("%s: %d of them still go.", r.name, len(r.plan.Deletions()))
		}
		next := s.round(r)
		follow(all, next, r.report.Idle)
		r.report, r.err = together(report, r.report, all), errors.Join(earlier, r.err)
		before := len(old.Versions)
		if old = outOfDate(all); len(old.Versions) == before {
			break // a clock that jumps must not keep it going for ever
		}
	}
	return all
}

func (s *session) round(r *region) []janitor.Decision {
	decisions := make([]janitor.Decision, 0, len(r.plan.Decisions))
	s.carryOut(r, s.Stopping.Done(), false, func(d janitor.Decision) { decisions = append(decisions, d) })
	return decisions
}

// outOfDate is what another round goes on with, as if somebody had reviewed just that.
func outOfDate(all []janitor.Decision) janitor.PlanFile {
	var file janitor.PlanFile
	for _, d := range all {
		if d.Reason == janitor.OutOfDate {
			file.Versions = append(file.Versions, janitor.ReviewedVersion{Function: d.Function, Version: d.Version.Number, CodeSHA256: d.Version.SHA})
		}
	}
	return file
}

// follow takes over what the next round, which is in the same order, made of what it went on with.
func follow(all, next []janitor.Decision, idle bool) {
	for position := range all {
		own := &all[position]
		if own.Reason != janitor.OutOfDate {
			continue
		}
		at, found := slices.BinarySearchFunc(next, *own, func(a, b janitor.Decision) int {
			return cmp.Or(strings.Compare(a.Function, b.Function), cmp.Compare(a.Version.Number, b.Version.Number))
		})
		switch {
		case found && next[at].Reason == janitor.Superseded:
			own.Outcome, own.Reason = next[at].Outcome, janitor.Superseded // since when, the first plan says: the next newer may be gone by now
		case found:
			*own = next[at]
		case idle:
			own.Outcome, own.Reason, own.Detail = janitor.Kept, "the storage is less full than janitor.pressure.above", ""
		default:
			own.Outcome, own.Reason, own.Detail = janitor.Gone, "it is no longer listed", ""
		}
	}
}

// together is the report of two rounds as of one, which ended with these decisions.
func together(first, second janitor.Report, all []janitor.Decision) janitor.Report {
	whole := second
	whole.Started, whole.Seconds = first.Started, second.Started.Sub(first.Started).Seconds()+second.Seconds
	whole.Before, whole.Growth, whole.Tightened, whole.Idle = first.Before, first.Growth, first.Tightened, first.Idle
	whole.Functions, whole.Versions = first.Functions, first.Versions

	whole.Outcomes, whole.KeptBy = map[janitor.Outcome]int{}, map[janitor.Reason]int{}
	whole.DeletableBytes, whole.BytesFreed = 0, first.BytesFreed+second.BytesFreed
	for _, d := range all {
		whole.Outcomes[d.Outcome]++
		if d.Outcome == janitor.Kept || d.Outcome == janitor.Refused {
			whole.KeptBy[d.Reason]++
		}
		if d.Outcome != janitor.Kept && d.Reason != janitor.MaxDeletions {
			whole.DeletableBytes += d.Version.Bytes
		}
	}
	whole.Biggest = slices.DeleteFunc(slices.Clone(first.Biggest), func(i janitor.Item) bool { return i.Reason == janitor.OutOfDate })
	whole.Biggest = append(whole.Biggest, second.Biggest...)
	slices.SortStableFunc(whole.Biggest, func(a, b janitor.Item) int { return cmp.Compare(b.Bytes, a.Bytes) })
	whole.Biggest = whole.Biggest[:min(janitor.MostBiggest, len(whole.Biggest))]

	whole.Errors = slices.Clone(first.Errors)
	for _, problem := range second.Errors {
		if len(whole.Errors) < janitor.MostErrors && !slices.Contains(whole.Errors, problem) {
			whole.Errors = append(whole.Errors, problem)
		}
	}
	whole.Calls, whole.Throttles = maps.Clone(first.Calls), first.Throttles+second.Throttles
	for call, count := range second.Calls {
		whole.Calls[call] += count
	}
	return whole
}
