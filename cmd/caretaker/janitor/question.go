package janitor

import (
	"fmt"
	"strconv"

	"caretaker/janitor"
)

// preview shows, where the question is asked, what an apply is about to delete.
func (s *session) preview() {
	beside := s.Console
	beside.Out = s.Err
	out := &output{command: "plan", session: s, Sheet: beside.Sheet()}
	for _, r := range s.regions {
		switch {
		case r.err != nil:
			out.Printf("%s: there is no plan: %v\n\n", r.name, r.err)
			continue
		case r.plan.Belt.Closed():
			out.Printf("%s: nothing is deleted, the %s belt is closed: %s\n\n", r.name, r.plan.Belt.Name, r.plan.Belt.Message)
			continue
		}
		sums := tally{newest: r.plan.Newest}
		for _, decision := range r.plan.Decisions {
			sums.add(decision)
		}
		out.going(r.name, &sums)
		versions, bytes := sum(sums.going)
		out.Printf("%s: %d of %d versions would go, %s; code storage %s of %s (%.1f %%)\n\n", r.name, versions, r.plan.Versions,
			janitor.Size(bytes), janitor.Size(r.plan.Storage.Used), janitor.Size(r.plan.Storage.Limit), r.plan.Storage.Percent())
	}
	_ = out.Flush() // stderr; nobody is left to tell
}

// ask wants the number of versions typed: a yes comes too easily.
func (s *session) ask() bool {
	versions, bytes := s.going()
	profile := ""
	if s.target.Profile != "" {
		profile = ", profile " + s.target.Profile
	}
	s.Say("You are %s%s.", s.account.Caller, profile)
	if s.file.Janitor.Checks.Policies {
		s.Say("The policy of each version is read just before its deletion: a version that has one is kept.")
	}
	s.Say("Delete %d versions (%s) in %s, by the rules of stage %s? This cannot be undone.", versions, janitor.Size(bytes), s.where(), s.Stage())
	return s.Confirm(s.Stopping, fmt.Sprintf("Type %d to delete them, anything else to cancel: ", versions), strconv.Itoa(versions))
}
