package janitor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"caretaker/internal/emf"
)

// Report says what happened in a run. It stays under 100 KB for any fleet, since a Lambda's
// answer fails above 6 MB, after the deed.
type Report struct {
	Account string    `json:"account,omitempty"`
	Region  string    `json:"region,omitempty"`
	Started time.Time `json:"started"`
	Seconds float64   `json:"seconds"`
	DryRun  bool      `json:"dryRun"`
	// Idle says that storage was under pressure.above, Tightened that it was over
	// pressure.tightenAbove, so that pressure.newest applied.
	Idle      bool `json:"idle,omitempty"`
	Tightened bool `json:"tightened,omitempty"`
	// Belt is what stopped the run, or in a dry run what would have.
	Belt Belt `json:"belt,omitzero"`

	// Before and After are the Region's code storage as AWS reports it, in bytes.
	Before Storage `json:"before"`
	After  Storage `json:"after"`
	// DaysToLimit is how long the free storage lasts; nil when nobody can tell.
	DaysToLimit *float64 `json:"daysToLimit,omitempty"`
	// Growth is by how many bytes storage grew since the last run; nil without one.
	Growth *int64 `json:"growth,omitempty"`

	Functions int `json:"functions"`
	// Versions are the numbered ones that were looked at.
	Versions int `json:"versions"`
	// Outcomes counts every version looked at, $LATEST included, and KeptBy those that
	// were kept, by reason.
	Outcomes map[Outcome]int `json:"outcomes"`
	KeptBy   map[Reason]int  `json:"keptBy"`
	// DeletableBytes is the sum of what could go after the last look, BytesFreed of what a list taken
	// afterwards no longer shows, be it another run that deleted it. Both add up AWS's CodeSize: none
	// for images, but maybe some for code in a bucket of the owner's, which no list tells apart.
	DeletableBytes int64 `json:"deletableBytes"`
	BytesFreed     int64 `json:"bytesFreed"`
	// References are how many there were of each kind.
	References map[Kind]int `json:"references"`
	// FunctionsRead is how many functions were read for a kind; 0 stands for the whole Region.
	FunctionsRead map[Kind]int `json:"functionsRead,omitempty"`

	// FunctionsNotLookedAt is how many functions with versions that may go the run had no time for: they
	// keep all versions, and the next run continues with them.
	FunctionsNotLookedAt int      `json:"functionsNotLookedAt,omitempty"`
	NotChecked           []string `json:"notChecked,omitempty"`
	// DynamicTargets are the first hundred targets that are only known when they run.
	DynamicTargets []string `json:"dynamicTargets,omitempty"`
	// Biggest are the twenty biggest versions that were deleted, or would be.
	Biggest []Item `json:"biggest,omitempty"`
	// Errors are the first hundred.
	Errors []string `json:"errors,omitempty"`

	// Calls are the attempts by service and operation, Throttles how many AWS throttled.
	Calls     map[string]int `json:"calls"`
	Throttles int            `json:"throttles"`

	completed bool
	// unplanned says that the run failed before there was a plan.
	unplanned bool
	// doubted says that so little was found that the next run must not be compared with it.
	doubted bool
	// partly says that what is read function by function was not read of all that are on the shortlist.
	partly   bool
	failures []error
}

// Item is one version in a report.
type Item struct {
	Function string  `json:"function"`
	Version  int64   `json:"version"`
	Bytes    int64   `json:"bytes"`
	Outcome  Outcome `json:"outcome"`
	Reason   Reason  `json:"reason"`
	Detail   string  `json:"detail,omitempty"`
}

// mostBiggest and mostErrors are what a report holds at most of each.
const (
	mostBiggest = 20
	mostErrors  = 100
)

// How many bytes of a text and of a name a report holds.
const (
	longest     = 500
	longestName = 100
)

