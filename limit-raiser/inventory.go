package limitraiser

import (
	"context"
	"fmt"
	"slices"

	"caretaker/internal/setting"
)

// Means is how a part is raised.
type Means string

// The means that several kinds of resources share; the others stand with their kind.
const (
	// Provisioned units are set on the table, index or stream itself.
	Provisioned Means = "provisioned"
	// NoMeans is a part that no call raises; Current.Note says why.
	NoMeans Means = "none"
)

// Current is what there is of one part.
type Current struct {
	Part  Part
	Means Means
	// Now is what is raised: units, shards, concurrency, the maximum of a scalable target.
	Now float64
	// InUse is what Application Auto Scaling provides at present, under the maximum in Now; 0
	// for all other means.
	InUse float64
	// Max is the highest that it may be raised to; 0 never raises it.
	Max float64
	// Short says that the alarm is about this part: it names it, or Holds does.
	Short bool
	// Holds is the part whose requests this index refuses; zero where it is none.
	Holds Dimension
	// Samples are the load of the last minutes; none where there are no metrics.
	Samples []Sample
	// Silent says that CloudWatch has nothing about the load of the last hours: there is none, or
	// there are no metrics.
	Silent bool
	// Note says in words what is particular.
	Note string
	// Places are where each unit is paid for; none is the raiser's own Region alone.
	Places []Place
}

// Facts are what is known of a resource, read fresh each time.
type Facts struct {
	Resource Resource
	// ARN is empty where the resource does not exist.
	ARN string
	// Unlisted says that neither the file nor a tag names the resource, which was then not read.
	Unlisted bool
	// Busy says why AWS takes no change just now; empty when it does.
	Busy string
	// Parts are sorted.
	Parts []Current
	// AlarmAbove is the share of a part over which its alarm would call.
	AlarmAbove setting.Percent
	// Unreserved is how much concurrency of the account no function has reserved; for functions only.
	Unreserved float64
	// OpenRequest is the value that a quota's open request asks for; 0 when none is open.
	OpenRequest float64
	// Unapproved is the lowest value that AWS was asked for in the last day and did not approve;
	// 0 when there is none.
	Unapproved float64
	// Tags are the resource's; nil where they were not read.
	Tags map[string]string
}

// measured says that CloudWatch has the load of at least one part.
func (f Facts) measured() bool {
	return slices.ContainsFunc(f.Parts, func(current Current) bool { return len(current.Samples) > 0 })
}

// withHolders are the parts, and the alarm is about those indexes too that refuse requests of the
// table which the alarm names: a write is refused by the table as soon as one of its indexes has no
// room for it, and ThrottledRequests counts a query of an index among the table's.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html#GSI.ThroughputConsiderations.Writes
func (f Facts) withHolders() []Current {
	parts := slices.Clone(f.Parts)
	for i, current := range parts {
		table, named := f.part(Part{Dimension: current.Part.Dimension})
		if current.Part.Index != "" && !current.Short && refuse(current.Samples) && named && table.Short {
			parts[i].Short, parts[i].Holds = true, current.Part.Dimension
		}
	}
	return parts
}

func refuse(samples []Sample) bool {
	return slices.ContainsFunc(samples, func(s Sample) bool { return count(s.Throttled) > 0 })
}

// holds says in words what an index holds back.
func (h Current) holds() string {
	switch h.Holds {
	case Write:
		return "; what it refuses holds the table's writes back"
	case Read:
		return "; what it refuses counts among the table's throttled reads"
	}
	return ""
}

// part finds what there is of a part.
func (f Facts) part(part Part) (Current, bool) {
	for _, current := range f.Parts {
		if current.Part == part {
			return current, true
		}
	}
	return Current{}, false
}

// read reads what there is of what is short, or of what an earlier run was about to raise.
func (r *Raiser) read(ctx context.Context, h hold) (Facts, error) {
	shortage := h.Shortage
	if h.why != short && h.known.Intent != nil {
		shortage.Parts = partsOf(h.known.Intent.Decisions)
	}
	if !h.ours() || len(shortage.Parts) == 0 {
		return Facts{Resource: h.Resource}, nil
	}
	return r.inventory(ctx, shortage)
}

// inventory reads what there is of a resource.
func (r *Raiser) inventory(ctx context.Context, shortage Shortage) (Facts, error) {
	facts, err := shortage.Resource.kind().read(ctx, r, shortage)
	if err != nil {
		return Facts{}, fmt.Errorf("reading %s: %w", shortage.Resource.Key(), err)
	}
	for _, part := range shortage.Parts {
		if _, exists := facts.part(part); !exists {
			facts.Parts = append(facts.Parts, Current{Part: part, Means: NoMeans, Note: "it does not exist"})
		}
	}
	for i, current := range facts.Parts {
		facts.Parts[i].Short = slices.Contains(shortage.Parts, current.Part)
	}
	slices.SortFunc(facts.Parts, func(a, b Current) int { return a.Part.compare(b.Part) })
	return facts, nil
}

// unlisted are the facts about a resource that nobody allowed to be raised: it is not even read.
func unlisted(facts Facts, short []Part) Facts {
	facts.Unlisted = true
	for _, part := range short {
		facts.Parts = append(facts.Parts, Current{Part: part, Means: NoMeans})
	}
	return facts
}

// stackTag is what CloudFormation marks the resources of a stack with.
const stackTag = "aws:cloudformation:stack-name"
