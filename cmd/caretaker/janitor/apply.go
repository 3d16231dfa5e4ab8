package janitor

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"caretaker/cmd/caretaker/command"
	"caretaker/cmd/caretaker/console"
	"caretaker/internal/boot"
	"caretaker/internal/config"
	"caretaker/internal/setting"
	"caretaker/janitor"
)

// applyCommand deletes.
type applyCommand struct {
	Target     command.Target   `embed:""`
	Format     format           `embed:""`
	Plan       string           `placeholder:"FILE" help:"Delete only what stands in this file of plan --out and is still deletable. Opens the percent and the aliases belt for it."`
	MaxAge     setting.Duration `default:"24h" placeholder:"TIME" help:"How old that file may be, such as 90m or 24h (${default})."`
	Yes        bool             `short:"y" help:"Delete without asking."`
	StaleAfter setting.Duration `default:"5m" placeholder:"TIME" help:"After this time without an answer, such as 90s or 5m, everything is looked at again (${default})."`
	Audit      string           `placeholder:"FILE" help:"Append JSON lines: 'deleting version' before each call and 'version deleted' once it is seen to be gone, with the digest of the code."`
}

// Run plans all Regions, asks once for them together, and deletes side by side.
func (a *applyCommand) Run(j *command.Job) error {
	brake := boot.Brake(os.Getenv("DRY_RUN"))
	if !a.Yes && !j.Asks && !brake {
		return console.Misuse("there is no terminal to ask at: give --yes to delete without asking")
	}
	var file *janitor.PlanFile
	if a.Plan != "" {
		read, err := readPlan(a.Plan)
		if err != nil {
			return console.Ending{Code: console.Misused, Cause: err}
		}
		file = &read
	}
	s, err := open(j, a.Target, true)
	if err != nil {
		return err
	}
	if file != nil {
		if err := s.only(file.PlanHead, a); err != nil {
			return err
		}
	}
	s.account.NoteExpiry(s.Console)
	s.connect()
	s.planAll(s.first)
	if file != nil {
		s.review(a.Plan, *file)
	}
	if brake {
		return s.brake(a)
	}
	if err := a.confirm(s); err != nil {
		return err
	}
	return a.delete(s)
}

// brakeLook is how long policies are looked at when DRY_RUN made an apply a plan.
const brakeLook = 2 * time.Minute

// brake says what would go, and that nothing does.
func (s *session) brake(a *applyCommand) error {
	s.Say("DRY_RUN=%s is set in the environment: nothing is deleted.", os.Getenv("DRY_RUN"))
	out := newOutput(s, a.Format, "plan")
	s.sideBySide(func(r *region) { s.look(r, brakeLook, out.printer(r)) })
	left := console.Done
	for _, r := range s.regions {
		if r.report.Deletable() > 0 {
			left = console.WorkLeft
		}
	}
	if err := out.close(); err != nil {
		return err
	}
	return s.ending(left)
}

// delete carries the plans out. An interrupt ends it early: what is under way is finished.
func (a *applyCommand) delete(s *session) error {
	audit, err := openAudit(a.Audit)
	if err != nil {
		return err
	}
	out := newOutput(s, a.Format, applied)
	s.Deletes()
	s.sideBySide(func(r *region) {
		r.audit = audit.of(s.account.Number, r.name)
		s.carryOutAll(r, out.printer(r))
	})
	if err := errors.Join(out.close(), audit.close()); err != nil {
		return err
	}
	return s.ending(console.Done)
}

