package janitor

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Outcome is what is decided for a version, and after the run what became of it.
type Outcome string

// The outcomes. A plan knows the first three, a dry run the first four.
const (
	Kept      Outcome = "kept"
	Deletable Outcome = "deletable"
	// Remaining is deletable too, but this run does not come to it.
	Remaining Outcome = "remaining"
	// NotLookedAt is deletable as far as the plan goes; the dry run had no time for its policy.
	NotLookedAt Outcome = "deletable, policy not looked at"
	Deleted     Outcome = "deleted"
	// NotVerified was answered with success, but no list taken afterwards could confirm it.
	NotVerified Outcome = "deleted, not verified"
	// UnderWay is a version that AWS agreed to delete and still lists: it takes its time where the
	// version runs on Lambda Managed Instances.
	UnderWay Outcome = "deletion under way"
	// Gone is a version whose whole function somebody else deleted meanwhile.
	Gone Outcome = "gone"
	// Refused is a version that AWS itself did not let go: it stays.
	Refused Outcome = "refused"
	Failed  Outcome = "failed"
)

// Reason says why, in the words of the report; Decision.Detail has the rest.
type Reason string

// The reasons to keep.
const (
	IsLatest        Reason = "is $LATEST"
	RunsJanitor     Reason = "runs the janitor"
	EdgeReplica     Reason = "Lambda@Edge"
	BeingDeleted    Reason = "AWS is deleting it"
	NotIncluded     Reason = "not included"
	ExcludedName    Reason = "excluded by name"
	ExcludedTag     Reason = "excluded by tag"
	ExcludedRuntime Reason = "excluded by runtime"
	ExcludedStack   Reason = "excluded by stack"
	TaggedOff       Reason = "tagged caretaker:janitor=off"
	TaggedUntil     Reason = "tagged caretaker:keep-until"
	TagUnreadable   Reason = "unreadable caretaker tag"
	AmongNewest     Reason = "among the newest"
	InGrace         Reason = "superseded too recently"
	AliasMoved      Reason = "an alias changed recently"
	NoDate          Reason = "publication date unreadable"
	NoPressure      Reason = "the storage is less full than janitor.pressure.above"
	StackBusy       Reason = "stack in progress or in rollback"
	MayBeCalled     Reason = "may be named by a dynamic target"
	CouldNotRead    Reason = "a check could not be read"
	NotRead         Reason = "no time for its function in this run"
	NoLastLook      Reason = "the last look could not be taken"
	HasPolicy       Reason = "resource policy on the version"
	AWSConflict     Reason = "AWS reports a conflict"
	AWSRefused      Reason = "AWS refuses to delete it"
	Guarded         Reason = "the last guard keeps it"
)

// The reasons not to keep, or not yet.
const (
	Superseded   Reason = "superseded"
	MaxDeletions Reason = "over belts.maxDeletions"
	OutOfTime    Reason = "out of time"
	OutOfDate    Reason = "looked at too long ago"
	NotReviewed  Reason = "not in the reviewed plan"
	// OtherCode is a version that is not the one reviewed, though it has its number: AWS uses no
	// number of a function twice, so that the function was deleted and made anew.
	OtherCode     Reason = "not the code that was reviewed: the function was created again"
	NoLongerThere Reason = "no longer there"
	FunctionGone  Reason = "the function is gone"
	StillListed   Reason = "AWS accepted the deletion, but still lists the version"
	CallFailed    Reason = "the call failed"
	Denied        Reason = "AWS denies lambda:DeleteFunction"
	LoggedOut     Reason = "AWS no longer accepts the credentials"
)

// Referenced is the reason of a version that something refers to.
func Referenced(kind Kind) Reason { return Reason("referenced by " + string(kind)) }

// Decision is what happens to one version, and why.
type Decision struct {
	Function string
	// Version has Number 0 for $LATEST.
	Version Version
	Outcome Outcome
	Reason  Reason
	Detail  string
}

// Qualifier is the version as AWS writes it.
func (d Decision) Qualifier() string {
	if d.Version.Number == 0 {
		return "$LATEST"
	}
	return fmt.Sprint(d.Version.Number)
}

// Plan is what a run would do: a decision for everything that was looked at.
type Plan struct {
	Account, Region, Stage string
	// Made is when the reading for it began, and Read when it ended, by the clock on the wall: a
	// machine that sleeps grows no younger.
	Made, Read time.Time
	Storage    Storage
	// Decisions are sorted by function and version, $LATEST first.
	Decisions []Decision
	// Functions and Versions are how many were looked at; Versions counts the numbered ones.
	Functions, Versions int
	// Newest is how many of each function's newest versions stay whatever happens, 1 or more.
	Newest map[string]int
	// Tightened says that pressure.newest replaced keep.newest.
	Tightened bool
	// Idle says that storage is under pressure.above, so that nothing was looked at.
	Idle bool
	// Belt is why nothing may be deleted at all; empty while the belts are open.
	Belt Belt
	// History is what earlier runs left behind.
	History History
	Findings
}