// report sums the run up and tells the observer each decision.
func (r *run) report(ctx context.Context, after Storage) Report {
	j, plan := r.janitor, r.plan
	report := Report{
		Account: plan.Account, Region: plan.Region, Started: plan.Made, Seconds: j.now().Sub(plan.Made).Seconds(),
		DryRun: r.dryRun, Idle: plan.Idle, Tightened: plan.Tightened, Belt: r.belt(),
		Before: plan.Storage, After: after, Functions: plan.Functions, Versions: plan.Versions,
		Outcomes: map[Outcome]int{}, KeptBy: map[Reason]int{},
		References: plan.count(), FunctionsRead: plan.FunctionsRead, NotChecked: plan.NotChecked,
		Calls: j.aws.Pace.Calls(), Throttles: j.aws.Pace.Throttles(),
		doubted: historyBelt(plan).Closed() || aliasesBelt(plan).Closed(), partly: len(plan.NotReached) > 0,
	}
	report.computeGrowth(plan)
	report.targets(plan.Dynamic, j.cfg.Checks.LookedAt)
	// What keeps the whole run from its work comes before what befell single versions: only
	// the first errors are shown.
	if report.Belt.Closed() && !r.dryRun {
		report.failed(BeltError{report.Belt})
	}
	if err := r.loggedOut(); err != nil {
		report.failed(err)
	}
	for _, unread := range plan.Unread {
		report.failed(fmt.Errorf("%s could not be read: %s", strings.TrimSpace(unread.Check+" "+unread.Function), unread.Cause))
	}
	became := make(map[int]Decision, len(r.done))
	for position, decision := range r.done {
		became[r.deletions[position]] = decision
		if decision.Outcome != Kept {
			report.DeletableBytes += decision.Version.Bytes
		}
	}
	notLookedAt := ""
	for position, decision := range plan.Decisions {
		if changed, found := became[position]; found {
			decision = changed
		}
		if decision.Reason == NotRead && decision.Function != notLookedAt {
			notLookedAt = decision.Function
			report.FunctionsNotLookedAt++
		}
		report.count(decision)
		if decision.Outcome == Deleted || decision.Outcome == UnderWay || decision.Outcome == NotVerified {
			audit(ctx, decision, "version deleted")
		}
		j.options.Observer.Decided(decision)
	}
	report.Biggest = biggest(report.Biggest)
	return report
}

// unplanned is the report of a run that failed before there was a plan: the storage fills all the same.
func (j *Janitor) unplanned(plan Plan, err error) Report {
	report := Report{
		Started: plan.Made, Seconds: j.now().Sub(plan.Made).Seconds(), Before: plan.Storage, After: plan.Storage,
		Calls: j.aws.Pace.Calls(), Throttles: j.aws.Pace.Throttles(), unplanned: true,
	}
	report.computeGrowth(plan)
	report.failed(err)
	return report
}

// computeGrowth fills in how fast the storage grows.
func (r *Report) computeGrowth(plan Plan) {
	if days, known := daysToLimit(r.After, plan.History, plan.Storage, plan.Made); known {
		r.DaysToLimit = &days
	}
	if growth, known := plan.History.grown(plan.Storage); known {
		r.Growth = &growth
	}
}

func (r *Report) targets(dynamic []DynamicTarget, lookedAt []string) {
	for _, target := range dynamic {
		named := "any function"
		switch {
		case target.Function != "" && target.Prefix:
			named = "functions named " + clipped(target.Function, longestName) + "*"
		case target.Function != "":
			named = "any version of " + clipped(target.Function, longestName)
		}
		if target.lookedAt(lookedAt) {
			named += " (looked at)"
		}
		r.DynamicTargets = append(r.DynamicTargets, fmt.Sprintf("%s %s may call %s", target.Kind, clipped(target.By, longestName), named))
	}
	slices.Sort(r.DynamicTargets)
	r.DynamicTargets = slices.Compact(r.DynamicTargets)
	r.DynamicTargets = r.DynamicTargets[:min(mostErrors, len(r.DynamicTargets))]
}

func (r *Report) count(decision Decision) {
	r.tally(decision)
	item := Item{decision.Function, decision.Version.Number, decision.Version.Bytes, decision.Outcome, decision.Reason, clipped(decision.Detail, longest)}
	switch decision.Outcome {
	case Kept, Refused:
		// What the last look could not read is an error of this run; what the scans could not
		// read is reported once, not for each version.
		if decision.Reason == NoLastLook {
			r.failed(errors.New(decision.Detail))
		}
		return
	case Failed:
		if decision.Reason == Denied { // all are told by the first
			r.failed(errors.New(decision.Detail))
			break
		}
		r.failed(fmt.Errorf("deleting %s:%d (lambda:DeleteFunction): %s: %s", decision.Function, decision.Version.Number, decision.Reason, decision.Detail))
	case Deleted:
		r.BytesFreed += decision.Version.Bytes
	}
	r.Biggest = append(r.Biggest, item)
	if len(r.Biggest) > 50*mostBiggest {
		r.Biggest = biggest(r.Biggest)
	}
}

// tally counts how a version ended, and why it was kept.
func (r *Report) tally(decision Decision) {
	r.Outcomes[decision.Outcome]++
	if decision.Outcome == Kept || decision.Outcome == Refused {
		r.KeptBy[decision.Reason]++
	}
}

// biggest are as many of the items as a report holds.
func biggest(items []Item) []Item {
	slices.SortStableFunc(items, func(a, b Item) int { return cmp.Compare(b.Bytes, a.Bytes) })
	return items[:min(mostBiggest, len(items))]
}

func (r *Report) failed(err error) {
	if r.note(clipped(err.Error(), longest)) {
		r.failures = append(r.failures, err)
	}
}