// confirm asks whether to delete, once for all Regions together, when there is anything to delete.
func (a *applyCommand) confirm(s *session) error {
	versions, _ := s.going()
	if versions == 0 || a.Yes {
		return nil
	}
	s.preview()
	asked := s.Now().Round(0) // by the clock on the wall: a machine may sleep over the question
	if !s.ask() {
		s.Say("Nothing was deleted.")
		return console.Ending{Code: console.WorkLeft}
	}
	if waited := s.Now().Sub(asked); waited > a.StaleAfter.Std() {
		s.Say("The answer took %s: looking at everything again.", waited.Round(time.Second))
		shown := map[*region]janitor.PlanFile{}
		for _, r := range s.regions {
			if r.err == nil && !r.plan.Belt.Closed() {
				shown[r] = r.plan.File()
			}
		}
		s.sideBySide(func(r *region) {
			if _, asked := shown[r]; asked {
				s.makePlan(r)
			}
		})
		for r, file := range shown {
			s.heed(r)
			s.shrink(r, file)
		}
		now, _ := s.going()
		s.Say("%d of the %d versions would still be deleted.", now, versions)
	}
	return nil
}

// makeAnew plans once more, for what was shown and nothing else.
func (s *session) makeAnew(r *region, shown janitor.PlanFile) {
	s.makePlan(r)
	s.heed(r)
	s.shrink(r, shown)
}

// shrink leaves of a plan what was shown: to who reviewed a file, or to who answered.
func (s *session) shrink(r *region, shown janitor.PlanFile) {
	if s.reviewed {
		r.plan = r.plan.Reviewed(shown)
	} else {
		r.plan = r.plan.Confirmed(shown)
	}
}

// going is what the plans would delete.
func (s *session) going() (versions int, bytes int64) {
	for _, r := range s.regions {
		if r.err != nil || r.plan.Belt.Closed() {
			continue
		}
		for _, position := range r.plan.Deletions() {
			versions++
			bytes += r.plan.Decisions[position].Version.Bytes
		}
	}
	return versions, bytes
}

func readPlan(path string) (janitor.PlanFile, error) {
	file, err := os.Open(path) // #nosec G304 -- the path is what the user gave
	if err != nil {
		return janitor.PlanFile{}, fmt.Errorf("reading the plan: %w", err)
	}
	defer func() { _ = file.Close() }() // nothing was written
	plan, err := janitor.ReadPlan(console.InUTF8(file))
	if err != nil {
		return janitor.PlanFile{}, fmt.Errorf("reading the plan: %s: %w", path, err)
	}
	return plan, nil
}

// only narrows the session to the plan file's Region, and refuses a file that is not for here and now.
func (s *session) only(head janitor.PlanHead, a *applyCommand) error {
	if len(a.Target.Region) > 1 || a.Target.AllRegions {
		return console.Misuse("a plan is for one Region: give --plan with that one")
	}
	here := s.account.Regions[0]
	if slices.Contains(s.account.Regions, head.Region) {
		here = head.Region
	}
	if err := head.Fits(s.account.Number, here, s.Stage(), time.Now(), a.MaxAge.Std()); err != nil {
		return console.Misuse("%s: %w", a.Plan, err)
	}
	s.account.Regions = []string{here}
	if head.Configuration != config.Digest(s.file.Janitor) {
		s.Say("Note: %s was made under another configuration than holds now. A version that either of them keeps is kept.", a.Plan)
	}
	return nil
}

// review shrinks the fresh plan to the file and says by how much the file has aged.
func (s *session) review(path string, file janitor.PlanFile) {
	s.reviewed = true
	r := s.regions[0]
	if r.err != nil {
		return
	}
	r.plan = r.plan.Reviewed(file)
	staying, stay := r.plan.Staying(file), 0
	for _, one := range staying {
		stay += one.Versions
	}
	s.Say("%s holds %d versions; %d of them can be deleted now.", path, len(file.Versions), len(file.Versions)-stay)
	for _, one := range staying {
		detail := ""
		if one.First.Detail != "" {
			detail = " (" + one.First.Detail + ")"
		}
		if one.Versions > 1 {
			detail += " and others"
		}
		s.Say("%7d stay: %s: %s:%s%s", one.Versions, one.Reason, one.First.Function, one.First.Qualifier(), detail)
	}
}