// Decide makes the plan. It knows no clock and no network: the same facts in any
// order give the same plan.
func Decide(facts Facts, history History, cfg Config, now time.Time) Plan {
	plan := Plan{
		Account: facts.Account, Region: facts.Region, Stage: facts.Stage, Made: now, Read: now, Storage: facts.Storage,
		Functions: len(facts.Functions), Newest: make(map[string]int, len(facts.Functions)),
		History: history, Findings: facts.Findings,
	}
	if idle(facts.Storage, cfg.Pressure) {
		plan.Idle = true
		return plan
	}
	cfg, plan.Tightened = tightened(cfg, facts.Storage)
	index := indexed(facts.Findings)
	for _, function := range facts.Functions {
		plan.Versions += len(function.Versions)
	}
	plan.Decisions = make([]Decision, 0, plan.Versions+plan.Functions)
	for _, function := range facts.Functions {
		r := rulesFor(function, facts, index, cfg, now)
		plan.Newest[function.Name] = r.newest
		plan.Decisions = append(plan.Decisions, Decision{Function: function.Name, Outcome: Kept, Reason: IsLatest})
		plan.Decisions = r.decide(plan.Decisions)
	}
	slices.SortFunc(plan.Decisions, func(a, b Decision) int {
		return cmp.Or(strings.Compare(a.Function, b.Function), cmp.Compare(a.Version.Number, b.Version.Number))
	})
	plan.Belt = closedBelt(plan, cfg.Belts)
	cut(plan.Decisions, plan.Deletions(), cfg.Belts.MaxDeletions)
	return plan
}

// idle says that storage is low enough to leave the Region alone.
func idle(storage Storage, pressure Pressure) bool {
	return storage.Percent() < float64(pressure.Above)
}

// tightened is the configuration under the pressure of that much storage, and whether it is another.
func tightened(cfg Config, storage Storage) (Config, bool) {
	high := float64(cfg.Pressure.TightenAbove)
	if high <= 0 || storage.Percent() <= high || cfg.Pressure.Newest >= cfg.Keep.Newest {
		return cfg, false
	}
	cfg.Keep.Newest = cfg.Pressure.Newest
	return cfg, true
}

// Shortlist is the plan as far as the cheap facts go: the versions that only the
// dear ones can still protect, by function.
func Shortlist(facts Facts, cfg Config, now time.Time) []Function {
	if idle(facts.Storage, cfg.Pressure) {
		return nil
	}
	cfg, _ = tightened(cfg, facts.Storage)
	index := indexed(facts.Findings)
	var shortlist []Function
	var decisions []Decision // of one function at a time: those of a large Region are tens of megabytes
	for _, function := range facts.Functions {
		decisions = rulesFor(function, facts, index, cfg, now).decide(decisions[:0])
		candidates := slices.DeleteFunc(decisions, func(d Decision) bool { return d.Outcome == Kept })
		if len(candidates) == 0 {
			continue
		}
		listed := Function{Name: function.Name, Tags: function.Tags, Versions: make([]Version, len(candidates))}
		for position, candidate := range candidates {
			listed.Versions[position] = candidate.Version
		}
		shortlist = append(shortlist, listed)
	}
	slices.SortFunc(shortlist, func(a, b Function) int { return strings.Compare(a.Name, b.Name) })
	return shortlist
}

// Deletions are the positions of what is to be deleted, in the order in which it
// goes: biggest first, so that a run cut short has still freed the most.
func (p Plan) Deletions() []int {
	positions := make([]int, 0, p.going())
	for position, decision := range p.Decisions {
		if decision.Outcome == Deletable {
			positions = append(positions, position)
		}
	}
	slices.SortStableFunc(positions, func(a, b int) int {
		return cmp.Compare(p.Decisions[b].Version.Bytes, p.Decisions[a].Version.Bytes)
	})
	return positions
}

// going is how many Deletions there are.
func (p Plan) going() int {
	count := 0
	for _, decision := range p.Decisions {
		if decision.Outcome == Deletable {
			count++
		}
	}
	return count
}

// cut leaves the first few deletions and lets the rest remain.
func cut(decisions []Decision, deletions []int, most int) {
	for _, position := range deletions[min(most, len(deletions)):] {
		decisions[position].Outcome = Remaining
		decisions[position].Reason = MaxDeletions
	}
}

// LastLook is what is read about a version just before its deletion.
type LastLook struct {
	// Policy says whether a resource policy stands on the version itself.
	Policy bool
	// References are what the function's aliases refer to now; nil when they were not read again.
	References []Reference
	// Unread says why something could not be read; empty when everything could.
	Unread string
}

// Confirm decides once more after the last look, which can only turn a deletion into keeping.
func Confirm(decision Decision, look LastLook) Decision {
	keep := func(reason Reason, detail string) Decision {
		decision.Outcome, decision.Reason, decision.Detail = Kept, reason, detail
		return decision
	}
	if decision.Outcome != Deletable {
		return decision
	}
	if look.Unread != "" {
		return keep(NoLastLook, look.Unread)
	}
	for _, reference := range look.References {
		if reference.Qualifier == decision.Qualifier() {
			return keep(Referenced(reference.Kind), reference.By)
		}
	}
	if look.Policy {
		return keep(HasPolicy, "something outside may call this very version")
	}
	return decision
}
