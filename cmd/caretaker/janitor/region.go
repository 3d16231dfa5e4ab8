package janitor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"caretaker/cmd/caretaker/command"
	"caretaker/cmd/caretaker/console"
	"caretaker/internal/config"
	"caretaker/janitor"
)

// session is the janitor's work in all chosen Regions of an account.
type session struct {
	*command.Job
	account  command.Account
	target   command.Target
	file     config.File
	progress *console.Progress
	regions  []*region
	// abroad is what each Region's last reading says of the others' functions.
	abroad janitor.Regions
	// reviewed says that a plan file was given.
	reviewed bool
}

// region is the work in one of them, with clients and a rate of its own.
type region struct {
	name    string
	clients janitor.Clients
	plan    janitor.Plan
	report  janitor.Report
	// left is what goes later, by the reason why not now.
	left map[janitor.Reason]int
	// err is why there is no plan, or what went wrong with it.
	err error
	// interrupted says that there is no plan since somebody stopped the command.
	interrupted bool
	// audit gets a line for each version that goes; the zero value writes none.
	audit zerolog.Logger
}

// open reads the file and finds out who calls, and where. What deletes must say by which rules:
// without the stage of what is deployed there, its exclusions would be lost.
func open(j *command.Job, target command.Target, deletes bool) (*session, error) {
	file, err := j.Settings.Load(j.Console, deletes)
	if err != nil {
		return nil, err
	}
	others, err := others(j.Settings)
	switch {
	case err != nil:
		return nil, err
	case len(others) > 0 && deletes:
		return nil, console.Misuse("the rules of stage %s delete other versions than the file's base does: choose with --stage %s, or --stage %s for the base",
			strings.Join(others, ", "), others[0], config.DefaultStage)
	case len(others) > 0:
		j.Say("Note: these are the rules of the file's base; those of stage %s delete other versions: --stage %s.", strings.Join(others, ", "), others[0])
	}
	found, err := target.Open(j, file)
	if err != nil {
		return nil, err
	}
	return &session{Job: j, account: found, target: target, file: file}, nil
}

// connect makes clients for each Region.
func (s *session) connect() {
	for _, name := range s.account.Regions {
		s.regions = append(s.regions, &region{name: name, clients: janitor.Connect(s.account.In(name), s.file.Janitor.Rate)})
	}
	s.progress = s.Progress(len(s.regions), phases)
}

// sideBySide does the work in all Regions at once.
func (s *session) sideBySide(work func(*region)) {
	var group sync.WaitGroup
	for _, r := range s.regions {
		group.Go(func() { work(r) })
	}
	group.Wait()
}

// janitor is a Region's; decided, if not nil, gets every decision at the end of Apply.
func (s *session) janitor(r *region, stop <-chan struct{}, decided func(janitor.Decision)) *janitor.Janitor {
	return janitor.New(s.file.Janitor, r.clients, janitor.Options{
		Stage: s.Stage(), Stop: stop, Observer: watcher{r.name, s.progress, decided}, Now: s.Now, Elsewhere: len(s.regions) > 1,
	})
}

// makePlan looks at a Region; it can be interrupted, since nothing is changed yet.
func (s *session) makePlan(r *region) {
	r.plan, r.err = s.janitor(r, nil, nil).Plan(s.Stopping)
	s.progress.Leave(r.name)
	if r.err != nil && s.Stopping.Err() != nil {
		r.err, r.interrupted = errors.New(console.ReadingStopped), true
	}
	// A Region without functions does not say where it is.
	r.plan.Account, r.plan.Region = s.account.Number, r.name
	s.abroad.Learn(r.name, r.plan, r.err)
}

// planAll plans all Regions side by side. What was found in one counts in all. Where one was stopped, or
// the credentials ended, what it refers to in the others is open: none has a plan.
func (s *session) planAll(plan func(*region)) {
	s.sideBySide(plan)
	for _, r := range s.regions {
		if r.interrupted || loggedOut(r.err) {
			for _, other := range s.regions {
				if !other.interrupted && !loggedOut(other.err) {
					other.plan, other.err, other.interrupted = janitor.Plan{}, r.err, r.interrupted
				}
			}
			return
		}
	}
	for _, r := range s.regions {
		s.heed(r)
	}
}

// loggedOut says that the credentials ended.
func loggedOut(err error) bool {
	var ended janitor.CredentialsError
	return errors.As(err, &ended)
}

// heed keeps what the other Regions refer to.
func (s *session) heed(r *region) {
	if r.err == nil {
		r.plan = r.plan.Heeding(s.abroad.About(r.name), s.file.Janitor)
	}
}

// first is the first look at a Region. It names the deployed janitors of other stages: each
// deletes by rules of its own, and what one of them excludes another one takes.
func (s *session) first(r *region) {
	s.makePlan(r)
	for _, d := range r.plan.Decisions {
		named, ours := strings.CutPrefix(d.Function, "caretaker-")
		stage, janitors := strings.CutSuffix(named, "-janitor")
		if d.Version.Number == 0 && ours && janitors && stage != s.Stage() {
			s.Say("Note: in %s runs %s, by the rules of stage %s; this is stage %s.", r.name, d.Function, stage, s.Stage())
		}
	}
}

// look finishes a plan with as many policies as the time allows, and prints it; nothing is deleted.
func (s *session) look(r *region, policyTime time.Duration, show printer) {
	if r.err == nil {
		enough, cancel := context.WithTimeout(s.Stopping, policyTime)
		defer cancel()
		s.carryOut(r, enough.Done(), true, r.shown(show))
	}
	s.finish(r, show)
}

// carryOut applies a Region's plan once. Whoever closes stop still gets what was done verified
// and reported.
func (s *session) carryOut(r *region, stop <-chan struct{}, dryRun bool, decided func(janitor.Decision)) {
	ctx := r.audit.WithContext(context.WithoutCancel(s.Stopping))
	r.report, r.err = s.janitor(r, stop, decided).Apply(ctx, r.plan, dryRun)
	s.progress.Leave(r.name)
}

// shown prints each decision, and counts what goes later.
func (r *region) shown(show printer) func(janitor.Decision) {
	r.left = map[janitor.Reason]int{}
	return func(d janitor.Decision) {
		if d.Outcome == janitor.Remaining {
			r.left[d.Reason]++
		}
		show.decided(d)
	}
}

// finish prints the rest.
func (s *session) finish(r *region, show printer) {
	s.progress.Leave(r.name)
	show.finished(r)
	r.plan = janitor.Plan{} // it is large
}

// where names the account and the Regions.
func (s *session) where() string {
	if len(s.regions) == 1 {
		return fmt.Sprintf("account %s, Region %s", s.account.Number, s.regions[0].name)
	}
	names := make([]string, len(s.regions))
	for position, r := range s.regions {
		names[position] = r.name
	}
	return fmt.Sprintf("account %s, Regions %s", s.account.Number, strings.Join(names, ", "))
}
