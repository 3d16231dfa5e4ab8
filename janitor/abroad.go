package janitor

import "slices"

// Abroad is what this plan's Region refers to in another one, and what of it could not be read that
// might: a caller need not be where its function is, such as the integration of an API.
func (p Plan) Abroad(region string) Findings {
	var abroad Findings
	for _, reference := range p.Elsewhere[region].References {
		reference.By += " in " + p.Region
		abroad.References = append(abroad.References, reference)
	}
	for _, called := range p.Elsewhere[region].Dynamic {
		called.Region, called.By = "", called.By+" in "+p.Region
		abroad.Dynamic = append(abroad.Dynamic, called)
	}
	for _, unread := range p.Unread {
		if unread.Function == "" && !staysHere(unread.Check) {
			there := noneOf(p.Region, unread.Check+" in "+p.Region, unread.Cause)
			there.Until = unread.Until
			abroad.Unread = append(abroad.Unread, there)
		}
	}
	return abroad
}

// staysHere says whether a check's scan can find no reference to another Region.
func staysHere(check string) bool {
	return slices.ContainsFunc(scans, func(one scan) bool { return one.local && "janitor."+one.key == check })
}

// noneOf is a check that could not be read in another Region of the same run, which may therefore
// refer to anything here.
func noneOf(region, check, cause string) Unread {
	return Unread{Check: check, Cause: cause + "; it may refer to versions here: without it, leave out " + region}
}

// Heeding is the plan with what other Regions of the same run refer to here. Like a last look,
// that can only turn a deletion into keeping.
func (p Plan) Heeding(abroad Findings, cfg Config) Plan {
	if len(abroad.References)+len(abroad.Dynamic)+len(abroad.Unread) == 0 {
		return p
	}
	p.References = slices.Concat(p.References, abroad.References)
	p.Dynamic = slices.Concat(p.Dynamic, abroad.Dynamic)
	p.Unread = slices.Concat(p.Unread, abroad.Unread)
	index := indexed(abroad)
	upTo := map[string]int64{}
	for _, decision := range p.Decisions {
		if index.bounded != nil {
			upTo[decision.Function] = max(upTo[decision.Function], publishedBy([]Version{decision.Version}, index.bounded.Until))
		}
	}
	p.Decisions = slices.Clone(p.Decisions)
	for position := range p.Decisions {
		decision := &p.Decisions[position]
		if decision.Outcome != Deletable && decision.Outcome != Remaining {
			continue
		}
		decision.Outcome, decision.Reason = Deletable, Superseded // until it is cut anew
		if reference, found := index.references[decision.Function][decision.Qualifier()]; found {
			decision.Outcome, decision.Reason, decision.Detail = Kept, Referenced(reference.Kind), reference.By
		} else if reason, detail := held(Function{Name: decision.Function}, abroad, index, cfg); reason != "" {
			decision.Outcome, decision.Reason, decision.Detail = Kept, reason, detail
		} else if index.bounded != nil && decision.Version.Number <= upTo[decision.Function] {
			decision.Outcome, decision.Reason, decision.Detail = Kept, CouldNotRead, index.bounded.Check+": "+index.bounded.Cause
		}
	}
	p.Belt = closedBelt(p, cfg.Belts)
	cut(p.Decisions, p.Deletions(), cfg.Belts.MaxDeletions)
	return p
}
