package janitor

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// clockSkew is by how much a plan file's time may lie ahead of this machine's.
const clockSkew = 5 * time.Minute

// PlanHead says what a plan file was made of and when.
type PlanHead struct {
	// Schema is the number of the file's form.
	Schema int `json:"schema"`
	// Account is the account's number and Region its Region: the plan holds nowhere else.
	Account string `json:"account"`
	Region  string `json:"region"`
	// Stage is the stage of caretaker.yaml, and Configuration the digest of the janitor's
	// effective section of it.
	Stage         string `json:"stage"`
	Configuration string `json:"configuration"`
	// Made is when the plan was.
	Made time.Time `json:"made"`
}

// PlanFile is a plan that somebody has reviewed: the versions that may be deleted.
type PlanFile struct {
	PlanHead
	// Versions are sorted by function and number, each there once.
	Versions []ReviewedVersion `json:"versions"`
}

// ReviewedVersion is one version that may be deleted.
type ReviewedVersion struct {
	Function string `json:"function"`
	Version  int64  `json:"version"`
	Bytes    int64  `json:"bytes"`
	// CodeSHA256 is AWS's digest of the code, base64. A version whose code has another is not the one reviewed.
	CodeSHA256 string `json:"codeSha256"`
	Reason     Reason `json:"reason"`
	Detail     string `json:"detail,omitempty"`
}

// reviewable says whether a plan file holds the version: what would go in this run or,
// cut off by maxDeletions, in the next. AWS gives every version a digest; one without
// could not be told from another, and stays.
func (d Decision) reviewable() bool {
	going := d.Outcome == Deletable || d.Outcome == NotLookedAt || d.Outcome == Remaining && d.Reason == MaxDeletions
	return going && d.Version.SHA != ""
}

func (d Decision) reviewed() ReviewedVersion {
	return ReviewedVersion{d.Function, d.Version.Number, d.Version.Bytes, d.Version.SHA, d.Reason, d.Detail}
}

// File is what the plan deletes in this run, for whoever was shown it. Without a plan file's
// head it is useless elsewhere.
func (p Plan) File() PlanFile {
	var file PlanFile
	for _, position := range p.Deletions() {
		file.Versions = append(file.Versions, p.Decisions[position].reviewed())
	}
	return file
}

// Reviewed is the plan without what is not in the file. It shrinks and never grows: what goes
// is in the file, is deletable now, is the version that was reviewed, and is no more than before.
// The review stands in for the percent belt and the aliases belt, and for no other.
func (p Plan) Reviewed(file PlanFile) Plan {
	inFile := map[string]map[int64]bool{}
	for _, version := range file.Versions {
		if inFile[version.Function] == nil {
			inFile[version.Function] = map[int64]bool{}
		}
		inFile[version.Function][version.Version] = true
	}
	anew := p.recreated(file)
	most := len(p.Deletions())
	p.Decisions = slices.Clone(p.Decisions)
	for position := range p.Decisions {
		decision := &p.Decisions[position]
		if decision.Outcome != Deletable && decision.Outcome != Remaining {
			continue
		}
		switch {
		case !inFile[decision.Function][decision.Version.Number]:
			decision.Outcome, decision.Reason, decision.Detail = Kept, NotReviewed, ""
		case anew[decision.Function]:
			decision.Outcome, decision.Reason, decision.Detail = Kept, OtherCode, ""
		default:
			decision.Outcome, decision.Reason = Deletable, Superseded
		}
	}
	cut(p.Decisions, p.Deletions(), most)
	if p.Belt.Name == PercentBelt || p.Belt.Name == AliasesBelt {
		p.Belt = Belt{}
	}
	return p
}

// Confirmed is the plan without what was not shown to who confirmed it. Unlike a review, an answer
// opens no belt.
func (p Plan) Confirmed(shown PlanFile) Plan {
	confirmed := p.Reviewed(shown)
	confirmed.Belt = p.Belt
	return confirmed
}

// recreated are the functions of which a version has other code than the file says, or was published
// after the file was made. No version of theirs is one that was reviewed.
func (p Plan) recreated(file PlanFile) map[string]bool {
	anew := map[string]bool{}
	for _, version := range file.Versions {
		decision, found := p.on(version.Function, version.Version)
		late := !file.Made.IsZero() && decision.Version.Published.After(file.Made.Add(clockSkew))
		if found && (decision.Version.SHA != version.CodeSHA256 || late) {
			anew[version.Function] = true
		}
	}
	return anew
}

// on is the decision on a version, and whether there is one.
func (p Plan) on(function string, number int64) (Decision, bool) {
	return on(p.Decisions, function, number)
}

// on is the one of some sorted decisions that is on a version, and whether there is one.
func on(decisions []Decision, function string, number int64) (Decision, bool) {
	position, found := slices.BinarySearchFunc(decisions, number, func(d Decision, number int64) int {
		return cmp.Or(strings.Compare(d.Function, function), cmp.Compare(d.Version.Number, number))
	})
	if !found {
		return Decision{}, false
	}
	return decisions[position], true
}

// Staying is why versions of a reviewed file do not go.
type Staying struct {
	Reason   Reason
	Versions int
	// First is the first of them, with what else there is to say of it.
	First Decision
}

// Staying says of a plan that was shrunk to a file why not all of the file goes: the most frequent reason first.
func (p Plan) Staying(file PlanFile) []Staying {
	anew := p.recreated(file)
	byReason := map[Reason]*Staying{}
	for _, version := range file.Versions {
		decision, found := p.on(version.Function, version.Version)
		decision.Function, decision.Version.Number = version.Function, version.Version
		switch _, there := p.on(version.Function, 0); {
		case p.Idle:
			decision.Reason = NoPressure
		case !there:
			decision.Reason = FunctionGone
		case !found:
			decision.Reason = NoLongerThere
		case anew[version.Function]:
			decision.Reason, decision.Detail = OtherCode, ""
		case decision.Outcome == Deletable && p.Belt.Closed():
			decision.Reason, decision.Detail = Reason(p.Belt.Name+" belt closed"), ""
		case decision.Outcome == Deletable:
			continue
		case decision.Outcome == Remaining:
			decision.Detail = ""
		}
		if byReason[decision.Reason] == nil {
			byReason[decision.Reason] = &Staying{Reason: decision.Reason, First: decision}
		}
		byReason[decision.Reason].Versions++
	}
	var all []Staying
	for _, one := range byReason {
		all = append(all, *one)
	}
	slices.SortFunc(all, func(a, b Staying) int {
		return cmp.Or(cmp.Compare(b.Versions, a.Versions), cmp.Compare(a.Reason, b.Reason))
	})
	return all
}

// Fits says why the file must not be carried out here and now: it was made for another account,
// Region or stage, or longer ago than maxAge. Nil means that it may.
func (h PlanHead) Fits(account, region, stage string, now time.Time, maxAge time.Duration) error {
	age := now.Sub(h.Made)
	switch {
	case h.Account != account:
		return fmt.Errorf("the plan is for account %s, and these credentials are for account %s", h.Account, account)
	case h.Region != region:
		return fmt.Errorf("the plan is for Region %s, not for %s", h.Region, region)
	case h.Stage != stage:
		return fmt.Errorf("the plan is for stage %s, not for %s", h.Stage, stage)
	case age > maxAge:
		return fmt.Errorf("the plan was made %s, longer ago than allowed (%s)", ago(age), maxAge)
	case age < -clockSkew:
		return fmt.Errorf("the plan was made at %s, which is in the future", h.Made.Format(time.RFC3339))
	}
	return nil
}
