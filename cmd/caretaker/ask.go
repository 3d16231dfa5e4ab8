package main

import (
	"bufio"
	"fmt"
	"strconv"
	"strings"

	"caretaker/janitor"
)

// preview shows, where the question is asked, what an apply is about to delete.
func (s *session) preview() {
	out := newOutput(s, format{}, "plan")
	out.out = bufio.NewWriter(s.err)
	for _, r := range s.regions {
		switch {
		case r.err != nil:
			out.printf("%s: there is no plan: %v\n\n", r.name, r.err)
			continue
		case r.plan.Belt.Closed():
			out.printf("%s: nothing goes, the %s belt is closed: %s\n\n", r.name, r.plan.Belt.Name, r.plan.Belt.Message)
			continue
		}
		sums := tally{newest: r.plan.Newest}
		for _, decision := range r.plan.Decisions {
			sums.add(decision)
		}
		out.going(r.name, &sums)
		versions, bytes := sum(sums.going)
		out.printf("%s: %d of %d versions would go, %s; code storage %s of %s (%.1f %%)\n\n", r.name, versions, r.plan.Versions,
			janitor.Size(bytes), janitor.Size(r.plan.Storage.Used), janitor.Size(r.plan.Storage.Limit), r.plan.Storage.Percent())
	}
	_ = out.out.Flush() // stderr; nobody is left to tell
}

// ask wants the number of versions typed: a yes comes too easily.
func (s *session) ask() bool {
	versions, bytes := s.going()
	profile := ""
	if s.target.Profile != "" {
		profile = ", profile " + s.target.Profile
	}
	s.say("You are %s%s.", s.account.caller, profile)
	if s.file.Janitor.Checks.Policies {
		s.say("The policy of each version is looked at just before: one that has any stays.")
	}
	s.say("Delete %d versions (%s) in %s, by the rules of stage %s? This cannot be undone.", versions, janitor.Size(bytes), s.where(), s.stage())
	answers := s.answers()
	for range 3 {
		_, _ = fmt.Fprintf(s.err, "Type %d to delete them, anything else to leave: ", versions)
		select {
		case answer := <-answers:
			switch strings.ToLower(strings.TrimSpace(answer)) {
			case strconv.Itoa(versions):
				return true
			case "y", "yes":
				continue
			}
			return false
		case <-s.stopping.Done():
			return false
		}
	}
	return false
}

// answers are the lines typed; the end of them is an empty one.
func (s *session) answers() <-chan string {
	lines := make(chan string)
	go func() {
		reader := bufio.NewReader(s.in)
		for {
			line, err := reader.ReadString('\n')
			select {
			case lines <- line:
			case <-s.stopping.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return lines
}
