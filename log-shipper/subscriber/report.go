package subscriber

import (
	"errors"
	"fmt"

	"caretaker/internal/emf"
	"caretaker/log-shipper/groups"
)

// Report says what a run found and did.
type Report struct {
	DryRun bool `json:"dryRun"`
	// Groups is how many there are.
	Groups int `json:"groups"`
	// Outcomes counts them by what became of them, Reasons by why.
	Outcomes map[groups.Outcome]int `json:"outcomes"`
	Reasons  map[groups.Reason]int  `json:"reasons"`
	// RetentionSet is how many were given a retention.
	RetentionSet int `json:"retentionSet"`
	// Left is how many this run did not come to, or not to the end with; the next ones do.
	Left int `json:"left"`
	// Listed are the first fifty of which anything was done, or, in a dry run, would be, or that are full.
	Listed []groups.Decision `json:"listed,omitempty"`
	// Errors are the first ten.
	Errors []string `json:"errors,omitempty"`

	failed int
	// measured says that the run knows the whole Region.
	measured bool
}

// What a report holds at most: Lambda refuses an answer of over 6 MB, after the work is done.
const (
	mostListed = 50
	mostErrors = 10
)

// newReport sums a run up. Only a run over all groups says how many there are of each kind.
func newReport(result Result, event Event, dryRun bool) Report {
	r := Report{
		DryRun: dryRun, Groups: len(result.Decisions), Outcomes: map[groups.Outcome]int{}, Reasons: map[groups.Reason]int{},
		failed: len(result.Failures), measured: result.Decisions != nil && event.Group == "",
	}
	for _, decision := range result.Decisions {
		r.add(decision)
	}
	for _, failure := range result.Failures[:min(len(result.Failures), mostErrors)] {
		r.Errors = append(r.Errors, failure.Error())
	}
	return r
}

func (r *Report) add(decision groups.Decision) {
	r.Outcomes[decision.Outcome]++
	r.Reasons[decision.Reason]++
	if decision.RetentionSet {
		r.RetentionSet++
	}
	if decision.Outcome == groups.NotRead || decision.Changes() && !r.DryRun {
		r.Left++
	}
	switch decision.Outcome {
	case groups.Subscribed, groups.LeftAlone, groups.NotRead, groups.Gone:
		if decision.Retention == 0 {
			return
		}
	}
	if len(r.Listed) < mostListed {
		r.Listed = append(r.Listed, decision)
	}
}

// Metrics are the figures of a run over all groups. Of one that came to none there are none, so that
// no alarm takes that for zero.
func (r Report) Metrics() []emf.Metric {
	if !r.measured {
		return nil
	}
	count := func(name string, value int) emf.Metric {
		return emf.Metric{Name: name, Value: float64(value), Unit: emf.Count}
	}
	return []emf.Metric{
		count("RunCompleted", 1),
		count("Groups", r.Groups),
		count("GroupsSubscribed", r.Outcomes[groups.Subscribed]+r.Outcomes[groups.Made]+r.Outcomes[groups.Changed]),
		count("GroupsToSubscribe", r.Outcomes[groups.ToSubscribe]+r.Outcomes[groups.ToChange]),
		count("GroupsFull", r.Outcomes[groups.Full]),
		count("GroupsLeft", r.Left),
		count("GroupsFailed", r.failed),
	}
}

// summed is the error of a run in which some groups failed: Lambda's metric must rise.
func summed(failures []error, of int) error {
	switch len(failures) {
	case 0:
		return nil
	case 1:
		return failures[0]
	}
	return fmt.Errorf("%d of %d log groups failed, such as: %w", len(failures), of, errors.Join(failures[:min(len(failures), 3)]...))
}