// note takes a problem in, unless it is there or there are too many.
func (r *Report) note(problem string) bool {
	if len(r.Errors) >= mostErrors || slices.Contains(r.Errors, problem) {
		return false
	}
	r.Errors = append(r.Errors, problem)
	return true
}

// clipping stands where some of a text is missing.
const clipping = "..."

// clipped is the text with at most so many bytes, and dots where some are missing.
func clipped(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + clipping
}

// shownErrors is how many errors a run's own error holds, and moreErrors ends it where the report has more.
const (
	shownErrors = 5
	moreErrors  = "more in the report"
)

func (r *Report) err() error {
	failures := r.failures
	if len(failures) > shownErrors {
		more := fmt.Errorf("and %d "+moreErrors, len(failures)-shownErrors)
		failures = append(slices.Clone(failures[:shownErrors]), more)
	}
	return errors.Join(failures...)
}

// Problems are what went wrong, without what the belt says and that the credentials ended: what the
// report holds, and what else is in the error of the run.
func (r Report) Problems(err error) []string {
	problems := slices.Clone(r.Errors)
	if err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			known := slices.ContainsFunc(problems, func(problem string) bool {
				return strings.HasPrefix(line, strings.TrimSuffix(problem, clipping))
			})
			if !known && !strings.HasSuffix(line, moreErrors) {
				problems = append(problems, line)
			}
		}
	}
	belt := BeltError{Belt: r.Belt}.Error()
	return slices.DeleteFunc(problems, func(problem string) bool {
		return r.Belt.Closed() && strings.HasPrefix(belt, problem) || strings.HasPrefix(problem, credentialsEnded)
	})
}

// Metrics are what the run measured.
func (r Report) Metrics() []emf.Metric {
	if r.Before.Limit == 0 {
		return nil // the run read nothing, so it has nothing to say; its error has
	}
	var metrics []emf.Metric
	add := func(name string, value float64, unit string, kind Kind) {
		metric := emf.Metric{Name: name, Value: value, Unit: unit}
		if kind != "" {
			metric.Dimensions = map[string]string{"Kind": string(kind)}
		}
		metrics = append(metrics, metric)
	}
	if r.After.Limit > 0 {
		add("CodeStoragePercent", r.After.Percent(), emf.Percent, "")
	}
	// The storage of a run that could not read the one before would swallow what grew in between.
	if r.After.Limit > 0 && (!r.unplanned || r.Growth != nil) {
		add(metricStorage, float64(r.After.Used), emf.Bytes, "")
	}
	if r.Growth != nil {
		add(metricGrowth, float64(*r.Growth), emf.Bytes, "")
	}
	if r.DaysToLimit != nil {
		add("DaysToLimit", *r.DaysToLimit, emf.None, "")
	}
	if r.unplanned {
		return metrics
	}
	add("VersionsDeleted", float64(r.Outcomes[Deleted]), emf.Count, "")
	add("BytesFreed", float64(r.BytesFreed), emf.Bytes, "")
	add("Remaining", float64(r.Outcomes[Remaining]+r.KeptBy[NotRead]+r.Deletable()), emf.Count, "")
	add("FunctionsNotLookedAt", float64(r.FunctionsNotLookedAt), emf.Count, "")
	add("Failed", float64(r.Outcomes[Failed]), emf.Count, "")
	add("Throttles", float64(r.Throttles), emf.Count, "")
	if r.completed {
		add("RunCompleted", 1, emf.Count, "")
	}
	if r.Idle || r.Belt.Closed() && !r.DryRun || r.doubted || !r.completed {
		return metrics // the next run is compared with the last one that went well
	}
	add(metricFunctions, float64(r.Functions), emf.Count, "")
	for kind, read := range r.FunctionsRead {
		if r.partly && byFunction(kind) {
			continue // how many there are depends on which functions it came to
		}
		add(metricReferences, float64(r.References[kind]), emf.Count, kind)
		add(metricRead, float64(read), emf.Count, kind)
	}
	return metrics
}

// Deletable is what a dry run leaves deletable: nothing is being freed.
func (r Report) Deletable() int {
	return r.Outcomes[Deletable] + r.Outcomes[NotLookedAt]
}

// storageAfter reads the storage once more when something was deleted.
func (j *Janitor) storageAfter(ctx context.Context, r *run) (Storage, error) {
	for _, decision := range r.done {
		if decision.Outcome != Deleted && decision.Outcome != UnderWay && decision.Outcome != NotVerified {
			continue
		}
		if r.loggedOut() != nil {
			return Storage{}, nil
		}
		after, err := j.storage(ctx)
		return after, r.ended(err)
	}
	return r.plan.Storage, nil
}
