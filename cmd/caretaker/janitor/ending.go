package janitor

import (
	"errors"
	"regexp"

	"caretaker/cmd/caretaker/command"
	"caretaker/cmd/caretaker/console"
	"caretaker/janitor"
)

// code is how the Region ended.
func (r *region) code() console.Code {
	var belt janitor.BeltError
	switch {
	case r.interrupted || loggedOut(r.err) && len(r.problems()) == 0:
		return console.WorkLeft
	case errors.As(r.err, &belt) && len(r.problems()) == 0:
		return console.BeltClosed
	case r.err != nil:
		return console.Failed
	case r.report.Belt.Closed():
		return console.BeltClosed
	case !r.report.DryRun && r.report.Outcomes[janitor.Remaining] > 0:
		return console.WorkLeft
	}
	return console.Done
}

// ended is how the Region ended, in words.
func (r *region) ended() string {
	if r.interrupted {
		return "stopped"
	}
	return r.code().String()
}

// problems is what went wrong, in short. A reading that somebody stopped is not one.
func (r *region) problems() []string {
	if r.interrupted {
		return nil
	}
	problems := r.report.Problems(r.err)
	for i := range problems {
		problems[i] = plainly(problems[i])
	}
	return problems
}

var layers = regexp.MustCompile(`operation error [^\n]*?api error `)

// plainly leaves out the SDK's layers around what AWS answered; the report in --json has them.
func plainly(problem string) string { return layers.ReplaceAllString(problem, "") }

// ending is how all Regions ended together: as the worst did, or as all already says.
func (s *session) ending(all console.Code) error {
	for _, r := range s.regions {
		all = console.Worse(all, r.code())
		if s.Stopping.Err() != nil && r.report.Outcomes[janitor.NotLookedAt] > 0 {
			all = console.Worse(all, console.WorkLeft)
		}
		problems := r.problems()
		switch {
		case r.interrupted || loggedOut(r.err) && len(problems) == 0: // said once for all
		case len(problems) > 0 && s.Width > 0: // stdout is on the same screen
			s.Say("caretaker: %s: failed: see Errors or No plan above", r.name)
		case len(problems) == 1:
			s.Say("caretaker: %s: %s", r.name, problems[0])
		case len(problems) > 1:
			s.Say("caretaker: %s: %s (and %d more, see the result)", r.name, problems[0], len(problems)-1)
		case r.report.Belt.Closed() && r.report.Outcomes[janitor.Deleted] > 0:
			s.Say("caretaker: %s: the %s belt is closed, nothing more is deleted", r.name, r.report.Belt.Name)
		case r.report.Belt.Closed():
			s.Say("caretaker: %s: the %s belt is closed, nothing is deleted", r.name, r.report.Belt.Name)
		case r.code() == console.WorkLeft:
			s.Say("caretaker: %s: %d versions are left; the same command continues with them", r.name, r.report.Outcomes[janitor.Remaining])
		}
	}
	s.cutShort()
	if all == console.Done {
		return nil
	}
	return console.Ending{Code: all}
}

// cutShort says why all Regions stopped, if something stopped them.
func (s *session) cutShort() {
	if s.StoppedReading() {
		s.Say("caretaker: %s", console.ReadingStopped)
		return
	}
	for _, r := range s.regions {
		var ended janitor.CredentialsError
		if errors.As(r.err, &ended) {
			s.Say("caretaker: %s\nThe rest remains: %s, and the same command continues with it.", plainly(ended.Error()), command.LogIn(s.target.Profile))
			return
		}
	}
}
