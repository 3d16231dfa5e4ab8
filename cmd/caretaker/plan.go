package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"caretaker/internal/config"
	"caretaker/internal/setting"
	"caretaker/janitor"
)

// planCommand shows what apply would delete.
type planCommand struct {
	Target     target           `embed:""`
	Format     format           `embed:""`
	Out        string           `short:"o" placeholder:"FILE" help:"Write the plan to a file, to be reviewed and given to apply --plan. Of several Regions each gets one."`
	PolicyTime setting.Duration `default:"2m" placeholder:"TIME" help:"How long to look at resource policies, a call a version; apply looks at those that are left (${default})."`
}

// Run plans all Regions side by side.
func (p *planCommand) Run(j *job) error {
	s, err := j.open(p.Target, false)
	if err != nil {
		return err
	}
	out := newOutput(s, p.Format, "plan")
	var written []error
	errs := make([]error, len(s.regions))
	s.sideBySide(func(r *region) {
		s.makePlan(r)
		var show printer = out.printer(r)
		if p.Out != "" && r.err == nil {
			file, err := s.newPlanFile(r, p.Out)
			if err != nil {
				errs[slices.Index(s.regions, r)] = err
			} else {
				show = &filing{printer: show, file: file, errs: &errs[slices.Index(s.regions, r)]}
			}
		}
		s.look(r, p.PolicyTime.Std(), show)
	})
	written = append(errs, out.close())
	if err := errors.Join(written...); err != nil {
		return err
	}
	if !p.Format.JSON {
		s.suggest(p.Out)
	}
	return s.ending(done)
}

// suggest names the command that carries a plan out.
func (s *session) suggest(out string) {
	going := false
	for _, r := range s.regions {
		going = going || r.err == nil && !r.report.Belt.Closed() && r.report.Outcomes[janitor.Deletable]+r.report.Outcomes[janitor.NotLookedAt] > 0
	}
	if !going {
		return
	}
	words := append([]string{"caretaker", "janitor", "apply"}, s.settings.flags()...)
	words = append(words, s.target.flags()...)
	if out != "" && len(s.regions) == 1 {
		words = append(words, "--plan", out)
	}
	s.say("To delete them: %s", shell(words...))
}

// filing writes a plan file beside what is printed.
type filing struct {
	printer
	file *planFile
	errs *error
}

func (f *filing) decided(d janitor.Decision) {
	f.file.writer.Add(d)
	f.printer.decided(d)
}

func (f *filing) finished(r *region) {
	*f.errs = f.file.close()
	f.printer.finished(r)
}

// planFile is being written; it takes its name when it is whole.
type planFile struct {
	path   string
	file   *os.File
	writer *janitor.PlanWriter
	say    func(string, ...any)
}

func (s *session) newPlanFile(r *region, path string) (*planFile, error) {
	if len(s.regions) > 1 {
		extension := filepath.Ext(path)
		path = strings.TrimSuffix(path, extension) + "-" + r.name + extension
	}
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return nil, fmt.Errorf("writing the plan: %w", err)
	}
	return &planFile{path: path, file: file, say: s.say, writer: janitor.NewPlanWriter(file, janitor.PlanHead{
		Account: s.account.number, Region: r.name, Stage: s.stage(), Configuration: config.Digest(s.file.Janitor), Made: r.plan.Made,
	})}, nil
}

func (f *planFile) close() error {
	count, err := f.writer.Close()
	err = errors.Join(err, f.file.Close())
	if err == nil {
		err = os.Rename(f.file.Name(), f.path)
	}
	if err != nil {
		return fmt.Errorf("writing the plan: %w", errors.Join(err, os.Remove(f.file.Name())))
	}
	f.say("%s holds %d versions.", f.path, count)
	return nil
}
