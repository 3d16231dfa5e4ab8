package janitor

import (
	"maps"
	"slices"
)

// Round is what one look at a Region and the deletions after it came to. Where so many versions go
// that what was found grows old meanwhile, another round goes on with the rest.
type Round struct {
	// Decisions are by function and number.
	Decisions []Decision
	Report    Report
}

// OutOfDate is what another round goes on with, as if somebody had reviewed just that.
func (r Round) OutOfDate() PlanFile {
	var file PlanFile
	for _, d := range r.Decisions {
		if d.Reason == OutOfDate {
			file.Versions = append(file.Versions, d.reviewed())
		}
	}
	return file
}

// Then is this round and the next one as one run: each version as it ended, and all that was done.
func (r Round) Then(next Round) Round {
	decisions := slices.Clone(r.Decisions)
	for position, own := range decisions {
		if own.Reason == OutOfDate {
			decisions[position] = next.endOf(own)
		}
	}
	return Round{decisions, r.Report.then(next.Report, decisions)}
}

// endOf is what became of a version that the round before had left.
func (r Round) endOf(own Decision) Decision {
	end, found := on(r.Decisions, own.Function, own.Version.Number)
	switch {
	case found && end.Reason == Superseded:
		own.Outcome, own.Reason = end.Outcome, Superseded // since when, the first plan says: the next newer may be gone by now
	case found:
		return end
	case r.Report.Idle:
		own.Outcome, own.Reason, own.Detail = Kept, NoPressure, ""
	default:
		own.Outcome, own.Reason, own.Detail = Gone, "it is no longer listed", ""
	}
	return own
}

// then is the report of two rounds as of one, which ended with these decisions.
func (r Report) then(next Report, decisions []Decision) Report {
	whole := next
	whole.Started, whole.Seconds = r.Started, next.Started.Sub(r.Started).Seconds()+next.Seconds
	whole.Before, whole.Growth, whole.Tightened, whole.Idle = r.Before, r.Growth, r.Tightened, r.Idle
	whole.Functions, whole.Versions = r.Functions, r.Versions

	whole.Outcomes, whole.KeptBy = map[Outcome]int{}, map[Reason]int{}
	whole.DeletableBytes, whole.BytesFreed = 0, r.BytesFreed+next.BytesFreed
	for _, d := range decisions {
		whole.tally(d)
		if d.Outcome != Kept && d.Reason != MaxDeletions {
			whole.DeletableBytes += d.Version.Bytes
		}
	}
	ended := slices.DeleteFunc(slices.Clone(r.Biggest), func(i Item) bool { return i.Reason == OutOfDate })
	whole.Biggest = biggest(append(ended, next.Biggest...))

	whole.Errors = slices.Clone(r.Errors)
	for _, problem := range next.Errors {
		whole.note(problem)
	}
	whole.Calls, whole.Throttles = maps.Clone(r.Calls), r.Throttles+next.Throttles
	for call, count := range next.Calls {
		whole.Calls[call] += count
	}
	return whole
}
