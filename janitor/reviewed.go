package janitor

import (
	"fmt"
	"slices"
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
// head it is no use elsewhere.
func (p Plan) File() PlanFile {
	var file PlanFile
	for _, position := range p.Deletions() {
		file.Versions = append(file.Versions, p.Decisions[position].reviewed())
	}
	return file
}

// Reviewed is the plan without what is not in the file. It shrinks and never grows: what goes
// is in the file, is deletable now, has the code that was reviewed, and is no more than before.
// The review stands in for the percent belt, and for no other.
func (p Plan) Reviewed(file PlanFile) Plan {
	digests := make(map[string]map[int64]string)
	for _, version := range file.Versions {
		if digests[version.Function] == nil {
			digests[version.Function] = map[int64]string{}
		}
		digests[version.Function][version.Version] = version.CodeSHA256
	}
	most := len(p.Deletions())
	p.Decisions = slices.Clone(p.Decisions)
	for position := range p.Decisions {
		decision := &p.Decisions[position]
		if decision.Outcome != Deletable && decision.Outcome != Remaining {
			continue
		}
		digest, found := digests[decision.Function][decision.Version.Number]
		switch {
		case !found:
			decision.Outcome, decision.Reason, decision.Detail = Kept, NotReviewed, ""
		case digest != decision.Version.SHA:
			decision.Outcome, decision.Reason, decision.Detail = Kept, NotReviewed, "its code is not the one in the file"
		default:
			decision.Outcome, decision.Reason = Deletable, Superseded
		}
	}
	cut(p.Decisions, p.Deletions(), most)
	if p.Belt.Name == PercentBelt {
		p.Belt = Belt{}
	}
	return p
}

// Fits says why the file must not be carried out here and now: it was made for another account
// or Region, or longer ago than maxAge. Nil means that it may.
func (h PlanHead) Fits(account, region string, now time.Time, maxAge time.Duration) error {
	age := now.Sub(h.Made)
	switch {
	case h.Account != account:
		return fmt.Errorf("the plan is for account %s, and these credentials are for account %s", h.Account, account)
	case h.Region != region:
		return fmt.Errorf("the plan is for Region %s, not for %s", h.Region, region)
	case age > maxAge:
		return fmt.Errorf("the plan was made %s, longer ago than allowed (%s)", ago(age), maxAge)
	case age < -clockSkew:
		return fmt.Errorf("the plan was made at %s, which is in the future", h.Made.Format(time.RFC3339))
	}
	return nil
}
